"""Rows into shards of equal size, written behind the back of the work and noted when whole."""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwcli.dataset import ShardEntry
from hwcli.errors import DatasetError
from hwcli.ingest.dedup import Keys
from hwcli.ingest.journal import Journal, Mark
from hwcli.shards import CHUNK_ROWS, Rows, ShardWriter, Tables, concatenate

SHARD_ROWS = 16_384
"""Rows of a shard, unless its images are so large that fewer fill it."""
_SHARD_BYTES = 16 << 20
"""Pixels of a shard; it is made in memory."""


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """Rows that wait for their shard."""

    rows: Rows
    number: NDArray[np.int64]
    keys: Keys
    mark: Mark
    """Where the work was before the first of them."""

    def take(self, part: slice) -> "_Piece":
        start = part.start or 0
        mark = Mark(
            self.mark.step, self.mark.used + start, self.mark.pairs_bytes, self.mark.dropped
        )
        return _Piece(self.rows.take(part), self.number[part], self.keys[part], mark)


class ShardSeries:
    """Takes rows in order; a context, so that nothing is being written when it ends."""

    def __init__(self, journal: Journal, name: str, size: int, tables: Tables) -> None:
        self._journal = journal
        self._name = name
        self._size = size
        self._tables = tables
        self._full = max(CHUNK_ROWS, min(SHARD_ROWS, _SHARD_BYTES // size**2))
        self._waiting: deque[_Piece] = deque()
        self._count = 0
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
        self._waiting.append(_Piece(rows, number, keys, mark))
        self._count += len(rows)
        while self._count >= self._full:
            self._write(self._full)

    def finish(self) -> None:
        """Write what is left.

        Raises:
            DatasetError: there was not one row.
        """
        if self._count:
            self._write(self._count)
        self._wait()
        if not self._journal.done:
            raise DatasetError(f"{self._name}: not one row is good", hint="-v says more")

    def _write(self, count: int) -> None:
        """Have the first `count` waiting rows written, when the shard before them is."""
        pieces: list[_Piece] = []
        left = count
        while left:
            piece = self._waiting.popleft()
            if len(piece.rows) > left:
                self._waiting.appendleft(piece.take(slice(left, None)))
                piece = piece.take(slice(0, left))
            pieces.append(piece)
            left -= len(piece.rows)
        self._count -= count
        self._wait()
        path = self._journal.folder / f"{self._name}-{self._shards:05}.h5"
        self._shards += 1
        self._writing = self._writer.submit(self._write_shard, path, pieces)

    def _wait(self) -> None:
        if self._writing is not None:
            self._writing.result()
            self._writing = None

    def _write_shard(self, path: Path, pieces: list[_Piece]) -> None:
        with ShardWriter(path, size=self._size, tables=self._tables) as shard:
            shard.append(concatenate([p.rows for p in pieces]))
        last = pieces[-1]
        used = last.mark.used + len(last.rows)
        mark = Mark(last.mark.step, used, last.mark.pairs_bytes, last.mark.dropped)
        self._journal.add(
            ShardEntry(path.name, shard.rows, shard.sha256),
            np.concatenate([p.number for p in pieces]),
            np.concatenate([p.keys for p in pieces]),
            mark,
        )
