"""Judging a classifier on a dataset, by character; without torch."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwcli import metrics
from hwcli.classify import Classifier, softmax
from hwcli.dataset import Dataset, Target
from hwcli.errors import DatasetError, ModelError
from hwcli.metrics import Averages
from hwcli.progress import Progress
from hwcli.shards import Split

logger = logging.getLogger(__name__)
SCHEMA = "hwcli.eval/1"
MOST_CONFUSED = 50
_BLOCK = 4096
"""Glyphs between two reports of progress."""


@dataclass(frozen=True, slots=True)
class ClassScore:
    """One class of the evaluation."""

    char: str
    """The character, or the script where the target is the script."""
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class Confused:
    """A mistake and how often it was made."""

    truth: str
    predicted: str
    count: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What `eval --json` prints; shares are in [0, 1]."""

    schema: str
    model: str
    data: str
    split: str
    target: Target
    n: int
    """Rows judged."""
    top: dict[str, float]
    """From k to the share of rows whose truth is among the k likeliest."""
    macro: Averages
    """Over the classes that occur, as truth or as prediction."""
    weighted: Averages
    ece: float
    classes: tuple[ClassScore, ...]
    confused: tuple[Confused, ...]
    """The most frequent mistakes."""


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """An evaluation with its confusion matrix."""

    evaluation: Evaluation
    confusion: NDArray[np.int64]
    """(C, C), truth down, prediction across, in the order of `evaluation.classes`."""

    @property
    def accuracy(self) -> float:
        """Share of rows whose likeliest class is the truth."""
        return float(self.confusion.trace() / self.evaluation.n)


def evaluate(
    classifier: Classifier,
    dataset: Dataset,
    *,
    model: str,
    split: Split,
    topk: Sequence[int],
    shared_classes: bool,
    progress: Progress,
) -> Judgement:
    """Judge `classifier` on a split of `dataset`.

    Args:
        classifier: its target decides what is judged.
        dataset: compared with the model by character, not by index.
        model: the name of the model in the result.
        split: which rows.
        topk: each from 1.
        shared_classes: leave out rows of classes that the model does not know.
        progress: is told (glyphs done, glyphs in all).

    Raises:
        ModelError: other image size, classes that the model lacks, or logits that are no numbers.
        DatasetError: no rows.
    """
    info = classifier.info
    _check_normalisation(classifier, dataset)
    images, targets = _rows(classifier, dataset, split, shared_classes=shared_classes)
    logits = _logits(classifier, images, progress)
    predictions = logits.argmax(axis=1).astype(np.int64)
    confusion = metrics.confusion_matrix(targets, predictions, len(info.classes))
    scores = metrics.class_scores(confusion)
    places = metrics.ranks(logits, targets)
    names = info.classes
    evaluation = Evaluation(
        schema=SCHEMA,
        model=model,
        data=dataset.info.name,
        split=split.name,
        target=info.target,
        n=len(targets),
        top={str(k): float(np.mean(places < k)) for k in topk},
        macro=metrics.macro(scores),
        weighted=metrics.weighted(scores),
        ece=metrics.ece(softmax(logits / np.float32(info.temperature)), targets),
        classes=tuple(
            ClassScore(*row)
            for row in zip(
                names,
                scores.precision.tolist(),
                scores.recall.tolist(),
                scores.f1.tolist(),
                scores.support.tolist(),
                strict=True,
            )
        ),
        confused=tuple(
            Confused(names[truth], names[predicted], count)
            for truth, predicted, count in metrics.confused_pairs(confusion, MOST_CONFUSED)
        ),
    )
    return Judgement(evaluation, confusion)


def _check_normalisation(classifier: Classifier, dataset: Dataset) -> None:
    ours, theirs = classifier.info.normalisation, dataset.info.normalisation
    if ours.size != theirs.size:
        raise ModelError(
            f"{classifier.path} reads images of {ours.size} px, {dataset.info.name} has "
            f"{theirs.size} px",
            hint="make the dataset at the model's size, or train a model on it",
        )
    if ours != theirs:
        logger.warning(
            "%s was made by another normalisation (%s) than the model's data (%s): "
            "the figures are lower than they could be",
            dataset.info.name,
            theirs,
            ours,
        )


def _rows(
    classifier: Classifier, dataset: Dataset, split: Split, *, shared_classes: bool
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images of the split and their targets as the model counts them."""
    info = classifier.info
    rows = dataset.load(split)
    if not len(rows):
        there = [s.name for s in Split if dataset.info.counts.get("split", {}).get(s.name)]
        hint = f"there is {' and '.join(there)}: --split {there[0]}" if there else None
        raise DatasetError(f"{dataset.folder}: the {split.name} split has no rows", hint=hint)
    index = {name: i for i, name in enumerate(info.classes)}
    names = dataset.targets(info.target)
    ours = np.array([index.get(name, -1) for name in names], np.int64)
    targets = ours[rows.label if info.target == "char" else rows.script]
    known = targets >= 0
    if not known.all():
        used = np.unique(rows.label if info.target == "char" else rows.script)
        missing = [names[i] for i in used if ours[i] < 0]
        _refuse_or_tell(classifier, dataset, missing, shared_classes=shared_classes)
    if not known.any():
        raise ModelError(f"{classifier.path} and {dataset.info.name} have no class in common")
    return rows.images[known], targets[known]


def _refuse_or_tell(
    classifier: Classifier, dataset: Dataset, missing: Sequence[str], *, shared_classes: bool
) -> None:
    shown = " ".join(missing[:40]) + (" …" if len(missing) > 40 else "")
    message = (
        f"{classifier.path} does not know {len(missing)} of the classes of "
        f"{dataset.info.name}: {shown}"
    )
    if not shared_classes:
        raise ModelError(message, hint="--shared-classes judges the others alone")
    logger.warning("%s; left out", message)


def _logits(
    classifier: Classifier, images: NDArray[np.uint8], progress: Progress
) -> NDArray[np.float32]:
    parts = []
    for start in range(0, len(images), _BLOCK):
        parts.append(classifier.logits(images[start : start + _BLOCK]))
        progress(min(start + _BLOCK, len(images)), len(images))
    logits = np.concatenate(parts)
    if not np.isfinite(logits).all():
        raise ModelError(f"{classifier.path}: some of its outputs are not finite numbers")
    return logits
