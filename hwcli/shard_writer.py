"""Writes HDF5 shards: whole or not at all, and as fast as memory is copied and hashed."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

import h5py
import numpy as np
from numpy.typing import NDArray

from hwcli.atomic import write_bytes
from hwcli.errors import DatasetError
from hwcli.shards import CHUNK_ROWS, COLUMNS, SCHEMA, Rows, Tables


class ShardMemory:
    """A file in memory, as h5py wants one, whose memory serves one shard after the other.

    Memory that is fresh from the system costs more time than what is put into it.
    """

    def __init__(self) -> None:
        self._data = bytearray()
        self._size = 0
        self._at = 0

    def view(self) -> memoryview:
        """All that was written; let go of it before more is."""
        return memoryview(self._data)[: self._size]

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to `offset` from the start, from here (1) or from the end (2)."""
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def tell(self) -> int:
        """Where the next byte goes."""
        return self._at

    def truncate(self, size: int | None = None) -> int:
        """Make the file `size` bytes long; what it grows by is zeros."""
        size = self._at if size is None else size
        if size > len(self._data):
            self._data.extend(bytes(max(size, 5 * len(self._data) // 4) - len(self._data)))
        if size > self._size:  # what a shard before this one has left there
            self._data[self._size : size] = bytes(size - self._size)
        self._size = size
        return size

    def write(self, data: memoryview) -> int:
        """Put `data` here."""
        end = self._at + data.nbytes
        if end > self._size:
            self.truncate(end)
        self._data[self._at : end] = data
        self._at = end
        return data.nbytes

    def read(self, count: int = -1) -> bytes:
        """What is here, at most `count` bytes if that is not negative."""
        left = max(0, self._size - self._at)
        data = bytearray(left if count < 0 else min(count, left))
        self.readinto(memoryview(data))
        return bytes(data)

    def readinto(self, buffer: memoryview) -> int:
        """Fill `buffer` with what is here, as far as there is something."""
        part = memoryview(self._data)[self._at : min(self._at + buffer.nbytes, self._size)]
        buffer[: part.nbytes] = part
        self._at += part.nbytes
        return part.nbytes

    def flush(self) -> None:
        """Nothing: it is all there."""


class ShardWriter:
    """Writes one shard; it stands under its name only when whole.

    >>> with ShardWriter(path, size=28, tables=tables) as shard:
    ...     shard.append(rows)

    The shard is made in memory and written in one go: HDF5 itself ends the process with a
    segmentation fault where a disk is full.
    """

    def __init__(
        self, path: Path, *, size: int, tables: Tables, memory: ShardMemory | None = None
    ) -> None:
        """Writes to `path` what is made in `memory`, if it is not to have its own."""
        self.path = path
        self.rows = 0
        self.sha256 = ""
        """Of the file, once it is written."""
        self._size = size
        self._tables = tables
        self._memory = memory or ShardMemory()
        self._file: h5py.File | None = None
        self._origins: list[NDArray[np.bytes_]] = []

    def __enter__(self) -> "ShardWriter":
        self._memory.truncate(0)  # HDF5's own in-memory driver gives no more than a copy
        file = h5py.File(self._memory, "w", libver=("v110", "v110"), track_order=True)
        self._file = file
        file.attrs["schema"] = SCHEMA
        for name in ("classes", "scripts", "sources"):
            values = getattr(self._tables, name)
            file.attrs.create(name, np.asarray(values, dtype=object), dtype=h5py.string_dtype())
        shape = (self._size, self._size)
        file.create_dataset(
            "images", (0, *shape), np.uint8, maxshape=(None, *shape), chunks=(CHUNK_ROWS, *shape)
        )
        for name, dtype in COLUMNS.items():
            file.create_dataset(name, (0,), dtype, maxshape=(None,), chunks=(CHUNK_ROWS * 16,))
        return self

    def append(self, rows: Rows) -> None:
        """Add `rows` at the end.

        Raises:
            DatasetError: images of another size than the shard's.
        """
        if rows.images.shape[1:] != (self._size, self._size):
            raise DatasetError(
                f"{self.path}: images of {rows.images.shape[1:]} in a shard of {self._size} px"
            )
        assert self._file is not None, "append outside the with block"
        end = self.rows + len(rows)
        for name in COLUMNS:
            dataset = self._file[name]
            dataset.resize(end, axis=0)
            dataset[self.rows : end] = getattr(rows, name)
        self._append_images(rows.images, end)
        self._origins.append(rows.origin)
        self.rows = end

    def _append_images(self, images: NDArray[np.uint8], end: int) -> None:
        assert self._file is not None
        dataset = self._file["images"]
        dataset.resize(end, axis=0)
        whole = 0
        if self.rows % CHUNK_ROWS == 0:  # whole chunks go past HDF5's own copying, in half the time
            whole = len(images) // CHUNK_ROWS * CHUNK_ROWS
            for at in range(0, whole, CHUNK_ROWS):
                chunk = np.ascontiguousarray(images[at : at + CHUNK_ROWS], np.uint8)
                dataset.id.write_direct_chunk((self.rows + at, 0, 0), chunk)
        if whole < len(images):
            dataset[self.rows + whole : end] = images[whole:]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._file is not None
        with self._file as file:
            if kind is None:
                _write_origins(file, self._origins)
        if kind is not None:
            return
        with self._memory.view() as image, ThreadPoolExecutor(1) as beside:
            digest = beside.submit(hashlib.sha256, image)
            try:
                write_bytes(self.path, image)
            except OSError as fault:
                raise DatasetError(f"{self.path}: cannot be written ({fault.strerror})") from fault
            self.sha256 = digest.result().hexdigest()


def _write_origins(file: h5py.File, origins: list[NDArray[np.bytes_]]) -> None:
    """All texts at once, as wide as the longest: those of any length take ten times as long."""
    whole = np.concatenate([np.empty(0, "S1"), *origins])
    column = whole.astype(h5py.string_dtype("utf-8", whole.itemsize))
    file.create_dataset("origin", data=column, maxshape=(None,), chunks=(CHUNK_ROWS * 16,))
