"""Rows into shards of equal size, written behind the back of the work and noted when whole."""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwcli.dataset import ShardEntry
from hwcli.errors import DatasetError
from hwcli.ingest.journal import Journal, Mark
from hwcli.ingest.seen import Keys
from hwcli.shard_writer import ShardMemory, ShardWriter
from hwcli.shards import CHUNK_ROWS, COLUMNS, Rows, Tables

SHARD_ROWS = 16_384
"""Rows of a shard, unless its images are so large that fewer fill it."""
_SHARD_BYTES = 16 << 20
"""Pixels of a shard; it is made in memory."""


class _Filling:
    """A shard's worth of rows, filled piece by piece; serves one shard after the other."""

    def __init__(self, full: int, size: int) -> None:
        self._rows = Rows(
            images=np.empty((full, size, size), np.uint8),
            label=np.empty(full, np.int32),
            script=np.empty(full, np.int32),
            source=np.empty(full, np.int32),
            writer=np.empty(full, np.int32),
            split=np.empty(full, np.uint8),
            origin=np.empty(0, "S1"),
        )
        self._origins: list[NDArray[np.bytes_]] = []
        self._number = np.empty(full, np.int64)
        self._keys = np.empty(full, np.uint64)
        self.count = 0
        self.mark = Mark()
        """Where the work is after the last row."""

    @property
    def room(self) -> int:
        return len(self._number) - self.count

    def take(self, rows: Rows, number: NDArray[np.int64], keys: Keys, mark: Mark) -> None:
        """Add rows for which there is room, and `mark` where the work is after them."""
        here = slice(self.count, self.count + len(rows))
        for name in ("images", *COLUMNS):
            getattr(self._rows, name)[here] = getattr(rows, name)
        self._origins.append(rows.origin)
        self._number[here] = number
        self._keys[here] = keys
        self.count += len(rows)
        self.mark = mark

    def taken(self) -> tuple[Rows, NDArray[np.int64], Keys]:
        """What it holds: rows, their numbers and keys."""
        rows, here = replace(self._rows, origin=np.concatenate(self._origins)), slice(0, self.count)
        return rows.take(here), self._number[here], self._keys[here]

    def clear(self) -> None:
        """Hold nothing."""
        self.count = 0
        self._origins = []


class ShardSeries:
    """Takes rows in order; a context, so that nothing is being written when it ends."""

    def __init__(self, journal: Journal, name: str, size: int, tables: Tables) -> None:
        self._journal = journal
        self._name = name
        self._size = size
        self._tables = tables
        full = max(CHUNK_ROWS, min(SHARD_ROWS, _SHARD_BYTES // size**2))
        self._filling, self._free = _Filling(full, size), _Filling(full, size)
        self._memory = ShardMemory()
        self._shards = len(journal.done)
        self._writer = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None

    def __enter__(self) -> "ShardSeries":
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.shutdown(wait=True)

    def append(self, rows: Rows, number: NDArray[np.int64], keys: Keys, mark: Mark) -> None:
        """Add `rows`, their numbers and keys; a shard is written as soon as it is full.

        Args:
            rows: N good rows of one step of the work.
            number: (N,) their numbers in the plan.
            keys: (N,) of their images.
            mark: where the work was before the first of them.
        """
        at = 0
        while at < len(rows):
            piece = slice(at, min(at + self._filling.room, len(rows)))
            at = piece.stop
            after = replace(mark, used=mark.used + at)
            self._filling.take(rows.take(piece), number[piece], keys[piece], after)
            if not self._filling.room:
                self._write()

    def finish(self) -> None:
        """Write what is left.

        Raises:
            DatasetError: there was not one row.
        """
        if self._filling.count:
            self._write()
        self._wait()
        if not self._journal.done:
            raise DatasetError(f"{self._name}: not one row is good", hint="-v says more")

    def _write(self) -> None:
        """Have what was filled written, when the shard before it is."""
        self._wait()
        path = self._journal.folder / f"{self._name}-{self._shards:05}.h5"
        self._shards += 1
        self._writing = self._writer.submit(self._write_shard, path, self._filling)
        self._filling, self._free = self._free, self._filling
        self._filling.clear()

    def _wait(self) -> None:
        if self._writing is not None:
            self._writing.result()
            self._writing = None

    def _write_shard(self, path: Path, filled: _Filling) -> None:
        rows, number, keys = filled.taken()
        with ShardWriter(path, size=self._size, tables=self._tables, memory=self._memory) as shard:
            shard.append(rows)
        self._journal.add(ShardEntry(path.name, len(rows), shard.sha256), number, keys, filled.mark)
