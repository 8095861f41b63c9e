"""The rows of all datasets to merge, one after the other: all of each is known but its image."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwcli.blocks import ImageBlocks
from hwcli.dataset import Dataset
from hwcli.errors import DatasetError
from hwcli.ingest.rows import Columns
from hwcli.merging.tables import JoinedSources, joined_tables
from hwcli.merging.texts import Texts
from hwcli.merging.writers import People
from hwcli.shards import Rows, Split, Tables, coded

_BLOCK_ROWS = 4096
"""Rows given at a time."""


class MergedRows:
    """Rows by their number, with the indices of the merged dataset; images stay in their shards."""

    def __init__(self, datasets: Sequence[Dataset], sources: JoinedSources, origins: Texts) -> None:
        """Reads all shards of `datasets`, one at a time.

        Raises:
            DatasetError: a shard is missing or damaged, or a dataset has no rows.
        """
        self.tables: Tables = joined_tables(datasets, sources)
        self._origins = origins
        self._shards: list[tuple[Path, str]] = []
        counts: list[int] = []
        parts: list[Columns] = []
        people = People(sources.shared)
        writers: list[list[NDArray[np.int32]]] = []
        for number, dataset in enumerate(datasets):
            new = _Indices(dataset, self.tables, sources.places[number])
            writers.append([])
            for k, entry in enumerate(dataset.info.shards):
                rows = dataset.shard(k)
                parts.append(new.columns(rows))
                writers[-1].append(rows.writer)
                people.meet(number, rows, parts[-1].source)
                origins.extend(rows.origins)
                self._shards.append((dataset.folder / entry.file, dataset.info.name))
                counts.append(len(rows))
            if not sum(map(len, writers[-1])):
                raise DatasetError(f"{dataset.folder}: the dataset has no rows")
        self.columns = _concatenated(parts)
        numbers = people.numbers(len(datasets))
        self.writer = np.concatenate(
            [table[w] for table, own in zip(numbers, writers, strict=True) for w in own]
        )
        """(N,) number of the person, −1 unknown."""
        self.notes = people.notes(self.tables.sources)
        """What is known, and what is not, of the writers."""
        self._starts = np.cumsum([0, *counts], dtype=np.int64)

    def __len__(self) -> int:
        return int(self._starts[-1])

    def origin(self, row: int) -> str:
        """Where the image of the row of this number lies within its source."""
        return self._origins[row]

    def place(self, row: int) -> str:
        """The origin, with the name of the dataset that the row is of."""
        shard = int(self._starts.searchsorted(row, "right")) - 1
        return f"{self._shards[shard][1]}: {self.origin(row)}"

    def of_split(self, split: Split) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint8]]]:
        """Numbers (N,) and images (N, size, size) of the rows of `split`, some at a time.

        Raises:
            DatasetError: a shard cannot be read.
        """
        for (path, _), start, end in zip(
            self._shards, self._starts[:-1], self._starts[1:], strict=True
        ):
            chosen = np.flatnonzero(self.columns.split[start:end] == split)
            if not len(chosen):
                continue
            with ImageBlocks(path) as blocks:
                for at in range(0, len(chosen), _BLOCK_ROWS):
                    places = chosen[at : at + _BLOCK_ROWS]
                    yield start + places, blocks.take(places)

    def rows(self, numbers: NDArray[np.int64], images: NDArray[np.uint8]) -> Rows:
        """The rows of `numbers`, which ascend, with their images."""
        columns = self.columns
        return Rows(
            images=images,
            label=columns.label[numbers],
            script=columns.script[numbers].astype(np.int32),
            source=columns.source[numbers].astype(np.int32),
            writer=self.writer[numbers],
            split=columns.split[numbers],
            origin=coded(self._origins.some(numbers)),
        )


class _Indices:
    """From the indices in one dataset's columns to those of the merged one."""

    def __init__(self, dataset: Dataset, tables: Tables, places: tuple[int, ...]) -> None:
        label = {c: i for i, c in enumerate(tables.classes)}
        self._label = np.asarray([label[c] for c in dataset.info.classes], np.int32)
        scripts = [tables.scripts.index(s) for s in dataset.info.scripts]
        self._script = np.asarray(scripts, np.int16)
        self._source = np.asarray(places, np.int16)

    def columns(self, rows: Rows) -> Columns:
        return Columns(
            self._label[rows.label],
            rows.split,
            self._script[rows.script],
            self._source[rows.source],
        )


def _concatenated(parts: list[Columns]) -> Columns:
    return Columns(
        np.concatenate([p.label for p in parts]),
        np.concatenate([p.split for p in parts]),
        np.concatenate([p.script for p in parts]),
        np.concatenate([p.source for p in parts]),
    )
