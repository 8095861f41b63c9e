"""Who wrote what in a merged dataset.

Each dataset numbers its writers from 0, so a number says nothing in another one. What does is an
image that two datasets have: of the same source, of the same origin in it and with the same pixels
it is the same sheet of paper, so its two numbers are one person. People without such an image stay
apart, and a note says that they may be the same.
"""

import hashlib
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from hwcli.shards import Rows

_Person = tuple[int, int]
"""Number of the dataset, and of the writer in it."""


class People:
    """Persons known so far, by the images that show who is who."""

    def __init__(self, shared: Collection[int]) -> None:
        """`shared`: the sources that several datasets have."""
        self._shared = np.asarray(list(shared), np.int32)
        self._same: dict[_Person, _Person] = {}
        """From each person to another of the same, or to itself."""
        self._hand: dict[bytes, _Person] = {}
        self._of: dict[int, set[_Person]] = {}
        """Persons of each source that several datasets have."""

    def meet(self, dataset: int, rows: Rows, source: NDArray[np.int16]) -> None:
        """Take note of who wrote `rows`, a shard of the dataset of this number.

        Args:
            dataset: its number.
            rows: some of its rows.
            source: (N,) their sources, as the merged dataset counts them.
        """
        for writer in np.unique(rows.writer[rows.writer >= 0]).tolist():
            self._same.setdefault((dataset, writer), (dataset, writer))
        for i in np.flatnonzero((rows.writer >= 0) & np.isin(source, self._shared)):
            person = (dataset, int(rows.writer[i]))
            self._of.setdefault(int(source[i]), set()).add(person)
            text = f"{source[i]} ".encode() + bytes(rows.origin[i])
            key = hashlib.blake2b(text + rows.images[i].tobytes(), digest_size=16).digest()
            self._join(self._hand.setdefault(key, person), person)

    def numbers(self, datasets: int) -> tuple[NDArray[np.int32], ...]:
        """For each dataset the new number of each of its writers; the last is −1.

        People are numbered in the order in which they were met, those of one person the same.
        """
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

    def notes(self, sources: Sequence[str]) -> tuple[str, ...]:
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
