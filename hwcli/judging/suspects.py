"""Likely label errors, by confident learning (Northcutt, Jiang & Chuang 2021, arXiv:1911.00068)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_BLOCK = 1 << 16
"""Probabilities that are in memory at a time."""
_SLACK = 1e-6
"""By which a probability may miss its threshold: that is a mean, so rounded."""


@dataclass(frozen=True, slots=True, eq=False)
class Doubts:
    """How far the labels of N rows are to be doubted."""

    score: NDArray[np.float32]
    """(N,) log of how many times likelier than the label the likeliest other class is; above 0
    where the model prefers another. Unlike p(label) and margins of probabilities it goes on telling
    rows apart where these are 0 and 1 to the last digit, which is where label errors are."""
    energy: NDArray[np.float32]
    """(N,) −log Σ exp(logit / temperature): high where the image is like no class (Liu et al. 2020,
    arXiv:2010.03759)."""
    confident: NDArray[np.int32]
    """(N,) the class that the row is confidently of, −1 for none: that with the largest probability
    of those that reach the mean which the rows labelled so have. Rows of which it is not the label
    are off the diagonal of the confident joint."""
    share: float
    """Share of the rows that are estimated to be mislabelled. The model's confident mistakes are in
    it, so it is too high where classes look alike."""


def doubt_labels(
    logits: NDArray[np.float32], targets: NDArray[np.int64], *, temperature: float = 1.0
) -> Doubts:
    """How far each of N labels is to be doubted, by what a model says of the rows.

    It finds most where the model has not been trained on these very rows.

    Args:
        logits: float32 (N, classes), which may be a memory map: it is read in blocks, twice.
        targets: int (N,), the labels.
        temperature: what logits are divided by to become calibrated.

    Raises:
        ValueError: shapes that do not fit, labels that are no classes, logits that are no numbers.
    """
    if logits.ndim != 2 or targets.shape != logits.shape[:1]:
        raise ValueError(f"logits {logits.shape}, targets {targets.shape}")
    count, classes = logits.shape
    if count and not 0 <= targets.min() <= targets.max() < classes:
        raise ValueError(f"targets are not all from 0 to {classes - 1}")
    score = np.zeros(count, np.float32)
    log_sum, own = np.empty(count), np.empty(count)  # float64, as thresholds are sums of many
    for rows, scaled in _blocks(logits, temperature):
        label = np.arange(len(scaled)), targets[rows]
        peak = scaled.max(axis=1)
        log_sum[rows] = peak + np.log(np.exp(scaled - peak[:, None]).sum(axis=1))
        own[rows] = scaled[label]
        if classes > 1:
            scaled[label] = -np.inf
            score[rows] = scaled.max(axis=1) - own[rows]
    support = np.bincount(targets, minlength=classes)
    least = _thresholds(np.exp(own - log_sum), targets, support)
    confident = np.empty(count, np.int32)
    for rows, scaled in _blocks(logits, temperature):
        scaled -= log_sum[rows, None]
        scaled[scaled < least] = -np.inf
        best = scaled.argmax(axis=1)
        some = np.isfinite(scaled[np.arange(len(scaled)), best])
        confident[rows] = np.where(some, best, -1)
    share = _share(confident, targets, support)
    return Doubts(score, np.asarray(-log_sum, np.float32), confident, share)


def _blocks(
    logits: NDArray[np.float32], temperature: float
) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """`logits` over `temperature`, some rows at a time, with their place."""
    step = max(1, _BLOCK // max(1, logits.shape[1]))
    for first in range(0, len(logits), step):
        rows = slice(first, first + step)
        scaled = np.asarray(logits[rows], np.float64) / temperature
        if not np.isfinite(scaled).all():
            raise ValueError("logits that are not finite numbers")
        yield rows, scaled


def _thresholds(
    own: NDArray[np.float64], targets: NDArray[np.int64], support: NDArray[np.intp]
) -> NDArray[np.float64]:
    """(classes,) logarithm of the probability from which a row is confidently of the class.

    Args:
        own: (N,) probability of each row's label.
        targets: (N,) labels.
        support: (classes,) rows of each; none is confidently of a class without rows.
    """
    total = np.bincount(targets, weights=own, minlength=len(support))
    mean = np.divide(total, support, out=np.full(len(support), np.inf), where=support > 0)
    return np.asarray(np.log(np.maximum(mean - _SLACK, np.finfo(np.float64).tiny)))


def _share(
    confident: NDArray[np.int32], targets: NDArray[np.int64], support: NDArray[np.intp]
) -> float:
    """Share of the rows off the diagonal of the joint, once its rows sum to what the labels do.

    One row of each label is taken to be right, as cleanlab does: else one confident mistake among
    few rows would condemn the class.
    """
    some = confident >= 0
    said = np.bincount(targets[some], minlength=len(support))
    right = np.bincount(targets[some & (confident == targets)], minlength=len(support))
    said += right == 0
    right = np.maximum(right, 1)
    wrong = float((support * (1 - right / said)).sum())
    return wrong / len(targets) if len(targets) else 0.0
