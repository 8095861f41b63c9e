"""What is in a dataset: rows by whatever counts, what its images look like, whose they are."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwcli.dataset import FILE_NAME, CorrectionsEntry, Dataset, Dropped, SourceEntry
from hwcli.errors import DatasetError
from hwcli.glyph import Normalisation
from hwcli.image_stats import ImageStats, ImageTally
from hwcli.progress import Progress, silent
from hwcli.shards import Rows, Split
from hwcli.structure import structure_or

SCHEMA = "hwcli.info/1"
_BLOCK_ROWS = 4096

Counts = dict[str, dict[str, int]]
"""From a name to the rows it has in each split."""


@dataclass(frozen=True, slots=True)
class Balance:
    """How even the classes are, by rows of all splits."""

    classes: int
    empty: int
    """Classes without a row; the other numbers leave them out."""
    min: int
    median: float
    max: int
    imbalance: float
    """The largest class over the smallest."""
    smallest: tuple[tuple[str, int], ...]
    """Up to ten, the smallest first."""
    largest: tuple[tuple[str, int], ...]
    """Up to ten, the largest first."""


@dataclass(frozen=True, slots=True)
class Writers:
    """Who wrote it."""

    people: int
    known: float
    """Share of the rows whose writer is known."""
    in_several_splits: int
    """People with rows in more than one split."""


@dataclass(frozen=True, slots=True)
class MergedFrom:
    """A dataset that was merged into this one."""

    name: str
    sha256: str
    rows: int
    dropped: tuple[Dropped, ...] = ()


@dataclass(frozen=True, slots=True)
class Info:
    """What `ingest --info` tells; shares are in [0, 1], lengths in px."""

    schema: str
    name: str
    title: str
    target: str
    folder: str
    sha256: str
    hwcli: str
    bytes: int
    """Of its files on disk."""
    rows: int
    normalisation: Normalisation
    splits: dict[str, int]
    by_source: Counts
    by_script: Counts
    by_class: Counts
    balance: Balance
    writers: Writers
    images: ImageStats
    sources: tuple[SourceEntry, ...]
    dropped: tuple[Dropped, ...]
    corrections: tuple[CorrectionsEntry, ...]
    merged: tuple[MergedFrom, ...]
    missing: tuple[str, ...]
    notes: tuple[str, ...]


def info_of(dataset: Dataset, progress: Progress = silent) -> Info:
    """All there is to say of `dataset`, of which one shard at a time is in memory.

    Raises:
        DatasetError: it is damaged, or has no rows.
    """
    said = dataset.info
    tally = _Tally(dataset)
    for number in range(len(said.shards)):
        rows = dataset.shard(number)
        for start in range(0, len(rows), _BLOCK_ROWS):
            tally.add(rows.take(slice(start, start + _BLOCK_ROWS)))
        progress(number + 1, len(said.shards))
    if not tally.rows:
        raise DatasetError(f"{dataset.folder}: the dataset has no rows")
    files = [dataset.folder / s.file for s in said.shards] + [dataset.folder / FILE_NAME]
    return Info(
        schema=SCHEMA,
        name=said.name,
        title=said.title,
        target=said.target,
        folder=str(dataset.folder),
        sha256=dataset.sha256,
        hwcli=said.hwcli,
        bytes=sum(f.stat().st_size for f in files),
        rows=tally.rows,
        normalisation=said.normalisation,
        splits={s.name: int(n) for s, n in zip(Split, tally.by_class.sum(axis=0), strict=True)},
        by_source=_table([s.name for s in said.sources], tally.by_source),
        by_script=_table(said.scripts, tally.by_script),
        by_class=_table(said.classes, tally.by_class),
        balance=_balance(said.classes, tally.by_class.sum(axis=1)),
        writers=tally.writers(),
        images=tally.images.stats(),
        sources=said.sources,
        dropped=said.dropped,
        corrections=said.corrections,
        merged=_merged(dataset),
        missing=tuple(said.recipe.get("missing", ())),
        notes=tuple(said.recipe.get("notes", ())),
    )


class _Tally:
    """Counts rows, block by block."""

    def __init__(self, dataset: Dataset) -> None:
        info = dataset.info
        self.rows = 0
        self.by_source = np.zeros((len(info.sources), len(Split)), np.int64)
        self.by_script = np.zeros((len(info.scripts), len(Split)), np.int64)
        self.by_class = np.zeros((len(info.classes), len(Split)), np.int64)
        self.images = ImageTally(info.normalisation.size)
        self._known = 0
        self._hands: set[tuple[int, int]] = set()

    def add(self, rows: Rows) -> None:
        self.rows += len(rows)
        for table, column in (
            (self.by_source, rows.source),
            (self.by_script, rows.script),
            (self.by_class, rows.label),
        ):
            np.add.at(table, (column, rows.split), 1)
        self.images.add(rows.images)
        known = rows.writer >= 0
        self._known += int(known.sum())
        pairs = np.unique(rows.writer[known].astype(np.int64) * len(Split) + rows.split[known])
        self._hands.update((int(p) // len(Split), int(p) % len(Split)) for p in pairs)

    def writers(self) -> Writers:
        splits = Counter(w for w, _ in self._hands)
        several = sum(n > 1 for n in splits.values())
        return Writers(len(splits), self._known / self.rows, several)


def _table(names: Sequence[str], counts: NDArray[np.int64]) -> Counts:
    splits = [s.name for s in Split]
    return {
        n: dict(zip(splits, c.tolist(), strict=True)) for n, c in zip(names, counts, strict=True)
    }


def _balance(classes: tuple[str, ...], rows: NDArray[np.int64]) -> Balance:
    there = rows[rows > 0]
    order = [int(i) for i in np.argsort(rows, kind="stable") if rows[i]]
    named = [(classes[i], int(rows[i])) for i in order]
    return Balance(
        classes=len(classes),
        empty=int((rows == 0).sum()),
        min=int(there.min()),
        median=float(np.median(there)),
        max=int(there.max()),
        imbalance=round(float(there.max() / there.min()), 2),
        smallest=tuple(named[:10]),
        largest=tuple(named[::-1][:10]),
    )


def _merged(dataset: Dataset) -> tuple[MergedFrom, ...]:
    parts = dataset.info.recipe.get("merged", ())
    known: list[dict[str, Any]] = [
        {k: v for k, v in part.items() if k in ("name", "sha256", "rows", "dropped")}
        for part in (parts if isinstance(parts, list) else ())
        if isinstance(part, dict)
    ]
    place = str(dataset.folder / FILE_NAME)
    return structure_or(known, tuple[MergedFrom, ...], place, DatasetError)
