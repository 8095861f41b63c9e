"""Rows of a merged dataset into shards of equal size."""

from collections import deque
from pathlib import Path

from hwcli.dataset import ShardEntry
from hwcli.errors import DatasetError
from hwcli.shards import CHUNK_ROWS, Rows, ShardWriter, Tables, sha256_of

SHARD_ROWS = 32_768
"""Rows of a shard, unless its images are so large that fewer fill it."""
_SHARD_BYTES = 32 << 20
"""Pixels of a shard; it is made in memory."""


class Shards:
    """Rows into shards of equal size, named when their number is known."""

    def __init__(self, folder: Path, name: str, size: int, tables: Tables) -> None:
        self._folder = folder
        self._name = name
        self._size = size
        self._tables = tables
        self._rows = max(CHUNK_ROWS, min(SHARD_ROWS, _SHARD_BYTES // size**2))
        self._waiting: deque[Rows] = deque()
        self._count = 0
        self._written: list[tuple[Path, int]] = []

    def append(self, rows: Rows) -> None:
        """Add `rows`; a shard is written as soon as it is full."""
        self._waiting.append(rows)
        self._count += len(rows)
        while self._count >= self._rows:
            self._write(self._rows)

    def finish(self) -> tuple[ShardEntry, ...]:
        """Write what is left, give the shards their names, and tell them.

        Raises:
            DatasetError: there was not one row.
        """
        if self._count:
            self._write(self._count)
        if not self._written:
            raise DatasetError(f"{self._name}: not one row is good", hint="-v says more")
        entries = []
        for i, (path, rows) in enumerate(self._written):
            named = self._folder / f"{self._name}-{i:05}-of-{len(self._written):05}.h5"
            path.replace(named)
            entries.append(ShardEntry(named.name, rows, sha256_of(named)))
        return tuple(entries)

    def _write(self, count: int) -> None:
        path = self._folder / f"{self._name}-{len(self._written):05}.h5"
        with ShardWriter(path, size=self._size, tables=self._tables) as shard:
            while shard.rows < count:
                rows = self._waiting.popleft()
                room = count - shard.rows
                if len(rows) > room:
                    self._waiting.appendleft(rows.take(slice(room, None)))
                    rows = rows.take(slice(0, room))
                shard.append(rows)
        self._count -= count
        self._written.append((path, count))
