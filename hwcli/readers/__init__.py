"""Readers: from the files of a publisher to rows and images. One dict, one file a format."""

from collections.abc import Callable

from hwcli.fetch.archive import Archive
from hwcli.readers.arrow_table import ArrowReader
from hwcli.readers.digests import check_members
from hwcli.readers.font import FontReader
from hwcli.readers.format import format_of
from hwcli.readers.idx import IdxReader
from hwcli.readers.images import ImagesReader
from hwcli.readers.matlab import MatlabReader
from hwcli.readers.numpy_file import NumpyReader
from hwcli.readers.pixel_table import PixelTableReader
from hwcli.readers.reader import Reader
from hwcli.readers.review import ReviewReader
from hwcli.readers.span import SpanReader
from hwcli.readers.strokes import StrokesReader
from hwcli.readers.webdataset import WebdatasetReader
from hwcli.recipe import Format, Part, Source

__all__ = ["READERS", "format_of", "open_reader"]

READERS: dict[Format, Callable[[Source, Part, Archive], Reader]] = {
    "csv": PixelTableReader,
    "font": FontReader,
    "idx": IdxReader,
    "images": ImagesReader,
    "matlab": MatlabReader,
    "numpy": NumpyReader,
    "parquet": ArrowReader,
    "review": ReviewReader,
    "strokes": StrokesReader,
    "webdataset": WebdatasetReader,
}


def open_reader(source: Source, part: Part, archive: Archive) -> Reader:
    """The reader of `part`, its members checked against the recipe's digests.

    Raises:
        MissingError: the part is not in the archive.
        FetchError: the archive is damaged, or a member is not the one the recipe means.
        RecipeError: the recipe does not say what is to be drawn of fonts.
        DependencyError: the format needs a library that is not installed.
    """
    check_members(source, part, archive)
    reader = READERS[format_of(source, part, archive)](source, part, archive)
    if part.rows is None:
        return reader
    return SpanReader(reader, *part.rows, f"{source.name}: {part.images}")
