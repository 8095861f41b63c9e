"""Printed structure: rulings, squares, dots, frames and grids found, and taken out of the ink."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from hwcli.page.components import (
    Boxes,
    Components,
    Shapes,
    components,
    glyph_scale,
    is_frame,
    shapes,
)
from hwcli.page.dots import is_printed_dot
from hwcli.page.grey import Grey, Labels, block, grown, labelled, tall_runs, wide_runs
from hwcli.page.ink import Ink

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


_THICKEST = 100
"""Lines are not measured beyond this many px."""


@dataclass(frozen=True, slots=True, eq=False)
class Cleaned:
    """Ink without printed structure."""

    ink: Ink
    """All ink but for printed dots."""
    mask: Grey
    """uint8 (H, W): 255 on strokes."""
    found: Components
    """The strokes."""
    scale: float
    """Typical height of a character, px."""
    lines: Grey | None
    """uint8 (H, W): 255 on what was taken out; None where nothing was."""
    cells: Boxes
    """Boxes of the closed fields that the lines enclose."""


def remove_rulings(ink: Ink) -> Cleaned:
    """The strokes of `ink` without rulings, squares, frames and grids.

    First the rulings of the paper, which cross much of the page and come in numbers; then its dots;
    then boxes and tables: components that reach far, enclose others, or are one long thin bar. The
    strokes of ordinary characters are never looked at.
    """
    page = _page_rulings(ink.faint)
    loose, mask = ink.loose, ink.mask
    if page is not None:
        loose, mask = loose & ~page, mask & ~page
    strokes = components(mask, ink.strength)
    scale = glyph_scale(strokes, ink.stroke)
    dots = is_printed_dot(strokes, scale)
    if dots.any():
        printed = grown(strokes.mask_of(dots), 3, 3)
        ink, mask, loose = _without(ink, printed), mask & ~printed, loose & ~printed
        strokes = components(mask, ink.strength)
    lines = _lines_of_structure(shapes(loose), scale, page)
    if lines is None:
        return Cleaned(ink, mask, strokes, scale, None, np.empty((0, 4), np.int32))
    mask = mask & ~lines
    found = _without_rests(components(mask, ink.strength), mask, lines, scale)
    return Cleaned(ink, mask, found, glyph_scale(found, ink.stroke), lines, _cells(lines, scale))


def _without(ink: Ink, printed: Grey) -> Ink:
    """`ink` where nothing is `printed`."""
    strength, mask, loose, faint = (
        part & ~printed for part in (ink.strength, ink.mask, ink.loose, ink.faint)
    )
    return replace(ink, strength=strength, mask=mask, loose=loose, faint=faint)


def _page_rulings(faint: Grey) -> Grey | None:
    """The rulings of lined or squared paper, uint8 (H, W): at least three across the page."""
    if min(faint.shape) < _SMALLEST_PAGE:
        return None
    across, rows = _rulings_along_rows(faint)
    down, columns = _rulings_along_rows(_transposed(faint))
    return across | _transposed(down) if rows + columns >= _RULINGS else None


def _rulings_along_rows(faint: Grey) -> tuple[Grey, int]:
    """Lines that cross much of the page from left to right, and how many there are."""
    width = faint.shape[1]
    wide = _wide_lines(faint, max(60, width // 8))
    _, stats, every = _bridged(wide)
    if not (stats[1:, 2] * every > _SPAN * width).any():  # nor does any part of them
        return np.zeros_like(faint), 0
    near = _thin(faint, wide)
    labels, stats, every = _bridged(near)
    long = (stats[:, 2] * every > _SPAN * width) & (stats[:, 3] < 0.1 * width)
    long[0] = False
    if not long.any():
        return np.zeros_like(faint), 0
    whole = np.where(long, np.uint8(255), np.uint8(0))[labels].repeat(every, axis=1)
    return near & whole[:, :width], int(long.sum())


def _bridged(near: Grey) -> tuple[Labels, NDArray[np.int32], int]:
    """The components of `near`, gaps bridged, as `labelled` gives them, of every so many columns.

    That many is the third of what comes back.
    """
    reach = max(3, near.shape[1] // 60) | 1
    every = max(1, reach // 2)
    labels, stats, _ = labelled(np.ascontiguousarray(grown(near, 3, reach)[:, ::every]))
    return labels, stats, every


def _transposed(mask: Grey) -> Grey:
    return np.asarray(cv2.transpose(mask), np.uint8)


def _lines_of_structure(found: Shapes, scale: float, page: Grey | None) -> Grey | None:
    """Lines of boxes and tables among `found`, with those of the `page`; None for none."""
    lines = page
    for index in np.flatnonzero(_structural(found, found.labels.shape, scale)).tolist():
        x, y, width, height = found.stats[index, :4].tolist()
        straight = _straight_lines(found.part(index), scale)
        if lines is None:
            lines = np.zeros(found.labels.shape, np.uint8)
        lines[y : y + height, x : x + width] |= straight
    return lines if lines is not None and cv2.countNonZero(lines) else None


def _structural(found: Shapes, shape: tuple[int, ...], scale: float) -> NDArray[np.bool_]:
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
    return across | _transposed(_lines_along_rows(_transposed(part), length))


def _lines_along_rows(part: Grey, length: int) -> Grey:
    return _thin(part, _wide_lines(part, length))


def _wide_lines(part: Grey, length: int) -> Grey:
    """The pixels of `part` in horizontal lines of at least `length` px, whatever crosses them."""
    if part.shape[1] < length:
        return np.zeros_like(part)
    drift = max(1, round(length * _SLOPE / 2))
    return part & wide_runs(grown(part, 2 * drift + 1, 3), length)


def _thin(part: Grey, wide: Grey) -> Grey:
    """Of the `wide` lines of `part` the pixels on no stroke that runs across them."""
    count = cv2.countNonZero(wide)
    if not count:
        return wide
    limit = int(_CROSSING * _usual_height(part, wide, count))
    return wide & ~tall_runs(part, limit + 1)


def _usual_height(part: Grey, near: Grey, count: int) -> int:
    """Height of the vertical runs of `part` through the `count` pixels of `near`.

    That which a third of them do not exceed: the others are where strokes cross a line.
    """
    for height in range(1, _THICKEST):
        taller = cv2.countNonZero(near & tall_runs(part, height + 1))
        if count - taller > count // 3:
            return height
    return _THICKEST


def _without_rests(found: Components, mask: Grey, lines: Grey, scale: float) -> Components:
    """`found` without the small fragments that hang on removed lines; they leave `mask` too."""
    reach = 2 * max(2, round(0.04 * scale)) + 1
    beside = grown(lines, reach, reach).ravel()[found.pixels] > 0
    touching = np.bincount(found.label[beside], minlength=found.greatest() + 1)[found.ids]
    width, height, area = found.stats[:, 2], found.stats[:, 3], found.stats[:, 4]
    small = np.maximum(width, height) < 0.35 * scale
    thin = np.minimum(width, height) < 0.08 * scale
    drop = (small & (touching > 0.1 * area)) | (thin & (touching > 0.5 * area))
    kept = found.only(~drop)
    mask.ravel()[found.pixels[kept.numbers()[found.label] < 0]] = 0
    return kept


def _cells(lines: Grey, scale: float) -> Boxes:
    """Boxes of the regions that `lines` enclose and that a character fits in.

    A region is a hole in the lines: within its contour, which runs on the lines around it, but for
    what stands in it. How many pixels that are, Pick's theorem (1899) tells of the contours.
    """
    gap = max(3, round(0.15 * scale)) | 1
    closed = cv2.morphologyEx(lines, cv2.MORPH_CLOSE, block(gap, gap))
    contours, tree = cv2.findContours(closed, cv2.RETR_TREE, cv2.CHAIN_APPROX_NONE)
    if tree is None:
        return np.empty((0, 4), np.int32)
    parents = tree[0, :, 3].tolist()
    depth: list[int] = []
    for parent in parents:  # a parent comes before what is in it
        depth.append(0 if parent < 0 else depth[parent] + 1)
    area = [0.0] * len(contours)
    for number, (contour, parent) in enumerate(zip(contours, parents, strict=True)):
        edge = len(contour) / 2 - 1
        hole = depth[number] % 2 == 1
        area[number] += cv2.contourArea(contour) + (-edge if hole else edge)
        if parent >= 0 and not hole:
            area[parent] -= cv2.contourArea(contour) + edge
    boxes = []
    for number, contour in enumerate(contours):
        if depth[number] % 2:
            x, y, w, h = cv2.boundingRect(contour)
            w, h = w - 2, h - 2  # the lines around it
            large = min(w, h) > 0.8 * scale and w * h < 0.5 * lines.size
            if large and area[number] > 0.7 * w * h:
                boxes.append((x + 1, y + 1, x + 1 + w, y + 1 + h))
    return np.asarray(boxes, np.int32).reshape(-1, 4)
