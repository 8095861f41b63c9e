"""What the finder sees of a page: its ink, as strong and as large as the finder is used to."""

from dataclasses import dataclass

import cv2
import numpy as np

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
    """Height of most ink, px: of lines of joined-up writing as of single characters."""
    if not len(found):
        return HEIGHT
    height, area = found.stats[:, 3], found.stats[:, 4]
    likely = (height > 3) & ~is_frame(found)
    if not likely.any():
        return float(np.median(height))
    return weighted_median(height[likely], area[likely])
