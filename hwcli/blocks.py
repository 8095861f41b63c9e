"""Images of a shard, a block of rows at a time, straight from the file: as fast as from memory."""

import mmap
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import h5py
import numpy as np
from numpy.typing import NDArray

from hwcli.errors import DatasetError
from hwcli.shards import CHUNK_ROWS, open_shard, reading_shard, shard_images


class ImageBlocks:
    """The images of one shard in blocks of CHUNK_ROWS rows, in whatever order they are asked for.

    HDF5 tells once where each chunk lies; since chunks are not compressed, a block is then a copy
    out of the mapped file. Takes no more memory than a block, however long the shard.

    >>> with ImageBlocks(path) as blocks:
    ...     for i in random.permutation(len(blocks)):
    ...         train_on(blocks[i])
    """

    def __init__(self, path: Path) -> None:
        """Opens the shard at `path`.

        Raises:
            DatasetError: missing, not HDF5, or damaged; or its images are compressed.
        """
        self._path = path
        with reading_shard(path), open_shard(path) as file:
            images = shard_images(file, path)
            self.rows = len(images)
            """Of the shard."""
            self.size = int(images.shape[1])
            """Side of an image, px."""
            self.places = _places(images, path)
            """Where each block starts in the file, bytes."""
        self._file = path.open("rb")
        self._map = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        self._bytes = CHUNK_ROWS * self.size**2
        if any(p < 0 or p + self._bytes > len(self._map) for p in self.places):
            self.close()
            raise DatasetError(f"{path}: its images reach past its end")

    def __enter__(self) -> "ImageBlocks":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, block: int) -> NDArray[np.uint8]:
        """Block number `block`: uint8 (n, size, size), n = CHUNK_ROWS but for the last."""
        first = range(0, self.rows, CHUNK_ROWS)[block]
        count = min(CHUNK_ROWS, self.rows - first)
        shape = (count, self.size, self.size)
        place = self.places[block]
        view = np.frombuffer(self._map, np.uint8, count * self.size**2, place)
        return view.reshape(shape).copy()

    def take(self, places: NDArray[np.intp]) -> NDArray[np.uint8]:
        """The images at `places` of the shard, which ascend: uint8 (n, size, size)."""
        block, within = np.divmod(places, CHUNK_ROWS)
        some = [self[b][within[block == b]] for b in np.unique(block).tolist()]
        return np.concatenate([np.empty((0, self.size, self.size), np.uint8), *some])

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return (self[i] for i in range(len(self)))

    def close(self) -> None:
        """Let go of the file."""
        self._map.close()
        self._file.close()


def _places(images: h5py.Dataset, path: Path) -> list[int]:
    """Where each chunk starts in the file, bytes."""
    size = images.shape[1]
    if images.chunks != (CHUNK_ROWS, size, size) or images.id.get_create_plist().get_nfilters():
        raise DatasetError(f"{path}: its images do not lie in plain chunks of {CHUNK_ROWS} rows")
    count = -(-len(images) // CHUNK_ROWS)
    found: dict[int, int] = {}
    images.id.chunk_iter(lambda c: found.update({c.chunk_offset[0] // CHUNK_ROWS: c.byte_offset}))
    if sorted(found) != list(range(count)):
        raise DatasetError(f"{path}: images are missing")
    return [found[i] for i in range(count)]
