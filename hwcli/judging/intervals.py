"""Confidence intervals by the bootstrap, people drawn whole where they are known.

Glyphs of one person resemble each other, so drawing glyphs one by one would promise too much about
other people's hands (Davison & Hinkley 1997, section 3.8).

Accuracies have percentile intervals, whose percentiles are further apart where few people are drawn
(Hesterberg 2015, arXiv:1411.5279). Macro averages have basic ones (Davison & Hinkley, section 5.2):
drawn anew, a rare class is often missing and so scores lower, which percentiles would take for
chance.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, special

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

    def seen(self) -> NDArray[np.float64]:
        """(figures,) the sums over those that were seen."""
        return np.asarray(self.weights @ self.sums)


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
    bounds = [len(levels), len(levels) + classes, len(levels) + 2 * classes]
    for sums in _replicates(units):
        hits, correct, truth, predicted = np.split(sums, bounds, axis=1)
        tops.append(hits / truth.sum(axis=1, keepdims=True))
        macros.append(_macro(correct, truth, predicted))
    top, macro = np.concatenate(tops), np.concatenate(macros)
    seen = np.sum([u.seen() for u in units], axis=0)[None]
    macro_seen = _macro(*np.split(seen, bounds, axis=1)[1:])[0].tolist()
    n, drawn = len(outcomes), sum(int(u.weights.sum()) for u in units)
    return Intervals(
        by="both" if people.any() and alone.any() else "writer" if people.any() else "glyph",
        writers=len(np.unique(outcomes.writer[outcomes.writer >= 0])),
        top={str(k): _interval(top[:, i], n, drawn) for i, k in enumerate(levels.tolist())},
        macro={
            name: _basic(_interval(macro[:, i], n, drawn), macro_seen[i])
            for i, name in enumerate(("precision", "recall", "f1"))
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
    rest = int((~known).sum())
    if rest:
        total = total + rest
        correct = correct + random.binomial(rest, right[~known].mean(), size=REPLICATES)
    return _interval(correct / total, len(right), len(count) + rest)


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


def _interval(values: NDArray[np.float64], n: int, drawn: int) -> Interval:
    """Percentiles of the replicates; where all rows are right or wrong, they would say nothing.

    Args:
        values: of the replicates.
        n: rows.
        drawn: people, and rows by unknown ones, that a replicate is made of.
    """
    if values.min() == values.max() and values[0] in (0.0, 1.0):
        return wilson(round(float(values[0])) * n, n)
    few = max(drawn, 2)
    lower = special.ndtr(special.stdtrit(few - 1, (1 - LEVEL) / 2) * np.sqrt(few / (few - 1)))
    low, high = np.quantile(values, [lower, 1 - lower]).tolist()
    return Interval(low, high)


def _basic(percentiles: Interval, seen: float) -> Interval:
    """The basic interval about `seen` instead of that of percentiles; `seen` is always within."""
    if percentiles.low == percentiles.high or seen in (0.0, 1.0):
        return percentiles
    low, high = 2 * seen - percentiles.high, 2 * seen - percentiles.low
    return Interval(max(0.0, min(low, seen)), min(1.0, max(high, seen)))
