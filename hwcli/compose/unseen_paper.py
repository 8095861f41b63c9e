"""Papers that nothing is trained on: dotted, of millimetres, brown, crumpled, stained and so on."""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from hwcli.compose.canvas import Canvas
from hwcli.compose.hand import Hand
from hwcli.compose.paper import Light

Point = tuple[float, float]


def plain(canvas: Canvas, hand: Hand, rng: Generator) -> Light:
    """White paper, with fields where the writing stands in cells."""
    paper = np.full(canvas.ink.shape, rng.uniform(0.8, 0.98), np.float32)
    paper *= 1 + clouds(paper.shape, rng, 80, 0.01) + clouds(paper.shape, rng, 2, 0.006)
    if canvas.cells:
        _fields(paper, canvas, hand, rng)
    return np.clip(paper, 0.05, 1.0, out=paper)


def dotted(canvas: Canvas, hand: Hand, rng: Generator) -> Light:
    """A grid of dots."""
    paper = plain(canvas, hand, rng)
    height, width = paper.shape
    pitch = max(7.0, hand.height * rng.uniform(0.5, 1.1))
    dots = np.zeros(paper.shape, np.uint8)
    radius = max(4, round(8 * pitch * rng.uniform(0.025, 0.055)))
    x0, y0 = rng.uniform(0, pitch, 2)
    for y in np.arange(y0, height, pitch):
        for x in np.arange(x0, width, pitch):
            cv2.circle(dots, (round(8 * x), round(8 * y)), radius, 255, -1, cv2.LINE_AA, shift=3)
    return _printed(paper, dots, rng.uniform(0.45, 0.8))


def millimetres(canvas: Canvas, hand: Hand, rng: Generator) -> Light:
    """Squares of a millimetre, each fifth and tenth line stronger."""
    paper = plain(canvas, hand, rng)
    height, width = paper.shape
    pitch, faint = max(3.5, hand.height * rng.uniform(0.16, 0.3)), rng.uniform(0.08, 0.2)
    start = rng.uniform(0, pitch, 2)
    for every, strength in ((1, 0.5), (5, 0.75), (10, 1.0)):
        rows, columns = (np.arange(start[i], (height, width)[i], every * pitch) for i in (0, 1))
        lines = [((0.0, float(y)), (float(width), float(y))) for y in rows]
        lines += [((float(x), 0.0), (float(x), float(height))) for x in columns]
        _printed(paper, _lines(paper.shape, lines, 1), 1 - faint * strength)
    return paper


def kraft(canvas: Canvas, hand: Hand, rng: Generator) -> Light:
    """Brown paper with its fibres."""
    paper = plain(canvas, hand, rng)
    paper *= np.float32(rng.uniform(0.5, 0.75))
    streaks = rng.normal(0, 1, paper.shape).astype(np.float32)
    streaks = np.asarray(cv2.GaussianBlur(streaks, (0, 0), 5, sigmaY=1.5), np.float32)
    paper *= 1 + streaks * np.float32(rng.uniform(0.005, 0.012) / streaks.std())
    for amount in (-rng.uniform(0.1, 0.3), rng.uniform(0.1, 0.25)):
        fibres = np.zeros(paper.shape, np.uint8)
        for _ in range(round(paper.size * rng.uniform(0.0006, 0.0016))):
            _fibre(fibres, rng)
        soft = cv2.GaussianBlur(fibres, (0, 0), 0.7).astype(np.float32) / 255
        paper *= 1 + np.float32(amount) * soft
    paper *= 1 + clouds(paper.shape, rng, 4, 0.015) + clouds(paper.shape, rng, 40, 0.02)
    return np.clip(paper, 0.05, 1.0, out=paper)


def crumpled(canvas: Canvas, hand: Hand, rng: Generator) -> Light:
    """Crumpled and smoothed out again: facets that each take the light otherwise."""
    paper = plain(canvas, hand, rng)
    relief = np.zeros(paper.shape, np.float32)
    for size, share in ((rng.uniform(90, 160), 1.0), (rng.uniform(30, 60), 0.45)):
        relief += np.float32(share) * _facets(paper.shape, size, rng)
    paper *= 1 + np.float32(rng.uniform(0.05, 0.11)) * relief
    return np.clip(paper, 0.05, 1.0, out=paper)


