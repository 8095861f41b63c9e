"""What the finder sees of a page: its ink, as strong and as large as the finder is used to."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hwcli.page.components import Components, is_frame, weighted_median
from hwcli.page.grey import Grey

HEIGHT = 28.0
"""Height of a usual character in the view, px."""
_STRENGTH = 170.0
"""Of usual ink in the view."""
_FAINTEST = 12.0
"""Ink is brightened as if it were at least as strong as this."""
_MOST = 1.2e6
"""Pixels of a view at most."""
_LARGEST = 3.0
"""A page is enlarged by no more than this."""
_JOINED = 2.0
"""Strokes that are wider than this, in heights, hold several letters."""
_SLICE = 0.35
"""Width of a slice of these, in heights: a little less than a letter's. Of a quarter, a third and a
half this reads composed lines of joined-up writing best."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A page as the finder sees it."""

    image: Grey
    """uint8 (h, w): 0 paper."""
    scale: float
    """Pixels of it for one of the page."""


def see(strength: Grey, mask: Grey, height: float) -> View:
    """The view of a page.

    Args:
        strength: its ink, uint8 (H, W).
        mask: uint8 (H, W), 255 on its strokes.
        height: of a usual character, px.
    """
    scale = min(HEIGHT / max(2.0, height), _LARGEST, (_MOST / strength.size) ** 0.5)
    ink = strength[mask > 0]
    usual = max(_FAINTEST, float(np.median(ink))) if ink.size else _STRENGTH
    strong = cv2.convertScaleAbs(strength, alpha=_STRENGTH / usual)
    size = [max(8, round(side * scale)) for side in strength.shape[::-1]]
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return View(np.asarray(cv2.resize(strong, size, interpolation=how), np.uint8), scale)


def usual_height(found: Components) -> float:
    """Height of a usual character, px: of lines of joined-up writing as of single characters.

    A joined-up word reaches from its highest letter to the foot of its lowest, and is higher than
    nearly all of them. So wide strokes are cut into slices, and each is as high as the ink in it.
    """
    if not len(found):
        return HEIGHT
    height, area = found.stats[:, 3], found.stats[:, 4]
    likely = (height > 3) & ~is_frame(found)
    if not likely.any():
        return float(np.median(height))
    joined = likely & (found.stats[:, 2] > _JOINED * height)
    slices, ink = _slices(found, joined)
    alone = likely & ~joined
    return weighted_median(
        np.concatenate([height[alone], slices]), np.concatenate([area[alone], ink])
    )


def _slices(
    found: Components, which: NDArray[np.bool_]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Height and ink of each slice of the components of `which`, px."""
    number = found.only(which).numbers()[found.label]
    own = number >= 0
    number = number[own]
    y, x = np.divmod(found.pixels[own], found.labels.shape[1])
    left, height = found.stats[which, 0], found.stats[which, 3]
    place = ((x - left[number]) / (_SLICE * height[number])).astype(np.intp)
    most = int(place.max(initial=0)) + 1
    _, piece = np.unique(number * most + place, return_inverse=True)
    ink = np.bincount(piece)
    top, bottom = np.full(len(ink), found.labels.shape[0]), np.zeros(len(ink), np.intp)
    np.minimum.at(top, piece, y)
    np.maximum.at(bottom, piece, y + 1)
    return (bottom - top).astype(np.int32), ink.astype(np.int32)
