"""What a classifier says of the rows of a split, read shard by shard."""

import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwcli.atomic import writing
from hwcli.blocks import ImageBlocks
from hwcli.classify import AnyClassifier
from hwcli.dataset import Dataset
from hwcli.errors import DatasetError, ModelError, UsageError
from hwcli.judging.matching import Matched, match
from hwcli.model_info import ModelInfo
from hwcli.progress import Progress
from hwcli.shards import CHUNK_ROWS, Columns, Split

_BATCH = 4096
"""Glyphs that are classified between two reports of progress."""
_IN_MEMORY = 1 << 30
"""Bytes of logits that are kept in memory; more go to a file without a name."""


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """The logits of N rows, and what the dataset says of them."""

    info: ModelInfo
    matched: Matched
    logits: NDArray[np.float32]
    """(N, classes of the model), all of them numbers."""
    place: NDArray[np.int64]
    """(N,) number of the row within the dataset, all shards one after the other."""
    truth: NDArray[np.int64]
    """(N,) as the model counts its classes."""
    script: NDArray[np.int32]
    source: NDArray[np.int32]
    writer: NDArray[np.int32]
    seconds: float
    """That the classifier took."""

    def __len__(self) -> int:
        return len(self.truth)

    def accuracy(self) -> float:
        """Share of rows whose likeliest class is the truth."""
        right = sum(int((self.logits[b].argmax(1) == self.truth[b]).sum()) for b in self.blocks())
        return right / len(self)

    def blocks(self, rows: int = 8192) -> Iterator[slice]:
        """All rows, a few at a time, for what would else take as much memory as the logits."""
        return (slice(at, at + rows) for at in range(0, len(self), rows))


def predict(
    classifier: AnyClassifier,
    dataset: Dataset,
    split: Split,
    *,
    shared_classes: bool = False,
    fold_case: bool = False,
    at_most: int = 0,
    progress: Progress,
) -> Predictions:
    """Classify the rows of `split`.

    Args:
        classifier: what is judged.
        dataset: compared with the model by character, not by index.
        split: which rows.
        shared_classes: leave out rows of classes that the model does not know.
        fold_case: take those it knows in the other case alone for that one.
        at_most: judge every k-th row if there are more; 0 for all.
        progress: is told (glyphs done, glyphs in all).

    Raises:
        ModelError: other image size, classes that the model lacks, or logits that are no numbers.
        DatasetError: no rows, or a shard is damaged.
        UsageError: the disk has no room for the logits.
    """
    other_normalisation(classifier, dataset)
    every, place = _columns(dataset, split)
    if not len(every):
        raise _no_rows(dataset, split)
    label = every.label if classifier.info.target == "char" else every.script
    support = np.bincount(label, minlength=len(dataset.targets(classifier.info.target)))
    matched = match(
        classifier.info, dataset, support, shared_classes=shared_classes, fold_case=fold_case
    )
    chosen = np.flatnonzero(matched.target[label] >= 0)
    if at_most:
        chosen = chosen[:: -(-len(chosen) // at_most)]
    truth = matched.target[label[chosen]]
    rows, place = every.take(chosen), place[chosen]
    logits = _storage(len(rows), len(classifier.info.classes))
    seconds, done = 0.0, 0
    for images in _images(dataset, place):
        before = time.perf_counter()
        found = classifier.logits(images)
        seconds += time.perf_counter() - before
        if not np.isfinite(found).all():
            raise ModelError(f"{classifier.path}: some of its outputs are not finite numbers")
        logits[done : done + len(images)] = found
        done += len(images)
        progress(done, len(rows))
    return Predictions(
        classifier.info, matched, logits, place, truth, rows.script, rows.source, rows.writer,
        seconds,
    )  # fmt: skip


def other_normalisation(classifier: AnyClassifier, dataset: Dataset) -> str | None:
    """What is to be known where images were made otherwise than those the model was trained on.

    Raises:
        ModelError: they differ in size.
    """
    ours, theirs = classifier.info.normalisation, dataset.info.normalisation
    if ours.size != theirs.size:
        raise ModelError(
            f"{classifier.path} reads images of {ours.size} px, {dataset.info.name} has "
            f"{theirs.size} px",
            hint="make the dataset at the model's size, or train a model on it",
        )
    if ours == theirs:
        return None
    unlike = [f.name for f in fields(ours) if getattr(ours, f.name) != getattr(theirs, f.name)]
    told = ", ".join(f"{n} {getattr(theirs, n)}, not {getattr(ours, n)}" for n in unlike)
    return (
        f"{dataset.info.name} was made by another normalisation than the model's data ({told}): "
        "the figures are lower than they could be"
    )


def _columns(dataset: Dataset, split: Split) -> tuple[Columns, NDArray[np.int64]]:
    """The columns of the rows of `split`, and the number of each within the dataset."""
    parts, places, start = [], [np.empty(0, np.int64)], 0
    for number in range(len(dataset.info.shards)):
        columns = dataset.columns(number)
        chosen = np.flatnonzero(columns.split == split)
        parts.append(columns.take(chosen))
        places.append(chosen + start)
        start += len(columns)
    if not parts:
        raise DatasetError(f"{dataset.folder}: the dataset has no shards")
    joined = [np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Columns)]
    return Columns(*joined), np.concatenate(places)


def _no_rows(dataset: Dataset, split: Split) -> DatasetError:
    there = [s.name for s in Split if dataset.info.counts.get("split", {}).get(s.name)]
    hint = f"there is {' and '.join(there)}: --split {there[0]}" if there else None
    return DatasetError(f"{dataset.folder}: the {split.name} split has no rows", hint=hint)


def _images(dataset: Dataset, place: NDArray[np.int64]) -> Iterator[NDArray[np.uint8]]:
    """The images of the rows of these numbers, which ascend, some thousand at a time."""
    start = 0
    for number, entry in enumerate(dataset.info.shards):
        here = place[(place >= start) & (place < start + entry.rows)] - start
        start += entry.rows
        if not len(here):
            continue
        with ImageBlocks(dataset.shard_path(number)) as blocks:
            for first in range(0, entry.rows, _BATCH):
                assert _BATCH % CHUNK_ROWS == 0
                some = here[(here >= first) & (here < first + _BATCH)]
                if len(some):
                    yield blocks.take(some)


def _storage(rows: int, classes: int) -> NDArray[np.float32]:
    """Room for logits: in memory, or in a file that goes when nobody holds it.

    Raises:
        UsageError: there is not so much room on the disk.
    """
    if rows * classes * 4 <= _IN_MEMORY:
        return np.empty((rows, classes), np.float32)
    place = Path(tempfile.gettempdir())
    with writing(place, UsageError), tempfile.TemporaryFile(prefix="hwcli-logits-") as file:
        if hasattr(os, "posix_fallocate"):  # a full disk would kill us later, without a word
            os.posix_fallocate(file.fileno(), 0, rows * classes * 4)
        return np.memmap(file, np.float32, "w+", shape=(rows, classes))
