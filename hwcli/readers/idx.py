"""Reads idx files (MNIST, EMNIST), gzipped or not: http://yann.lecun.com/exdb/mnist/."""

import gzip
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import FetchError
from hwcli.fetch.archive import Archive, reading
from hwcli.readers.reader import MAX_PIXELS, MAX_SIDE, Block, Listing
from hwcli.readers.stream import DEFLATE, PixelBlock, exactly, row_blocks
from hwcli.recipe import Part, Source

_BYTES_OF = {1: 0x0801, 3: 0x0803}
"""Magic number of unsigned bytes with so many dimensions."""


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
            raw = np.frombuffer(exactly(file, labels), np.uint8)
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
            for pixels in row_blocks(file, rows, size, height * width):
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
        head = exactly(file, 4 + 4 * dimensions)
        magic, *shape = struct.unpack(f">{1 + dimensions}I", head)
        if magic != _BYTES_OF[dimensions]:
            raise FetchError(f"{self._what}: {name} is no idx file of {dimensions}-d bytes")
        if dimensions == 3 and (max(shape[1:]) > MAX_SIDE or shape[1] * shape[2] > MAX_PIXELS):
            raise FetchError(f"{self._what}: images of {shape[1]}×{shape[2]} are too large")
        if int(np.prod(shape, dtype=object)) > self._archive.size(name) * DEFLATE:
            raise FetchError(f"{self._what}: {name} claims {shape[0]:,} rows that are not in it")
        return tuple(shape)
