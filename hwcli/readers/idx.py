"""Reads idx files (MNIST, EMNIST), gzipped or not: http://yann.lecun.com/exdb/mnist/."""

import gzip
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import FetchError
from hwcli.fetch.archive import Archive, reading
from hwcli.glyph import Image
from hwcli.readers.reader import MAX_PIXELS, MAX_SIDE, Block, Listing
from hwcli.recipe import Part, Source

_BYTES_OF = {1: 0x0801, 3: 0x0803}
"""Magic number of unsigned bytes with so many dimensions."""
_DEFLATE = 1040
"""Deflate packs at most 1032 : 1; what claims more is not there."""


@dataclass(frozen=True, slots=True, eq=False)
class PixelBlock:
    """Images that are plain pixels already."""

    pixels: NDArray[np.uint8]
    """(N, H, W)."""

    def images(self) -> Iterator[Image | str]:
        """The images as they are."""
        return iter(self.pixels)


class IdxReader:
    """One idx file of images and one of labels."""

    def __init__(self, source: Source, part: Part, archive: Archive) -> None:
        self._part = part
        self._archive = archive
        self._what = f"{source.name}: {part.images}"
        if not part.labels:
            raise FetchError(f"{self._what}: an idx part needs `labels`")

    def listing(self) -> Listing:
        """Labels as decimal numbers; no writers."""
        with reading(self._what), self._open(self._part.images) as file:
            count = self._header(file, self._part.images, dimensions=3)[0]
        with reading(self._what), self._open(self._part.labels) as file:
            (labels,) = self._header(file, self._part.labels, dimensions=1)
            if labels != count:
                raise FetchError(f"{self._what}: {count} images, {labels} labels")
            raw = np.frombuffer(_exactly(file, labels), np.uint8)
        numbers, label = np.unique(raw, return_inverse=True)
        return Listing(
            tuple(str(n) for n in numbers),
            label.astype(np.int32),
            (),
            np.full(count, -1, np.int32),
        )

    def origin(self, row: int) -> str:
        """`member#row`."""
        return f"{self._part.images}#{row}"

    def blocks(self, rows: NDArray[np.intp], size: int) -> Iterator[Block]:
        """The images of `rows`, read in one pass over the file."""
        with reading(self._what), self._open(self._part.images) as file:
            _, height, width = self._header(file, self._part.images, dimensions=3)
            at = 0
            for start in range(0, len(rows), size):
                wanted = rows[start : start + size]
                pixels = np.empty((len(wanted), height * width), np.uint8)
                for span in _spans(wanted):
                    first, last = int(wanted[span.start]), int(wanted[span.stop - 1])
                    _skip(file, (first - at) * height * width)
                    data = _exactly(file, (last + 1 - first) * height * width)
                    pixels[span] = np.frombuffer(data, np.uint8).reshape(-1, height * width)
                    at = last + 1
                yield PixelBlock(pixels.reshape(-1, height, width))

    @contextmanager
    def _open(self, name: str) -> Iterator[IO[bytes]]:
        with self._archive.open(name) as file:
            if not name.endswith(".gz"):
                yield file
                return
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield cast("IO[bytes]", unpacked)

    def _header(self, file: IO[bytes], name: str, *, dimensions: int) -> tuple[int, ...]:
        head = _exactly(file, 4 + 4 * dimensions)
        magic, *shape = struct.unpack(f">{1 + dimensions}I", head)
        if magic != _BYTES_OF[dimensions]:
            raise FetchError(f"{self._what}: {name} is no idx file of {dimensions}-d bytes")
        if dimensions == 3 and (max(shape[1:]) > MAX_SIDE or shape[1] * shape[2] > MAX_PIXELS):
            raise FetchError(f"{self._what}: images of {shape[1]}×{shape[2]} are too large")
        if int(np.prod(shape, dtype=object)) > self._archive.size(name) * _DEFLATE:
            raise FetchError(f"{self._what}: {name} claims {shape[0]:,} rows that are not in it")
        return tuple(shape)


def _spans(rows: NDArray[np.intp]) -> Iterator[slice]:
    """Slices of `rows` in which each follows the one before."""
    breaks = np.flatnonzero(np.diff(rows) != 1) + 1
    edges = [0, *map(int, breaks), len(rows)]
    yield from (slice(a, b) for a, b in pairwise(edges))


def _exactly(file: IO[bytes], count: int) -> bytes:
    data = file.read(count)
    if len(data) < count:
        raise EOFError(f"ends {count - len(data)} bytes early")
    return data


def _skip(file: IO[bytes], count: int) -> None:
    while count:
        count -= len(_exactly(file, min(count, 1 << 20)))
