"""How pages are laid out: lines of words, equations, one word, cells, loose rows of characters."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from hwcli.compose.canvas import Canvas, Placed
from hwcli.compose.hand import Hand, as_written, write_glyph
from hwcli.compose.joined import can_write, write_joined
from hwcli.compose.stock import Stock
from hwcli.compose.texts import in_a_sentence, random_expression, random_word

Layout = Callable[[Canvas, Stock, str, Hand, Generator], None]

_TOUCHING = 0.3
"""Share of the raised characters that the next one touches, or nearly."""
_MOST_GLYPHS = 220
"""On a page."""


def write_lines(canvas: Canvas, stock: Stock, script: str, hand: Hand, rng: Generator) -> None:
    """Lines of words from top to bottom."""
    height, width = canvas.ink.shape
    pitch = hand.height * rng.uniform(1.5, 2.8)
    left = rng.uniform(0.02, 0.15) * width
    foot = rng.uniform(1.3, 2.5) * hand.height
    slope = rng.normal(0, 0.01)
    number = 0
    while foot < height - 0.4 * hand.height and len(canvas.glyphs) < _MOST_GLYPHS:
        canvas.feet.append(foot)
        x, word = left + rng.normal(0, 0.3) * hand.height, 0
        end = width * rng.uniform(0.5, 1.0)
        while x < end:
            text = random_word(stock, script, rng, joined=hand.joined > 0)
            if script == "Latn":
                text = in_a_sentence(text, stock, rng)
            x = _write(canvas, stock, script, text, hand, rng, x, foot + slope * x, number, word)
            x += hand.height * rng.uniform(0.5, 1.3)
            word += 1
        foot += pitch * (1 + 0.05 * rng.normal())
        number += 1


def write_equations(canvas: Canvas, stock: Stock, script: str, hand: Hand, rng: Generator) -> None:
    """An equation a line."""
    script = "Latn" if "Latn" in stock.scripts else script
    height, width = canvas.ink.shape
    foot = rng.uniform(1.3, 2.5) * hand.height
    number = 0
    while foot < height - 0.4 * hand.height:
        canvas.feet.append(foot)
        text = random_expression(stock, rng)
        x = rng.uniform(0.02, 0.2) * width
        _write(canvas, stock, script, text, hand, rng, x, foot, number, 0)
        foot += hand.height * rng.uniform(1.7, 3.2)
        number += 1


def write_word(canvas: Canvas, stock: Stock, script: str, hand: Hand, rng: Generator) -> None:
    """One word, somewhere."""
    height, width = canvas.ink.shape
    foot = float(np.clip(rng.uniform(0.3, 0.9) * height, 1.2 * hand.height, height - 4))
    text = random_word(stock, script, rng, 12, joined=hand.joined > 0)
    _write(canvas, stock, script, text, hand, rng, rng.uniform(0.03, 0.25) * width, foot, 0, 0)
    canvas.feet.append(foot)


def write_cells(canvas: Canvas, stock: Stock, script: str, hand: Hand, rng: Generator) -> None:
    """A character in each cell of a grid or of loose fields."""
    height, width = canvas.ink.shape
    tall = hand.height * rng.uniform(1.35, 3.2)
    wide = tall * rng.uniform(0.75, 1.4)
    between = 0.0 if rng.random() < 0.6 else rng.uniform(0.1, 0.8) * tall
    top, left = rng.uniform(0.3, 1.5, 2) * hand.height
    rows = int((height - top - 0.3 * hand.height) / (tall + between))
    columns = int((width - left - 0.3 * hand.height) / (wide + between))
    rows, columns = min(rows, int(rng.integers(1, 16))), min(columns, int(rng.integers(1, 21)))
    filled = rng.uniform(0.5, 1.0)
    for row in range(rows):
        for column in range(columns):
            x, y = left + column * (wide + between), top + row * (tall + between)
            canvas.cells.append((int(x), int(y), int(x + wide), int(y + tall)))
            if rng.random() < filled and len(canvas.glyphs) < _MOST_GLYPHS:
                char = random_word(stock, script, rng, 1)[0]
                written = write_glyph(stock, char, hand, rng)
                h, w = written.ink.shape
                x += (wide - w) / 2 + 0.12 * (wide - w) * rng.normal()
                foot = y + (tall + h) / 2 + 0.12 * (tall - h) * rng.normal() + written.rise
                canvas.put(written, x, foot, Placed(char, script, row, column))


def write_loose(canvas: Canvas, stock: Stock, script: str, hand: Hand, rng: Generator) -> None:
    """Rows of single characters with room around them; now and then all are the same."""
    height, width = canvas.ink.shape
    pitch, apart = hand.height * rng.uniform(1.5, 3.5), hand.height * rng.uniform(1.2, 3.5)
    same = random_word(stock, script, rng, 1) if rng.random() < 0.3 else None
    number, foot = 0, rng.uniform(1.2, 2) * hand.height
    while foot < height - 0.4 * hand.height and len(canvas.glyphs) < _MOST_GLYPHS:
        canvas.feet.append(foot)
        x, word = rng.uniform(0.2, 1.5) * hand.height, 0
        while x < width - hand.height:
            (char,) = same or random_word(stock, script, rng, 1)
            written = write_glyph(stock, char, hand, rng)
            at = foot + 0.12 * hand.height * rng.normal()
            canvas.put(written, x, at, Placed(char, script, number, word))
            x += apart * (1 + 0.15 * rng.normal())
            word += 1
        foot += pitch
        number += 1


def _write(
    canvas: Canvas,
    stock: Stock,
    script: str,
    text: list[str],
    hand: Hand,
    rng: Generator,
    x: float,
    foot: float,
    line: int,
    word: int,
) -> float:
    """Write `text` from `x` on; return where it ends. After `^` the next is raised and smaller."""
    if hand.penman is not None:
        letters = [n for n, char in enumerate(text) if can_write(char)]
        if len(letters) > 1 and letters[-1] - letters[0] == len(letters) - 1:
            parts = text[: letters[0]], text[letters[0] : letters[-1] + 1], text[letters[-1] + 1 :]
            alone = replace(hand, penman=None)
            x = _write(canvas, stock, script, parts[0], alone, rng, x, foot, line, word)
            placed = [Placed(char, script, line, word) for char in parts[1]]
            x = write_joined(canvas, as_written(parts[1], stock, rng), hand, rng, (x, foot), placed)
            x += hand.height * (abs(hand.gap) + 0.05)
            return _write(canvas, stock, script, parts[2], alone, rng, x, foot, line, word)
    raised, before = False, 0
    for char in text:
        if char == "^":
            raised = True
            continue
        own = _raised(hand) if raised else hand
        written = write_glyph(stock, char, own, rng)
        up = 0.65 * hand.height if raised else 0.0
        count = len(canvas.glyphs)
        box = canvas.put(written, x, foot - up, Placed(char, script, line, word))
        if len(canvas.glyphs) > count:
            joins = char.isalnum()
            if before and joins and hand.joined and rng.random() < hand.joined:
                canvas.link(before, len(canvas.glyphs), hand)
            before = len(canvas.glyphs) if joins else 0
        x = box[0] + written.ink.shape[1] + hand.height * (hand.gap + hand.spread * rng.normal())
        if raised and rng.random() < _TOUCHING:
            x = box[0] + written.ink.shape[1] + hand.height * rng.uniform(-0.12, 0.04)
        raised = False
    return x


def _raised(hand: Hand) -> Hand:
    return replace(hand, height=0.6 * hand.height, joined=0.0)


LAYOUTS: Mapping[str, tuple[float, Layout]] = {
    "lines": (0.34, write_lines),
    "equations": (0.16, write_equations),
    "word": (0.12, write_word),
    "cells": (0.24, write_cells),
    "loose": (0.14, write_loose),
}
"""Share of the pages, and what lays them out."""
