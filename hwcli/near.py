"""Finds nearly equal images: one scan saved twice, at another quality, size or contrast.

Single straight strokes such as `1`, `-` and `/`, and dots, are left out: two people's are as alike
as two scans of one. Of other plain characters that may happen too, though rarely; that is why the
pairs are listed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 14
"""Images are compared at this size, px, so that a shift by a fraction of a pixel matters little."""
MAX_DISTANCE = 0.008
"""Share of their energy in which two images may differ: ‖a − b‖² / (‖a‖² + ‖b‖²). Re-compressed,
noisy, brightened or slightly turned copies are mostly below; of 4,000 images of one set, one in a
thousand has a neighbour by somebody else at 0.0095 (EMNIST), 0.017 (DHCD) or 0.009 (BHMSDS)."""
_THIN, _SHORT = 0.25, 0.45
"""Widths over lengths of the ink, as standard deviations: below the first it is a single stroke,
below the second if it is solid too."""
_SOLID, _BLOT = 0.75, 0.9
"""Shares of ink in the rectangle with the same standard deviations (12 · their product) from which
it has no gaps, and from which it is a blot, whatever its shape."""
_AXES = 16
"""Directions along which images are first compared."""
_SORTED = 4
"""Of these, those along which they are sorted into cells."""
_SAMPLE = 10_000
"""Images that the directions are taken from, and that are looked at together."""
_STRIDE = 1 << 6
"""Cells along an axis: from −1 to 1 there are 16."""
_WIDTH = float(np.sqrt(2 * MAX_DISTANCE)) + 1e-4
"""Of a cell: two near images, each of length 1, are less than this apart, rounding allowed for."""
_OFFSETS = np.asarray(
    [
        sum(d * _STRIDE ** (_SORTED - 1 - i) for i, d in enumerate(step))
        for step in product((-1, 0, 1), repeat=_SORTED - 1)
    ],
    np.int64,
)
"""From a cell to its neighbours along all axes but the last."""
_ROWS, _OTHERS = 256, 4096
"""Rows that are compared at a time: it takes 4 MB."""

Pairs = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]
"""Rows of one set, rows of another, and their distances, an array each."""


def thumbnails(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """`images`, uint8 (N, S, S), as they are compared: uint8 (N, SIDE²)."""
    count, size = len(images), images.shape[1]
    small = np.empty((count, SIDE, SIDE), np.uint8)
    if size % SIDE == 0 and count:  # as one tall picture, whose images do not run into each other
        tall = images.reshape(count * size, size)
        flat = small.reshape(count * SIDE, SIDE)
        cv2.resize(tall, (SIDE, count * SIDE), dst=flat, interpolation=cv2.INTER_AREA)
    else:
        for i, image in enumerate(images):
            cv2.resize(image, (SIDE, SIDE), dst=small[i], interpolation=cv2.INTER_AREA)
    return small.reshape(count, SIDE * SIDE)


def telling(small: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Those of `small`, uint8 (N, D), that are more than one straight stroke or a dot."""
    return np.flatnonzero(~_plain(small))


