"""Tells the format of a part: by its recipe, by the ending of its name, by its first bytes."""

import zlib
from contextlib import suppress

from hwcli.errors import FetchError
from hwcli.fetch.archive import Archive, MissingError
from hwcli.readers.matlab_hdf5 import SIGNATURE
from hwcli.readers.reader import matching
from hwcli.recipe import Format, Part, Source

_ENDINGS: tuple[tuple[str, Format], ...] = (
    (".csv", "csv"),
    (".tsv", "csv"),
    ("-ubyte", "idx"),
    (".mat", "matlab"),
    (".npy", "numpy"),
    (".npz", "numpy"),
    (".parquet", "parquet"),
    (".arrow", "parquet"),
    (".tar", "webdataset"),
    (".otf", "font"),
    (".ttf", "font"),
    (".woff", "font"),
    (".woff2", "font"),
    (".toml", "strokes"),
)
"""What members of a format are called, `.gz` left off."""

_MAGIC: tuple[tuple[bytes, Format], ...] = (
    (b"\0\0\x08\1", "idx"),
    (b"\0\0\x08\3", "idx"),
    (b"\x93NUMPY", "numpy"),
    (b"PK\3\4", "numpy"),
    (b"MATLAB 5.0", "matlab"),
    (b"MATLAB 7.3", "matlab"),
    (SIGNATURE, "matlab"),
    (b"PAR1", "parquet"),
    (b"ARROW1", "parquet"),
    (b"\xff\xff\xff\xff", "parquet"),
)
"""What files of a format begin with."""
_HEAD = 512


def format_of(source: Source, part: Part, archive: Archive | None = None) -> Format:
    """The format of `part`: as the recipe says, else by the ending of its name.

    Where the ending does not tell, the first bytes of the first member that matches do, if an
    `archive` is given; what nothing tells are single images.
    """
    if source.format:
        return source.format
    name = part.images.lower().removesuffix(".gz")
    for ending, found in _ENDINGS:
        if name.endswith(ending):
            return found
    return "images" if archive is None else _by_bytes(source, part, archive)


def _by_bytes(source: Source, part: Part, archive: Archive) -> Format:
    with suppress(MissingError):  # told by the reader
        first = matching(archive, part.images, source.name)[0]
        if first.lower().endswith(".tar"):
            return "webdataset"
        head = _head(archive, first)
        for magic, found in _MAGIC:
            if head.startswith(magic):
                return found
        if head[:1].isdigit() and head.count(b",") + head.count(b"\t") > 2:
            return "csv"
    return "images"


def _head(archive: Archive, name: str) -> bytes:
    """The first bytes of the member, unpacked; nothing where it is damaged."""
    try:
        head = archive.read(name, _HEAD)
        if head.startswith(b"\x1f\x8b"):
            return zlib.decompressobj(31).decompress(head, _HEAD)
    except MissingError:
        raise
    except (FetchError, zlib.error):
        return b""
    return head
