"""The tables of a merged dataset: its sources, and how many rows of what it has or has not."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hwcli.dataset import Dataset, Dropped, SourceEntry
from hwcli.shards import Rows, Split, Tables

_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class JoinedSources:
    """The sources of several datasets as one list."""

    entries: tuple[SourceEntry, ...]
    places: tuple[tuple[int, ...], ...]
    """For each dataset, the place of each of its sources among `entries`."""
    notes: tuple[str, ...]


def join_sources(datasets: Sequence[Dataset]) -> JoinedSources:
    """The sources of `datasets`, each once.

    Two are one if they are alike in name, script, licence, citation and archives. Another source
    of the same name gets the name of its dataset behind its own.
    """
    entries: list[SourceEntry] = []
    places, notes = [], []
    for dataset in datasets:
        own = []
        for source in dataset.info.sources:
            at = next((i for i, e in enumerate(entries) if _alike(e, source)), None)
            if at is None:
                name = _free_name(source.name, dataset.info.name, {e.name for e in entries})
                if name != source.name:
                    notes.append(f"source {source.name} of {dataset.info.name} is called {name}")
                at = len(entries)
                entries.append(replace(source, name=name))
            elif entries[at].bibtex is None:
                entries[at] = replace(entries[at], bibtex=source.bibtex)
            own.append(at)
        places.append(tuple(own))
    return JoinedSources(tuple(entries), tuple(places), tuple(notes))


def _alike(one: SourceEntry, two: SourceEntry) -> bool:
    return replace(one, rows=0, bibtex=None) == replace(two, rows=0, bibtex=None)


def _free_name(name: str, dataset: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    longer = f"{name[:48]}.{dataset[:48]}"
    tries = (longer if n == 1 else f"{longer}.{n}" for n in range(1, len(taken) + 2))
    return next(t for t in tries if t not in taken)


class MergeTally:
    """Counts what is written and what is not."""

    def __init__(self, tables: Tables, datasets: Sequence[Dataset]) -> None:
        self._tables = tables
        self._names = [d.info.name for d in datasets]
        self._split = np.zeros(len(Split), np.int64)
        self._class = np.zeros(len(tables.classes), np.int64)
        self._script = np.zeros(len(tables.scripts), np.int64)
        self._source = np.zeros(len(tables.sources), np.int64)
        self._hands: set[tuple[int, int]] = set()
        self._drops: Counter[tuple[int, str]] = Counter()
        self._examples: dict[tuple[int, str], list[str]] = {}

    def add(self, rows: Rows) -> None:
        """Count `rows` as written."""
        self._split += np.bincount(rows.split, minlength=len(self._split))
        self._class += np.bincount(rows.label, minlength=len(self._class))
        self._script += np.bincount(rows.script, minlength=len(self._script))
        self._source += np.bincount(rows.source, minlength=len(self._source))
        pairs = np.unique(np.stack([rows.writer, rows.split.astype(np.int32)], axis=1), axis=0)
        self._hands.update((int(w), int(s)) for w, s in pairs if w >= 0)

    def drop(self, dataset: int, source: int, reason: str, origin: str) -> None:
        """Count a row as dropped; the first few of a kind are kept as examples."""
        key = (source, reason)
        self._drops[key] += 1
        examples = self._examples.setdefault(key, [])
        if len(examples) < _EXAMPLES:
            examples.append(f"{self._names[dataset]}: {origin}")

    def counted(self, entries: tuple[SourceEntry, ...]) -> tuple[SourceEntry, ...]:
        """`entries` with the rows that are written of each."""
        rows = self._source.tolist()
        return tuple(replace(e, rows=n) for e, n in zip(entries, rows, strict=True))

    def counts(self) -> dict[str, dict[str, int]]:
        """Rows written, by split, class, script and source."""
        tables = self._tables
        columns = {
            "split": ([s.name for s in Split], self._split),
            "class": (tables.classes, self._class),
            "script": (tables.scripts, self._script),
            "source": (tables.sources, self._source),
        }
        return {
            by: dict(zip(names, numbers.tolist(), strict=True))
            for by, (names, numbers) in columns.items()
        }

    def dropped(self) -> tuple[Dropped, ...]:
        """What was dropped, by source and reason."""
        return tuple(
            Dropped(self._tables.sources[source], reason, count, tuple(self._examples[key]))
            for key, count in sorted(self._drops.items())
            for source, reason in (key,)
        )

    def notes(self) -> tuple[str, ...]:
        """People whose rows are in train and in a split to judge on."""
        train = {w for w, s in self._hands if s == Split.train}
        both = {w for w, s in self._hands if s != Split.train} & train
        if not both:
            return ()
        return (f"{len(both):,} writers are in train and also in val or test: splits are kept",)
