"""Finds nearly equal images: one scan saved twice, at another quality, size or contrast.

Single straight strokes such as `1`, `-` and `/` are left out: two people's are as alike as two
scans of one. Of other plain characters that may happen too, though rarely; that is why this is not
done unless asked for, and why the pairs are listed.
"""

from collections.abc import Iterator
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
_PLAIN = 0.25
"""Width over length of the ink, as standard deviations, below which it is a single stroke."""
_AXES = 5
"""Directions along which images are sorted into cells."""
_SAMPLE = 10_000
"""Images that the directions are taken from."""
_SLACK = 1e-4
"""Allowed for rounding, so that no pair falls between two cells."""


def thumbnails(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """`images`, uint8 (N, S, S), as they are compared: uint8 (N, SIDE²)."""
    small = np.empty((len(images), SIDE, SIDE), np.uint8)
    for i, image in enumerate(images):
        cv2.resize(image, (SIDE, SIDE), dst=small[i], interpolation=cv2.INTER_AREA)
    return small.reshape(len(images), SIDE * SIDE)


def near_pairs(small: NDArray[np.uint8]) -> Iterator[tuple[int, int, float]]:
    """All pairs of rows (i, j), i < j, that are nearly equal, with their distance, in order.

    Exact: pairs below MAX_DISTANCE are √(2 · MAX_DISTANCE) apart at most once both have length 1,
    so along any direction too; only images of neighbouring cells of that width are compared.

    Args:
        small: uint8 (N, D) as of `thumbnails`.
    """
    telling = np.flatnonzero(~_plain(small))
    if len(telling) < 2:
        return
    cells = _cells(small)[telling]
    order = np.argsort(cells, kind="stable")
    keys, starts = np.unique(cells[order], return_index=True)
    ends = np.append(starts[1:], len(order))
    order = telling[order]
    found: list[tuple[int, int, float]] = []
    for k in range(len(keys)):
        others = _neighbours(keys, starts, ends, k, order)
        found += _compare(small, order[starts[k] : ends[k]], others)
    yield from sorted(found)


def _plain(small: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(N,) whether the ink is one straight stroke, by its second moments."""
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
        plain[at : at + _SAMPLE] = middle - apart < _PLAIN**2 * (middle + apart)
    return plain


def _cells(small: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(N,) the cell of each row; cells next to each other along the last axis differ by 1."""
    width = float(np.sqrt(2 * MAX_DISTANCE)) + _SLACK
    step = -(-len(small) // _SAMPLE)
    sample = _unit(small[::step])
    axes = np.linalg.eigh(sample.T @ sample / len(sample))[1][:, ::-1][:, :_AXES]
    cells = np.zeros(len(small), np.int64)
    for at in range(0, len(small), _SAMPLE):
        places = np.floor(_unit(small[at : at + _SAMPLE]) @ axes / width).astype(np.int64)
        for axis in range(axes.shape[1]):
            block = cells[at : at + _SAMPLE]
            block *= _STRIDE
            block += places[:, axis] + _STRIDE // 2
    return cells


_STRIDE = 1 << 6
"""Cells along an axis: from −1 to 1 there are 16."""
_OFFSETS = np.asarray(
    [
        sum(d * _STRIDE ** (_AXES - 1 - i) for i, d in enumerate(step))
        for step in product((-1, 0, 1), repeat=_AXES - 1)
    ],
    np.int64,
)
"""From a cell to its neighbours along all axes but the last."""


def _unit(small: NDArray[np.uint8]) -> NDArray[np.float32]:
    rows = small.astype(np.float32)
    length = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    return np.asarray(rows / np.maximum(length, 1)[:, None], np.float32)


def _neighbours(
    keys: NDArray[np.int64],
    starts: NDArray[np.intp],
    ends: NDArray[np.intp],
    k: int,
    order: NDArray[np.intp],
) -> NDArray[np.intp]:
    """Rows in cell `k`, and in those next to it that come after it."""
    around = keys[k] + _OFFSETS
    first = np.maximum(keys.searchsorted(around - 1), k)
    last = keys.searchsorted(around + 1, "right")
    some = first < last
    spans = zip(starts[first[some]].tolist(), ends[last[some] - 1].tolist(), strict=True)
    return np.concatenate([order[a:b] for a, b in spans])


def _compare(
    small: NDArray[np.uint8], rows: NDArray[np.intp], others: NDArray[np.intp]
) -> list[tuple[int, int, float]]:
    """The pairs of `rows` with `others`, among which `rows` themselves may be."""
    found = []
    for first in range(0, len(others), _OTHERS):
        there = others[first : first + _OTHERS]
        b = small[there].astype(np.float32)
        b_energy = np.einsum("ij,ij->i", b, b)
        for start in range(0, len(rows), _ROWS):
            own = rows[start : start + _ROWS]
            a = small[own].astype(np.float32)
            energy = np.einsum("ij,ij->i", a, a)[:, None] + b_energy
            distance = 1 - 2 * (a @ b.T) / np.maximum(energy, 1)
            for i, j in np.argwhere(distance <= MAX_DISTANCE).tolist():
                one, two = int(own[i]), int(there[j])
                if one != two:
                    found.append((min(one, two), max(one, two), max(0.0, float(distance[i, j]))))
    return list(dict.fromkeys(found))


_ROWS, _OTHERS = 512, 4096
"""Rows that are compared at a time: their distances take 8 MB."""
