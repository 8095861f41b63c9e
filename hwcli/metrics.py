"""The numbers by which a classifier is judged, in NumPy; shares are in [0, 1]."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32] | NDArray[np.float64]


def negative_log_likelihood(
    logits: Floats, targets: NDArray[np.int64], temperature: float = 1.0
) -> float:
    """Mean cross-entropy, nats, of `logits`, float (N, classes), divided by `temperature`."""
    scaled = logits.astype(np.float64) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(scaled).sum(axis=1))
    return float(np.mean(log_sum - scaled[np.arange(len(targets)), targets]))


def fit_temperature(logits: Floats, targets: NDArray[np.int64]) -> float:
    """The temperature, in [0.05, 20], with the lowest likelihood loss (Guo et al. 2017).

    The loss is convex in 1 / temperature, so a golden-section search finds it.
    """
    if not len(targets) or logits.shape[1] < 2:
        return 1.0
    golden = (5**0.5 - 1) / 2
    low, high = 1 / 20, 1 / 0.05
    for _ in range(40):
        left, right = high - golden * (high - low), low + golden * (high - low)
        losses = [negative_log_likelihood(logits, targets, 1 / x) for x in (left, right)]
        low, high = (low, right) if losses[0] <= losses[1] else (left, high)
    return 2 / (low + high)


@dataclass(frozen=True, slots=True, eq=False)
class ClassScores:
    """Scores of C classes, each an array (C,); a quotient by 0 counts as 0, as in scikit-learn."""

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    support: NDArray[np.int64]
    """Rows of the class."""
    occurs: NDArray[np.bool_]
    """Whether the class is the truth or the prediction of any row."""


@dataclass(frozen=True, slots=True)
class Averages:
    """Means over classes."""

    precision: float
    recall: float
    f1: float


def confusion_matrix(
    targets: NDArray[np.int64], predictions: NDArray[np.int64], classes: int
) -> NDArray[np.int64]:
    """Counts, int64 (classes, classes): truth down, prediction across."""
    pairs = targets * classes + predictions
    counts = np.bincount(pairs, minlength=classes**2).reshape(classes, classes)
    return counts.astype(np.int64, copy=False)


def class_scores(confusion: NDArray[np.int64]) -> ClassScores:
    """Precision, recall, F1 and support of each class of a confusion matrix (C, C)."""
    right, truth, predicted = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    return ClassScores(
        precision=_quotient(right, predicted),
        recall=_quotient(right, truth),
        f1=_quotient(2 * right, truth + predicted),
        support=truth,
        occurs=(truth + predicted) > 0,
    )


def _quotient(above: NDArray[np.int64], below: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.divide(above, below, out=np.zeros(len(above)), where=below != 0)


def macro(scores: ClassScores) -> Averages:
    """Plain means over the classes that occur; all 0 where none does."""
    if not scores.occurs.any():
        return Averages(0.0, 0.0, 0.0)
    values = (scores.precision, scores.recall, scores.f1)
    return Averages(*(float(np.average(v[scores.occurs])) for v in values))


def weighted(scores: ClassScores) -> Averages:
    """Means weighted by support over the classes that occur; all 0 where there are no rows."""
    if not scores.support.any():
        return Averages(0.0, 0.0, 0.0)
    weights = scores.support[scores.occurs]
    values = (scores.precision, scores.recall, scores.f1)
    return Averages(*(float(np.average(v[scores.occurs], weights=weights)) for v in values))


def ranks(logits: Floats, targets: NDArray[np.int64]) -> NDArray[np.int64]:
    """At which place, from 0, each row of `logits` (N, C) has its target; ties by class order."""
    own = logits[np.arange(len(targets)), targets][:, None]
    before = np.arange(logits.shape[1]) < targets[:, None]
    ahead = (logits > own) | ((logits == own) & before)
    return np.asarray(ahead.sum(axis=1), np.int64)


def confused_pairs(confusion: NDArray[np.int64], most: int) -> list[tuple[int, int, int]]:
    """The `most` frequent mistakes as (truth, prediction, count), most frequent first."""
    truth, predicted = np.nonzero(confusion)  # of 10,000 classes most cells are 0
    wrong = truth != predicted
    truth, predicted = truth[wrong], predicted[wrong]
    count = confusion[truth, predicted]
    order = np.argsort(-count, kind="stable")[:most]
    return list(
        zip(truth[order].tolist(), predicted[order].tolist(), count[order].tolist(), strict=True)
    )
