"""Joined-up writing as a pen makes it: whole words in a line of strokes that run into each other.

Glyphs out of datasets stood alone when they were written, or were cut out. What joins letters, how
high the pen leaves one and where it enters the next, is in the catalogue of letterforms that comes
with the package.
"""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from hwcli.compose.canvas import Canvas, Placed
from hwcli.compose.hand import Hand, Written
from hwcli.compose.penman import HIGH, LEFT, Penman, catalogue, form_of, way_out
from hwcli.readers.strokes_hand import Points, pen_lines

_CAPITAL = 100.0
"""Height of a capital in the catalogue."""
_TAIL = 12
"""Percent of a letter's points that stand out to each side: the next may go over these."""
_FINE = 3
"""Letters are drawn so many times as large."""


def can_write(char: str) -> bool:
    """Whether the catalogue has it, and it is a letter."""
    return char in catalogue()


def write_joined(
    canvas: Canvas,
    text: Sequence[str],
    hand: Hand,
    rng: Generator,
    at: tuple[float, float],
    placed: Sequence[Placed],
) -> float:
    """Write `text` with its line at `at`, x and y in px; return where it ends.

    Args:
        canvas: the sheet.
        text: letters as they are written, small or capital.
        hand: somebody who joins letters.
        rng: the only source of chance.
        at: where the word begins.
        placed: what each letter is.
    """
    assert hand.penman is not None
    letters = _laid_out(text, hand.penman, rng)
    px = hand.height / _CAPITAL
    end = at[0]
    start = min(float(line[:, 0].min()) for line in letters[0])
    for lines, glyph in zip(letters, placed, strict=True):
        shifted = [(line - [start, 0]) * [px, -px] + at for line in lines]
        low = np.floor(np.vstack(shifted).min(axis=0) - hand.pen - 2)
        written = _inked([line - low for line in shifted], hand)
        foot = low[1] + written.shape[0]
        box = canvas.put(Written(written, 0.0), low[0], float(foot), glyph)
        end = max(end, box[0] + written.shape[1])
    return end


def _laid_out(text: Sequence[str], penman: Penman, rng: Generator) -> list[list[Points]]:
    """The lines of each letter with the halves of its links, in units, side by side."""
    out: list[list[Points]] = []
    leaves: tuple[Points, Points] | None = None
    x = body = 0.0
    for char in text:
        high = leaves is not None and leaves[0][1] > HIGH
        form = form_of(char, penman, high, rng)
        lines = pen_lines(char, form.strokes, penman.strokes, rng)
        every = np.vstack(lines)
        left, wide = float(every[:, 0].min()), float(np.ptp(every[:, 0]))
        entry, way_in = _entry(lines, left, wide)
        linked = char.islower() and rng.random() >= penman.lifted
        if linked and leaves is not None:
            reach = max(-4.0, penman.apart + rng.normal(0, 3))
            shift = leaves[0][0] + reach - entry[0]
            shift += max(0.0, body - float(np.percentile(every[:, 0], _TAIL)) - shift)
            link = _link(leaves[0], leaves[1], entry + np.array([shift, 0.0]), way_in)
            half = len(link) // 2
            out[-1].append(link[: half + 1])
            own = [link[half:]]
        else:
            shift = x + max(1.0, penman.apart + rng.normal(4, 3)) - left if out else -left
            own = []
        moved = [line + np.array([shift, 0.0]) for line in lines]
        out.append(moved + own)
        every = np.vstack(moved)
        x, body = float(every[:, 0].max()), float(np.percentile(every[:, 0], 100 - _TAIL))
        leaves = way_out(moved, float(every[:, 0].min()), x)
    return out


def _entry(lines: list[Points], left: float, wide: float) -> tuple[Points, Points]:
    """Where the pen enters, and the way it goes there.

    Where it would begin at the right of a bow it goes to the bow's left side.
    """
    first = lines[0]
    if first[0, 0] <= left + LEFT * wide or len(first) < 3:
        return first[0], first[min(3, len(first) - 1)] - first[0]
    return first[np.argmin(first[:, 0])], np.array([0.6, 1.0])


def _link(start: Points, way_out: Points, end: Points, way_in: Points) -> Points:
    """A cubic Hermite curve from one letter to the next."""
    far = max(4.0, float(np.hypot(*(end - start))))
    first, last = (far * way / max(1e-6, float(np.hypot(*way))) for way in (way_out, way_in))
    t = np.linspace(0, 1, 13)[:, None]
    return np.asarray(
        (2 * t**3 - 3 * t**2 + 1) * start + (t**3 - 2 * t**2 + t) * first
        + (3 * t**2 - 2 * t**3) * end + (t**3 - t**2) * last
    )  # fmt: skip


def _inked(lines: list[Points], hand: Hand) -> NDArray[np.float32]:
    """What the pen leaves along `lines`, px from the upper left of what is returned."""
    wide, tall = (math.ceil(v + hand.pen + 3) for v in np.vstack(lines).max(axis=0))
    ink = np.zeros((_FINE * tall, _FINE * wide), np.uint8)
    for line in lines:
        points = np.round(line * (_FINE << 4)).astype(np.int32)
        cv2.polylines(ink, [points], False, 255, max(1, round(_FINE * hand.pen)), cv2.LINE_AA, 4)
    small = cv2.resize(ink, (wide, tall), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32) / np.float32(255)
