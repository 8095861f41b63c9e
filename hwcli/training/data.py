"""A dataset's training and validation splits: in memory where they fit, else read from the disk."""

import logging
from collections import abc
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from hwcli.characters import Target
from hwcli.dataset import Dataset
from hwcli.errors import DatasetError
from hwcli.shards import Columns, Split
from hwcli.training import memory
from hwcli.training.options import Stream
from hwcli.training.sampling import draw
from hwcli.training.stream import GlyphStream

logger = logging.getLogger(__name__)

VAL_SHARE = 0.1
"""Share of the training rows that becomes the validation split where a dataset has none."""
UNKNOWN_SCRIPT = "Zyyy"
"""ISO 15924 for a class without rows."""
_MEMORY_SHARE = 0.5
"""Share of the free memory that images may take before they are streamed."""


class Source(Protocol):
    """Images with their targets, wherever they are kept."""

    @property
    def targets(self) -> Tensor:
        """Of all rows: int64 (N,)."""
        ...

    def __len__(self) -> int: ...

    def batches(
        self, size: int, *, classes: int, balance: bool, generator: Generator
    ) -> abc.Generator[tuple[Tensor, Tensor], None, None]:
        """An epoch: uint8 (size, S, S) and int64 (size,), the last batch perhaps smaller."""
        ...

    def in_order(self, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """All rows, in batches of at most `size`."""
        ...

    def first(self, count: int) -> tuple[Tensor, Tensor]:
        """The first `count` rows, or all where there are fewer."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Glyphs:
    """Images with their targets in the memory of one device."""

    images: Tensor
    """uint8 (N, S, S), ink 255 on 0."""
    targets: Tensor
    """int64 (N,)."""

    def __len__(self) -> int:
        return len(self.images)

    def batches(
        self, size: int, *, classes: int, balance: bool, generator: Generator
    ) -> abc.Generator[tuple[Tensor, Tensor], None, None]:
        """An epoch in batches of `size` rows; `generator`, on the CPU, says in which order."""
        order = draw(self.targets.cpu(), classes, balance=balance, generator=generator)
        for index in torch.split(order.to(self.images.device), size):
            yield self.images.index_select(0, index), self.targets.index_select(0, index)

    def in_order(self, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """All rows, in batches of at most `size`."""
        return zip(torch.split(self.images, size), torch.split(self.targets, size), strict=True)

    def first(self, count: int) -> tuple[Tensor, Tensor]:
        """The first `count` rows, or all where there are fewer."""
        return self.images[:count], self.targets[:count]


@dataclass(frozen=True, slots=True, eq=False)
class TrainingData:
    """What a run learns from and what it is watched on."""

    train: Source
    val: Source
    classes: tuple[str, ...]
    scripts: tuple[str, ...]
    """ISO 15924 code of each class."""


def load_data(
    dataset: Dataset,
    target: Target,
    *,
    seed: int,
    device: torch.device,
    stream: Stream = "auto",
) -> TrainingData:
    """The training and validation rows of `dataset`, for `device`.

    Without a validation split, a tenth of the training rows becomes one: whole writers where
    writers are known. Images of the test split, and where rows come from, are not read.

    Raises:
        DatasetError: no rows to train on, or a damaged shard.
    """
    if not dataset.info.shards:
        raise DatasetError(f"{dataset.folder}: the dataset has no shards")
    parts = [dataset.columns(i) for i in range(len(dataset.info.shards))]
    split = np.concatenate([p.split for p in parts])
    train, val = split == Split.train, split == Split.val
    rows = int(train.sum() + val.sum())
    if not val.any():
        writer = np.concatenate([p.writer for p in parts])
        val[np.flatnonzero(train)[held_out(writer[train], VAL_SHARE, seed)]] = True
        train &= ~val
    if not train.any() or not val.any():
        raise DatasetError(f"{dataset.folder}: {rows} glyphs to train on are too few")
    sources = [_open(dataset, target, parts, mask, device) for mask in (train, val)]
    size = rows * dataset.info.normalisation.size**2
    kept: list[Source] = [*sources]
    if stream == "never" or (stream == "auto" and _fits(size, device)):
        kept = [_in_memory(source, device) for source in sources]
    else:
        logger.info("%.1f GB of images are read from the disk as they are needed", size / 1e9)
    told = [p.take((p.split == Split.train) | (p.split == Split.val)) for p in parts]
    by_class = dataset.info.scripts if target == "script" else _scripts_of(told, dataset)
    return TrainingData(kept[0], kept[1], dataset.targets(target), by_class)


def held_out(writer: NDArray[np.int32], share: float, seed: int) -> NDArray[np.bool_]:
    """Which rows, bool (N,), are about `share` of all: whole writers where all are known."""
    rng = np.random.default_rng(seed)
    wanted = round(len(writer) * share)
    away: NDArray[np.bool_] = np.zeros(len(writer), np.bool_)
    writers, counts = np.unique(writer, return_counts=True)
    if len(writers) > 1 and writers[0] >= 0:
        order = rng.permutation(len(writers))
        before = np.cumsum(counts[order]) - counts[order]
        return np.isin(writer, writers[order[before < wanted]])
    away[rng.permutation(len(writer))[:wanted]] = True
    return away


def _open(
    dataset: Dataset,
    target: Target,
    parts: list[Columns],
    mask: NDArray[np.bool_],
    device: torch.device,
) -> GlyphStream:
    """The rows that `mask` chooses out of those of all shards in a row."""
    ends = np.cumsum([len(p) for p in parts])[:-1]
    chosen = [np.flatnonzero(m) for m in np.split(mask, ends)]
    columns = [p.label if target == "char" else p.script for p in parts]
    targets = np.concatenate([c[i] for c, i in zip(columns, chosen, strict=True)])
    paths = [dataset.shard_path(i) for i in range(len(parts))]
    return GlyphStream(paths, chosen, torch.from_numpy(targets.astype(np.int64)), device)


def _fits(size: int, device: torch.device) -> bool:
    free = memory.available()
    if device.type == "cuda":
        free = min(free, torch.cuda.mem_get_info(device)[0])
    return size <= _MEMORY_SHARE * free


def _in_memory(source: GlyphStream, device: torch.device) -> Glyphs:
    images = torch.empty(len(source), source.size, source.size, dtype=torch.uint8, device=device)
    place = 0
    for part, _ in source.in_order(4096):
        images[place : place + len(part)] = part
        place += len(part)
    return Glyphs(images, source.targets.to(device))


def _scripts_of(parts: list[Columns], dataset: Dataset) -> tuple[str, ...]:
    """The script in which most rows of each class are written."""
    classes, scripts = dataset.info.classes, dataset.info.scripts
    counts = np.zeros((len(classes), max(1, len(scripts))), np.int64)
    for rows in parts:
        np.add.at(counts, (rows.label, rows.script), 1)
    return tuple(scripts[row.argmax()] if row.any() else UNKNOWN_SCRIPT for row in counts)


def as_input(images: Tensor) -> Tensor:
    """Float (N, 1, S, S) in [0, 1] of uint8 (N, S, S)."""
    return images.unsqueeze(1).float().div_(255)
