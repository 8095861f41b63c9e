"""A dataset's rows by split, source and script, without having them all in memory."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from hwcli.dataset import Dataset
from hwcli.errors import DatasetError
from hwcli.shards import Rows, Split

BLOCK_ROWS = 4096
"""Rows given at a time."""


class Group(NamedTuple):
    """Rows that belong together wherever a dataset is written."""

    split: Split
    source: int
    """Index into the dataset's sources."""
    script: int
    """Index into the dataset's scripts."""


class Grouped:
    """An opened dataset, walked in another order than that of its shards.

    One shard at a time is in memory. `ingest` writes rows by split and source, so nearly every
    shard is read once for all groups.
    """

    def __init__(self, dataset: Dataset) -> None:
        """Counts the rows of `dataset`, which reads all of it.

        Raises:
            DatasetError: a shard is missing or damaged, or there is none.
        """
        self.dataset = dataset
        self.origin_width = 1
        """Characters of the longest origin."""
        self._last: tuple[int, Rows] | None = None
        self._where: dict[Group, list[int]] = {}
        sizes: Counter[Group] = Counter()
        for number in range(len(dataset.info.shards)):
            rows = self._shard(number)
            self.origin_width = max(self.origin_width, *map(len, rows.origins), 1)
            columns = np.stack([rows.split, rows.source, rows.script], axis=1)
            for key, count in zip(*np.unique(columns, axis=0, return_counts=True), strict=True):
                group = Group(Split(int(key[0])), int(key[1]), int(key[2]))
                self._where.setdefault(group, []).append(number)
                sizes[group] += int(count)
        if not sizes:
            raise DatasetError(f"{dataset.folder}: the dataset has no rows")
        self.sizes: dict[Group, int] = dict(sorted(sizes.items()))
        """Rows of each group, by split, then source, then script."""

    def __len__(self) -> int:
        return sum(self.sizes.values())

    def rows(self, group: Group) -> Iterator[Rows]:
        """The rows of `group`, some at a time, in the order of the shards."""
        for number in self._where[group]:
            rows = self._shard(number)
            chosen = np.flatnonzero(
                (rows.split == group.split)
                & (rows.source == group.source)
                & (rows.script == group.script)
            )
            yield from _blocks(rows, chosen)

    def _shard(self, number: int) -> Rows:
        if self._last is None or self._last[0] != number:
            self._last = None  # its memory is free before more is taken
            self._last = (number, self.dataset.shard(number))
        return self._last[1]


def _blocks(rows: Rows, chosen: np.typing.NDArray[np.intp]) -> Iterator[Rows]:
    for start in range(0, len(chosen), BLOCK_ROWS):
        yield rows.take(chosen[start : start + BLOCK_ROWS])
