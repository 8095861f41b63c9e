"""Counts what is written and what is not."""

from collections import Counter
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hwcli.dataset import Dropped
from hwcli.ingest.rows import Numbered
from hwcli.shards import Split

_EXAMPLES = 5


class Tally:
    """Rows written, by split, class, script and source, and rows dropped, by source and reason."""

    def __init__(self, rows: Numbered, place: Callable[[int], str] | None = None) -> None:
        """Counts some of `rows`; `place` tells people where one of them lies, if not its origin."""
        self._columns = rows.columns
        self._place = place or rows.origin
        self._names = {
            "split": tuple(s.name for s in Split),
            "class": rows.tables.classes,
            "script": rows.tables.scripts,
            "source": rows.tables.sources,
        }
        self._written = {by: np.zeros(len(names), np.int64) for by, names in self._names.items()}
        self._cells = np.zeros((len(rows.tables.sources), len(rows.tables.classes)), np.int64)
        self._examples: dict[tuple[int, str], list[str]] = {}
        self._drops: Counter[tuple[int, str]] = Counter()

    def add(self, rows: NDArray[np.int64], times: int = 1) -> None:
        """Count the rows of these numbers as written, or with −1 as no longer written."""
        columns = self._columns
        for by, column in (
            ("split", columns.split),
            ("class", columns.label),
            ("script", columns.script),
            ("source", columns.source),
        ):
            count = np.bincount(column[rows], minlength=len(self._written[by]))
            self._written[by] += times * count
        cell = columns.source[rows].astype(np.int64) * self._cells.shape[1] + columns.label[rows]
        count = np.bincount(cell, minlength=self._cells.size).reshape(self._cells.shape)
        self._cells += times * count

    def classes_of(self) -> tuple[int, ...]:
        """How many classes each source has rows of."""
        return tuple((self._cells > 0).sum(axis=1).tolist())

    def drop(self, row: int, reason: str) -> None:
        """Count the row of this number as dropped, and keep the first few as examples."""
        key = (int(self._columns.source[row]), reason)
        self._drops[key] += 1
        examples = self._examples.setdefault(key, [])
        if len(examples) < _EXAMPLES:
            examples.append(self._place(row))

    def counts(self) -> dict[str, dict[str, int]]:
        """Rows written, by split, class, script and source."""
        return {
            by: dict(zip(names, self._written[by].tolist(), strict=True))
            for by, names in self._names.items()
        }

    def dropped(self) -> tuple[Dropped, ...]:
        """What was dropped, by source and reason."""
        return tuple(
            Dropped(self._names["source"][key[0]], key[1], count, tuple(self._examples[key]))
            for key, count in sorted(self._drops.items())
        )

    def recall(self, dropped: tuple[Dropped, ...]) -> None:
        """Go on from what an earlier run had dropped."""
        for entry in dropped:
            key = (self._names["source"].index(entry.source), entry.reason)
            self._drops[key] = entry.count
            self._examples[key] = list(entry.examples)
