"""How somebody writes a letterform: a synthetic hand, and what its pen leaves of the strokes.

A form is ideal points; people write it slanted, wider or narrower, rounder, with loops of their
size, and never twice alike. What is a hand's own is drawn from its number alone, what is a glyph's
own from the hand's number and the form, so that another form in the catalogue changes no glyph.
"""

import math
import zlib
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from hwcli.glyph import Image

Points = NDArray[np.float64]
"""(n, 2): x to the right, y up from the line; a capital is 100 high."""

X_HEIGHT = 55.0
"""Of a small letter in the catalogue, where a capital is 100 high."""
_SCALE = 2.0
"""Px a unit."""
_STEP = 2.0
"""Units between points of a curve."""
_WAVE = 150.0
"""Units of the longer wave by which a hand bends its glyphs."""
_SHIFT = 4
"""Bits of a pixel's fraction, for OpenCV."""


@dataclass(frozen=True, slots=True, eq=False)
class Stroke:
    """What is written without lifting the pen."""

    points: Points
    """A single one is a dot."""
    corners: tuple[int, ...]
    """Numbers of the points, but for the first and last, where the curve is broken."""


@dataclass(frozen=True, slots=True)
class Hand:
    """What is somebody's own in all that they write; lengths in units of the catalogue."""

    number: int
    slant: float
    """Shear to the right."""
    aspect: float
    """Width against height, 1 as in the catalogue."""
    x_height: float
    """Height of small letters, 1 as in the catalogue."""
    ascent: float
    """How far strokes go above small letters, 1 as in the catalogue."""
    descent: float
    """How far they go below the line, 1 as in the catalogue."""
    round: float
    """How far corners and loops are rounded off."""
    pen: float
    """Width of a stroke."""
    pressure: float
    """How unevenly wide strokes are, as a share."""
    taper: float
    """How much thinner their ends are, as a share."""
    reach: float
    """How far ends go on; below 0 they stop short."""
    bent: tuple[float, ...]
    """Two waves each way that all of its glyphs are bent by: height, and place in turns."""
    wobble: float
    """How unevenly it writes one glyph and another."""
    tremor: float
    """How unsteady the pen is."""


def hand_of(number: int) -> Hand:
    """The hand of that number, always the same."""
    rng = np.random.default_rng([20, number])
    return Hand(
        number=number,
        slant=float(rng.normal(0.1, 0.17)),
        aspect=math.exp(rng.normal(0.0, 0.17)),
        x_height=math.exp(rng.normal(0.0, 0.13)),
        ascent=math.exp(rng.normal(-0.05, 0.2)),
        descent=math.exp(rng.normal(-0.05, 0.25)),
        round=float(rng.uniform(0.5, 5.5)),
        pen=math.exp(rng.uniform(math.log(4.5), math.log(11.5))),
        pressure=float(rng.uniform(0.0, 0.2)),
        taper=float(rng.uniform(0.0, 0.6)),
        reach=float(rng.normal(0.0, 3.0)),
        bent=tuple(float(v) for v in rng.normal(0, 1.6, 4)) + tuple(rng.random(4).tolist()),
        wobble=math.exp(rng.normal(0.0, 0.35)),
        tremor=float(max(0.0, rng.normal(-0.1, 0.4))),
    )


def write(char: str, name: str, strokes: tuple[Stroke, ...], hand: Hand) -> Image:
    """A form as `hand` writes it: ink, uint8 (H, W), 255 full ink on 0.

    Args:
        char: what is written; small letters get the proportions of the hand's small letters.
        name: of the form.
        strokes: of the form.
        hand: whose.
    """
    rng = np.random.default_rng([21, hand.number, zlib.crc32(f"{char} {name}".encode())])
    return _inked(pen_lines(char, strokes, hand, rng), hand, rng)


