"""Skew: the slope of lines and rulings found, the photo turned straight, boxes turned back."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hwcli.page.grey import Grey, reduced

_STEEPEST_DEG = 15.0
"""Larger slopes are not looked for."""
_LEAST_DEG = 1.0
"""Smaller slopes are left as they are."""
_GAIN = 1.4
"""A turned page must have rows of ink this much sharper than the page as it is."""
_ROWS = 500
"""Longer side, in rows of ink, of the mask whose rows are counted, and fewer at first."""
_FEWEST = 200
"""Pixels of ink below which nothing is told."""


def skew_deg(mask: Grey) -> float:
    """Slope of the lines in `mask`, degrees, clockwise positive; 0 where none is clear.

    The angle at which the ink piles up most in rows (projection profile; Postl 1986), to a degree
    on a coarse copy of the mask, then to a tenth.
    """
    if cv2.countNonZero(mask) < _FEWEST:
        return 0.0
    first = _Profile(mask, _ROWS // 3)
    if not len(first):  # specks that are lost in the paper around them
        return 0.0
    coarse = np.arange(-_STEEPEST_DEG, _STEEPEST_DEG + 0.1, 1.0)
    best = first.sharpest(coarse)
    if best == 0.0:  # what is left to find is less than `_LEAST_DEG`
        return 0.0
    second = _Profile(mask, _ROWS)
    if not len(second):
        return 0.0
    best = second.sharpest(best + np.arange(-1.0, 1.05, 0.1))
    sharper = second.sharpness(best) / max(1e-9, second.sharpness(0.0))
    return float(best) if abs(best) >= _LEAST_DEG and sharper > _GAIN else 0.0


class _Profile:
    """How much ink there is in each row, at any angle."""

    def __init__(self, mask: Grey, rows: int) -> None:
        """Take `mask` in cells of at least 2 px, `rows` along its longer side."""
        coarse = reduced(mask, min(rows, max(mask.shape) // 2))
        y, x = np.nonzero(coarse)
        self._x, self._y = x.astype(np.float32), y.astype(np.float32)
        self._ink = coarse[y, x].astype(np.float64)

    def __len__(self) -> int:
        return len(self._ink)

    def sharpness(self, angle_deg: float) -> float:
        """Sum of squared differences between neighbouring rows of ink, at this angle."""
        radians = np.radians(angle_deg)
        rows = self._y * np.float32(np.cos(radians)) - self._x * np.float32(np.sin(radians))
        rows -= rows.min()
        counts = np.bincount(rows.astype(np.intp), self._ink)
        steps = counts[1:] - counts[:-1]
        return float(counts[0] ** 2 + steps @ steps + counts[-1] ** 2)

    def sharpest(self, angles: NDArray[np.float64]) -> float:
        """The angle with the sharpest rows."""
        return float(angles[int(np.argmax([self.sharpness(float(a)) for a in angles]))])


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """How a photo is turned straight."""

    forth: NDArray[np.float64]
    """float64 (2, 3): affine map from the pixels of the photo to those of the turned one."""
    angle_deg: float
    """Slope of the lines that it makes level, clockwise positive."""
    size: tuple[int, int]
    """Width and height of the turned photo, px: large enough for all of the photo."""

    def of(self, image: Grey, border: int = cv2.BORDER_CONSTANT) -> Grey:
        """`image`, uint8 (H, W), turned; the corners are 0, or as OpenCV's `border` says."""
        turned = cv2.warpAffine(
            image, self.forth, self.size, flags=cv2.INTER_LINEAR, borderMode=border
        )
        return np.asarray(turned, np.uint8)

    def back(self, boxes: NDArray[np.int32], shape: tuple[int, ...]) -> NDArray[np.int32]:
        """`boxes`, int32 (N, 4), of the turned photo as upright boxes of the photo, `shape` (H, W).

        A box is turned about its middle and keeps its size, so that it does not grow with the
        angle.
        """
        back = cv2.invertAffineTransform(self.forth)
        centre = (boxes[:, :2] + boxes[:, 2:]) / 2.0
        half = (boxes[:, 2:] - boxes[:, :2]) / 2.0
        at = centre @ back[:, :2].T + back[:, 2]
        out = np.concatenate([np.floor(at - half), np.ceil(at + half)], axis=1)
        out = np.clip(out, 0, np.array([shape[1], shape[0]] * 2))
        out[:, 2:] = np.maximum(out[:, 2:], out[:, :2] + 1)
        return np.asarray(out, np.int32)


def turn_by(angle_deg: float, shape: tuple[int, ...]) -> Turn:
    """The turn that makes lines of this slope level on a photo of `shape` (H, W)."""
    height, width = shape
    forth = cv2.getRotationMatrix2D((width / 2, height / 2), angle_deg, 1.0)
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]], np.float64)
    placed = corners @ forth.T
    forth[:, 2] -= placed.min(axis=0)
    wide, tall = (int(n) for n in np.ceil(placed.max(axis=0) - placed.min(axis=0)))
    return Turn(np.asarray(forth, np.float64), angle_deg, (wide, tall))
