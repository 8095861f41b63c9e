"""Ink on paper: illumination flattened, polarity found, strokes told from paper."""

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
"""uint8 (H, W)."""

_SMALL = 900
"""Longer side, px, of the reduced photo on which the paper is estimated."""
_FAINTEST = 0.05
"""Strokes fainter than this share of the paper's brightness are not seen."""
_NOISE_SIGMAS = 5.0
"""Ink is darker than the paper by this many standard deviations of its grain."""
_TILE = 48
"""Side, px, of the tiles on which the grain of the paper is measured; more on large photos."""
_EVERY = 3
"""Of the pixels of a tile every third row and column is looked at."""
_EDGE = 0.4
"""The edge of a stroke: this share of the contrast in its middle."""
_HAIRLINE = 0.12
"""Hairlines between strong strokes have at least this share of the contrast around."""
_WEAKEST = 0.3
"""Ink has at least this share of the contrast of the strongest ink around."""


@dataclass(frozen=True, slots=True, eq=False)
class Ink:
    """The ink of a photo."""

    strength: Grey
    """uint8 (H, W): 0 paper, 255 as dark as the photo can be, paper brightness divided out."""
    mask: Grey
    """uint8 (H, W): 255 on strokes, 0 elsewhere: the strict mask."""
    loose: Grey
    """uint8 (H, W): the same, with faint lines beside strong strokes, such as rulings."""
    faint: Grey
    """uint8 (H, W): 255 on all that may be ink, such as hairlines that link strong strokes."""
    inverted: bool
    """The writing is light on dark."""
    stroke: float
    """Typical stroke width, px; 0 where there is no ink."""

    def within(self, inside: Grey) -> "Ink":
        """The ink where `inside`, uint8 (H, W), is 255; nothing where it is 0."""
        return replace(
            self,
            strength=self.strength & inside,
            mask=self.mask & inside,
            loose=self.loose & inside,
            faint=self.faint & inside,
        )


