"""From predictions to an evaluation: every figure that `hwcli eval` gives; without torch."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwcli import metrics
from hwcli.dataset import Dataset
from hwcli.judging.alike import Groups, case_groups, group_numbers
from hwcli.judging.confidence import Selection, ece, mce, reliability
from hwcli.judging.evaluation import (
    SCHEMA,
    ClassScore,
    Confidence,
    Confused,
    Evaluation,
    GroupScore,
    Judgement,
    Lenient,
    Matching,
    Outcomes,
    Writers,
)
from hwcli.judging.intervals import intervals, top1_interval
from hwcli.judging.outcomes import Reading, ranks_among, ranks_in_groups, read
from hwcli.judging.predictions import Predictions
from hwcli.shards import Split

logger = logging.getLogger(__name__)
MOST_CONFUSED = 50
LEAST_ROWS = 10
"""Of a writer whose accuracy is told."""


@dataclass(frozen=True, slots=True)
class JudgeOptions:
    """What is asked of the figures."""

    topk: tuple[int, ...] = (1, 2, 5)
    equiv: Groups = ()
    """Characters that count as one, beside the strict scores."""
    wanted: tuple[float, ...] = (0.95, 0.99, 0.999)
    """Accuracies for which the threshold of confidence is told."""


def judge(
    predictions: Predictions,
    dataset: Dataset,
    split: Split,
    options: JudgeOptions,
    *,
    model: str,
    warning: str | None = None,
) -> Judgement:
    """All figures of `predictions`, which are of the rows of `split` of `dataset`.

    Args:
        predictions: of at least one row.
        dataset: names scripts and sources.
        split: is told in the result.
        options: what is asked for.
        model: the name of the model in the result.
        warning: why the rows may have been in the model's training.

    Raises:
        ValueError: a logit is not a finite number.
    """
    info, names = predictions.info, predictions.info.classes
    reading = read(predictions, info.temperature)
    outcomes = reading.outcomes
    confusion = metrics.confusion_matrix(outcomes.truth, outcomes.predicted, len(names))
    scores = metrics.class_scores(confusion)
    bins = reliability(outcomes.confidence, outcomes.rank == 0)
    evaluation = Evaluation(
        schema=SCHEMA,
        model=model,
        data=dataset.info.name,
        split=split.name,
        target=info.target,
        n=len(outcomes),
        top=_top(outcomes.rank, options.topk),
        macro=metrics.macro(scores),
        weighted=metrics.weighted(scores),
        ece=ece(bins),
        classes=tuple(
            ClassScore(*row)
            for row in zip(
                names,
                scores.precision.tolist(),
                scores.recall.tolist(),
                scores.f1.tolist(),
                scores.support.tolist(),
                info.scripts,
                strict=True,
            )
        ),
        confused=tuple(
            Confused(names[truth], names[predicted], count)
            for truth, predicted, count in metrics.confused_pairs(confusion, MOST_CONFUSED)
        ),
        intervals=intervals(outcomes, len(names), options.topk),
        scripts=_groups(outcomes, outcomes.script, dataset.info.scripts, len(names), options.topk),
        sources=_groups(
            outcomes, outcomes.source, [s.name for s in dataset.info.sources], len(names),
            options.topk,
        ),
        writers=_writers(outcomes),
        lenient=_lenient(predictions, outcomes, confusion, options),
        confidence=_confidence(reading, info.temperature, options.wanted),
        matching=_matching(predictions, options.topk),
        glyphs_per_s=len(outcomes) / max(predictions.seconds, 1e-9),
        warning=warning,
    )  # fmt: skip
    return Judgement(evaluation, confusion, outcomes)


def _top(rank: NDArray[np.int64], topk: Sequence[int]) -> dict[str, float]:
    return {str(k): float(np.mean(rank < k)) for k in topk}


def _groups(
    outcomes: Outcomes,
    number: NDArray[np.int32],
    names: Sequence[str],
    classes: int,
    topk: Sequence[int],
) -> tuple[GroupScore, ...]:
    """The scores of the rows of each of `names` that has some."""
    found = []
    for group in np.unique(number).tolist():
        own = number == group
        truth, predicted = outcomes.truth[own], outcomes.predicted[own]
        found.append(
            GroupScore(
                name=names[group],
                n=int(own.sum()),
                top=_top(outcomes.rank[own], topk),
                interval=top1_interval(truth == predicted, outcomes.writer[own]),
                macro_f1=_macro_f1(truth, predicted, classes),
            )
        )
    return tuple(found)


def _macro_f1(truth: NDArray[np.int64], predicted: NDArray[np.int64], classes: int) -> float:
    """Mean F1 over the classes that occur as truth: others are other groups' business."""
    right = np.bincount(truth[truth == predicted], minlength=classes)
    support = np.bincount(truth, minlength=classes)
    both = support + np.bincount(predicted, minlength=classes)
    there = support > 0
    return float(np.mean(2 * right[there] / both[there]))