def pen_lines(char: str, strokes: tuple[Stroke, ...], hand: Hand, rng: Generator) -> list[Points]:
    """The ways of the pen as `hand` writes a form, one of each stroke, `_STEP` apart.

    Args:
        char: what is written; small letters get the proportions of the hand's small letters.
        strokes: of the form.
        hand: whose.
        rng: for what no two glyphs have alike.
    """
    matrix = _matrix(hand, rng)
    bent = hand.wobble * rng.normal(0, 1.3, 4), rng.random(4)
    lines = []
    for stroke in strokes:
        line = _line(stroke, hand, rng) if len(stroke.points) > 1 else _dot(stroke, rng)
        line = _proportioned(line, hand, char.islower())
        line = _bent(line, np.array(hand.bent[:4]), np.array(hand.bent[4:]))
        line = _bent(line, *bent) + hand.wobble * rng.normal(0, 1.2, 2)
        lines.append(line @ matrix.T)
    return lines


def _matrix(hand: Hand, rng: Generator) -> NDArray[np.float64]:
    """(2, 2): the slant, width and turn of one glyph."""
    turn = math.radians(rng.normal(0, 2.5 * hand.wobble))
    shear = hand.slant + 0.05 * hand.wobble * rng.normal()
    wide = hand.aspect * math.exp(0.06 * hand.wobble * rng.normal())
    turned = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    return np.asarray(turned @ np.array([[wide, shear], [0, 1.0]]), np.float64)


def _line(stroke: Stroke, hand: Hand, rng: Generator) -> Points:
    """The way of the pen, `_STEP` apart."""
    shaken = stroke.points + hand.wobble * rng.normal(0, 1.5, stroke.points.shape)
    bounds = [0, *stroke.corners, len(shaken) - 1]
    runs = []
    for first, last in pairwise(bounds):
        closed = bool((stroke.points[first] == stroke.points[last]).all())
        runs.append(_curve(shaken[first : last + 1], closed))
    line = _rounded(_resampled(np.vstack(runs)), hand.round)
    line = _ended(line, hand.reach + rng.normal(0, 1.5 * hand.wobble))
    line = _ended(line[::-1], hand.reach + rng.normal(0, 1.5 * hand.wobble))[::-1]
    if hand.tremor:
        line = line + hand.tremor * _smooth_noise(len(line), 2, rng)
    return line


def _dot(stroke: Stroke, rng: Generator) -> Points:
    """A dot is a very short stroke."""
    turn, length = rng.uniform(0, math.tau), abs(rng.normal(0, 3.0)) + 0.5
    half = length / 2 * np.array([math.cos(turn), math.sin(turn)])
    return np.asarray(stroke.points + np.array([-half, half]), np.float64)


def _curve(points: Points, closed: bool) -> Points:
    """The centripetal Catmull-Rom spline through `points` (Yuksel et al. 2011).

    A closed one is as smooth where it begins and ends as anywhere.
    """
    if len(points) < 3:
        return points
    before = points[-2] if closed else 2 * points[0] - points[1]
    after = points[1] if closed else 2 * points[-1] - points[-2]
    every = np.vstack([before, points, after])
    knots = np.concatenate([[0], np.cumsum(np.sqrt(_lengths(every)) + 1e-6)])
    pieces = []
    for i in range(1, len(every) - 2):
        t0, t1, t2, t3 = knots[i - 1 : i + 3]
        p0, p1, p2, p3 = every[i - 1 : i + 3]
        t = np.linspace(t1, t2, 12)[:, None]
        a1 = ((t1 - t) * p0 + (t - t0) * p1) / (t1 - t0)
        a2 = ((t2 - t) * p1 + (t - t1) * p2) / (t2 - t1)
        a3 = ((t3 - t) * p2 + (t - t2) * p3) / (t3 - t2)
        b1 = ((t2 - t) * a1 + (t - t0) * a2) / (t2 - t0)
        b2 = ((t3 - t) * a2 + (t - t1) * a3) / (t3 - t1)
        pieces.append(((t2 - t) * b1 + (t - t1) * b2) / (t2 - t1))
    return np.vstack(pieces)


def _lengths(points: Points) -> NDArray[np.float64]:
    return np.asarray(np.hypot(*np.diff(points, axis=0).T), np.float64)