def find_ink(grey: Grey) -> Ink:
    """The ink of `grey`, uint8 (H, W), of either polarity and in uneven light."""
    inverted = is_light_on_dark(grey)
    positive = 255 - grey if inverted else grey
    strength = _contrast(positive, _paper(positive))
    floor = _floor(strength)
    masks = _strokes(strength, floor, max(5, min(grey.shape) // 40))
    stroke = typical_stroke(masks[0])
    if stroke:
        masks = _strokes(strength, floor, stroke)
    return Ink(strength, *masks, inverted, typical_stroke(masks[0]))


def is_light_on_dark(grey: Grey) -> bool:
    """Whether thin things on the photo are lighter than what is around them.

    Dark ink shows in the closing by a small square, light ink in the opening; the edge of a sheet
    or of a shadow in neither. Strokes too bold for that are told from their wider surroundings.
    """
    coarse = _reduce(grey, 400)
    small = cv2.GaussianBlur(coarse, (0, 0), 0.8)
    square = np.ones((7, 7), np.uint8)
    dark = _standing_out(cv2.subtract(cv2.morphologyEx(small, cv2.MORPH_CLOSE, square), small))
    light = _standing_out(cv2.subtract(small, cv2.morphologyEx(small, cv2.MORPH_OPEN, square)))
    if max(dark, light) > 2.5 * min(dark, light):
        return light > dark
    around = cv2.medianBlur(coarse, _odd(min(coarse.shape) // 4, 3, 99))
    lighter, darker = cv2.subtract(coarse, around), cv2.subtract(around, coarse)
    return _standing_out(lighter) > 1.5 * _standing_out(darker)


def _standing_out(difference: NDArray[Any]) -> float:
    """Sum of the differences well above the grain."""
    threshold = max(10.0, 0.3 * float(np.percentile(difference, 99.8)))
    return float(difference[difference > threshold].sum())


def _paper(grey: Grey) -> Grey:
    """Brightness of the paper under every pixel: strokes closed, shadow edges kept."""
    small = cv2.medianBlur(_reduce(grey, _SMALL), 3)
    side = _odd(min(small.shape) // 8, 9, 61)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    border = side // 2 + 1
    padded = cv2.copyMakeBorder(small, border, border, border, border, cv2.BORDER_REPLICATE)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, kernel)[border:-border, border:-border]
    smooth = cv2.blur(closed, (_odd(side // 3, 3, 21),) * 2)
    height, width = grey.shape
    return np.asarray(cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _contrast(grey: Grey, paper: Grey) -> Grey:
    """1 − grey/paper as uint8: what share of the light the ink takes."""
    passed = cv2.divide(grey, np.maximum(paper, 1), scale=255)
    smooth = cv2.GaussianBlur(passed, (0, 0), 0.7) if min(grey.shape) > 150 else passed
    return np.asarray(255 - smooth, np.uint8)


def _floor(strength: Grey) -> NDArray[np.float32]:
    """What ink must exceed at every pixel, float32 (H, W): the local grain of the paper."""
    height, width = strength.shape
    side = int(np.clip(min(height, width) // 8, 8, max(_TILE, max(height, width) // 60)))
    rows, columns = height // side, width // side
    if rows == 0 or columns == 0:
        return np.full(strength.shape, _FAINTEST * 255, np.float32)
    tiles = strength[: rows * side, : columns * side].reshape(rows, side, columns, side)
    sample = tiles[:, ::_EVERY, :, ::_EVERY].swapaxes(1, 2).reshape(rows, columns, -1)
    flat = np.sort(sample, axis=2).astype(np.float32)
    n = flat.shape[2]
    # The lower quarter is paper even where bold strokes fill most of a tile.
    quarter, lowest = flat[:, :, n // 4], flat[:, :, n // 20]
    level = quarter + (_NOISE_SIGMAS + 0.67) * np.maximum(quarter - lowest, 0) / 0.97
    level = np.maximum(level, _FAINTEST * 255).astype(np.float32)
    smooth = cv2.erode(level, np.ones((3, 3), np.uint8))
    resized = cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(resized, np.float32)


def _strokes(strength: Grey, floor: NDArray[np.float32], stroke: float) -> tuple[Grey, Grey, Grey]:
    """The strict, the loose and the faint mask of an `Ink`.

    Loose are pixels above the floor and half the contrast of their stroke; strict those of them
    that also have a fair share of the contrast of the ink around; faint those with a small one.
    """
    around = _peak(strength, 12 * stroke)
    loose = strength > np.maximum(_EDGE * _peak(strength, 2 * stroke).astype(np.float32), floor)
    mask = loose & (strength > _WEAKEST * around)
    faint = strength > np.maximum(_HAIRLINE * around, floor)
    return _as_mask(mask), _as_mask(loose), _as_mask(faint)


def _as_mask(where: NDArray[np.bool_]) -> Grey:
    return where.astype(np.uint8) * np.uint8(255)


def _peak(strength: Grey, reach: float) -> Grey:
    """Strongest ink within a square of `reach` px."""
    side = max(3, round(reach)) | 1
    return np.asarray(cv2.dilate(strength, np.ones((side, side), np.uint8)), np.uint8)


def typical_stroke(mask: Grey) -> float:
    """Typical stroke width of the ink in `mask`, px, over its area; 0 where there is none."""
    framed = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    distance = cv2.distanceTransform(framed, cv2.DIST_L2, 3)[1:-1, 1:-1]
    ridge = (distance >= cv2.dilate(distance, np.ones((3, 3), np.uint8))) & (mask > 0)
    widths = np.sort(distance[ridge])
    if not widths.size:
        return 0.0
    area = np.cumsum(widths)
    return float(2 * widths[np.searchsorted(area, area[-1] / 2)] - 0.5)


def _reduce(grey: Grey, longest: int) -> Grey:
    scale = longest / max(grey.shape)
    if scale >= 1:
        return grey
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def _odd(n: int, low: int, high: int) -> int:
    return int(np.clip(n, low, high)) | 1
