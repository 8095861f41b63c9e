"""Readers: from the files of a publisher to rows and images. One dict, one file a format."""

from collections.abc import Callable

from hwcli.fetch.archive import Archive
from hwcli.readers.idx import IdxReader
from hwcli.readers.images import ImagesReader
from hwcli.readers.matlab import MatlabReader
from hwcli.readers.numpy_file import NumpyReader
from hwcli.readers.pixel_table import PixelTableReader
from hwcli.readers.reader import Reader
from hwcli.readers.span import SpanReader
from hwcli.recipe import Format, Part, Source

READERS: dict[Format, Callable[[Source, Part, Archive], Reader]] = {
    "csv": PixelTableReader,
    "idx": IdxReader,
    "images": ImagesReader,
    "matlab": MatlabReader,
    "numpy": NumpyReader,
}


_ENDINGS: tuple[tuple[str, Format], ...] = (
    (".csv", "csv"),
    ("-ubyte", "idx"),
    ("-ubyte.gz", "idx"),
    (".mat", "matlab"),
    (".npy", "numpy"),
    (".npz", "numpy"),
)
"""What members of a format are called; all others are images."""


def format_of(source: Source, part: Part) -> Format:
    """The format of `part`: as the recipe says, else by the ending of its name."""
    name = part.images.lower()
    by_name: Format = next((f for ending, f in _ENDINGS if name.endswith(ending)), "images")
    return source.format or by_name


def open_reader(source: Source, part: Part, archive: Archive) -> Reader:
    """The reader of `part`.

    Raises:
        MissingError: the part is not in the archive.
        FetchError: the archive is damaged.
    """
    reader = READERS[format_of(source, part)](source, part, archive)
    if part.rows is None:
        return reader
    return SpanReader(reader, *part.rows, f"{source.name}: {part.images}")
