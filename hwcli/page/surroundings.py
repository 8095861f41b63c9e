"""A photo without what lies around the sheet: a desk, a table cloth, things beside it.

A sheet is a field with four straight sides that stands out from what is around it, on all sides in
the same way. So may a note on a page, a panel, or the light of a window: whether there is writing
around it is for others to say (`find_on_sheet`).
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hwcli.page.grey import Grey, block, reduced, stretched

_SMALL = 320
"""Longer side, px, of the photo on which the sheet is looked for."""
_STROKE = 11
"""What is narrower than half of this there, px, is ink and not paper."""
_LEVELS = 24
"""How many levels of brightness are tried to tell the sheet from what is around it."""
_LEAST, _MOST = 0.18, 0.97
"""Shares of the photo that a sheet covers."""
_FILLED, _FOUR_SIDED = 0.92, 0.93
"""A sheet covers this share of its hull, and that one of the figure of four sides around it."""
_SKEW = 0.4
"""Cosine of the angle at a corner at most: 24 degrees from a right one."""
_EDGE = 3
"""So near the edge of the photo, px, a side is no side of the sheet."""
_SIDES = 3
"""Sides of the sheet that show at least."""
_BAND = 4
"""Brightness is compared so far from a side, px, within and without."""
_CONTRAST, _ALONG = 0.12, 0.7
"""Without it is darker or brighter by this share, for this share of a side at least."""
_ALIKE = 0.25
"""Sides differ by less than this in how bright it is without, as a share of the sheet's."""
_OVERLAP = 0.01
"""Sheets beside each other have no more in common than this share of the photo."""
_MARGIN = 0.004
"""Of the sheet's edge this share of the photo's longer side goes too."""

Corners = NDArray[np.float64]
"""(4, 2): x, y."""


def without_surroundings(grey: Grey) -> Grey:
    """`grey`, uint8 (H, W), with what is around the sheet painted as if it were paper.

    The same photo where no sheet is seen to end.
    """
    if min(grey.shape) < 4 * _STROKE:
        return grey
    small = reduced(grey, _SMALL)
    if min(small.shape) < 4 * _STROKE:
        return grey
    paper = np.asarray(cv2.medianBlur(small, _STROKE), np.uint8)
    sheets = _sheets(paper)
    if not sheets:
        return grey
    scale, margin = max(grey.shape) / max(small.shape), _MARGIN * max(grey.shape)
    inside = _filled([_shrunk(corners * scale, margin) for corners in sheets], grey.shape)
    around = stretched(_continued(paper, sheets), grey.shape)
    return np.asarray(cv2.copyTo(grey, inside, around), np.uint8)


def _sheets(paper: Grey) -> list[Corners]:
    """The corners of the sheets on `paper`, a photo without ink, beside each other.

    Of those that may be one and cover each other, that which is large and stands out most.
    """
    found: list[tuple[float, Corners]] = []
    levels = np.unique(np.quantile(paper, np.linspace(0.03, 0.97, _LEVELS)).astype(np.uint8))
    square = block(7, 7)
    for level in levels.tolist():
        for bright in (True, False):
            mask = cv2.compare(paper, level, cv2.CMP_GE if bright else cv2.CMP_LT)
            mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, square)
            contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
            for contour in contours:
                area = cv2.contourArea(contour)
                if _LEAST * mask.size < area < _MOST * mask.size:
                    corners = _four_corners(contour, area)
                    worth = 0.0 if corners is None else area * _contrast(paper, corners)
                    if corners is not None and worth > 0:
                        found.append((worth, corners))
    kept: list[Corners] = []
    for _, corners in sorted(found, key=lambda one: -one[0]):
        own = _filled([corners], paper.shape)
        if not cv2.countNonZero(own & _filled(kept, paper.shape)) > _OVERLAP * own.size:
            kept.append(corners)
    return kept


def _four_corners(contour: NDArray[Any], area: float) -> Corners | None:
    """The corners of a contour that has four straight sides."""
    hull = cv2.convexHull(contour)
    whole = cv2.contourArea(hull)
    if area < _FILLED * whole or len(hull) < 4:
        return None
    four = np.asarray(cv2.approxPolyN(hull, 4, ensure_convex=True), np.float64).reshape(-1, 2)
    if len(four) != 4 or whole < _FOUR_SIDED * cv2.contourArea(four.astype(np.float32)):
        return None
    return four if _is_upright(four) else None


def _is_upright(corners: Corners) -> bool:
    """Whether the corners are nearly right ones, as of a sheet at an angle, and of few shadows."""
    sides = np.roll(corners, -1, axis=0) - corners
    sides /= np.maximum(np.hypot(*sides.T), 1e-9)[:, None]
    return bool((np.abs((sides * np.roll(sides, 1, axis=0)).sum(axis=1)) < _SKEW).all())


def _contrast(paper: Grey, corners: Corners) -> float:
    """How much darker or brighter it is around a sheet, as a share of its own brightness.

    0 where too few of its sides show, or it is not alike on all of them.
    """
    height, width = paper.shape
    middle = corners.mean(axis=0)
    without = []
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        low, high = np.minimum(a, b), np.maximum(a, b)
        if (high < _EDGE).any() or (low > [width - 1 - _EDGE, height - 1 - _EDGE]).any():
            continue
        normal = np.array([b[1] - a[1], a[0] - b[0]]) / max(1e-9, float(np.hypot(*(b - a))))
        if normal @ (middle - a) > 0:
            normal = -normal
        along = a + (b - a) * np.linspace(0.08, 0.92, 40)[:, None]
        own, other = (_at(paper, along + way * _BAND * normal) for way in (-1, 1))
        difference = other / np.maximum(own, 1) - 1
        sign = np.sign(np.median(difference))
        if (sign * difference > _CONTRAST).mean() < _ALONG:
            return 0.0
        without.append(float(difference.mean()))
    if len(without) < _SIDES or max(without) - min(without) > _ALIKE:
        return 0.0
    return float(np.abs(np.mean(without)))


def _at(paper: Grey, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Brightness at `points`, (N, 2)."""
    height, width = paper.shape
    x, y = np.clip(np.rint(points), 0, [width - 1, height - 1]).astype(np.intp).T
    return np.asarray(paper[y, x], np.float64)


def _shrunk(corners: Corners, by: float) -> Corners:
    """`corners` nearer to their middle, by some px across and down."""
    middle = corners.mean(axis=0)
    reach = np.maximum(np.abs(corners - middle), 1e-9)
    return np.asarray(middle + (corners - middle) * np.maximum(0, 1 - by / reach), np.float64)


def _filled(sheets: list[Corners], shape: tuple[int, ...]) -> Grey:
    """uint8 (H, W): 255 on `sheets`."""
    mask = np.zeros(shape, np.uint8)
    for corners in sheets:
        cv2.fillConvexPoly(mask, np.rint(corners).astype(np.int32), 255)
    return mask


def _continued(paper: Grey, sheets: list[Corners]) -> Grey:
    """`paper` with the brightness of the nearest sheet's edge going on around them."""
    inner = cv2.erode(_filled(sheets, paper.shape), block(2 * _BAND + 1, 2 * _BAND + 1))
    distance, label = cv2.distanceTransformWithLabels(
        cv2.bitwise_not(inner), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    value = np.zeros(int(label.max()) + 1, np.uint8)
    value[label[distance == 0]] = paper[distance == 0]
    return np.asarray(cv2.blur(value[label], (9, 9)), np.uint8)