def _writers(outcomes: Outcomes) -> Writers | None:
    known = outcomes.writer >= 0
    _, person = np.unique(outcomes.writer[known], return_inverse=True)
    rows = np.bincount(person)
    right = np.bincount(person, outcomes.rank[known] == 0, minlength=len(rows))
    enough = rows >= LEAST_ROWS
    if enough.sum() < 2:
        return None
    shares = right[enough] / rows[enough]
    lowest, tenth, median, highest = np.quantile(shares, [0, 0.1, 0.5, 1]).tolist()
    return Writers(int(enough.sum()), LEAST_ROWS, lowest, tenth, median, highest)


def _lenient(
    predictions: Predictions,
    outcomes: Outcomes,
    confusion: NDArray[np.int64],
    options: JudgeOptions,
) -> tuple[Lenient, ...]:
    """The scores with cases merged, if that merges any of the classes, and by `--equiv`."""
    classes = predictions.info.classes
    asked = [("case", case_groups(classes)), ("equiv", options.equiv)]
    found = []
    for group in options.equiv:
        if len(set(group) & set(classes)) < 2:
            logger.warning("no two of %s are classes of the model", " ".join(group))
    for name, groups in asked:
        there = tuple(g for g in groups if len(set(g) & set(classes)) > 1)
        if not there:
            continue
        numbers = group_numbers(classes, there)
        merged = _merged(confusion, numbers)
        scores = metrics.class_scores(merged)
        found.append(
            Lenient(
                name,
                there,
                _top(ranks_in_groups(predictions, outcomes.rank, numbers), options.topk),
                metrics.macro(scores),
                metrics.weighted(scores),
            )
        )
    return tuple(found)


def _merged(confusion: NDArray[np.int64], numbers: Sequence[int]) -> NDArray[np.int64]:
    """The confusion of groups of classes, by the number of each class's group."""
    merged = np.zeros((max(numbers) + 1,) * 2, np.int64)
    row, column = np.nonzero(confusion)
    group = np.asarray(numbers)
    np.add.at(merged, (group[row], group[column]), confusion[row, column])
    return merged


def _confidence(reading: Reading, temperature: float, wanted: Sequence[float]) -> Confidence:
    confidence, right = reading.outcomes.confidence, reading.outcomes.rank == 0
    selection = Selection(confidence, right)
    coverage, risk = selection.curve()
    bins = reliability(confidence, right)
    return Confidence(
        temperature=temperature,
        nll=reading.nll,
        brier=reading.brier,
        mce=mce(bins),
        aurc=selection.aurc(),
        reliability=bins,
        coverage=coverage,
        risk=risk,
        thresholds=tuple(selection.threshold(accuracy) for accuracy in wanted),
    )


def _matching(predictions: Predictions, topk: Sequence[int]) -> Matching:
    classes = predictions.info.classes
    there = np.bincount(predictions.truth, minlength=len(classes)) > 0
    among = {} if there.all() else _top(ranks_among(predictions, there), topk)
    return Matching(
        shared=int(there.sum()),
        left_out=predictions.matched.left_out,
        absent=tuple(c for c, here in zip(classes, there, strict=True) if not here),
        folded=predictions.matched.folded,
        top_among_shared=among,
    )
