"""The sheet that is written on: ink, and which glyph each pixel of it belongs to."""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from hwcli.compose.hand import Hand, Ink, Written

Box = tuple[int, int, int, int]
"""x0, y0, x1, y1, half-open, px."""

_INK = 0.35
"""Ink from which a pixel belongs to its glyph."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A glyph on the sheet."""

    char: str
    script: str
    line: int
    word: int


@dataclass(slots=True, eq=False)
class Canvas:
    """A sheet."""

    ink: Ink
    """float32 (H, W): 0 paper, 1 full ink."""
    ids: NDArray[np.int32]
    """(H, W): number of the glyph that a pixel belongs to, from 1; 0 for none."""
    glyphs: list[Placed] = field(default_factory=list)
    feet: list[float] = field(default_factory=list)
    """y of the lines of writing, px."""
    cells: list[Box] = field(default_factory=list)
    """Boxes that take a character each."""

    def put(self, written: Written, x: float, foot: float, glyph: Placed) -> Box:
        """Write a glyph with its left edge at `x` and its line at `foot`; return its box, px.

        What does not fit on the sheet is not written: the box is empty.
        """
        h, w = written.ink.shape
        x0, y0 = round(x), round(foot - written.rise) - h
        if x0 < 1 or y0 < 1 or x0 + w >= self.ink.shape[1] - 1 or y0 + h >= self.ink.shape[0] - 1:
            return (x0, y0, x0, y0)
        window = np.s_[y0 : y0 + h, x0 : x0 + w]
        self.glyphs.append(glyph)
        stronger = (written.ink > _INK) & (written.ink >= self.ink[window])
        self.ids[window][stronger] = len(self.glyphs)
        np.maximum(self.ink[window], written.ink, out=self.ink[window])
        return (x0, y0, x0 + w, y0 + h)

    def link(self, first: int, second: int, hand: Hand) -> None:
        """Draw the stroke that links two glyphs; each owns half of it."""
        a, b = (np.argwhere(self.ids == number) for number in (first, second))
        if not len(a) or not len(b):
            return
        start = a[np.argmax(a[:, 1] + 0.35 * a[:, 0])]  # low and right, where a letter ends
        end = b[np.argmin(b[:, 1] - 0.1 * b[:, 0])]
        if np.abs(start - end).max() > 1.2 * hand.height:
            return
        middle = (start + end) / 2 + [0.12 * hand.height * (0.5 if start[0] > end[0] else 0.2), 0]
        at = np.linspace(0, 1, 12)[:, None]
        curve = (1 - at) ** 2 * start + 2 * at * (1 - at) * middle + at**2 * end
        points = np.round(curve[:, ::-1] * 8).astype(np.int32)
        wide = max(1, round(hand.pen * 0.85))
        for number, part in ((first, points[:7]), (second, points[6:])):
            stroke = np.zeros(self.ink.shape, np.uint8)
            cv2.polylines(stroke, [part], False, 255, wide, cv2.LINE_AA, shift=3)
            new = (stroke > 90) & (self.ids == 0)
            self.ids[new] = number
            np.maximum(self.ink, stroke / np.float32(255), out=self.ink)


def blank(height: int, width: int) -> Canvas:
    """An empty sheet."""
    return Canvas(np.zeros((height, width), np.float32), np.zeros((height, width), np.int32))
