"""The tables of a merged dataset: its classes and scripts, and its sources, each once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hwcli.dataset import Dataset, SourceEntry
from hwcli.shards import Tables


@dataclass(frozen=True, slots=True)
class JoinedSources:
    """The sources of several datasets as one list."""

    entries: tuple[SourceEntry, ...]
    places: tuple[tuple[int, ...], ...]
    """For each dataset, the place of each of its sources among `entries`."""
    notes: tuple[str, ...]

    @property
    def shared(self) -> frozenset[int]:
        """Places of the sources that several datasets have."""
        own = [set(places) for places in self.places]
        return frozenset(p for i, mine in enumerate(own) for q in own[:i] for p in mine & q)


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


def joined_tables(datasets: Sequence[Dataset], sources: JoinedSources) -> Tables:
    """The tables of the dataset that `datasets` are merged to."""
    return Tables(
        tuple(sorted({c for d in datasets for c in d.info.classes})),
        tuple(sorted({s for d in datasets for s in d.info.scripts})),
        tuple(s.name for s in sources.entries),
    )


def _alike(one: SourceEntry, two: SourceEntry) -> bool:
    return _bare(one) == _bare(two)


def _free_name(name: str, dataset: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    longer = f"{name[:48]}.{dataset[:48]}"
    tries = (longer if n == 1 else f"{longer}.{n}" for n in range(1, len(taken) + 2))
    return next(t for t in tries if t not in taken)


def _bare(entry: SourceEntry) -> SourceEntry:
    """`entry` without what differs from dataset to dataset."""
    return replace(entry, rows=0, classes=0, bibtex=None)
