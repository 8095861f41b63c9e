"""Images of a split straight from its shards, in shuffled blocks, with bounded memory.

An epoch takes the blocks of all shards in random order, a few threads read ahead, and a buffer of
many blocks mixes their rows: half of it goes out in random order, then it is filled up again. Only
targets are kept in memory. Which row comes when depends on the generator alone.
"""

import queue
import threading
from collections import abc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from hwcli.blocks import ImageBlocks
from hwcli.errors import DatasetError
from hwcli.shards import CHUNK_ROWS, reading_shard
from hwcli.training.sampling import draw

BUFFER_ROWS = 64 * CHUNK_ROWS
"""Rows that are mixed with each other: 13 MB at 28 px, and about four times that are held."""
_READERS = 4
"""Threads: what they wait for is the disk."""

Piece = tuple[NDArray[np.uint8], NDArray[np.int64]]
"""Images (n, S, S) and the rows they are."""


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """The wanted rows of one chunk of one shard."""

    path: Path
    place: int
    """Of the chunk in the file, bytes."""
    within: NDArray[np.intp]
    """Which rows of the chunk, ascending."""
    start: int
    """The number of the first of them among all rows of the stream."""


class GlyphStream:
    """Images on the disk, with their targets in memory."""

    def __init__(
        self,
        paths: Sequence[Path],
        places: Sequence[NDArray[np.intp]],
        targets: Tensor,
        device: torch.device,
        *,
        buffer_rows: int = BUFFER_ROWS,
    ) -> None:
        """Learn where the rows lie; no image is read yet.

        Args:
            paths: of the shards.
            places: which rows of each shard, ascending.
            targets: int64 (N,) of those rows, on the CPU.
            device: where batches go.
            buffer_rows: how many rows are mixed with each other.

        Raises:
            DatasetError: a shard is missing or damaged.
        """
        self.targets = targets
        self.size = 0
        """Side of an image, px."""
        self._device = device
        self._buffer_rows = buffer_rows
        self._blocks: list[_Block] = []
        start = 0
        for path, chosen in zip(paths, places, strict=True):
            if len(chosen):
                with ImageBlocks(path) as blocks:
                    self._blocks += _blocks_of(path, blocks.places, chosen, start)
                    self.size = blocks.size
            start += len(chosen)

    def __len__(self) -> int:
        return len(self.targets)

    def batches(
        self, size: int, *, classes: int, balance: bool, generator: Generator
    ) -> abc.Generator[tuple[Tensor, Tensor], None, None]:
        """An epoch in batches of `size` rows; `generator`, on the CPU, says in which order.

        Raises:
            DatasetError: a shard has gone or was cut off meanwhile.
        """
        times = np.ones(len(self), np.int64)
        if balance:  # a row that is drawn thrice comes three times when its block is read
            drawn = draw(self.targets, classes, balance=True, generator=generator)
            times = torch.bincount(drawn, minlength=len(self)).numpy()
        seed = int(torch.randint(2**62, (1,), generator=generator).item())
        with closing(_ahead(lambda: self._pieces(times, np.random.default_rng(seed)))) as pieces:
            for images, rows in _cut(pieces, size):
                yield self._on_device(images, rows)

    def in_order(self, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """All rows, in batches of at most `size`, or of a block where that is more."""
        some = max(1, size // CHUNK_ROWS)
        with ThreadPoolExecutor(_READERS) as pool:
            for start in range(0, len(self._blocks), some):
                read = list(pool.map(self._read, self._blocks[start : start + some]))
                images, rows = (np.concatenate(column) for column in zip(*read, strict=True))
                yield self._on_device(images, rows)

    def first(self, count: int) -> tuple[Tensor, Tensor]:
        """The first `count` rows, or all where there are fewer."""
        some, rows = [], 0
        for block in self._blocks:
            if rows >= count:
                break
            some.append(self._read(block))
            rows += len(block.within)
        images, numbers = (np.concatenate(column)[:count] for column in zip(*some, strict=True))
        return self._on_device(images, numbers)

    def _on_device(
        self, images: NDArray[np.uint8], rows: NDArray[np.int64]
    ) -> tuple[Tensor, Tensor]:
        targets = self.targets.index_select(0, torch.from_numpy(rows))
        return torch.from_numpy(images).to(self._device), targets.to(self._device)

    def _read(self, block: _Block) -> Piece:
        """The wanted images of `block`; the file is open no longer than that."""
        area = self.size**2
        with reading_shard(block.path):
            count = (int(block.within[-1]) + 1) * area
            raw = np.fromfile(block.path, np.uint8, count, offset=block.place)
        if len(raw) < count:
            raise DatasetError(f"{block.path}: was cut off while it was read")
        images = raw.reshape(-1, self.size, self.size)
        if len(images) > len(block.within):
            images = images[block.within]
        return images, np.arange(block.start, block.start + len(block.within))

    def _pieces(self, times: NDArray[np.int64], rng: np.random.Generator) -> Iterator[Piece]:
        """Rows in random order, each as often as `times` says, half a buffer at a time."""
        order = rng.permutation(len(self._blocks))
        images = np.empty((0, self.size, self.size), np.uint8)
        rows = np.empty(0, np.int64)
        with ThreadPoolExecutor(_READERS) as pool:
            while len(order):
                some, held = 0, len(rows)
                while some < len(order) and held < self._buffer_rows:
                    block = self._blocks[order[some]]
                    held += int(times[block.start : block.start + len(block.within)].sum())
                    some += 1
                chosen, order = order[:some], order[some:]
                parts = [_repeat(p, times) for p in pool.map(self._read_number, chosen.tolist())]
                images = np.concatenate([images, *(p[0] for p in parts)])
                rows = np.concatenate([rows, *(p[1] for p in parts)])
                mixed = rng.permutation(len(rows))
                out = mixed[: max(1, len(rows) // 2)] if len(order) else mixed
                kept = mixed[len(out) :]
                yield images[out], rows[out]
                images, rows = images[kept], rows[kept]

    def _read_number(self, number: int) -> Piece:
        return self._read(self._blocks[number])


def _blocks_of(
    path: Path, chunks: Sequence[int], chosen: NDArray[np.intp], start: int
) -> list[_Block]:
    numbers, firsts = np.unique(chosen // CHUNK_ROWS, return_index=True)
    parts = np.split(chosen % CHUNK_ROWS, firsts[1:])
    return [
        _Block(path, chunks[number], within, start + first)
        for number, within, first in zip(numbers.tolist(), parts, firsts.tolist(), strict=True)
    ]


def _repeat(piece: Piece, times: NDArray[np.int64]) -> Piece:
    images, rows = piece
    often = times[rows]
    if (often == 1).all():
        return piece
    return images.repeat(often, axis=0), rows.repeat(often)


def _cut(pieces: Iterator[Piece], size: int) -> Iterator[Piece]:
    """`pieces` cut anew into batches of `size`; the last one may be smaller."""
    rest: Piece | None = None
    for piece in pieces:
        images, rows = piece
        if rest is not None:
            images, rows = np.concatenate([rest[0], images]), np.concatenate([rest[1], rows])
        whole = len(rows) - len(rows) % size
        for start in range(0, whole, size):
            yield images[start : start + size], rows[start : start + size]
        rest = images[whole:], rows[whole:]
    if rest is not None and len(rest[1]):
        yield rest


def _ahead(make: Callable[[], Iterator[Piece]]) -> abc.Generator[Piece, None, None]:
    """What `make()` gives, made by a thread that is at most two pieces ahead."""
    ready: queue.Queue[Piece | BaseException | None] = queue.Queue(1)
    over = threading.Event()

    def tell(item: Piece | BaseException | None) -> None:
        while not over.is_set():
            try:
                return ready.put(item, timeout=0.05)
            except queue.Full:
                continue

    def work() -> None:
        try:
            for piece in make():
                tell(piece)
                if over.is_set():
                    return
            tell(None)
        except BaseException as error:  # raised again by whoever waits for the next piece
            tell(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        over.set()
        thread.join()
