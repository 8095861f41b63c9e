"""Rows that look like no class: scratches, blots, two characters in one image, cut ones.

Two things are asked: how little the model finds of any class in the image (its energy), and how
odd the ink is, by a few measures, for what is called so. Neither finds what both do.
"""

import numpy as np
from numpy.typing import NDArray

from hwcli.near import SIDE

_INK = 64
"""Grey above which a pixel of a thumbnail is ink."""
_FEWEST = 5
"""Rows of a class below which it is not known what is odd for it."""
_LEAST = 1e-3
"""Of a standard deviation, where all rows are equal."""
_ROWS = 4096
"""Thumbnails that are measured at a time."""


def outlier_scores(
    energy: NDArray[np.float32], small: NDArray[np.uint8], targets: NDArray[np.int64]
) -> NDArray[np.float32]:
    """(N,) how far each row is from all classes; the larger, the farther.

    The sum of log(1 + z²) for its energy and for how odd its ink is, where z says how far each is
    above what is usual here.

    Args:
        energy: (N,) as of `doubt_labels`.
        small: uint8 (N, SIDE²), as of `thumbnails`.
        targets: (N,) labels.
    """
    odd = oddness(measures(small), targets)
    return _surprise(np.maximum(_apart(energy), 0)) + _surprise(np.maximum(_apart(odd), 0))


def _apart(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far `values`, (N,) or (N, n), are from their median, in robust standard deviations."""
    if not len(values):
        return values
    apart = values - np.median(values, axis=0)
    usual = 1.4826 * np.median(np.abs(apart), axis=0)
    scale = np.maximum(usual, np.maximum(values.std(axis=0) / 2, _LEAST))  # of most may be equal
    return np.asarray(apart / scale, np.float32)


def _surprise(z: NDArray[np.float32]) -> NDArray[np.float32]:
    """log(1 + z²), as of Cauchy's distribution: no single z, however large, decides alone."""
    return np.asarray(np.log1p(z * z), np.float32)


def measures(small: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What is measured of the ink of thumbnails, uint8 (N, SIDE²): float32 (N, 10).

    Mass; parts less holes (Euler's number); width over height; stroke width; strokes met on the way
    across and on the way down; the centre of mass, twice; spread across and down.
    """
    parts = [_measured(small[at : at + _ROWS]) for at in range(0, len(small), _ROWS)]
    return np.concatenate([np.empty((0, 10), np.float32), *parts])


def _measured(small: NDArray[np.uint8]) -> NDArray[np.float32]:
    ink = small.reshape(-1, SIDE, SIDE) > _INK
    across, down = ink[:, :, 1:] & ink[:, :, :-1], ink[:, 1:] & ink[:, :-1]
    squares = across[:, 1:] & across[:, :-1]
    area, joined, stacked, full = (_count(x) for x in (ink, across, down, squares))
    runs_across, runs_down = area - joined, area - stacked
    height = np.maximum(ink.any(axis=2).sum(axis=1), 1)
    width = np.maximum(ink.any(axis=1).sum(axis=1), 1)
    mass, x, y, spread_x, spread_y = _moments(small)
    columns = [
        np.log1p(mass),
        area - joined - stacked + full,
        np.log(width / height),
        2 * area / np.maximum(runs_across + runs_down, 1),
        runs_across / height,
        runs_down / width,
        x,
        y,
        spread_x,
        spread_y,
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def _count(ink: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.asarray(ink.reshape(len(ink), -1).sum(axis=1), np.int64)


def _moments(small: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(5, N) mass, in pixels of full ink, its centre and its spread, px."""
    place = np.arange(SIDE) - (SIDE - 1) / 2
    y, x = (p.ravel() for p in np.meshgrid(place, place, indexing="ij"))
    powers = np.stack([np.ones_like(x), x, y, x * x, y * y], axis=1).astype(np.float32)
    mass, mx, my, xx, yy = ((small / np.float32(255)) @ powers).T
    some = np.maximum(mass, 1 / 255)
    mx, my = mx / some, my / some
    spread = [np.sqrt(np.maximum(s / some - m * m, 0)) for s, m in ((xx, mx), (yy, my))]
    return np.asarray([mass, mx, my, *spread], np.float32)


def oddness(measured: NDArray[np.float32], targets: NDArray[np.int64]) -> NDArray[np.float32]:
    """(N,) how odd each row is among those of its class: the mean of log(1 + z²) over measures.

    z is the distance from the class' median. 0 in classes of a few rows.
    """
    odd = np.zeros(len(measured), np.float32)
    order = np.argsort(targets, kind="stable")
    starts = np.flatnonzero(np.diff(targets[order])) + 1
    for rows in np.split(order, starts):
        if len(rows) >= _FEWEST:
            odd[rows] = _surprise(_apart(measured[rows])).mean(axis=1)
    return odd
