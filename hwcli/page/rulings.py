"""Printed structure: rulings, squares, frames and grids found, and taken out of the ink."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hwcli.page.components import Boxes, Components, components, glyph_scale, is_frame
from hwcli.page.ink import Grey, Ink

_SPAN = 0.5
"""A component as long as this share of the photo's side is looked through for rulings."""
_RULINGS, _SMALLEST_PAGE = 3, 200
"""Lined paper shows at least this many rulings, and is at least this many px wide and high."""
_THIN = 0.3
"""Frames and grids cover at most this share of their box."""
_SLOPE = 0.035
"""Rulings deviate from the horizontal and the vertical by at most this: 2 degrees."""
_CROSSING = 2.2
"""Ink that runs on across a ruling for this many of its widths is a stroke, not the ruling."""


@dataclass(frozen=True, slots=True, eq=False)
class Cleaned:
    """Ink without printed structure."""

    mask: Grey
    """uint8 (H, W): 255 on strokes."""
    lines: Grey
    """uint8 (H, W): 255 on what was taken out."""
    cells: Boxes
    """Boxes of the closed fields that the lines enclose."""


def remove_rulings(ink: Ink) -> Cleaned:
    """The strokes of `ink` without rulings, squares, frames and grids.

    First the rulings of the paper, which cross much of the page and come in numbers; then boxes and
    tables: components that reach far, enclose others, or are one long thin bar. The strokes of
    ordinary characters are never looked at.
    """
    page = _page_rulings(ink.faint)
    loose, mask = ink.loose & ~page, ink.mask & ~page
    found = components(loose, ink.strength)
    lines = page.copy()
    scale = glyph_scale(components(mask, ink.strength), ink.stroke)
    for index in np.flatnonzero(_structural(found, mask.shape, scale)):
        x, y, width, height = (int(v) for v in found.stats[index, :4])
        window = np.s_[y : y + height, x : x + width]
        part = np.where(found.labels[window] == index + 1, np.uint8(255), np.uint8(0))
        lines[window] |= _straight_lines(part, scale)
    if not lines.any():
        return Cleaned(mask, lines, np.empty((0, 4), np.int32))
    return Cleaned(_without_rests(mask & ~lines, lines, scale), lines, _cells(lines, scale))


def _page_rulings(faint: Grey) -> Grey:
    """The rulings of lined or squared paper, uint8 (H, W): at least three across the page."""
    none = np.zeros_like(faint)
    if min(faint.shape) < _SMALLEST_PAGE:
        return none
    across, rows = _rulings_along_rows(faint)
    down, columns = _rulings_along_rows(np.ascontiguousarray(faint.T))
    return np.asarray(across | down.T, np.uint8) if rows + columns >= _RULINGS else none


def _rulings_along_rows(faint: Grey) -> tuple[Grey, int]:
    """Lines that cross much of the page from left to right, and how many there are."""
    length = max(60, faint.shape[1] // 8)
    near = _lines_along_rows(faint, length)
    if not near.any():
        return near, 0
    reach = max(3, faint.shape[1] // 60) | 1
    bridged = cv2.dilate(near, np.ones((3, reach), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(bridged, connectivity=8)
    long = (stats[:, 2] > _SPAN * faint.shape[1]) & (stats[:, 3] < 0.1 * faint.shape[1])
    long[0] = False
    return np.where(long[labels], near, np.uint8(0)), int(long.sum())


def _structural(found: Components, shape: tuple[int, ...], scale: float) -> NDArray[np.bool_]:
    """Which components may be or hold printed lines: bool (N,)."""
    width, height, area = found.stats[:, 2], found.stats[:, 3], found.stats[:, 4]
    longest = np.maximum(width, height)
    spans = (width > _SPAN * shape[1]) | (height > _SPAN * shape[0])
    bar = longest > 20 * np.maximum(1, area / longest)
    thin = area < _THIN * width * height
    holds = (longest > 1.4 * scale) & thin & is_frame(found)
    reaches = (longest > 2 * scale) & (bar | (thin & spans))
    return np.asarray(holds | reaches, np.bool_)


def _straight_lines(part: Grey, scale: float) -> Grey:
    """The pixels of `part` on straight, thin, long horizontal or vertical lines."""
    length = max(12, round(1.6 * scale))
    across = _lines_along_rows(part, length)
    down = _lines_along_rows(np.ascontiguousarray(part.T), length).T
    return np.asarray(across | down, np.uint8)


def _lines_along_rows(part: Grey, length: int) -> Grey:
    if part.shape[1] < length:
        return np.zeros_like(part)
    drift = max(1, round(length * _SLOPE / 2))
    loose = cv2.dilate(part, np.ones((2 * drift + 1, 3), np.uint8))
    runs = cv2.morphologyEx(loose, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    near = part & np.asarray(runs, np.uint8)
    if not near.any():
        return near
    tall = _run_heights(part)
    heights = np.sort(tall[near > 0])
    limit = _CROSSING * max(1.0, float(heights[len(heights) // 3]))
    return np.where((near > 0) & (tall <= limit), np.uint8(255), np.uint8(0))


def _run_heights(part: Grey) -> NDArray[np.int32]:
    """Length of the vertical run of ink through every pixel, int32 (H, W), 0 on paper."""
    rows = np.arange(part.shape[0], dtype=np.int32)[:, None]
    above = np.maximum.accumulate(np.where(part > 0, np.int32(-1), rows), axis=0)
    below = np.where(part > 0, np.int32(part.shape[0]), rows)
    below = np.minimum.accumulate(below[::-1], axis=0)[::-1]
    return np.asarray(np.maximum(below - above - 1, 0), np.int32)


def _without_rests(mask: Grey, lines: Grey, scale: float) -> Grey:
    """`mask` without the small fragments that hang on removed lines."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    reach = 2 * max(2, round(0.04 * scale)) + 1
    beside = cv2.dilate(lines, np.ones((reach, reach), np.uint8))
    touching = np.bincount(labels[beside > 0], minlength=count)
    width, height, area = stats[:, 2], stats[:, 3], stats[:, 4]
    small = np.maximum(width, height) < 0.35 * scale
    thin = np.minimum(width, height) < 0.08 * scale
    drop = (small & (touching > 0.1 * area)) | (thin & (touching > 0.5 * area))
    drop[0] = False
    return np.where(drop[labels], np.uint8(0), mask)


def _cells(lines: Grey, scale: float) -> Boxes:
    """Boxes of the regions that `lines` enclose and that a character fits in."""
    gap = max(3, round(0.15 * scale)) | 1
    closed = cv2.morphologyEx(lines, cv2.MORPH_CLOSE, np.ones((gap, gap), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(255 - closed, connectivity=4)
    height, width = lines.shape
    boxes = [
        (x, y, x + w, y + h)
        for x, y, w, h, area in stats[1:count].tolist()
        if x > 0 and y > 0 and x + w < width and y + h < height
        if min(w, h) > 0.8 * scale and area > 0.7 * w * h and w * h < 0.5 * width * height
    ]
    return np.asarray(boxes, np.int32).reshape(-1, 4)
