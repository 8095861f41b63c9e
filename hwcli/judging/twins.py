"""Judged rows that have a nearly equal image in another split: what was trained on is known."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwcli.blocks import ImageBlocks
from hwcli.dataset import Dataset
from hwcli.near import SIDE, Cells, directions, near_between, sorted_into_cells, thumbnails
from hwcli.progress import Progress, silent
from hwcli.shards import Split

_BATCH = 1 << 17
"""Rows of other splits that are in memory at a time, as thumbnails: 35 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """Rows that have a nearly equal image elsewhere, nearest first, and the nearest one of each."""

    row: NDArray[np.intp]
    """(n,) among those that were asked for."""
    place: NDArray[np.intp]
    """(n,) number of the other row within the dataset."""
    distance: NDArray[np.float32]
    """(n,) share of their energy in which they differ."""


def find_twins(
    dataset: Dataset, split: Split, small: NDArray[np.uint8], *, progress: Progress = silent
) -> Near:
    """Those of the images `small` that have a nearly equal one in another split than `split`.

    Single straight strokes have no twins: see `hwcli.near`.

    Args:
        dataset: whose other splits are read, shard by shard.
        split: that of `small`.
        small: uint8 (N, SIDE²), as of `thumbnails`.
        progress: is told (rows done, rows in all).

    Raises:
        DatasetError: a shard is missing or damaged.
    """
    distance = np.full(len(small), np.inf, np.float32)
    place = np.full(len(small), -1, np.intp)
    if not len(small):
        return Near(place, place, distance)
    axes = directions(small)
    own = sorted_into_cells(small, axes)
    total = sum(entry.rows for entry in dataset.info.shards)
    for places, others in _batches(_thumbnails_of(dataset, split)):
        _keep_nearest(own, sorted_into_cells(others, axes), places, place, distance)
        progress(int(places[-1]) + 1, total)
    progress(total, total)
    found = np.flatnonzero(place >= 0)
    found = found[np.argsort(distance[found], kind="stable")]
    return Near(found, place[found], distance[found])


def _keep_nearest(
    own: Cells,
    others: Cells,
    places: NDArray[np.intp],
    place: NDArray[np.intp],
    distance: NDArray[np.float32],
) -> None:
    """Put into `place` and `distance` what is nearer than what is there."""
    for i, j, apart in near_between(own, others):
        order = np.lexsort((apart, i))
        rows, first = np.unique(i[order], return_index=True)
        nearest, where = apart[order][first], places[j[order][first]]
        better = nearest < distance[rows]
        distance[rows[better]], place[rows[better]] = nearest[better], where[better]


def _thumbnails_of(
    dataset: Dataset, split: Split
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.uint8]]]:
    """Numbers and thumbnails of the rows that are not of `split`, block by block."""
    start = 0
    for number, entry in enumerate(dataset.info.shards):
        wanted = dataset.columns(number).split != split
        if wanted.any():
            with ImageBlocks(dataset.shard_path(number)) as blocks:
                at = 0
                for images in blocks:
                    rows = np.flatnonzero(wanted[at : at + len(images)])
                    if len(rows):
                        yield start + at + rows, thumbnails(images[rows])
                    at += len(images)
        start += entry.rows


def _batches(
    blocks: Iterator[tuple[NDArray[np.intp], NDArray[np.uint8]]],
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.uint8]]]:
    """The blocks put together to about _BATCH rows."""
    places: list[NDArray[np.intp]] = []
    small = np.empty((_BATCH, SIDE * SIDE), np.uint8)
    count = 0
    for where, block in blocks:
        if count + len(block) > _BATCH:
            yield np.concatenate(places), small[:count]
            places, count = [], 0
        small[count : count + len(block)] = block
        places.append(where)
        count += len(block)
    if count:
        yield np.concatenate(places), small[:count]
