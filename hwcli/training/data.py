"""A dataset's training and validation splits in memory, drawn from in batches."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from hwcli.dataset import Dataset, Target
from hwcli.errors import DatasetError
from hwcli.shards import Rows, Split

VAL_SHARE = 0.1
"""Share of the training rows that becomes the validation split where a dataset has none."""
UNKNOWN_SCRIPT = "Zyyy"
"""ISO 15924 for a class without rows."""


@dataclass(frozen=True, slots=True, eq=False)
class Glyphs:
    """Images with their targets on one device."""

    images: Tensor
    """uint8 (N, S, S), ink 255 on 0."""
    targets: Tensor
    """int64 (N,)."""

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True, slots=True, eq=False)
class TrainingData:
    """What a run learns from and what it is watched on."""

    train: Glyphs
    val: Glyphs
    classes: tuple[str, ...]
    scripts: tuple[str, ...]
    """ISO 15924 code of each class."""


def load_data(dataset: Dataset, target: Target, *, seed: int, device: torch.device) -> TrainingData:
    """The training and validation rows of `dataset` on `device`.

    Without a validation split, a tenth of the training rows becomes one: whole writers where
    writers are known.

    Raises:
        DatasetError: no rows to train on, or a damaged shard.
    """
    rows = dataset.load(Split.train, Split.val)
    train, val = rows.take(rows.split == Split.train), rows.take(rows.split == Split.val)
    if not len(val):
        train, val = split_off(train, VAL_SHARE, seed)
    if not len(train) or not len(val):
        raise DatasetError(f"{dataset.folder}: {len(rows)} glyphs to train on are too few")
    return TrainingData(
        train=_on(device, train, target),
        val=_on(device, val, target),
        classes=dataset.targets(target),
        scripts=dataset.info.scripts if target == "script" else _scripts_of(rows, dataset),
    )


def split_off(rows: Rows, share: float, seed: int) -> tuple[Rows, Rows]:
    """`rows` without about `share` of them, and that share: whole writers where all are known."""
    rng = np.random.default_rng(seed)
    wanted = round(len(rows) * share)
    away: NDArray[np.bool_] = np.zeros(len(rows), np.bool_)
    writers, counts = np.unique(rows.writer, return_counts=True)
    if len(writers) > 1 and writers[0] >= 0:
        order = rng.permutation(len(writers))
        before = np.cumsum(counts[order]) - counts[order]
        away = np.isin(rows.writer, writers[order[before < wanted]])
    else:
        away[rng.permutation(len(rows))[:wanted]] = True
    return rows.take(~away), rows.take(away)


def _on(device: torch.device, rows: Rows, target: Target) -> Glyphs:
    targets = rows.label if target == "char" else rows.script
    return Glyphs(
        torch.from_numpy(np.ascontiguousarray(rows.images)).to(device),
        torch.from_numpy(targets.astype(np.int64)).to(device),
    )


def _scripts_of(rows: Rows, dataset: Dataset) -> tuple[str, ...]:
    """The script in which most rows of each class are written."""
    classes, scripts = dataset.info.classes, dataset.info.scripts
    counts = np.zeros((len(classes), max(1, len(scripts))), np.int64)
    np.add.at(counts, (rows.label, rows.script), 1)
    return tuple(scripts[row.argmax()] if row.any() else UNKNOWN_SCRIPT for row in counts)


def draw(data: Glyphs, classes: int, *, balance: bool, generator: Generator) -> Tensor:
    """The order of an epoch: indices into `data`, int64 (N,).

    Each row once, in random order; with `balance`, N rows with replacement, each class as often
    as the square root of its frequency.
    """
    if not balance:
        return torch.randperm(len(data), generator=generator, device=data.images.device)
    # First the class, then one of its rows: sums over all rows would want float64, which Apple's
    # GPU does not have.
    counts = torch.bincount(data.targets, minlength=classes)
    there = counts.nonzero().squeeze(1)
    reached = counts[there].float().sqrt().cumsum(0)
    shape = (2, len(data))
    which, place = torch.rand(shape, generator=generator, device=data.images.device)
    drawn = torch.searchsorted(reached, which * reached[-1], right=True)
    chosen = there[drawn.clamp_(max=len(there) - 1)]
    size = counts[chosen]
    row = torch.minimum((place * size).long(), size - 1)
    by_class = data.targets.argsort(stable=True)
    return by_class[(counts.cumsum(0) - counts)[chosen] + row]


def as_input(images: Tensor) -> Tensor:
    """Float (N, 1, S, S) in [0, 1] of uint8 (N, S, S)."""
    return images.unsqueeze(1).float().div_(255)
