"""Printed structure: rulings, squares, frames and grids found, and taken out of the ink."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hwcli.page.ink import Grey, Ink

Boxes = NDArray[np.int32]
"""int32 (N, 4): x0, y0, x1, y1, half-open, px."""

_SPAN = 0.5
"""A component as long as this share of the photo's side is looked through for rulings."""
_THIN = 0.3
"""Frames and grids cover at most this share of their box."""
_SLOPE = 0.035
"""Rulings deviate from the horizontal and the vertical by at most this: 2 degrees."""
_CROSSING = 2.2
"""Ink that runs on across a ruling for this many of its widths is a stroke, not the ruling."""


_MOST = 20_000
"""Components looked at, at most: more are noise."""


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

    Only components that reach across much of the photo, enclose others, or are one long thin bar
    are looked through, so the strokes of ordinary characters are never touched.
    """
    found = components(ink.loose)
    lines = np.zeros_like(ink.mask)
    if not len(found):
        return Cleaned(ink.mask, lines, np.empty((0, 4), np.int32))
    scale = glyph_scale(found, ink.stroke)
    for index in np.flatnonzero(_structural(found, ink.mask.shape, scale)):
        x, y, width, height = (int(v) for v in found.stats[index, :4])
        window = np.s_[y : y + height, x : x + width]
        part = np.where(found.labels[window] == index + 1, np.uint8(255), np.uint8(0))
        lines[window] |= _straight_lines(part, scale)
    if not lines.any():
        return Cleaned(ink.mask, lines, np.empty((0, 4), np.int32))
    mask = _without_rests(ink.mask & ~lines, lines, scale)
    return Cleaned(mask, lines, _cells(lines, scale))


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """Connected strokes."""

    labels: NDArray[np.int32]
    """int32 (H, W): number of the component from 1, 0 on paper."""
    stats: NDArray[np.int32]
    """int32 (N, 5): x, y, width, height, area, px."""
    middles: NDArray[np.float64]
    """float64 (N, 2): x, y of the centre of mass."""

    def __len__(self) -> int:
        return len(self.stats)


def components(mask: Grey) -> Components:
    """The 8-connected components of `mask`, the largest where it is little but noise."""
    count, labels, stats, middles = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count > _MOST:
        largest = np.argsort(stats[1:, 4], kind="stable")[-_MOST:] + 1
        number = np.zeros(count, np.int32)
        number[np.sort(largest)] = np.arange(1, len(largest) + 1)
        labels, kept = number[labels], np.r_[0, np.sort(largest)]
        stats, middles = stats[kept], middles[kept]
    return Components(
        np.asarray(labels, np.int32),
        np.asarray(stats[1:], np.int32),
        np.asarray(middles[1:], np.float64),
    )


def glyph_scale(found: Components, stroke: float) -> float:
    """Typical size of a character, px: the longer side of its box.

    The median over components that are larger than a dot, each weighted by its size; what encloses
    other components is no character.
    """
    width, height, area = found.stats[:, 2], found.stats[:, 3], found.stats[:, 4]
    size = np.maximum(width, height)
    likely = (size > 2.5 * stroke) & (area > 0.04 * width * height) & (size < 25 * width.clip(1))
    likely &= (size < 25 * height.clip(1)) & ~_encloses(found)
    sizes = np.sort(size[likely])
    if not sizes.size:
        return float(np.median(size)) if size.size else 1.0
    if sizes.size > 4:
        sizes = sizes[sizes <= 4 * np.median(sizes)]
    return float(sizes[np.searchsorted(np.cumsum(sizes), sizes.sum() / 2)])


def _encloses(found: Components) -> NDArray[np.bool_]:
    """Which components are thin and have others, not much smaller ones, inside their box."""
    x, y, width, height, area = found.stats.T
    longest = np.maximum(width, height)
    out = np.zeros(len(found), np.bool_)
    for i in np.flatnonzero((area < _THIN * width * height) & (longest > 12)):
        inside = (
            (np.abs(found.middles[:, 0] - x[i] - width[i] / 2) < 0.45 * width[i])
            & (np.abs(found.middles[:, 1] - y[i] - height[i] / 2) < 0.45 * height[i])
            & (longest < 0.8 * longest[i])
            & (longest > 0.12 * min(width[i], height[i], 10 * np.median(longest)))
        )
        out[i] = inside.any()
    return out


def _structural(found: Components, shape: tuple[int, ...], scale: float) -> NDArray[np.bool_]:
    """Which components may be or hold printed lines: bool (N,)."""
    width, height, area = found.stats[:, 2], found.stats[:, 3], found.stats[:, 4]
    longest, shortest = np.maximum(width, height), np.minimum(width, height)
    spans = (width > _SPAN * shape[1]) | (height > _SPAN * shape[0])
    bar = longest > 20 * np.maximum(1, area / longest)
    thin = area < _THIN * width * height
    outline = 2 * (width + height)
    empty_frame = (shortest > 1.8 * scale) & (area < 0.04 * outline * shortest)
    holds = (longest > 1.4 * scale) & thin & (_encloses(found) | empty_frame)
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
    ink = part > 0
    down = np.zeros(part.shape, np.int32)
    up = np.zeros(part.shape, np.int32)
    for row in range(part.shape[0]):
        down[row] = (down[row - 1] + 1 if row else 1) * ink[row]
    for row in range(part.shape[0] - 1, -1, -1):
        up[row] = (up[row + 1] + 1 if row + 1 < part.shape[0] else 1) * ink[row]
    return np.where(ink, down + up - 1, 0).astype(np.int32)


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
