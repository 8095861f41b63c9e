"""Paper: its grain, rulings and printed matter, and what else is on it that is no character."""

import math

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from hwcli.compose.canvas import Canvas
from hwcli.compose.hand import Hand
from hwcli.fonts import drawable

Light = NDArray[np.float32]
"""float32 (H, W): share of the light that is given back."""
Point = tuple[float, float]

_SPECKED, _MOST_SPECKS, _HAIRS = 0.2, 300, 0.1
"""Share of the sheets with specks, the most of these, and the share of them that are hairs."""


def make_paper(canvas: Canvas, hand: Hand, rng: Generator) -> Light:
    """The sheet under the writing on `canvas`, with rulings or frames that fit it."""
    shape = canvas.ink.shape
    paper = np.full(shape, rng.uniform(0.72, 0.98), np.float32)
    paper *= 1 + _mottled(shape, rng, 0.03 * rng.random() ** 2)
    paper += rng.normal(0, 0.015 * rng.random() ** 2, shape).astype(np.float32)
    if canvas.cells:
        _frames(paper, canvas, hand, rng)
    elif rng.random() < 0.5:
        _rulings(paper, canvas, hand, rng)
    if rng.random() < 0.25:
        _print(paper, canvas, hand, rng)
    if rng.random() < _SPECKED:
        _specks(paper, hand, rng)
    return np.clip(paper, 0.05, 1.0, out=paper)


def _specks(paper: Light, hand: Hand, rng: Generator) -> None:
    """Dust and what a dirty scanner leaves, anywhere: round specks and a few short hairs."""
    height, width = paper.shape
    usual = rng.uniform(0.015, 0.06)
    specks = np.zeros(paper.shape, np.uint8)
    count = rng.uniform(0.05, 0.8) * paper.size / hand.height**2
    for x, y in rng.uniform(0, 1, (min(_MOST_SPECKS, 2 + int(count)), 2)) * [width, height]:
        radius = usual * hand.height * math.exp(0.35 * rng.normal())
        at = (round(8 * x), round(8 * y))
        if rng.random() < _HAIRS:
            reach = rng.normal(0, 3 * radius, 2)
            end = (round(8 * (x + reach[0])), round(8 * (y + reach[1])))
            cv2.line(specks, at, end, 255, max(1, round(radius)), cv2.LINE_AA, shift=3)
        else:
            cv2.circle(specks, at, max(4, round(8 * radius)), 255, -1, cv2.LINE_AA, shift=3)
    paper *= 1 - specks.astype(np.float32) * np.float32(rng.uniform(0.25, 0.9) / 255)


def scribble(canvas: Canvas, hand: Hand, rng: Generator) -> None:
    """What the pen did beside writing: underlines, arrows, strokes, dots, crossed-out places."""
    height, width = canvas.ink.shape
    for _ in range(rng.poisson(0.7)):
        at = rng.uniform(0, 1, 2) * [width, height]
        kind = rng.random()
        if kind < 0.35:  # a line under, or between, or through
            end = at + hand.height * np.array([rng.uniform(1.5, 9), rng.normal(0, 0.15)])
            points = np.linspace(at, end, 8) + rng.normal(0, 0.02 * hand.height, (8, 2))
        elif kind < 0.6:  # something crossed out
            points = at + np.cumsum(
                rng.normal(0, 0.55, (int(rng.integers(8, 30)), 2)) * hand.height * [1, 0.6], axis=0
            ) * [0.35, 0.3]
        elif kind < 0.8:  # a loop
            angle = np.linspace(0, rng.uniform(5, 8), 40)[:, None]
            size = rng.uniform(1.0, 4.0, 2) * hand.height
            points = at + size * np.hstack([np.cos(angle), np.sin(angle)])
        else:  # a slip of the pen
            points = at + np.cumsum(rng.normal(0, 0.08, (5, 2)), axis=0) * hand.height
        stroke = np.zeros(canvas.ink.shape, np.uint8)
        wide = max(1, round(hand.pen))
        cv2.polylines(stroke, [np.round(points * 8).astype(np.int32)], False, 255, wide,
                      cv2.LINE_AA, shift=3)  # fmt: skip
        np.maximum(canvas.ink, stroke / np.float32(255), out=canvas.ink)
        if kind < 0.6:
            canvas.ids[(stroke > 90) & (canvas.ids == 0)] = -1  # no character, though ink


