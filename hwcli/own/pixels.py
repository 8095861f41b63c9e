"""What the pixels of a sample say: size, polarity, lines at the edge."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwcli.glyph import Image, ink_of, is_dark_on_light

_SURE = 0.98
"""Share of the images that must agree for a polarity to hold for all of them."""
_LINE = 0.97
"""Share of an edge that a line there covers."""
_LINE_INK = 40
"""Ink above which a pixel may be of a line: a printed frame is often grey."""
_FRAMED = 0.02
"""Share of the images that must have such lines for the edges to be cut."""
_TOUCHING = 0.2
"""Share of the images that may still reach the edge after the cut: more are cropped tightly."""
_MAX_TRIM = 3
"""Pixels that are cut at most."""


@dataclass(frozen=True, slots=True)
class Pixels:
    """Figures of a sample of the images."""

    count: int
    """Images that could be decoded."""
    faults: dict[str, int]
    """How many could not, by reason."""
    dark_on_light: int
    blank: int
    smallest: tuple[int, int]
    """Height and width, px, of the image with the fewest pixels."""
    median: tuple[int, int]
    largest: tuple[int, int]
    framed: int
    """Images with a straight line along an edge from corner to corner."""
    trim_edge: int
    """Pixels to cut off at each edge to be rid of the lines; 0: there are none, or too few."""

    @property
    def invert(self) -> bool | None:
        """Whether ink is darker than paper; None where the images differ."""
        seen = self.count - self.blank
        if seen and self.dark_on_light >= _SURE * seen:
            return True
        if seen and self.dark_on_light <= (1 - _SURE) * seen:
            return False
        return None


def figures(images: Sequence[Image | str]) -> Pixels:
    """The figures of a sample; images that are none stand as the reason why."""
    good = [i for i in images if not isinstance(i, str)]
    faults: dict[str, int] = {}
    for reason in images:
        if isinstance(reason, str):
            faults[reason] = faults.get(reason, 0) + 1
    inks = [ink_of(i) for i in good]
    there = [k for k, ink in enumerate(inks) if ink.any()]
    dark = sum(is_dark_on_light(good[k]) for k in there)
    shapes = sorted((i.shape for i in good), key=lambda s: (s[0] * s[1], s))
    sides = [(int(s[0]), int(s[1])) for s in shapes] or [(0, 0)]
    framed, trim = _frames([inks[k] for k in there])
    return Pixels(
        count=len(good),
        faults=faults,
        dark_on_light=dark,
        blank=len(good) - len(there),
        smallest=sides[0],
        median=sides[len(sides) // 2],
        largest=sides[-1],
        framed=framed,
        trim_edge=trim,
    )


def _frames(inks: Sequence[Image]) -> tuple[int, int]:
    """How many images have lines at their edges, and how many pixels to cut off.

    A line is as long as the edge, and beside it is paper. Nothing is cut where glyphs reach to
    the edge themselves, since the upright of an E cropped to its ink is such a line too.
    """
    depths = [d for ink in inks if (d := _line_depth(ink))]
    if len(depths) < max(2, _FRAMED * len(inks)):
        return 0, 0
    trim = int(np.percentile(depths, 95, method="higher"))
    cut = [ink[trim:-trim, trim:-trim] for ink in inks if min(ink.shape) > 4 * _MAX_TRIM]
    touching = sum(bool((_edge(c) > _LINE_INK).any()) for c in cut)
    if not cut or touching > _TOUCHING * len(cut):
        return 0, 0
    return len(depths), trim


def _line_depth(ink: Image) -> int:
    """How deep the lines at the edges of `ink` reach, px; 0 without one."""
    if min(ink.shape) <= 4 * _MAX_TRIM:
        return 0
    mask = ink > _LINE_INK
    return max(_depth(side) for side in (mask, mask[::-1], mask.T, mask.T[::-1]))


def _depth(mask: NDArray[np.bool_]) -> int:
    covered = mask[: _MAX_TRIM + 1].mean(axis=1)
    lines = np.flatnonzero(covered[:_MAX_TRIM] >= _LINE)
    if not len(lines):
        return 0
    last = int(lines[-1])
    return last + 1 if covered[last + 1] < 0.5 else 0


def _edge(ink: Image) -> NDArray[np.uint8]:
    return np.concatenate([ink[0], ink[-1], ink[:, 0], ink[:, -1]])