def folded(canvas: Canvas, hand: Hand, rng: Generator) -> Light:
    """Folded as for an envelope: panels that lie at angles, with a worn crease between them."""
    paper = plain(canvas, hand, rng)
    height, width = paper.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    for _ in range(int(rng.integers(1, 4))):
        angle = rng.choice([0, math.pi / 2]) + rng.normal(0, 0.03)
        at = rng.uniform(0.2, 0.8, 2) * [width, height]
        far = (x - at[0]) * np.float32(math.cos(angle)) + (y - at[1]) * np.float32(math.sin(angle))
        step, fall = rng.normal(0, 0.09), rng.uniform(0.1, 0.3) * max(height, width)
        paper *= 1 + np.float32(step) * np.where(far > 0, np.exp(-far / np.float32(fall)), 0)
        worn = np.exp(-((far / np.float32(rng.uniform(0.8, 2.2))) ** 2))
        worn *= 1 + clouds(paper.shape, rng, 3, 0.5)
        paper *= 1 + np.float32(rng.choice([-1, 0.6]) * rng.uniform(0.06, 0.25)) * worn
    return np.clip(paper, 0.05, 1.0, out=paper)


def reverse(canvas: Canvas, hand: Hand, rng: Generator) -> Light:
    """Thin paper: what is written on its other side shows through, mirrored."""
    paper = plain(canvas, hand, rng)
    height, width = paper.shape
    behind = canvas.ink[:, ::-1] if rng.random() < 0.6 else canvas.ink[::-1]
    shift = np.array(
        [[1, 0, rng.normal(0, 0.15) * width], [0, 1, rng.uniform(0.3, 0.8) * hand.height]]
    )
    moved = cv2.warpAffine(np.ascontiguousarray(behind), shift, (width, height))
    soft = cv2.GaussianBlur(moved, (0, 0), rng.uniform(0.8, 0.25 * hand.pen + 1.2))
    uneven = np.clip(1 + clouds(paper.shape, rng, 25, 0.35), 0, 2)
    paper *= 1 - np.float32(rng.uniform(0.06, 0.2)) * np.asarray(soft, np.float32) * uneven
    return paper


def stained(canvas: Canvas, hand: Hand, rng: Generator) -> Light:
    """Rings of a cup, and drops."""
    paper = plain(canvas, hand, rng)
    height, width = paper.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    for number in range(int(rng.integers(1, 3)) + int(rng.integers(2, 9))):
        ring = number < 2
        radius = (rng.uniform(2.5, 6) if ring else rng.uniform(0.1, 0.7)) * hand.height
        centre = rng.uniform(0, 1, 2) * [width, height]
        angle = np.arctan2(y - centre[1], x - centre[0])
        out = np.hypot(x - centre[0], y - centre[1]) - radius
        for wave in range(2, 6):
            bump = radius * rng.normal(0, 0.05 / wave)
            out -= np.float32(bump) * np.cos(wave * angle + np.float32(rng.uniform(0, 6)))
        rim = np.exp(-((out / np.float32(rng.uniform(0.03, 0.09) * hand.height + 1)) ** 2))
        if ring:
            rim *= np.clip(0.6 + 0.7 * np.cos(angle + np.float32(rng.uniform(0, 6))), 0, 1)
        inside = 1 / (1 + np.exp(np.clip(out / 2, -30, 30)))
        dark = (
            np.float32(rng.uniform(0.1, 0.3)) * rim
            + np.float32(rng.uniform(0.01, 0.04 if ring else 0.1)) * inside
        )
        paper *= 1 - dark * (1 + clouds(paper.shape, rng, 8, 0.2))
    return np.clip(paper, 0.05, 1.0, out=paper)


def clouds(shape: tuple[int, ...], rng: Generator, step: int, amount: float) -> Light:
    """Noise whose blotches are `step` px wide, with `amount` as its standard deviation."""
    size = (shape[0] // step + 2, shape[1] // step + 2)
    coarse = rng.normal(0, amount, size).astype(np.float32)
    return np.asarray(cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC), np.float32)


def _printed(paper: Light, layer: NDArray[np.uint8], left: float) -> Light:
    """`paper` with `layer` printed on it, which leaves `left` of the light."""
    paper *= 1 - layer.astype(np.float32) * np.float32((1 - left) / 255)
    return paper


def _lines(
    shape: tuple[int, ...], lines: Sequence[tuple[Point, Point]], wide: int
) -> NDArray[np.uint8]:
    layer = np.zeros(shape, np.uint8)
    for a, b in lines:
        ends = [(round(8 * p[0]), round(8 * p[1])) for p in (a, b)]
        cv2.line(layer, ends[0], ends[1], 255, wide, cv2.LINE_AA, shift=3)
    return layer


