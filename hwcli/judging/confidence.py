"""How far a confidence can be trusted; from the confidence of each row and whether it was right."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hwcli.judging.evaluation import Bin, Threshold

BINS = 15
"""Of confidence, equally wide (Guo et al. 2017)."""
CURVE_POINTS = 200
"""Of the risk-coverage curve at most."""

Floats = NDArray[np.float32] | NDArray[np.float64]


def reliability(confidence: Floats, right: NDArray[np.bool_]) -> tuple[Bin, ...]:
    """The bins of confidence that have rows, ascending; a bin has its upper edge, not its lower.

    Args:
        confidence: (N,) in [0, 1].
        right: (N,).

    Raises:
        ValueError: a confidence is not in [0, 1].
    """
    _check(confidence)
    wide = confidence.astype(np.float64)
    number = np.clip(np.ceil(wide * BINS).astype(np.int64) - 1, 0, BINS - 1)
    count = np.bincount(number, minlength=BINS)
    total = np.bincount(number, wide, minlength=BINS)
    correct = np.bincount(number, right, minlength=BINS)
    return tuple(
        Bin(
            low=i / BINS,
            high=(i + 1) / BINS,
            n=int(count[i]),
            confidence=float(total[i] / count[i]),
            accuracy=float(correct[i] / count[i]),
        )
        for i in np.flatnonzero(count).tolist()
    )


def ece(bins: Sequence[Bin]) -> float:
    """Expected calibration error: how far confidence is from accuracy, over all rows."""
    rows = sum(b.n for b in bins)
    return sum(b.n * abs(b.accuracy - b.confidence) for b in bins) / max(rows, 1)


def mce(bins: Sequence[Bin]) -> float:
    """Maximum calibration error: how far they are apart in the worst bin (Naeini et al. 2015)."""
    return max((abs(b.accuracy - b.confidence) for b in bins), default=0.0)


class Selection:
    """The rows most confident first, and the mistakes among the first so many of them.

    Rows of equal confidence can only be kept or rejected together; between them the mistakes are
    taken to be spread evenly.
    """

    def __init__(self, confidence: Floats, right: NDArray[np.bool_]) -> None:
        """Sort rows by `confidence`, (N,) in [0, 1]; `right` is (N,), N above 0.

        Raises:
            ValueError: a confidence is not in [0, 1].
        """
        _check(confidence)
        order = np.argsort(-confidence, kind="stable")
        ranked = confidence[order]
        self._ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
        """The last row of each group of equal confidence."""
        self._values = ranked[self._ends]
        self._wrong = np.cumsum(~right[order])[self._ends]
        self._n = len(ranked)

    def aurc(self) -> float:
        """Area under the risk-coverage curve: the mean risk over all N coverages."""
        return float(np.mean(self._risk(np.arange(1, self._n + 1))))

    def curve(self, points: int = CURVE_POINTS) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Coverages, ascending to 1, and the risk at each: the share of mistakes."""
        kept = np.unique(np.linspace(1, self._n, min(points, self._n)).round().astype(np.int64))
        return tuple((kept / self._n).tolist()), tuple(self._risk(kept).tolist())

    def threshold(self, accuracy: float) -> Threshold:
        """The lowest confidence above which `accuracy` of the rows are right, if there is one."""
        kept = self._ends + 1
        good = np.flatnonzero(kept - self._wrong >= accuracy * kept - 1e-9)
        if not len(good):
            return Threshold(accuracy, None, 0.0)
        last = int(good[-1])
        at = 0.0 if kept[last] == self._n else float(self._values[last])
        return Threshold(accuracy, at, float(kept[last] / self._n))

    def _risk(self, kept: NDArray[np.int64]) -> NDArray[np.float64]:
        ends, wrong = np.append(-1, self._ends) + 1, np.append(0, self._wrong)
        return np.asarray(np.interp(kept, ends, wrong) / kept)


def _check(confidence: Floats) -> None:
    if not ((confidence >= 0) & (confidence <= 1)).all():
        raise ValueError("a confidence is not in [0, 1]")
