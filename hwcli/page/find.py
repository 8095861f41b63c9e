"""The characters of a photo: its ink found, made level, cleaned and segmented."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hwcli.page.components import Boxes
from hwcli.page.finder import Finder
from hwcli.page.grey import Grey, halved, reduced
from hwcli.page.ink import Ink, find_ink, is_light_on_dark, mean_width
from hwcli.page.rulings import remove_rulings
from hwcli.page.seen import segment
from hwcli.page.segments import Segments
from hwcli.page.skew import Turn, skew_deg, turn_by
from hwcli.page.surroundings import without_surroundings

_FINEST_STROKE = 2.4
"""Strokes at least as wide as this in the mean, px, are seen as well as wider ones."""
_SMALLEST_GLYPH = 28
"""Characters as high as this, px, hold what a classifier's image of 28 px can show of them."""
_SMALLEST_PHOTO = 150
"""A photo is not reduced so far that a side of it is shorter than this, px."""
_HALVINGS = 1
"""How often a photo is halved, at most: frames and rulings are finer than the writing."""
_MOST_GROWTH = 4
"""A photo is not turned where that would make it larger than by this factor."""
_STILL_FOUND = 0.8
"""What is around a sheet hides its characters if fewer than this share of them is found there."""
_SURELY, _FEWEST, _AS_SURELY = 0.6, 2, 0.6
"""Writing around a sheet: so many characters are told as surely as this, and that share of all that
was found there, for each that is so on the sheet."""

_COARSE, _HALF = 400, 127
"""Longer side, px, of the photo on which it is measured how much is around a sheet; and the share
of a pixel, of 255, from which it is."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The characters of a photo."""

    ink: Ink
    segments: Segments
    turn: Turn | None
    """How the photo was turned to make its lines level, if it was."""
    shape: tuple[int, ...]
    """(H, W) of the photo as it was looked at, before it was turned."""
    reduced: int
    """How many of its pixels one of `ink` is wide and high."""

    def on_photo(self) -> Boxes:
        """Boxes of the characters on the photo that was looked at, int32 (N, 4), within it."""
        boxes = self.segments.boxes
        if self.turn is not None:
            boxes = self.turn.back(boxes, self.shape)
        height, width = (side * self.reduced for side in self.shape)
        return np.clip(boxes * self.reduced, 0, [width, height, width, height]).astype(np.int32)


def find_characters(grey: Grey, finder: Finder) -> Found:
    """The characters on `grey`, uint8 (H, W), as `finder` sees them.

    Bold or large writing is found just as well on a smaller photo, and much sooner. So the photo is
    looked at reduced, and again at twice the size as long as its writing turns out too fine.
    """
    sizes = [grey]
    while len(sizes) <= _HALVINGS and min(sizes[-1].shape) >= 2 * _SMALLEST_PHOTO:
        sizes.append(halved(sizes[-1]))
    inverted = is_light_on_dark(sizes[-1])
    while True:
        small = sizes.pop()
        ink = find_ink(small, inverted=inverted)
        if sizes and mean_width(ink.mask) < _FINEST_STROKE:
            continue
        found = _find(ink, small.shape, 1 << len(sizes), finder)
        if not sizes or found.segments.scale >= _SMALLEST_GLYPH:
            return found


def find_on_sheet(grey: Grey, finder: Finder, sure: Callable[[Found], Floats]) -> Found:
    """The characters on the sheet on `grey`, or on all of it if there is writing around that too.

    A desk may be read as writing, and hide what is written; but what looks like a sheet may be a
    part of one. So both are looked at. All of it counts where the characters of the sheet are found
    there as well, and others around it are told as surely.

    Args:
        grey: uint8 (H, W).
        finder: the network.
        sure: how surely each character of what was found is told, in [0, 1].
    """
    alone = without_surroundings(grey)
    sheet = find_characters(alone, finder)
    if alone is grey or _widest(alone != grey) < sheet.segments.scale * sheet.reduced:
        return sheet  # there is nothing around it, or too little for a character
    whole = find_characters(grey, finder)
    boxes = whole.on_photo()
    middles = (boxes[:, :2] + boxes[:, 2:]) // 2
    x, y = np.minimum(middles, [grey.shape[1] - 1, grey.shape[0] - 1]).T
    around = alone[y, x] != grey[y, x]
    if (~around).sum() < _STILL_FOUND * len(sheet.segments.boxes) or not around.any():
        return sheet
    told = sure(whole) > _SURELY
    alike = told[around].mean() > _AS_SURELY * (told[~around].mean() if (~around).any() else 1.0)
    return whole if told[around].sum() >= _FEWEST and alike else sheet


def _widest(mask: NDArray[np.bool_]) -> float:
    """How wide `mask`, (H, W), is in its widest place along the edge of the photo, about, px."""
    coarse = reduced(mask.view(np.uint8) * np.uint8(255), _COARSE)
    inside = cv2.distanceTransform((coarse > _HALF).view(np.uint8), cv2.DIST_L2, 3)
    scale: float = max(mask.shape) / max(coarse.shape)
    return scale * float(inside.max())


def _find(ink: Ink, shape: tuple[int, ...], reduced: int, finder: Finder) -> Found:
    angle = skew_deg(ink.loose)
    turn = turn_by(angle, shape) if angle else None
    if turn and turn.size[0] * turn.size[1] > _MOST_GROWTH * shape[0] * shape[1]:
        turn = None  # no writing is on such a sliver, and little memory for what is around it
    level = ink.turned(turn) if turn else ink
    cleaned = remove_rulings(level)
    return Found(cleaned.ink, segment(cleaned, finder), turn, shape, reduced)