def _fibre(layer: NDArray[np.uint8], rng: Generator) -> None:
    height, width = layer.shape
    bend = np.cumsum(rng.normal(0, 0.35, 5)) + rng.uniform(0, 2 * math.pi)
    steps = rng.uniform(1, 4) * np.stack([np.cos(bend), np.sin(bend)], axis=1)
    points = rng.uniform(0, 1, 2) * [width, height] + np.cumsum(steps, axis=0)
    strength = int(rng.integers(80, 256))
    cv2.polylines(layer, [np.round(8 * points).astype(np.int32)], False, strength, 1, cv2.LINE_AA,
                  shift=3)  # fmt: skip


def _facets(shape: tuple[int, ...], size: float, rng: Generator) -> Light:
    """Flat pieces about `size` px wide, each lit by its slope, with sharp ridges between them."""
    height, width = shape
    count = max(4, round(height * width / size**2))
    seeds = np.full(shape, 255, np.uint8)
    y, x = rng.integers(0, height, count), rng.integers(0, width, count)
    seeds[y, x] = 0
    far, label = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5,
                                                 labelType=cv2.DIST_LABEL_PIXEL)  # fmt: skip
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    names = int(label.max()) + 1
    level, across, down = rng.normal(0, [[0.7], [0.8], [0.8]], (3, names)).astype(np.float32)
    middle = np.zeros((2, names), np.float32)
    middle[:, label[y, x]] = y, x
    tilt = across[label] * (columns - middle[1][label]) + down[label] * (rows - middle[0][label])
    lit = np.asarray(
        cv2.GaussianBlur(level[label] + tilt / np.float32(size), (0, 0), 1.5), np.float32
    )
    ridge = np.asarray(cv2.Laplacian(cv2.GaussianBlur(far, (0, 0), 1.2), cv2.CV_32F), np.float32)
    return lit + np.float32(2.5) * np.clip(-ridge, -0.2, 0.8)


def _fields(paper: Light, canvas: Canvas, hand: Hand, rng: Generator) -> None:
    """Fields of a form as they are not in training: dashed, combs, tinted, rounded; or none."""
    draw = (_dashed, _comb, _tinted, _rounded, None)[int(rng.integers(5))]
    if draw is not None:
        left, wide = rng.uniform(0.25, 0.8), max(1, round(rng.uniform(0.5, 0.4 * hand.pen + 1)))
        for x0, y0, x1, y1 in canvas.cells:
            draw(paper[max(0, y0) : y1, max(0, x0) : x1], left, wide)


def _dashed(cell: Light, left: float, wide: int) -> None:
    height, width = cell.shape
    dash = max(4.0, 0.08 * max(height, width))
    lines: list[tuple[Point, Point]] = []
    for at in np.arange(1, width, dash).tolist():
        end = min(at + 0.55 * dash, width)
        lines += [((at, y), (end, y)) for y in (1.0, height - 2.0)]
    for at in np.arange(1, height, dash).tolist():
        end = min(at + 0.55 * dash, height)
        lines += [((x, at), (x, end)) for x in (1.0, width - 2.0)]
    _printed(cell, _lines(cell.shape, lines, wide), left)


def _comb(cell: Light, left: float, wide: int) -> None:
    height, width = cell.shape
    foot, tooth = float(height - 2), 0.75 * height
    lines = [((0.0, foot), (float(width), foot)), ((1.0, tooth), (1.0, foot)),
             ((width - 2.0, tooth), (width - 2.0, foot))]  # fmt: skip
    _printed(cell, _lines(cell.shape, lines, wide), left)


def _tinted(cell: Light, left: float, wide: int) -> None:
    inset = 2 * wide
    cell[inset:-inset, inset:-inset] *= np.float32(0.75 + 0.25 * left)


def _rounded(cell: Light, left: float, wide: int) -> None:
    height, width = cell.shape
    layer, r = np.zeros(cell.shape, np.uint8), round(0.2 * min(height, width))
    a, b, c, d = 2 + wide, 2 + wide, width - 3 - wide, height - 3 - wide
    for start, end in (((a + r, b), (c - r, b)), ((a + r, d), (c - r, d)),
                       ((a, b + r), (a, d - r)), ((c, b + r), (c, d - r))):  # fmt: skip
        cv2.line(layer, start, end, 255, wide, cv2.LINE_AA)
    for (x, y), angle in (((a + r, b + r), 180), ((c - r, b + r), 270), ((c - r, d - r), 0),
                          ((a + r, d - r), 90)):  # fmt: skip
        cv2.ellipse(layer, (x, y), (r, r), angle, 0, 90, 255, wide, cv2.LINE_AA)
    _printed(cell, layer, left)
