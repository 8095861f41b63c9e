"""Skew: the slope of lines and rulings found, the photo turned straight, boxes turned back."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hwcli.page.components import Boxes
from hwcli.page.ink import Grey

_STEEPEST_DEG = 15.0
"""Larger slopes are not looked for."""
_LEAST_DEG = 1.0
"""Smaller slopes are left as they are."""
_GAIN = 1.4
"""A turned page must have rows of ink this much sharper than the page as it is."""
_EDGE = 3
"""Left out along the edge of a turned photo, px: what is drawn out from there is no ink."""
_POINTS = 40_000
"""Ink pixels looked at."""


def skew_deg(mask: Grey) -> float:
    """Slope of the lines in `mask`, degrees, clockwise positive; 0 where none is clear.

    The angle at which the ink piles up most in rows (projection profile; Postl 1986).
    """
    rows, columns = np.nonzero(mask)
    if len(rows) < 200:
        return 0.0
    every = max(1, len(rows) // _POINTS)
    x, y = columns[::every].astype(np.float64), rows[::every].astype(np.float64)
    bin_px = max(2.0, max(mask.shape) / 500)
    coarse = np.arange(-_STEEPEST_DEG, _STEEPEST_DEG + 0.1, 1.0)
    best = _sharpest(x, y, coarse, bin_px)
    best = _sharpest(x, y, best + np.arange(-1.0, 1.05, 0.1), bin_px)
    sharper = _sharpness(x, y, best, bin_px) / max(1e-9, _sharpness(x, y, 0.0, bin_px))
    return float(best) if abs(best) >= _LEAST_DEG and sharper > _GAIN else 0.0


def _sharpest(
    x: NDArray[np.float64], y: NDArray[np.float64], angles: NDArray[np.float64], bin_px: float
) -> float:
    scores = [_sharpness(x, y, float(a), bin_px) for a in angles]
    return float(angles[int(np.argmax(scores))])


def _sharpness(
    x: NDArray[np.float64], y: NDArray[np.float64], angle_deg: float, bin_px: float
) -> float:
    """Sum of squared differences between neighbouring rows of ink, at this angle."""
    radians = np.radians(angle_deg)
    rows = (y * np.cos(radians) - x * np.sin(radians)) / bin_px
    counts = np.bincount((rows - rows.min()).astype(np.int64)).astype(np.float64)
    return float((np.diff(counts, prepend=0, append=0) ** 2).sum())


@dataclass(frozen=True, slots=True, eq=False)
class Turned:
    """A photo turned straight."""

    grey: Grey
    """uint8 (H', W'): large enough for all of the photo."""
    inside: Grey
    """uint8 (H', W'): 255 where it shows the photo, 0 in the corners and on the very edge."""
    back: NDArray[np.float64]
    """float64 (2, 3): affine map from its pixels to the photo's."""


def turn(grey: Grey, angle_deg: float) -> Turned:
    """`grey` with lines of this slope made level; its edges are drawn out into the corners."""
    height, width = grey.shape
    forth = cv2.getRotationMatrix2D((width / 2, height / 2), angle_deg, 1.0)
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]], np.float64)
    placed = corners @ forth.T
    forth[:, 2] -= placed.min(axis=0)
    new_width, new_height = (int(n) for n in np.ceil(placed.max(axis=0) - placed.min(axis=0)))
    turned = cv2.warpAffine(
        grey,
        forth,
        (new_width, new_height),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    whole = np.zeros_like(grey)
    whole[_EDGE:-_EDGE, _EDGE:-_EDGE] = 255
    inside = cv2.warpAffine(whole, forth, (new_width, new_height), flags=cv2.INTER_NEAREST)
    return Turned(
        np.asarray(turned, np.uint8),
        np.asarray(inside, np.uint8),
        np.asarray(cv2.invertAffineTransform(forth), np.float64),
    )


def turn_back(boxes: Boxes, turned: Turned, shape: tuple[int, int]) -> Boxes:
    """`boxes` of the turned photo as upright boxes of the photo, of `shape` (H, W).

    A box is turned about its middle and keeps its size, so that it does not grow with the angle.
    """
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2.0
    half = (boxes[:, 2:] - boxes[:, :2]) / 2.0
    at = centre @ turned.back[:, :2].T + turned.back[:, 2]
    out = np.concatenate([np.floor(at - half), np.ceil(at + half)], axis=1)
    limits = np.array([shape[1], shape[0]] * 2)
    out = np.clip(out, 0, limits)
    out[:, 2:] = np.maximum(out[:, 2:], out[:, :2] + 1)
    return np.asarray(out, np.int32)