def _mottled(shape: tuple[int, ...], rng: Generator, amount: float) -> Light:
    """Noise of several scales, with `amount` as its standard deviation."""
    out = np.zeros(shape, np.float32)
    for step in (3, 12, 60):
        size = (shape[1] // step + 2, shape[0] // step + 2)
        coarse = rng.normal(0, amount, size[::-1]).astype(np.float32)
        out += cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)
    return out


def _line(paper: Light, a: Point, b: Point, wide: float, left: float) -> None:
    """A printed line that leaves `left` of the light."""
    layer = np.zeros(paper.shape, np.uint8)
    points = [tuple(round(v * 8) for v in p) for p in (a, b)]
    cv2.line(layer, points[0], points[1], 255, max(1, round(wide)), cv2.LINE_AA, shift=3)
    strength = np.float32((1 - left) * min(1.0, wide))
    paper *= 1 - layer.astype(np.float32) * (strength / 255)


def _rulings(paper: Light, canvas: Canvas, hand: Hand, rng: Generator) -> None:
    height, width = paper.shape
    left, wide = rng.uniform(0.35, 0.93), rng.uniform(0.5, 0.35 * hand.pen + 1.2)
    drift = rng.normal(0, 0.003) * width
    squared = rng.random() < 0.4
    if squared or not canvas.feet or rng.random() < 0.3:
        pitch = hand.height * rng.uniform(0.5, 1.2) if squared else hand.height * rng.uniform(1, 3)
        rows = np.arange(rng.uniform(0, pitch), height, pitch)
    else:
        rows = np.asarray(canvas.feet) + rng.uniform(-0.05, 0.15) * hand.height
        pitch = 2.0 * hand.height
    for y in rows:
        _line(paper, (0, y), (width, y + drift), wide, left)
    if squared:
        for x in np.arange(rng.uniform(0, pitch), width, pitch):
            _line(paper, (x, 0), (x - drift, height), wide, left)
    elif rng.random() < 0.3:
        x = rng.uniform(0.03, 0.2) * width
        _line(paper, (x, 0), (x, height), wide, left)


def _frames(paper: Light, canvas: Canvas, hand: Hand, rng: Generator) -> None:
    """Lines around the cells, if there are any, and printed captions to them."""
    kind = rng.random()
    if kind < 0.25:
        return
    left, wide = rng.uniform(0.05, 0.85), rng.uniform(0.6, 0.5 * hand.pen + 1.5)
    inset = rng.uniform(0, 0.06) * hand.height
    for x0, y0, x1, y1 in canvas.cells:
        a, b, c, d = x0 + inset, y0 + inset, x1 - inset, y1 - inset
        if kind < 0.85:
            _line(paper, (a, b), (c, b), wide, left)
            _line(paper, (a, b), (a, d), wide, left)
            _line(paper, (c, b), (c, d), wide, left)
        _line(paper, (a, d), (c, d), wide, left)
    if rng.random() < 0.45:
        size = rng.uniform(0.22, 0.5) * hand.height
        for x0, y0, _, y1 in canvas.cells:
            char = chr(int(rng.integers(33, 126)))
            spot = (x0 + 0.1 * size, y0 - 1.1 * size if rng.random() < 0.5 else y1 + 0.1 * size)
            _caption(paper, char, spot, size, left)


def _print(paper: Light, canvas: Canvas, hand: Hand, rng: Generator) -> None:
    """A few lines of small print where nothing is written."""
    height, width = paper.shape
    size = rng.uniform(0.25, 0.55) * hand.height
    for _ in range(int(rng.integers(1, 4))):
        text = "".join(chr(int(c)) for c in rng.integers(97, 123, int(rng.integers(4, 30))))
        x, y = rng.uniform(0, 0.7) * width, rng.uniform(0, 0.95) * height
        x1, y1 = int(x + 0.62 * size * len(text)), int(y + 1.5 * size)
        if not canvas.ids[int(y) : y1, int(x) : x1].any():
            _caption(paper, text, (x, y), size, rng.uniform(0.05, 0.6))


def _caption(paper: Light, text: str, at: tuple[float, float], size: float, left: float) -> None:
    shown, file = drawable(text)
    font = ImageFont.truetype(file, max(6.0, size))
    box = font.getbbox(shown)
    layer = Image.new("L", (int(box[2]) + 2, int(box[3]) + 2), 0)
    ImageDraw.Draw(layer).text((0, 0), shown, fill=255, font=font)
    x, y = max(0, int(at[0])), max(0, int(at[1]))
    window = paper[y : y + layer.height, x : x + layer.width]
    if window.size:
        ink = np.asarray(layer, np.float32)[: window.shape[0], : window.shape[1]] / 255
        window *= 1 - ink * np.float32(1 - left)
