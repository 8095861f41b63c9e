"""Reads pixel tables: CSV or TSV with a row an image and a column a pixel."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from math import isqrt
from typing import IO

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import FetchError
from hwcli.fetch.archive import Archive, reading
from hwcli.glyph import Image
from hwcli.readers.reader import Block, Listing, Reader, listing_of, only_member
from hwcli.readers.stream import opened
from hwcli.recipe import Part, Source

_MAX_LINE = 1 << 22
"""Bytes of a row: a million pixels."""


@dataclass(frozen=True, slots=True)
class TextBlock:
    """Rows of the table as text."""

    lines: tuple[bytes, ...]
    labelled: bool
    """Whether the first column is the label."""
    separator: bytes = b","

    def images(self) -> Iterator[Image | str]:
        """Each row as a square image, or the reason why it is none."""
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # numpy warns of text that is not a number
            yield from [self._image(line) for line in self.lines]

    def _image(self, line: bytes) -> Image | str:
        text = line.split(self.separator, 1)[-1] if self.labelled else line
        try:
            values = np.fromstring(text.decode("ascii"), np.float64, sep=self.separator.decode())
        except (DeprecationWarning, ValueError):
            return "not numbers"
        side = isqrt(len(values))
        if side == 0 or side * side != len(values):
            return f"{len(values)} pixels are not a square"
        if not (values.min() >= 0 and values.max() <= 255):
            return "pixels outside 0 to 255"
        return values.astype(np.uint8).reshape(side, side)


class PixelTableReader(Reader):
    """One table of pixels; its labels in a member of their own, or in the first column."""

    def __init__(self, source: Source, part: Part, archive: Archive) -> None:
        self._archive = archive
        self._what = f"{source.name}: {part.images}"
        self._images = only_member(archive, part.images, source.name)
        self._labels = only_member(archive, part.labels, source.name) if part.labels else ""

    def listing(self) -> Listing:
        """Labels as they stand in the table; no writers."""
        with reading(self._what), opened(self._archive, self._labels or self._images) as file:
            lines = _Lines(file, self._what)
            return listing_of([_first_cell(line, lines.separator) for line in lines])

    def origin(self, row: int) -> str:
        """`member#row`."""
        return f"{self._images}#{row}"

    def blocks(self, rows: NDArray[np.intp], size: int) -> Iterator[Block]:
        """The images of `rows`, read in one pass over the table."""
        with reading(self._what), opened(self._archive, self._images) as file:
            lines, at = _Lines(file, self._what), 0
            for start in range(0, len(rows), size):
                chosen = []
                for row in map(int, rows[start : start + size]):
                    line = next(islice(lines, row - at, None), None)
                    if line is None:
                        raise FetchError(f"{self._what}: ends before row {row}")
                    chosen.append(line)
                    at = row + 1
                yield TextBlock(tuple(chosen), not self._labels, lines.separator)


class _Lines:
    """Rows of a table with something in them, without a heading."""

    def __init__(self, file: IO[bytes], what: str) -> None:
        self._file = file
        self._what = what
        self._first = self._next()
        self.separator = separator_of(self._first)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        line, self._first = self._first, b""
        if line and not _is_number(_first_cell(line, self.separator)):
            line = b""  # a heading
        while not line.strip():
            line = self._next()
            if not line:
                raise StopIteration
        return line

    def _next(self) -> bytes:
        line = self._file.readline(_MAX_LINE + 1)
        if len(line) > _MAX_LINE:
            raise FetchError(f"{self._what}: a row of more than {_MAX_LINE >> 20} MiB")
        return line


def separator_of(line: bytes) -> bytes:
    """What stands between the columns of `line`: a comma, a tab, a semicolon or a blank."""
    counts = {s: line.count(s) for s in (b",", b"\t", b";")}
    separator = max(counts, key=lambda s: counts[s])
    if counts[separator]:
        return separator
    return b" " if b" " in line.strip() else b","


def _is_number(cell: str) -> bool:
    return cell.replace(".", "", 1).isdecimal()


def _first_cell(line: bytes, separator: bytes) -> str:
    cell = line.lstrip(b" ").split(separator, 1)[0]
    return cell.decode("utf-8", "replace").strip().strip('"').lstrip("\ufeff")
