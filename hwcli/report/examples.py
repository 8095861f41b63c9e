"""Which rows show what a class looks like, and what a mistake looks like."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwcli.judging.evaluation import Confused, Judgement

Pictures = Callable[[Sequence[int]], NDArray[np.uint8]]
"""From rows by their place to their images, uint8 (n, S, S)."""
Images = Mapping[int, NDArray[np.uint8]]
"""From the place of a row to its image, uint8 (S, S)."""

MOST_PAIRS = 30
"""Pairs of classes that are shown."""
_MISTAKES = 8
"""Of each pair."""
_TYPICAL = 3
"""Of each class."""
_CONFIDENT = (0.9, 0.6, 0.3)
"""Where among the right answers of a class, by confidence, typical ones are taken."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A mistake that is made often."""

    truth: int
    """Index of the class."""
    predicted: int
    count: int
    support: int
    """Rows of the class that it is."""
    places: tuple[int, ...]
    """Rows for which it was made, from the most confident to the least."""


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows to look at."""

    typical: dict[int, tuple[int, ...]]
    """From the index of a class to places of rows that were read right."""
    pairs: tuple[Pair, ...]

    def places(self) -> set[int]:
        """All of them."""
        return {p for some in self.typical.values() for p in some} | {
            p for pair in self.pairs for p in pair.places
        }


def examples_of(judgement: Judgement, most_pairs: int = MOST_PAIRS) -> Examples:
    """Rows to look at: typical ones of each class, and some of the mistakes made most often."""
    confused = judgement.evaluation.confused[:most_pairs]
    return Examples(_typical(judgement), _pairs(judgement, confused))


def _typical(judgement: Judgement) -> dict[int, tuple[int, ...]]:
    """Of each class up to three rows: right ones, from confident to less so; else any."""
    outcomes = judgement.outcomes
    classes = len(judgement.evaluation.classes)
    right = outcomes.truth == outcomes.predicted
    # One sort for all classes: by class, within it the right ones first, most confident last.
    order = np.lexsort((outcomes.truth_probability, ~right, outcomes.truth))
    rows = np.bincount(outcomes.truth, minlength=classes)
    good = np.bincount(outcomes.truth[right], minlength=classes)
    starts = np.cumsum(rows) - rows
    found = {}
    for number, start in enumerate(starts.tolist()):
        among = int(good[number] or rows[number])
        if among:
            at = {start + int(share * (among - 1)): None for share in _CONFIDENT[:_TYPICAL]}
            found[number] = tuple(outcomes.place[order[list(at)]].tolist())
    return found


def _pairs(judgement: Judgement, confused: Sequence[Confused]) -> tuple[Pair, ...]:
    outcomes = judgement.outcomes
    index = {c.char: i for i, c in enumerate(judgement.evaluation.classes)}
    wrong = np.flatnonzero(outcomes.truth != outcomes.predicted)
    key = outcomes.truth[wrong] * len(index) + outcomes.predicted[wrong]
    order = np.lexsort((-outcomes.confidence[wrong], key))
    wrong, key = wrong[order], key[order]
    found = []
    for mistake in confused:
        truth, predicted = index[mistake.truth], index[mistake.predicted]
        start, stop = np.searchsorted(key, (at := truth * len(index) + predicted, at + 1))
        chosen = np.unique(np.linspace(start, stop - 1, min(_MISTAKES, stop - start)).astype(int))
        found.append(
            Pair(
                truth, predicted, mistake.count, judgement.evaluation.classes[truth].support,
                tuple(outcomes.place[wrong[chosen]].tolist()),
            )
        )  # fmt: skip
    return tuple(found)


def images_of(places: Iterable[int], pictures: Pictures) -> Images:
    """The images of the rows at `places`."""
    wanted = sorted(set(places))
    return dict(zip(wanted, pictures(wanted), strict=True)) if wanted else {}
