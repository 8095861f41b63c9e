"""Confidence intervals by the bootstrap, people drawn whole where they are known.

Glyphs of one person resemble each other, so drawing glyphs one by one would promise too much about
other people's hands (Davison & Hinkley 1997, section 3.8).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hwcli.judging.evaluation import Interval, Intervals, Outcomes

LEVEL = 0.95
REPLICATES = 1000
_SEED = 0
_AT_ONCE = 100
"""Replicates of which the figures of all classes are in memory."""
_Z = 1.959963984540054
"""Quantile of the normal distribution for LEVEL."""


@dataclass(frozen=True, slots=True, eq=False)
class _Units:
    """What is drawn anew: people, or rows of which all that are alike are told by their number."""

    weights: NDArray[np.float64]
    """(units,) how many of each were seen; all 1 for people."""
    sums: sparse.csr_array
    """(units, figures) what one of each contributes."""

    def draw(self, count: int, random: np.random.Generator) -> NDArray[np.float64]:
        """(count, figures) sums over as many units as were seen, drawn with replacement."""
        total = int(self.weights.sum())
        drawn = random.multinomial(total, self.weights / total, size=count)
        return np.asarray(drawn @ self.sums)


def intervals(outcomes: Outcomes, classes: int, topk: Sequence[int]) -> Intervals:
    """Intervals of top-k accuracies and macro averages.

    Args:
        outcomes: of at least one row.
        classes: how many there are.
        topk: each from 1.
    """
    levels = np.asarray(sorted(topk))
    bucket = np.searchsorted(levels, outcomes.rank, side="right")
    people, alone = _parts(outcomes)
    units = [_people(outcomes, people, bucket, len(levels), classes)] if people.any() else []
    if alone.any():
        units.append(_glyphs(outcomes, alone, bucket, len(levels), classes))
    tops: list[NDArray[np.float64]] = []
    macros: list[NDArray[np.float64]] = []
    for sums in _replicates(units):
        hits, correct, truth, predicted = np.split(
            sums, [len(levels), len(levels) + classes, len(levels) + 2 * classes], axis=1
        )
        tops.append(hits / truth.sum(axis=1, keepdims=True))
        macros.append(_macro(correct, truth, predicted))
    top, macro = np.concatenate(tops), np.concatenate(macros)
    n = len(outcomes)
    return Intervals(
        by="both" if people.any() and alone.any() else "writer" if people.any() else "glyph",
        writers=len(np.unique(outcomes.writer[outcomes.writer >= 0])),
        top={str(k): _interval(top[:, i], n) for i, k in enumerate(levels.tolist())},
        macro={
            name: _interval(macro[:, i], n) for i, name in enumerate(("precision", "recall", "f1"))
        },
    )


def top1_interval(right: NDArray[np.bool_], writer: NDArray[np.int32]) -> Interval:
    """The interval of the share of `right`, (N,), whose writers, (N,), are −1 where unknown."""
    if len(right) == 0:
        return Interval(0.0, 1.0)
    known = writer >= 0
    people = np.unique(writer[known], return_inverse=True)[1]
    if not known.any() or people.max() == 0:
        return wilson(int(right.sum()), len(right))
    count = np.bincount(people).astype(np.float64)
    hits = np.bincount(people, right[known])
    random = np.random.default_rng(_SEED)
    drawn = random.multinomial(len(count), np.full(len(count), 1 / len(count)), size=REPLICATES)
    total, correct = drawn @ count, drawn @ hits
    if rest := int((~known).sum()):
        total = total + rest
        correct = correct + random.binomial(rest, right[~known].mean(), size=REPLICATES)
    return _interval(correct / total, len(right))


def wilson(hits: int, n: int) -> Interval:
    """The score interval of a share of `n` independent rows (Wilson 1927)."""
    share, z = hits / n, _Z**2 / n
    middle = (share + z / 2) / (1 + z)
    half = _Z / (1 + z) * float(np.sqrt(share * (1 - share) / n + z / (4 * n)))
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    return Interval(low, 1.0 if hits == n else min(1.0, middle + half))


def _parts(outcomes: Outcomes) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The rows that are drawn by their people, and those drawn one by one; of one person, too."""
    known = outcomes.writer >= 0
    if len(np.unique(outcomes.writer[known])) < 2:
        known = np.zeros(len(outcomes), np.bool_)
    return known, ~known


def _people(
    o: Outcomes, rows: NDArray[np.bool_], bucket: NDArray[np.int64], levels: int, classes: int
) -> _Units:
    unit = np.unique(o.writer[rows], return_inverse=True)[1]
    count = int(unit.max()) + 1
    sums = _sums(unit, count, o.truth[rows], o.predicted[rows], bucket[rows], levels, classes)
    return _Units(np.ones(count), sums)


def _glyphs(
    o: Outcomes, rows: NDArray[np.bool_], bucket: NDArray[np.int64], levels: int, classes: int
) -> _Units:
    key = (o.truth[rows] * classes + o.predicted[rows]) * (levels + 1) + bucket[rows]
    cells, counts = np.unique(key, return_counts=True)
    pair, deep = np.divmod(cells, levels + 1)
    truth, predicted = np.divmod(pair, classes)
    sums = _sums(np.arange(len(cells)), len(cells), truth, predicted, deep, levels, classes)
    return _Units(counts.astype(np.float64), sums)


def _sums(
    unit: NDArray[np.int64],
    count: int,
    truth: NDArray[np.int64],
    predicted: NDArray[np.int64],
    bucket: NDArray[np.int64],
    levels: int,
    classes: int,
) -> sparse.csr_array:
    """(count, levels + 3 · classes): hits at each k, then right, truth and prediction by class."""
    right = truth == predicted
    rows, columns = [], []
    for level in range(levels):
        hit = bucket <= level
        rows.append(unit[hit])
        columns.append(np.full(int(hit.sum()), level))
    for first, some, of in (
        (0, right, truth),
        (1, slice(None), truth),
        (2, slice(None), predicted),
    ):
        rows.append(unit[some])
        columns.append(levels + first * classes + of[some])
    row, column = np.concatenate(rows), np.concatenate(columns)
    shape = (count, levels + 3 * classes)
    return sparse.coo_array((np.ones(len(row)), (row, column)), shape).tocsr()


def _replicates(units: Sequence[_Units]) -> Iterator[NDArray[np.float64]]:
    """The sums of all replicates, some at a time."""
    random = np.random.default_rng(_SEED)
    for _ in range(0, REPLICATES, _AT_ONCE):
        yield np.sum([u.draw(_AT_ONCE, random) for u in units], axis=0)


def _macro(
    correct: NDArray[np.float64], truth: NDArray[np.float64], predicted: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(replicates, 3): macro precision, recall and F1 over the classes that occur in each."""
    occurs = (truth + predicted) > 0
    parts = []
    for above, below in ((correct, predicted), (correct, truth), (2 * correct, truth + predicted)):
        share = np.divide(above, below, out=np.zeros_like(above), where=below > 0)
        parts.append(share.sum(axis=1) / occurs.sum(axis=1))
    return np.stack(parts, axis=1)


def _interval(values: NDArray[np.float64], n: int) -> Interval:
    """Percentiles of the replicates; where all rows are right or wrong, they would say nothing."""
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist()
    if values.min() == values.max() and values[0] in (0.0, 1.0):
        return wilson(round(float(values[0])) * n, n)
    return Interval(low, high)
