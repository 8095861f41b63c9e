"""A hand: how tall, how slanted and with which pen somebody writes."""

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from hwcli.characters import SIGNS
from hwcli.compose.penman import Penman
from hwcli.compose.stock import Person, Stock
from hwcli.glyph import stroke_width

Ink = NDArray[np.float32]
"""float32 (H, W): 0 paper, 1 full ink."""

_ASCENDING, _DESCENDING, _SMALL = "bdfhklt", "gjpqy", "aceimnorsuvwxz"
_MERGED = "CIJKLMOPSUVWXYZ"
"""Capitals that may stand for their small letters too, as their shapes are the same."""
_MOST_WIDE = {"-": 0.55, "=": 0.6, "÷": 0.6, ".": 0.14, ",": 0.22, "'": 0.16, '"': 0.34}
_JOINED = 0.35
"""Share of the hands that join letters."""
_INITIALS = 0.25
"""Share of the words that begin with a capital, if they can."""
_BELOW = 0.25
"""Share of the f and z that go on below the line, with a loop or a tail, as schools teach them."""


@dataclass(frozen=True, slots=True)
class Hand:
    """How somebody writes."""

    height: float
    """Of a capital, px."""
    pen: float
    """Width of a stroke, px."""
    slant: float
    """Shear to the right, px a px."""
    gap: float
    """Between characters, in heights; negative where they touch."""
    wobble: float
    """How uneven sizes and places are, as a share of the height."""
    spread: float
    """How uneven the gaps are, in heights."""
    joined: float
    """Share of neighbours within a word that a stroke links."""
    grain: float
    """How much of the ink is missing, as with a pencil, in [0, 1]."""
    soft: float
    """Blur of the ink's edge, px."""
    person: Person | None = None
    """Whose glyphs they are; None for anybody's."""
    penman: Penman | None = None
    """Who writes its words letter into letter; None where glyphs are put side by side."""


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """A glyph as it stands on the line."""

    ink: Ink
    rise: float
    """Height of its foot above the line, px; below 0 where it hangs."""


def random_hand(rng: Generator, height: float) -> Hand:
    """Somebody's hand, writing capitals of `height` px."""
    pen = height * math.exp(rng.uniform(math.log(0.045), math.log(0.16)))
    kind = rng.random()
    gap = rng.uniform(0.1, 0.45) if kind < 0.6 else rng.uniform(-0.08, 0.1)
    return Hand(
        height=height,
        pen=max(1.1, pen),
        slant=rng.normal(0.03, 0.12),
        gap=gap,
        wobble=rng.uniform(0.02, 0.12),
        spread=rng.uniform(0.02, 0.15),
        joined=rng.uniform(0.3, 1.0) if rng.random() < _JOINED else 0.0,
        grain=rng.uniform(0.1, 0.6) if rng.random() < 0.35 else 0.0,
        soft=rng.uniform(0.3, 0.9),
    )


def hand_of(person: Person, hand: Hand, rng: Generator) -> Hand:
    """`hand` with the glyphs of `person`; where it joins them, they touch."""
    gap = rng.uniform(-0.06, 0.03) if hand.joined else hand.gap
    return replace(hand, person=person, gap=gap)


def as_written(text: list[str], stock: Stock, rng: Generator) -> list[str]:
    """`text` with small letters for capitals that stand for both, unless it is all in capitals.

    The first may be a capital for that.
    """
    small = [c.lower() if c in _MERGED and c.lower() not in stock.rows else c for c in text]
    if not any(c.islower() for c in text) and (small == text or rng.random() < 0.5):
        return text
    if rng.random() < _INITIALS:
        small[0] = text[0]
    return small


