"""Who wrote what in a merged dataset.

Each dataset numbers its writers from 0, so a number says nothing in another one. What does is an
image that two datasets have: of the same source, of the same origin in it and with the same pixels
it is the same sheet of paper, so its two numbers are one person. People without such an image stay
apart, and a note says that they may be the same.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwcli.dataset import Dataset
from hwcli.merging.tables import JoinedSources
from hwcli.shards import Rows

_Person = tuple[int, int]
"""Number of the dataset, and of the writer in it."""


@dataclass(frozen=True, slots=True, eq=False)
class JoinedWriters:
    """The writers of several datasets, counted as one."""

    numbers: tuple[NDArray[np.int32], ...]
    """For each dataset, the new number of each of its writers; the last is −1."""
    notes: tuple[str, ...]


def join_writers(datasets: Sequence[Dataset], sources: JoinedSources) -> JoinedWriters:
    """New numbers for the writers of `datasets`, those of one person the same.

    Raises:
        DatasetError: a shard is missing or damaged.
    """
    places = [set(own) for own in sources.places]
    shared = {p for i, own in enumerate(places) for q in places[:i] for p in own & q}
    people = _People()
    for number, dataset in enumerate(datasets):
        place = np.asarray(sources.places[number], np.int32)
        for k in range(len(dataset.info.shards)):
            people.meet(number, dataset.shard(k), place, shared)
    names = [e.name for e in sources.entries]
    return JoinedWriters(people.numbers(len(datasets)), people.notes(names))


class _People:
    """Persons known so far, by the images that show who is who."""

    def __init__(self) -> None:
        self._same: dict[_Person, _Person] = {}
        """From each person to another of the same, or to itself."""
        self._hand: dict[bytes, _Person] = {}
        self._of: dict[int, set[_Person]] = {}
        """Persons of each source that several datasets have."""

    def meet(self, dataset: int, rows: Rows, place: NDArray[np.int32], shared: set[int]) -> None:
        """Take note of who wrote `rows`."""
        for writer in np.unique(rows.writer[rows.writer >= 0]).tolist():
            self._same.setdefault((dataset, writer), (dataset, writer))
        source = place[rows.source]
        for i in np.flatnonzero((rows.writer >= 0) & np.isin(source, list(shared))):
            person = (dataset, int(rows.writer[i]))
            self._of.setdefault(int(source[i]), set()).add(person)
            text = f"{source[i]} {rows.origin[i]}".encode("utf-8", "surrogatepass")
            key = hashlib.blake2b(text + rows.images[i].tobytes(), digest_size=16).digest()
            self._join(self._hand.setdefault(key, person), person)

    def numbers(self, datasets: int) -> tuple[NDArray[np.int32], ...]:
        """The new numbers, in the order in which people were met."""
        new: dict[_Person, int] = {}
        for person in sorted(self._same):
            new.setdefault(self._root(person), len(new))
        tables = []
        for dataset in range(datasets):
            own = [writer for d, writer in self._same if d == dataset]
            table = np.full(max(own, default=-1) + 2, -1, np.int32)
            for writer in own:
                table[writer] = new[self._root((dataset, writer))]
            tables.append(table)
        return tuple(tables)

    def notes(self, sources: list[str]) -> tuple[str, ...]:
        """What is known, and what is not, of the writers of sources that several datasets have."""
        notes = []
        for source, people in sorted(self._of.items()):
            if len({dataset for dataset, _ in people}) < 2:
                continue
            roots: dict[_Person, set[int]] = {}
            for person in people:
                roots.setdefault(self._root(person), set()).add(person[0])
            one = sum(len(d) > 1 for d in roots.values())
            text = f"{sources[source]}: {one:,} writers are known to be in several datasets"
            if alone := len(roots) - one:
                text += f", {alone:,} are counted as different and may not be"
            notes.append(text)
        return tuple(notes)

    def _join(self, one: _Person, two: _Person) -> None:
        first, last = sorted((self._root(one), self._root(two)))
        self._same[last] = first

    def _root(self, person: _Person) -> _Person:
        while self._same[person] != person:
            self._same[person] = person = self._same[self._same[person]]
        return person
