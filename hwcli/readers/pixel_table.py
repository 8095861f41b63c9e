"""Reads pixel tables: CSV with a row an image and a column a pixel."""

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
from hwcli.readers.reader import Block, Listing, listing_of
from hwcli.recipe import Part, Source

_MAX_LINE = 1 << 22
"""Bytes of a row: a million pixels."""


@dataclass(frozen=True, slots=True)
class TextBlock:
    """Rows of the table as text."""

    lines: tuple[bytes, ...]
    labelled: bool
    """Whether the first column is the label."""

    def images(self) -> Iterator[Image | str]:
        """Each row as a square image, or the reason why it is none."""
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # numpy warns of text that is not a number
            yield from [self._image(line) for line in self.lines]

    def _image(self, line: bytes) -> Image | str:
        text = line.split(b",", 1)[-1] if self.labelled else line
        try:
            values = np.fromstring(text.decode("ascii"), np.float64, sep=",")
        except (DeprecationWarning, ValueError):
            return "not numbers"
        side = isqrt(len(values))
        if side == 0 or side * side != len(values):
            return f"{len(values)} pixels are not a square"
        if not (values.min() >= 0 and values.max() <= 255):
            return "pixels outside 0 to 255"
        return values.astype(np.uint8).reshape(side, side)


class PixelTableReader:
    """One table of pixels; its labels in a member of their own, or in the first column."""

    def __init__(self, source: Source, part: Part, archive: Archive) -> None:
        self._part = part
        self._archive = archive
        self._what = f"{source.name}: {part.images}"

    def listing(self) -> Listing:
        """Labels as they stand in the table; no writers."""
        member = self._part.labels or self._part.images
        with reading(self._what), self._archive.open(member) as file:
            return listing_of([_first_cell(line) for line in self._lines(file)])

    def origin(self, row: int) -> str:
        """`member#row`."""
        return f"{self._part.images}#{row}"

    def blocks(self, rows: NDArray[np.intp], size: int) -> Iterator[Block]:
        """The images of `rows`, read in one pass over the table."""
        labelled = not self._part.labels
        with reading(self._what), self._archive.open(self._part.images) as file:
            lines, at = self._lines(file), 0
            for start in range(0, len(rows), size):
                chosen = []
                for row in map(int, rows[start : start + size]):
                    line = next(islice(lines, row - at, None), None)
                    if line is None:
                        raise FetchError(f"{self._what}: ends before row {row}")
                    chosen.append(line)
                    at = row + 1
                yield TextBlock(tuple(chosen), labelled)

    def _lines(self, file: IO[bytes]) -> Iterator[bytes]:
        """Rows with something in them, without a heading."""
        first = True
        while line := file.readline(_MAX_LINE + 1):
            if len(line) > _MAX_LINE:
                raise FetchError(f"{self._what}: a row of more than {_MAX_LINE >> 20} MiB")
            heading = first and not _first_cell(line).replace(".", "", 1).isdecimal()
            first = False
            if line.strip() and not heading:
                yield line


def _first_cell(line: bytes) -> str:
    return line.split(b",", 1)[0].decode("utf-8", "replace").strip().strip('"').lstrip("\ufeff")