def write_glyph(stock: Stock, char: str, hand: Hand, rng: Generator) -> Written:
    """A glyph of `char` out of `stock` as `hand` writes it."""
    tall, rise = _stature(char, rng)
    image = stock.draw(char, rng, hand.person)
    x, y, w, h = cv2.boundingRect((image > 89).view(np.uint8))
    crop = image[y : y + h, x : x + w] if w and h else image
    height = tall * hand.height * (1 + hand.wobble * rng.normal())
    scale = height / crop.shape[0]
    most = _MOST_WIDE.get(char, 1.35) * hand.height
    if char in _MOST_WIDE or crop.shape[1] * scale > most:
        scale = min(scale, most / crop.shape[1]) if char not in "-=" else most / crop.shape[1]
    scale *= 1 + 0.5 * hand.wobble * rng.normal()
    scale = max(scale, 3 / max(crop.shape))
    ink = _drawn(crop, scale, hand, rng)
    foot = rise * hand.height if char not in SIGNS else rise * hand.height - ink.shape[0] / 2
    return Written(ink, foot + hand.wobble * hand.height * 0.6 * rng.normal())


def _stature(char: str, rng: Generator) -> tuple[float, float]:
    """Height, and how far above the line it begins (its middle, for signs), in heights."""
    if char in SIGNS:
        tall, middle = SIGNS[char]
        return tall * rng.uniform(0.8, 1.25), middle
    if char in "fZ" and rng.random() < _BELOW:
        return rng.uniform(0.95, 1.15) if char == "Z" else rng.uniform(1.25, 1.5), -0.4
    if char in _DESCENDING:
        return rng.uniform(0.85, 1.15), -0.35
    if char in _SMALL:
        return rng.uniform(0.5, 0.75), 0.0
    if char in _ASCENDING:
        return rng.uniform(0.85, 1.1), 0.0
    if char in _MERGED and rng.random() < 0.4:
        small = char.lower()
        return rng.uniform(0.5, 0.75) + 0.3 * (small in "pyj"), -0.3 * (small in "pyj")
    return 1.0, 0.0


def _drawn(crop: NDArray[np.uint8], scale: float, hand: Hand, rng: Generator) -> Ink:
    """`crop` at `scale`, slanted, with strokes of the pen's width."""
    fine = 2.0  # drawn twice as large: a thin stroke keeps its shape
    margin = math.ceil(fine * (hand.pen + 2))
    stretch = 1 + 0.1 * rng.normal()
    turn = math.radians(rng.normal(0, 3))
    shear = hand.slant + 0.04 * rng.normal()
    k = fine * scale
    linear = np.array([[k * stretch, -shear * k], [0, k]]) @ np.array(
        [[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]]
    )
    h, w = crop.shape
    corners = linear @ np.array([[0, w, 0, w], [0, 0, h, h]], float)
    low, high = corners.min(axis=1), corners.max(axis=1)
    size = np.ceil(high - low).astype(int) + 2 * margin
    matrix = np.hstack([linear, (margin - low)[:, None]])
    large = cv2.warpAffine(crop, matrix, tuple(int(v) for v in size), flags=cv2.INTER_CUBIC)
    mask = (large > 110).view(np.uint8)
    if not mask.any():
        return np.ones((2, 2), np.float32)
    inside = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    outside = cv2.distanceTransform(1 - mask, cv2.DIST_L2, 3)
    ridge = inside >= cv2.dilate(inside, np.ones((3, 3), np.uint8)) - 0.6
    ridge &= inside > 0.5
    usual = max(2.0, stroke_width(mask * np.uint8(255)))
    ridge &= inside > 0.25 * usual
    wanted = fine * hand.pen * (1 + 0.08 * rng.normal())
    change = np.clip((wanted - usual) / 2, -0.42 * usual, 0.2 * fine * hand.height)
    signed = inside - outside + np.float32(change)
    if change < 0:  # what a thinner pen would break is held together along its middle
        middle = cv2.distanceTransform(1 - ridge.view(np.uint8), cv2.DIST_L2, 3)
        signed = np.maximum(signed, np.float32(max(0.8, wanted / 2 - 1)) - middle)
    ink = np.clip(signed / fine + 0.5, 0, 1).astype(np.float32)
    small = (max(2, ink.shape[1] // 2), max(2, ink.shape[0] // 2))
    ink = np.asarray(cv2.resize(ink, small, interpolation=cv2.INTER_AREA), np.float32)
    x, y, w, h = cv2.boundingRect((ink > 0.3).view(np.uint8))
    return ink[y : y + h, x : x + w] if w and h else ink
