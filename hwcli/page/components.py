"""Connected strokes, and what their sizes and shapes tell of a page."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hwcli.page.ink import Grey

Boxes = NDArray[np.int32]
"""int32 (N, 4): x0, y0, x1, y1, half-open, px."""

_MOST = 10_000
"""Components looked at, at most: more are noise."""
_THIN = 0.3
"""Frames and grids cover at most this share of their box."""
_FAINT_GLYPH, _FAINT_PART = 0.25, 0.5
"""Least contrast of a component against the usual one on the page: character-sized, smaller."""


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """Connected strokes."""

    labels: NDArray[np.int32]
    """int32 (H, W): number of the component from 1, 0 on paper."""
    stats: NDArray[np.int32]
    """int32 (N, 5): x, y, width, height, area, px."""
    middles: NDArray[np.float64]
    """float64 (N, 2): x, y of the centre of mass."""
    strength: NDArray[np.float64]
    """float64 (N,): mean contrast of the ink."""

    def __len__(self) -> int:
        return len(self.stats)


def components(mask: Grey, strength: Grey) -> Components:
    """The 8-connected components of `mask`, the largest where it is little but noise."""
    count, labels, stats, middles = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count > _MOST:
        largest = np.argsort(stats[1:, 4], kind="stable")[-_MOST:] + 1
        number = np.zeros(count, np.int32)
        number[np.sort(largest)] = np.arange(1, len(largest) + 1)
        labels, kept = number[labels], np.r_[0, np.sort(largest)]
        stats, middles = stats[kept], middles[kept]
    on = labels > 0
    total = np.bincount(labels[on], strength[on].astype(np.float64), minlength=len(stats))
    return Components(
        np.asarray(labels, np.int32),
        np.asarray(stats[1:], np.int32),
        np.asarray(middles[1:], np.float64),
        total[1:] / np.maximum(1, stats[1:, 4]),
    )


def glyph_scale(found: Components, stroke: float) -> float:
    """Typical size of a character, px: the longer side of its box.

    The median over components that are larger than a dot and no frame, each weighted by its ink;
    faint ones do not count.
    """
    if not len(found):
        return 1.0
    width, height, area = found.stats[:, 2], found.stats[:, 3], found.stats[:, 4]
    size = np.maximum(width, height)
    likely = (size > 2.5 * stroke) & (area > 0.04 * width * height) & ~is_frame(found)
    likely &= np.maximum(width, height) < 25 * np.minimum(width, height)
    if not likely.any():
        return float(np.median(size))
    likely &= found.strength >= 0.5 * _median(found.strength[likely], area[likely])
    if likely.sum() > 4:
        likely &= size <= 4 * np.median(size[likely])
    return _median(size[likely], area[likely])


def _median(values: NDArray[Any], weights: NDArray[Any]) -> float:
    """The weighted median."""
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weights[order], dtype=np.float64)
    return float(values[order][np.searchsorted(total, total[-1] / 2)])


def is_strong(found: Components, scale: float) -> NDArray[np.bool_]:
    """Which components are as dark as the writing on the page, rather than smudges or guide lines.

    Small ones must have half of the usual contrast, large ones (pencil beside ink) a quarter.
    """
    if not len(found):
        return np.empty(0, np.bool_)
    longest = found.stats[:, 2:4].max(axis=1)
    full = longest > 0.5 * scale
    typical = _median(found.strength, np.where(full, longest, 0) if full.any() else longest)
    flat = found.stats[:, 2:4].min(axis=1) < 0.15 * scale
    least = np.where((longest > 0.6 * scale) & ~flat, _FAINT_GLYPH, _FAINT_PART)
    return np.asarray(found.strength >= least * typical, np.bool_)


def is_frame(found: Components) -> NDArray[np.bool_]:
    """Which components enclose others, or are the outline of a rectangle: bool (N,)."""
    return encloses(found) | _is_outline(found)


def _is_outline(found: Components) -> NDArray[np.bool_]:
    """Which components are thin lines along all four sides of their box, and nothing inside.

    The thinness tells a printed square from a handwritten ㅁ or 口.
    """
    out = np.zeros(len(found), np.bool_)
    width, height, area = found.stats[:, 2], found.stats[:, 3], found.stats[:, 4]
    candidates = (np.minimum(width, height) > 16) & (area < 0.09 * (width + height) ** 2 / 2)
    for i in np.flatnonzero(candidates):
        x, y, w, h = (int(v) for v in found.stats[i, :4])
        part = found.labels[y : y + h, x : x + w] == i + 1
        margin = max(2, round(0.12 * min(w, h)))
        inside = part[margin:-margin, margin:-margin].sum()
        rows, columns = part.T, part
        sides = [
            *(strip.any(axis=0) for strip in (columns[:margin], columns[-margin:])),
            *(strip.any(axis=0) for strip in (rows[:margin], rows[-margin:])),
        ]
        thickness = area[i] / (2 * (w + h))
        out[i] = (
            inside < 0.05 * area[i]
            and min(float(side.mean()) for side in sides) > 0.85
            and thickness < 0.07 * min(w, h)
        )
    return out


def encloses(found: Components) -> NDArray[np.bool_]:
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
