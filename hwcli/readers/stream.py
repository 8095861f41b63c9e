"""Images of one size that lie one after the other in a file: read in one pass, any rows of them."""

import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import IO, cast

import numpy as np
from isal import igzip, igzip_lib
from numpy.typing import NDArray

from hwcli.fetch.archive import Archive
from hwcli.glyph import Image

DEFLATE = 1040
"""Deflate packs at most 1032 : 1; what claims more is not there."""


_IsalError = cast("type[Exception]", igzip_lib.error)
_GZIP = b"\x1f\x8b"


@contextmanager
def opened(archive: Archive, name: str) -> Iterator[IO[bytes]]:
    """The member `name`, unpacked if it is gzip, whatever it is called."""
    with archive.open(name) as file:
        packed = file.read(2) == _GZIP
        file.seek(0)
        if not packed:
            yield file
            return
        try:
            with igzip.GzipFile(fileobj=file) as unpacked:  # type: ignore[no-untyped-call]
                yield cast("IO[bytes]", unpacked)
        except _IsalError as error:
            raise zlib.error(str(error)) from error


@dataclass(frozen=True, slots=True, eq=False)
class PixelBlock:
    """Images that are plain pixels already."""

    pixels: NDArray[np.uint8]
    """(N, H, W)."""

    def images(self) -> Iterator[Image | str]:
        """The images as they are."""
        return iter(self.pixels)


def row_blocks(
    file: IO[bytes], rows: NDArray[np.intp], size: int, row_bytes: int
) -> Iterator[NDArray[np.uint8]]:
    """`rows`, ascending, of a file at its row 0, `size` at a time: (n, row_bytes).

    Raises:
        EOFError: the file ends before.
        OSError, zlib.error, zipfile.BadZipFile: it is damaged, as told at its end.
    """
    at = 0
    for start in range(0, len(rows), size):
        wanted = rows[start : start + size]
        block = np.empty((len(wanted), row_bytes), np.uint8)
        for span in _spans(wanted):
            first, last = int(wanted[span.start]), int(wanted[span.stop - 1])
            _skip(file, (first - at) * row_bytes)
            _fill(block[span], file)
            at = last + 1
        yield block
    while file.read(1 << 20):  # to the end, where gzip and zip have their checksums
        pass


def exactly(file: IO[bytes], count: int) -> bytes:
    """The next `count` bytes.

    Raises:
        EOFError: the file ends before.
    """
    data = file.read(count)
    if len(data) < count:
        raise EOFError(f"ends {count - len(data)} bytes early")
    return data


def _fill(rows: NDArray[np.uint8], file: IO[bytes]) -> None:
    """Read the next bytes into `rows`, contiguous.

    Raises:
        EOFError: the file ends before.
    """
    left = rows.data.cast("B")
    while left:
        count = cast("io.BufferedIOBase", file).readinto(left)
        if not count:
            raise EOFError(f"ends {len(left)} bytes early")
        left = left[count:]


def _spans(rows: NDArray[np.intp]) -> Iterator[slice]:
    """Slices of `rows` in which each follows the one before."""
    breaks = np.flatnonzero(np.diff(rows) != 1) + 1
    edges = [0, *map(int, breaks), len(rows)]
    yield from (slice(a, b) for a, b in pairwise(edges))


def _skip(file: IO[bytes], count: int) -> None:
    while count:
        count -= len(exactly(file, min(count, 1 << 20)))
