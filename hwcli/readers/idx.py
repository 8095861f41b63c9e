"""Reads idx files (MNIST, EMNIST), gzipped or not: http://yann.lecun.com/exdb/mnist/."""

import struct
from collections.abc import Iterator
from typing import IO

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import FetchError
from hwcli.fetch.archive import Archive, reading
from hwcli.readers.reader import MAX_PIXELS, MAX_SIDE, Block, Listing, Reader, numbered, only_member
from hwcli.readers.stream import DEFLATE, PixelBlock, exactly, opened, row_blocks
from hwcli.recipe import Part, Source

_BYTES_OF = {1: 0x0801, 3: 0x0803}
"""Magic number of unsigned bytes with so many dimensions."""


class IdxReader(Reader):
    """One idx file of images and one of labels."""

    def __init__(self, source: Source, part: Part, archive: Archive) -> None:
        self._archive = archive
        self._what = f"{source.name}: {part.images}"
        if not part.labels:
            raise FetchError(f"{self._what}: an idx part needs `labels`")
        self._images, self._labels = (
            only_member(archive, name, source.name) for name in (part.images, part.labels)
        )

    def listing(self) -> Listing:
        """Labels as decimal numbers; no writers."""
        with reading(self._what), opened(self._archive, self._images) as file:
            count = self._header(file, self._images, dimensions=3)[0]
        with reading(self._what), opened(self._archive, self._labels) as file:
            (labels,) = self._header(file, self._labels, dimensions=1)
            if labels != count:
                raise FetchError(f"{self._what}: {count} images, {labels} labels")
            raw = np.frombuffer(exactly(file, labels), np.uint8)
        numbers = np.flatnonzero(np.bincount(raw, minlength=256))
        label = np.zeros(256, np.int32)
        label[numbers] = np.arange(len(numbers))
        return Listing(
            tuple(str(n) for n in numbers),
            label[raw],
            (),
            np.full(count, -1, np.int32),
        )

    def origin(self, row: int) -> str:
        """`member#row`."""
        return f"{self._images}#{row}"

    def origins(self, rows: NDArray[np.intp]) -> NDArray[np.bytes_]:
        """`origin` of each of `rows`."""
        return numbered(self._images, rows)

    def blocks(self, rows: NDArray[np.intp], size: int) -> Iterator[Block]:
        """The images of `rows`, read in one pass over the file."""
        with reading(self._what), opened(self._archive, self._images) as file:
            _, height, width = self._header(file, self._images, dimensions=3)
            for pixels in row_blocks(file, rows, size, height * width):
                yield PixelBlock(pixels.reshape(-1, height, width))

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
