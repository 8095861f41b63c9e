"""Dotted paper: printed dots found by their even distances."""

import numpy as np
from numpy.typing import NDArray

from hwcli.page.components import Components, median, weighted_median
from hwcli.page.grey import grown

_LARGEST, _ROUND = 0.3, 0.4
"""A dot is at most so large, in heights of a character, and so wide for its length at least."""
_LIKE = 1.8
"""Dots of a page are so many times as large as its usual one at most, or smaller by that."""
_FAINT = 0.35
"""Share of the usual one's contrast that they have at least."""
_FEWEST = 30
"""Dots of a page, and such that have nearly all neighbours."""
_LOOKED_AT = 400
"""Dots whose neighbours tell the distances."""
_EVEN = 0.12
"""Distances deviate by this share at most,"""
_AGREE = 0.4
"""and so many of those to the nearest must be even."""
_APART, _FARTHEST = 3.0, 1.5
"""Distance of dots, in their size, at least, and in heights of a character, at most."""
_NEAR = 0.2
"""Where a neighbour is expected there must be one within this share of the distance."""
_CORE, _EDGE = 3, 2
"""Neighbours of four that dots in the open have, and that are enough beside those."""
_CHARACTER = (0.4, 4.0)
"""Components between these, in heights, are characters or words."""
_BESIDE, _ALONE = 0.4, 0.35
"""This share of the dots stands farther than so many heights from all of these, as dots of i and
decimal points do not,"""
_WITHIN = 0.5
"""and so many characters stand among the dots; few do where some rows of a form are of points."""

Points = NDArray[np.float64]


def is_printed_dot(found: Components, scale: float) -> NDArray[np.bool_]:
    """Which components are the dots of dotted paper: bool (N,).

    Small round ones, all of a size, that stand in rows and columns at even distances, wherever
    there is writing and also apart from it: the points of a table of decimals and the dots of a
    sheet of i are as even, but each has its character. The page may be turned and seen aslant;
    where a dot is written over, its neighbours lack one.

    Args:
        found: the components of the page.
        scale: typical height of a character, px.
    """
    out = np.zeros(len(found), np.bool_)
    size = found.stats[:, 2:4].max(axis=1)
    which = (size <= _LARGEST * scale) & (found.stats[:, 2:4].min(axis=1) >= _ROUND * size)
    if which.sum() < _FEWEST:
        return out
    ink = found.stats[which, 4] * found.strength[which]
    usual = weighted_median(size[which], ink)  # grain is small and faint
    which &= (size <= max(_LIKE * usual, usual + 1.5)) & (size >= usual / _LIKE)
    which &= found.strength >= _FAINT * weighted_median(found.strength[which], size[which] ** 2)
    numbers = np.flatnonzero(which)
    at = found.middles[numbers]
    steps = _steps(at, usual) if len(at) >= _FEWEST else None
    if steps is None:
        return out
    core = _neighbours(at, at, steps, found.labels.shape) >= _CORE
    if core.sum() < _FEWEST or np.hypot(*steps.T).min() > _FARTHEST * scale:
        return out
    even = core | (_neighbours(at, at[core], steps, found.labels.shape) >= _EDGE)
    if _are_of_the_paper(at[even], found, scale):
        out[numbers[even]] = True
    return out


def _are_of_the_paper(at: Points, found: Components, scale: float) -> bool:
    """Whether dots `at` even distances are all over the page, wherever characters are."""
    longest, shortest = found.stats[:, 2:4].max(axis=1), found.stats[:, 2:4].min(axis=1)
    large = (longest > _CHARACTER[0] * scale) & (shortest < _CHARACTER[1] * scale)
    if not large.any():
        return True
    low, high = at.min(axis=0), at.max(axis=0)
    middles = found.middles[large]
    within = ((middles >= low) & (middles <= high)).all(axis=1).mean()
    side = 2 * max(1, round(_BESIDE * scale)) + 1
    beside = grown(found.mask_of(large), side, side)
    x, y = np.round(at).astype(np.intp).T
    return bool(within >= _WITHIN and (beside[y, x] == 0).mean() >= _ALONE)


def _steps(at: Points, size: float) -> Points | None:
    """(2, 2): the way to the next dot of the row, and to that of the column; None if uneven."""
    some = at[np.linspace(0, len(at) - 1, min(_LOOKED_AT, len(at))).astype(np.intp)]
    far = np.hypot(*(some[:, None] - at[None]).T).T
    nearest = np.argpartition(far, 5, axis=1)[:, :5]
    ways = (at[nearest] - some[:, None]).reshape(-1, 2)
    ways = ways[np.hypot(*ways.T) > 0]
    across = np.abs(ways[:, 0]) > np.abs(ways[:, 1])
    steps = []
    for axis, own in ((0, ways[across]), (1, ways[~across])):
        if not len(own):
            return None
        own = own * np.sign(own[:, axis : axis + 1])
        step = np.array([median(own[:, 0]), median(own[:, 1])])
        length = float(np.hypot(*step))
        off = np.hypot(*(own - step).T)
        if length < _APART * size or (off < _EVEN * length).mean() < _AGREE:
            return None
        steps.append(step)
    return np.array(steps)


def _neighbours(
    at: Points, others: Points, steps: Points, shape: tuple[int, ...]
) -> NDArray[np.intp]:
    """(N,): how many of the four neighbours of each point `at` are there, among `others`."""
    reach = max(1, round(_NEAR * float(np.hypot(*steps.T).min())))
    there = np.zeros((shape[0] + 2 * reach, shape[1] + 2 * reach), np.uint8)
    x, y = np.round(others).astype(np.intp).T + reach
    there[y, x] = 255
    there = grown(there, 2 * reach + 1, 2 * reach + 1)
    count = np.zeros(len(at), np.intp)
    for way in (steps[0], -steps[0], steps[1], -steps[1]):
        x, y = np.round(at + way).astype(np.intp).T + reach
        inside = (x >= 0) & (y >= 0) & (x < there.shape[1]) & (y < there.shape[0])
        count[inside] += there[y[inside], x[inside]] > 0
    return count
