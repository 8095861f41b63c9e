"""What lies around a sheet: a desk with a pattern, and things that lie on it."""

import math

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Light = NDArray[np.float32]
"""float32 (H, W): the share of the light that is given back."""
Ids = NDArray[np.int32]

_MOST = 2_200_000
"""Pixels of a sheet with what is around it; a larger one lies alone."""


def lay_down(reflected: Light, ids: Ids, rng: Generator) -> tuple[Light, Ids]:
    """The sheet on a desk, and its glyphs: the photo is larger than the sheet."""
    height, width = reflected.shape
    margins = rng.uniform(0.0, 0.35, 4) * math.sqrt(height * width)
    above, below, left, right = (round(v) for v in margins.tolist())
    shape = (height + above + below, width + left + right)
    if shape[0] * shape[1] > _MOST:
        return reflected, ids
    desk = make_desk(shape, rng)
    sheet = np.zeros(shape, np.float32)
    own = np.s_[above : above + height, left : left + width]
    sheet[own] = 1
    shade = cv2.GaussianBlur(sheet, (0, 0), rng.uniform(1, 8))
    desk *= 1 - np.float32(rng.uniform(0, 0.5)) * np.asarray(shade, np.float32)
    desk[own] = reflected
    around = np.zeros(shape, np.int32)
    around[own] = ids
    return desk, around


def make_desk(shape: tuple[int, int], rng: Generator) -> Light:
    """A desk, table cloth or floor of that shape, with things on it."""
    desk = np.full(shape, rng.uniform(0.05, 0.95), np.float32)
    for _ in range(int(rng.integers(0, 3))):
        desk *= 1 + _grain(shape, rng)
    if rng.random() < 0.3:
        desk *= 1 - np.float32(rng.uniform(0.1, 0.7)) * _pattern(shape, rng)
    if rng.random() < 0.5:
        for _ in range(int(rng.integers(1, 7))):
            _thing(desk, rng)
    return np.clip(desk, 0, 1)


def _grain(shape: tuple[int, int], rng: Generator) -> Light:
    """Uneven patches of one size, longer in one way, with soft or hard edges."""
    size = math.exp(rng.uniform(math.log(2), math.log(60)))
    longer = math.exp(rng.uniform(0, math.log(8)))
    step = (size, size * longer) if rng.random() < 0.5 else (size * longer, size)
    coarse = rng.normal(0, 1, [math.ceil(n / s) + 2 for n, s in zip(shape, step, strict=True)])
    grain = cv2.resize(coarse.astype(np.float32), shape[::-1], interpolation=cv2.INTER_CUBIC)
    if rng.random() < 0.3:
        grain = (grain > rng.uniform(-1, 1)).astype(np.float32)
    return np.asarray(grain * np.float32(math.exp(rng.uniform(math.log(0.02), math.log(0.4)))))


def _pattern(shape: tuple[int, int], rng: Generator) -> Light:
    """Stripes, checks or spots, 0 or 1."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    turn, size = rng.uniform(0, math.pi), math.exp(rng.uniform(math.log(4), math.log(60)))
    cos, sin = np.float32(math.cos(turn) / size), np.float32(math.sin(turn) / size)
    along, across = np.sin(x * cos + y * sin), np.sin(y * cos - x * sin)
    kind, level = rng.random(), rng.uniform(-0.7, 0.9)
    if kind < 0.35:
        found = along > level
    elif kind < 0.7:
        found = (along > 0) ^ (across > 0)
    else:
        found = along * across > level
    return np.asarray(found, np.float32)


def _thing(desk: Light, rng: Generator) -> None:
    """A pen, a cup, a key, the corner of something else."""
    height, width = desk.shape
    colour = float(rng.uniform(0, 1))
    at = rng.uniform(0, 1, 2) * [width, height]
    side = math.exp(rng.uniform(math.log(8), math.log(0.5 * min(height, width) + 9)))
    turn = rng.uniform(0, math.tau)
    kind = rng.random()
    if kind < 0.35:
        end = at + side * 2 * np.array([math.cos(turn), math.sin(turn)])
        thick = max(1, round(side * rng.uniform(0.02, 0.2)))
        cv2.line(desk, _point(at), _point(end), colour, thick, cv2.LINE_AA)
    elif kind < 0.6:
        axes = _point(side * rng.uniform(0.3, 1, 2))
        thick = -1 if rng.random() < 0.6 else max(1, round(0.05 * side))
        cv2.ellipse(desk, _point(at), axes, math.degrees(turn), 0, 360, colour, thick, cv2.LINE_AA)
    elif kind < 0.85:
        corners = at + rng.normal(0, side / 2, (int(rng.integers(3, 6)), 2))
        cv2.fillPoly(desk, [corners.astype(np.int32)], colour, cv2.LINE_AA)
    else:
        _keys(desk, at, max(6.0, side / 6), colour, rng)


def _keys(desk: Light, at: NDArray[np.float64], side: float, colour: float, rng: Generator) -> None:
    """Rows of keys, or of tiles, each with a mark on it."""
    mark = float(rng.uniform(0, 1))
    for row in range(int(rng.integers(1, 6))):
        for column in range(int(rng.integers(2, 12))):
            corner = at + side * np.array([1.25 * column + 0.3 * row, 1.25 * row])
            cv2.rectangle(desk, _point(corner), _point(corner + side), colour, -1)
            first, second = corner + side * rng.uniform(0.3, 0.7, (2, 2))
            cv2.line(desk, _point(first), _point(second), mark, max(1, round(0.1 * side)))


def _point(at: NDArray[np.float64]) -> tuple[int, int]:
    x, y = (round(v) for v in at.tolist())
    return x, y