def directions(small: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Directions along which images like `small`, uint8 (N, D), differ most: (D, _AXES)."""
    step = max(1, -(-len(small) // _SAMPLE))
    sample = _unit(small[::step])
    sample -= sample.mean(axis=0)
    axes = np.linalg.eigh(sample.T @ sample)[1][:, ::-1][:, :_AXES]
    return np.ascontiguousarray(axes, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Thumbnails sorted into cells, so that those near one are found among few."""

    small: NDArray[np.uint8]
    """(N, D) as of `thumbnails`."""
    order: NDArray[np.intp]
    """(n,) the rows that tell something, cell by cell."""
    flat: NDArray[np.float32]
    """(n, _AXES) where they are along the directions."""
    keys: NDArray[np.int64]
    """(cells,) ascending; cells next to each other along the last axis differ by 1."""
    bounds: NDArray[np.intp]
    """(cells + 1,) where each cell starts in `order`."""


def sorted_into_cells(small: NDArray[np.uint8], axes: NDArray[np.float32]) -> Cells:
    """`small`, uint8 (N, D) as of `thumbnails`, by their places along `axes`."""
    rows = telling(small)
    flat = np.empty((len(rows), axes.shape[1]), np.float32)
    for at in range(0, len(rows), _SAMPLE):
        flat[at : at + _SAMPLE] = _unit(small[rows[at : at + _SAMPLE]]) @ axes
    cell = np.zeros(len(rows), np.int64)
    for axis in range(_SORTED):
        cell *= _STRIDE
        cell += np.floor(flat[:, axis] / _WIDTH).astype(np.int64) + _STRIDE // 2
    order = np.argsort(cell, kind="stable")
    keys, starts = np.unique(cell[order], return_index=True)
    return Cells(small, rows[order], flat[order], keys, np.append(starts, len(rows)))


def near_pairs(small: NDArray[np.uint8]) -> Iterator[tuple[int, int, float]]:
    """All pairs of rows (i, j), i < j, that are nearly equal, with their distance, in order.

    Args:
        small: uint8 (N, D) as of `thumbnails`.
    """
    if not len(small):
        return
    cells = sorted_into_cells(small, directions(small))
    found = set()
    for one, two, distance in near_between(cells, cells):
        for i, j, d in zip(one.tolist(), two.tolist(), distance.tolist(), strict=True):
            if i != j:
                found.add((min(i, j), max(i, j), d))
    yield from sorted(found)


def near_between(own: Cells, others: Cells) -> Iterator[Pairs]:
    """All pairs of a row of `own` and a row of `others` that are nearly equal, some at a time.

    Exact: near images are at most _WIDTH apart once both have length 1, so along any directions
    too. Only images of neighbouring cells of that width are compared, first along the directions;
    of one set with itself each pair of cells is met once.
    """
    for k, key in enumerate(own.keys.tolist()):
        there = _neighbours(others, key, k if others is own else 0)
        for first in range(0, len(there), _OTHERS):
            theirs = there[first : first + _OTHERS]
            for start in range(own.bounds[k], own.bounds[k + 1], _ROWS):
                ours = np.arange(start, min(start + _ROWS, own.bounds[k + 1]))
                yield from _compare(own, ours, others, theirs)


def _neighbours(cells: Cells, key: int, least: int) -> NDArray[np.intp]:
    """Places in the order of `cells` of what is in cell `key` or next to it, from cell `least`."""
    around = key + _OFFSETS
    first = np.maximum(cells.keys.searchsorted(around - 1), least)
    last = cells.keys.searchsorted(around + 1, "right")
    some = first < last
    spans = zip(cells.bounds[first[some]].tolist(), cells.bounds[last[some]].tolist(), strict=True)
    return np.concatenate([np.empty(0, np.intp), *(np.arange(a, b) for a, b in spans)])


def _compare(
    own: Cells, ours: NDArray[np.intp], others: Cells, theirs: NDArray[np.intp]
) -> Iterator[Pairs]:
    """The near pairs of two lists of places in the orders of `own` and `others`."""
    a, b = own.flat[ours], others.flat[theirs]
    apart = a @ (-2 * b.T)
    apart += np.einsum("ij,ij->i", b, b)
    near = apart <= (_WIDTH**2 - np.einsum("ij,ij->i", a, a))[:, None]
    if not near.any():
        return
    one, two = own.order[ours[near.any(axis=1)]], others.order[theirs[near.any(axis=0)]]
    distance = _distances(own.small[one], others.small[two])
    i, j = np.nonzero(distance <= MAX_DISTANCE)
    if len(i):
        yield one[i], two[j], distance[i, j]


def _distances(one: NDArray[np.uint8], two: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, m) share of their energy in which rows of uint8 (n, D) and (m, D) differ."""
    a, b = one.astype(np.float32), two.astype(np.float32)
    energy = np.einsum("ij,ij->i", a, a)[:, None] + np.einsum("ij,ij->i", b, b)
    return np.asarray(np.maximum(1 - 2 * (a @ b.T) / np.maximum(energy, 1), 0), np.float32)


def _plain(small: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(N,) whether the ink is one straight stroke or a dot, by its second moments."""
    plain = np.zeros(len(small), np.bool_)
    place = np.arange(SIDE) - (SIDE - 1) / 2
    y, x = (p.ravel() for p in np.meshgrid(place, place, indexing="ij"))
    powers = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1).astype(np.float32)
    for at in range(0, len(small), _SAMPLE):
        ink = small[at : at + _SAMPLE].astype(np.float32)
        mass, mx, my, xx, yy, xy = (ink @ powers).T
        mass = np.maximum(mass, 1)
        xx, yy, xy = xx / mass - (mx / mass) ** 2, yy / mass - (my / mass) ** 2, xy / mass
        xy -= mx * my / mass**2
        middle, apart = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
        length, width = np.sqrt(middle + apart), np.sqrt(np.maximum(middle - apart, 0))
        filled = mass / np.maximum(ink.max(axis=1), 1) / np.maximum(12 * length * width, 1e-3)
        solid = (filled > _BLOT) | ((filled > _SOLID) & (width < _SHORT * length))
        plain[at : at + _SAMPLE] = (width < _THIN * length) | solid
    return plain


def _unit(small: NDArray[np.uint8]) -> NDArray[np.float32]:
    rows = small.astype(np.float32)
    length = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    return np.asarray(rows / np.maximum(length, 1)[:, None], np.float32)
