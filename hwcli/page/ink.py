"""Ink on paper: illumination flattened, polarity found, strokes told from paper."""

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hwcli.page.grey import Grey, above, block, peak, reduced, share, stretched
from hwcli.page.skew import Turn

_SMALL = 450
"""Longer side, px, of the reduced photo on which the paper is estimated."""
_WIDEST = 61 / 900
"""What is wider than this share of the longer side of a large photo is paper, however dark."""
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
_MARGIN = 3
"""Left out along the edge of a photo that is turned, px: its edge is no ink."""


@dataclass(frozen=True, slots=True, eq=False)
class Ink:
    """The ink of a photo."""

    strength: Grey
    """uint8 (H, W): 0 paper, 255 as dark as the photo can be, paper brightness divided out."""
    floor: Grey
    """uint8 (H, W): what ink must exceed, the local grain of the paper."""
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

    def turned(self, turn: Turn) -> "Ink":
        """The ink of the photo turned so; its corners and its very edge hold none."""
        inner = np.zeros_like(self.strength)
        inside = np.s_[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
        inner[inside] = self.strength[inside]
        strength, floor = turn.of(inner), turn.of(self.floor)
        masks = _strokes(strength, floor, self.stroke)
        return Ink(strength, floor, *masks, self.inverted, self.stroke)


def find_ink(grey: Grey, *, inverted: bool | None = None) -> Ink:
    """The ink of `grey`, uint8 (H, W), in uneven light.

    Args:
        grey: the photo.
        inverted: the writing is light on dark; None to find out.
    """
    inverted = is_light_on_dark(grey) if inverted is None else inverted
    positive = np.asarray(cv2.bitwise_not(grey), np.uint8) if inverted else grey
    strength = _contrast(positive, _paper(positive))
    floor = _floor(strength)
    masks = _strokes(strength, floor, max(5, min(grey.shape) // 40))
    stroke = typical_stroke(masks[0])
    if stroke:
        masks = _strokes(strength, floor, stroke)
        stroke = typical_stroke(masks[0])
    return Ink(strength, floor, *masks, inverted, stroke)


def is_light_on_dark(grey: Grey) -> bool:
    """Whether thin things on the photo are lighter than what is around them.

    Dark ink shows in the closing by a small square, light ink in the opening; the edge of a sheet
    or of a shadow in neither. Strokes too bold for that are told from their wider surroundings.
    """
    coarse = reduced(grey, 400)
    small = cv2.GaussianBlur(coarse, (0, 0), 0.8)
    square = block(7, 7)
    dark = _standing_out(cv2.subtract(cv2.morphologyEx(small, cv2.MORPH_CLOSE, square), small))
    light = _standing_out(cv2.subtract(small, cv2.morphologyEx(small, cv2.MORPH_OPEN, square)))
    if max(dark, light) > 2.5 * min(dark, light):
        return light > dark
    around = cv2.medianBlur(coarse, _odd(min(coarse.shape) // 4, 3, 99))
    lighter, darker = cv2.subtract(coarse, around), cv2.subtract(around, coarse)
    return _standing_out(lighter) > 1.5 * _standing_out(darker)


def _standing_out(difference: NDArray[Any]) -> float:
    """Sum of the differences well above the grain."""
    counts = cv2.calcHist([difference], [0], None, [256], [0, 256]).ravel().astype(np.int64)
    high = int(np.searchsorted(np.cumsum(counts), 0.998 * difference.size))
    values = np.arange(256)
    return float((values * counts)[values > max(10.0, 0.3 * high)].sum())


def _paper(grey: Grey) -> Grey:
    """Brightness of the paper under every pixel, at least 1: strokes closed, shadow edges kept."""
    small = np.asarray(cv2.medianBlur(reduced(grey, _SMALL), 3), np.uint8)
    longest = max(grey.shape)
    widest = max(61.0, _WIDEST * longest)
    side = _odd(round(min(max(9, min(grey.shape) / 8), widest) * max(small.shape) / longest), 5, 61)
    border = side // 2 + 1
    padded = cv2.copyMakeBorder(small, border, border, border, border, cv2.BORDER_REPLICATE)
    kernel = block(side, side)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, kernel)[border:-border, border:-border]
    smooth = np.asarray(cv2.blur(closed, (_odd(side // 3, 3, 21),) * 2), np.uint8)
    return stretched(np.maximum(smooth, 1), grey.shape)


def _contrast(grey: Grey, paper: Grey) -> Grey:
    """1 − grey/paper as uint8: what share of the light the ink takes."""
    passed = cv2.divide(grey, paper, scale=255)
    smooth = cv2.GaussianBlur(passed, (0, 0), 0.7) if min(grey.shape) > 150 else passed
    return np.asarray(cv2.bitwise_not(smooth), np.uint8)


def _floor(strength: Grey) -> Grey:
    """What ink must exceed at every pixel, uint8 (H, W): the local grain of the paper."""
    height, width = strength.shape
    side = int(np.clip(min(height, width) // 8, 8, max(_TILE, max(height, width) // 60)))
    rows, columns = height // side, width // side
    if rows == 0 or columns == 0:
        return np.full(strength.shape, int(_FAINTEST * 255), np.uint8)
    tiles = strength[: rows * side, : columns * side].reshape(rows, side, columns, side)
    sample = tiles[:, ::_EVERY, :, ::_EVERY].swapaxes(1, 2).reshape(rows, columns, -1)
    n = sample.shape[2]
    ordered = np.partition(sample, (n // 20, n // 4), axis=2).astype(np.float32)
    # The lower quarter is paper even where bold strokes fill most of a tile.
    quarter, lowest = ordered[:, :, n // 4], ordered[:, :, n // 20]
    level = quarter + (_NOISE_SIGMAS + 0.67) * np.maximum(quarter - lowest, 0) / 0.97
    level = np.clip(level, int(_FAINTEST * 255), 255).astype(np.uint8)
    return stretched(np.asarray(cv2.erode(level, block(3, 3)), np.uint8), (height, width))


def _strokes(strength: Grey, floor: Grey, stroke: float) -> tuple[Grey, Grey, Grey]:
    """The strict, the loose and the faint mask of an `Ink`.

    Loose are pixels above the floor and half the contrast of their stroke; strict those of them
    that also have a fair share of the contrast of the ink around; faint those with a small one.
    """
    around = peak(strength, 12 * stroke)
    edge = share(peak(strength, 2 * stroke), _EDGE)
    loose = above(strength, np.asarray(cv2.max(edge, floor), np.uint8))
    mask = loose & above(strength, share(around, _WEAKEST))
    faint = above(strength, np.asarray(cv2.max(share(around, _HAIRLINE), floor), np.uint8))
    return mask, loose, faint


def mean_width(mask: Grey) -> float:
    """Mean stroke width, px: twice the area over the perimeter (Crofton's formula); 0 for none."""
    crossings = cv2.norm(mask[1:], mask[:-1], cv2.NORM_L1) + cv2.norm(
        mask[:, 1:], mask[:, :-1], cv2.NORM_L1
    )
    return 2 * cv2.countNonZero(mask) / (crossings / 255 * math.pi / 4) if crossings else 0.0


def typical_stroke(mask: Grey) -> float:
    """Typical stroke width of the ink in `mask`, px, over its area; 0 where there is none."""
    framed = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    distance = cv2.distanceTransform(framed, cv2.DIST_L2, 3)[1:-1, 1:-1]
    highest = cv2.dilate(distance, block(3, 3))
    ridge = np.asarray(cv2.compare(distance, highest, cv2.CMP_GE), np.uint8) & mask
    widths = np.sort(distance[ridge.view(np.bool_)])
    if not widths.size:
        return 0.0
    area = np.cumsum(widths)
    return float(2 * widths[np.searchsorted(area, area[-1] / 2)] - 0.5)


def _odd(n: int, low: int, high: int) -> int:
    return int(np.clip(n, low, high)) | 1