def _resampled(points: Points) -> Points:
    """`points` along their line, `_STEP` apart."""
    at = np.concatenate([[0], np.cumsum(_lengths(points))])
    to = np.linspace(0, at[-1], max(2, math.ceil(at[-1] / _STEP) + 1))
    return np.column_stack([np.interp(to, at, points[:, k]) for k in (0, 1)])


def _rounded(line: Points, far: float) -> Points:
    """`line` with its corners rounded off over `far` units; its ends stay where they are."""
    sigma = min(far / _STEP, len(line) / 12)
    reach = int(3 * sigma)
    if reach < 1:
        return line
    weight = np.exp(-((np.arange(-reach, reach + 1) / sigma) ** 2) / 2)
    first = 2 * line[0] - line[reach:0:-1]
    last = 2 * line[-1] - line[-2 : -reach - 2 : -1]
    padded = np.vstack([first, line, last])
    return np.column_stack(
        [np.convolve(padded[:, k], weight / weight.sum(), "valid") for k in (0, 1)]
    )


def _ended(line: Points, further: float) -> Points:
    """`line` whose end goes `further` units on, or stops short by an eighth at most."""
    if further < 0:
        cut = min(round(-further / _STEP), len(line) // 8)
        return line[: len(line) - cut]
    before = line[-min(4, len(line))]
    length = math.hypot(*(line[-1] - before))
    on = line[-1] + (line[-1] - before) * (further / max(length, 1e-6))
    return np.vstack([line, on])


def _proportioned(line: Points, hand: Hand, small: bool) -> Points:
    """`line` with the hand's heights of small letters, and of what goes below the line."""
    x, y = line.T
    middle = np.clip(y, 0, X_HEIGHT) * (hand.x_height if small else 1.0)
    above = np.maximum(y - X_HEIGHT, 0) * (hand.ascent if small else 1.0)
    return np.column_stack([x, middle + above + np.minimum(y, 0) * hand.descent])


def _bent(line: Points, high: NDArray[np.float64], at: NDArray[np.float64]) -> Points:
    """`line` moved by two waves each way, longer than a glyph is high and half as long."""
    turns = line[:, ::-1] / _WAVE * math.tau
    high = high * [1, 0.45, 1, 0.45]
    waves = np.sin(turns[:, :, None] * [1, 2] + math.tau * at.reshape(2, 2))
    return np.asarray(line + (waves * high.reshape(2, 2)).sum(axis=2), np.float64)


def _smooth_noise(count: int, columns: int, rng: Generator) -> NDArray[np.float64]:
    """(count, columns) of variance about 1 that changes over some units."""
    weight = np.hanning(9)
    weight /= np.sqrt((weight**2).sum())
    rough = rng.normal(size=(count + len(weight) - 1, columns))
    return np.column_stack([np.convolve(c, weight, "valid") for c in rough.T])


def _inked(lines: list[Points], hand: Hand, rng: Generator) -> Image:
    """What the pen leaves along `lines`."""
    every = np.vstack(lines)
    margin = 1.5 * hand.pen + 2
    low, high = every.min(axis=0) - margin, every.max(axis=0) + margin
    wide, tall = np.ceil((high - low) * _SCALE).astype(int).tolist()
    ink = np.zeros((tall, wide), np.uint8)
    for line in lines:
        along = np.concatenate([[0], np.cumsum(_lengths(line))])
        to_end = np.minimum(along, along[-1] - along)
        width = 1 + hand.pressure * _smooth_noise(len(line), 1, rng)[:, 0]
        if along[-1] > 4 * hand.pen:  # a dot has no thin ends
            width = width * (1 - hand.taper * np.exp(-to_end / 7))
        px = np.clip(np.round(hand.pen * _SCALE * width), 2, 3 * hand.pen * _SCALE).astype(int)
        at = np.column_stack([line[:, 0] - low[0], high[1] - line[:, 1]]) * _SCALE
        fixed = np.round(at * (1 << _SHIFT)).astype(int)
        for (a, b), thick in zip(pairwise(fixed.tolist()), px[1:].tolist(), strict=True):
            cv2.line(ink, a, b, 255, thick, cv2.LINE_AA, _SHIFT)
    return ink
