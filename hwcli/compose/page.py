"""A composed page: written, put on paper, photographed, and all that is on it known."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from hwcli.compose.camera import Grey
from hwcli.compose.canvas import Canvas, Placed, blank
from hwcli.compose.hand import Hand, hand_of, random_hand
from hwcli.compose.paper import scribble
from hwcli.compose.penman import random_penman
from hwcli.compose.scene import ORDINARY, Scene
from hwcli.compose.stock import Stock
from hwcli.compose.writing import LAYOUTS

_HEIGHTS = (16.0, 60.0)
"""Of capitals, px."""
_ONE_PERSON, _ONE_PERSON_JOINED = 0.35, 0.7
"""Share of the pages that one person wrote, where it is known who wrote what; of joined-up ones."""
_PENNED = 0.6
"""Share of the pages of joined-up words that are written with a pen, not put together."""
_LATIN = 0.55
"""Share of the pages in Latin letters, digits and signs."""


@dataclass(frozen=True, slots=True, eq=False)
class Composed:
    """A page whose writing is known."""

    grey: Grey
    """uint8 (H, W): the photo."""
    ids: NDArray[np.int32]
    """(H, W): number of the glyph a pixel belongs to, from 1; 0 none, −1 ink that is none."""
    glyphs: tuple[Placed, ...]
    """The glyph of number i at i − 1."""
    height: float
    """Of a capital, px."""
    layout: str
    joined: bool
    """Whether letters within words are linked."""


def compose(
    stock: Stock, rng: Generator, *, longest: int = 1100, scene: Scene = ORDINARY
) -> Composed:
    """A page at random, drawn from `rng` alone; no side of its sheet longer than `longest`, px."""
    height = float(np.exp(rng.uniform(*np.log(_HEIGHTS))))
    hand = random_hand(rng, height)
    names = list(LAYOUTS)
    shares = np.array([LAYOUTS[name][0] for name in names])
    layout = names[rng.choice(len(names), p=shares / shares.sum())]
    canvas = blank(*_size(layout, height, longest, rng))
    script = _script(stock, rng)
    people = stock.people[script]
    if people and rng.random() < (_ONE_PERSON_JOINED if hand.joined else _ONE_PERSON):
        hand = hand_of(people[rng.integers(len(people))], hand, rng)
    if hand.joined and script == "Latn" and rng.random() < _PENNED:
        hand = replace(hand, penman=random_penman(stock.split, rng))
    LAYOUTS[layout][1](canvas, stock, script, hand, rng)
    scribble(canvas, hand, rng)
    ink = _penned(canvas, hand, rng)
    paper = scene.paper(canvas, hand, rng)
    contrast = np.float32(rng.uniform(0.35, 0.95))
    shot = scene.photograph(paper * (1 - contrast * ink), canvas.ids, rng)
    return Composed(shot.grey, shot.ids, tuple(canvas.glyphs), height, layout, hand.joined > 0)


def _size(layout: str, height: float, longest: int, rng: Generator) -> tuple[int, int]:
    if layout == "word":
        return round(height * rng.uniform(2.2, 5)), round(min(longest, height * rng.uniform(7, 14)))
    if layout == "equations":
        tall = height * (rng.uniform(2.4, 5) if rng.random() < 0.6 else rng.uniform(5, 16))
        return round(min(longest, tall)), round(min(longest, height * rng.uniform(9, 26)))
    tall, wide = (min(longest, height * rng.uniform(8, 28)) for _ in range(2))
    return round(tall), round(wide)


def _script(stock: Stock, rng: Generator) -> str:
    others = [script for script in stock.scripts if script != "Latn"]
    if "Latn" in stock.scripts and (rng.random() < _LATIN or not others):
        return "Latn"
    weights = np.array([len(stock.scripts[s]) ** 0.5 for s in others])
    return others[rng.choice(len(others), p=weights / weights.sum())]


def _penned(canvas: Canvas, hand: Hand, rng: Generator) -> NDArray[np.float32]:
    """The ink as the pen left it: soft at its edge, uneven, grainy."""
    ink = canvas.ink
    if hand.soft > 0.35:
        ink = np.asarray(cv2.GaussianBlur(ink, (0, 0), hand.soft), np.float32)
    shape = ink.shape
    if hand.grain:
        grain = rng.random(shape, np.float32)
        grain = np.asarray(cv2.GaussianBlur(grain, (0, 0), 0.8), np.float32)
        ink = ink * (1 - np.float32(hand.grain) * np.clip((grain - 0.42) * 6, 0, 1))
    step = max(4, round(hand.height))
    coarse = 1 - np.abs(rng.normal(0, 0.12, (shape[0] // step + 2, shape[1] // step + 2)))
    uneven = cv2.resize(coarse.astype(np.float32), shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(ink * uneven, 0, 1), np.float32)
