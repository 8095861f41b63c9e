"""From logits to what counts about each row, a block of rows at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwcli import metrics
from hwcli.judging.evaluation import Outcomes
from hwcli.judging.predictions import Predictions


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """The outcome of every row, and sums that need all of its probabilities."""

    outcomes: Outcomes
    nll: float
    """Mean negative log-likelihood, nats."""
    brier: float
    """Mean squared distance from the truth over all classes, in [0, 2]."""


def read(predictions: Predictions, temperature: float) -> Reading:
    """What `predictions` come to, once logits are divided by `temperature`.

    Raises:
        ValueError: a logit is not a finite number.
    """
    rows = len(predictions)
    predicted, rank = np.empty(rows, np.int64), np.empty(rows, np.int64)
    confidence, own = np.empty(rows, np.float32), np.empty(rows, np.float32)
    nll = brier = 0.0
    for block in predictions.blocks():
        logits, truth = predictions.logits[block], predictions.truth[block]
        if not np.isfinite(logits).all():
            raise ValueError("a logit is not a finite number")
        scaled = logits / np.float32(temperature)
        top = scaled.max(axis=1, keepdims=True)
        scaled -= top
        at_truth = scaled[np.arange(len(truth)), truth].astype(np.float64)
        exponents = np.exp(scaled, out=scaled)
        total = exponents.sum(axis=1)
        predicted[block] = logits.argmax(axis=1)
        rank[block] = metrics.ranks(logits, truth)
        confidence[block] = 1 / total
        own[block] = np.exp(at_truth) / total
        nll += float((np.log(total) - at_truth).sum())
        squares = np.einsum("ij,ij->i", exponents, exponents) / total**2
        brier += float((1 - 2 * own[block] + squares).sum())
    outcomes = Outcomes(
        predictions.place, predictions.truth, predicted, confidence, own, rank,
        predictions.script, predictions.source, predictions.writer,
    )  # fmt: skip
    return Reading(outcomes, nll / rows, brier / rows)


def ranks_among(predictions: Predictions, classes: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(N,) place of each row's truth among `classes` alone, of which it is one."""
    index = np.cumsum(classes) - 1
    parts = [
        metrics.ranks(predictions.logits[block][:, classes], index[predictions.truth[block]])
        for block in predictions.blocks()
    ]
    return np.concatenate(parts)


def ranks_in_groups(
    predictions: Predictions, rank: NDArray[np.int64], numbers: Sequence[int]
) -> NDArray[np.int64]:
    """(N,) place of the likeliest class that counts as the truth.

    Args:
        predictions: the logits.
        rank: (N,) the place of the truth itself.
        numbers: of each class the number of its group.
    """
    group = np.asarray(numbers)
    best = rank.copy()
    for number in np.flatnonzero(np.bincount(group) > 1):
        members = np.flatnonzero(group == number)
        rows = np.flatnonzero(np.isin(predictions.truth, members))
        for start in range(0, len(rows), 8192):
            some = rows[start : start + 8192]
            logits = predictions.logits[some]
            places = [metrics.ranks(logits, np.full(len(some), member)) for member in members]
            best[some] = np.min(places, axis=0)
    return best
