"""Connected strokes, and what their sizes and shapes tell of a page."""

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hwcli.page.grey import Grey, Labels, labelled

Boxes = NDArray[np.int32]
"""int32 (N, 4): x0, y0, x1, y1, half-open, px."""

_MOST = 10_000
"""Components looked at, at most: more are noise."""
_THIN = 0.3
"""Frames and grids cover at most this share of their box."""
_AT_ONCE = 1_000_000
"""Pairs of components compared at once."""
_FAINT_GLYPH, _FAINT_PART = 0.25, 0.5
"""Least contrast of a component against the usual one on the page: character-sized, smaller."""


@dataclass(frozen=True, slots=True, eq=False)
class Shapes:
    """Connected strokes."""

    labels: Labels
    """(H, W): the label of the component each pixel belongs to, 0 on paper."""
    ids: NDArray[np.intp]
    """(N,): the label of each component; others in `labels` are left out."""
    stats: NDArray[np.int32]
    """int32 (N, 5): x, y, width, height, area, px."""
    middles: NDArray[np.float64]
    """float64 (N, 2): x, y of the centre of mass."""

    def __len__(self) -> int:
        return len(self.stats)

    def part(self, index: int) -> Grey:
        """Which pixels of its box are of the component: 255, else 0."""
        x, y, width, height = self.stats[index, :4].tolist()
        window = self.labels[y : y + height, x : x + width]
        own = window == self.ids[index]
        return np.asarray(own.view(np.uint8) * np.uint8(255), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Components(Shapes):
    """Connected strokes, and their ink."""

    strength: NDArray[np.float64]
    """float64 (N,): mean contrast of the ink."""
    pixels: NDArray[np.intp]
    """Index of each pixel of a stroke in the raveled photo."""
    label: Labels
    """The label of each of `pixels`."""

    def numbers(self) -> NDArray[np.int32]:
        """Index of the component by its label, −1 for those left out."""
        out = np.full(self.greatest() + 1, -1, np.int32)
        out[self.ids] = np.arange(len(self.ids))
        return out

    def mask_of(self, which: NDArray[np.bool_]) -> Grey:
        """uint8 (H, W): 255 on the components of `which`, bool (N,), elsewhere 0."""
        out = np.zeros(self.labels.shape, np.uint8)
        out.ravel()[self.pixels[self.only(which).numbers()[self.label] >= 0]] = 255
        return out

    def greatest(self) -> int:
        """The greatest label that a pixel may have."""
        return max(int(self.label.max(initial=0)), int(self.ids.max(initial=0)))

    def only(self, which: NDArray[np.bool_]) -> "Components":
        """The components of `which`, bool (N,)."""
        return replace(
            self,
            ids=self.ids[which],
            stats=self.stats[which],
            middles=self.middles[which],
            strength=self.strength[which],
        )


def shapes(mask: Grey) -> Shapes:
    """The 8-connected components of `mask`, the largest where it is little but noise."""
    labels, stats, middles = labelled(mask)
    ids = np.arange(1, len(stats))
    if len(ids) > _MOST:
        ids = np.sort(np.argsort(stats[1:, 4], kind="stable")[-_MOST:] + 1)
    return Shapes(labels, ids, stats[ids], middles[ids])


def components(mask: Grey, strength: Grey) -> Components:
    """The `shapes` of `mask`, with the mean of `strength` on each."""
    found = shapes(mask)
    pixels = np.flatnonzero(mask.ravel() != 0)
    label = found.labels.ravel()[pixels]
    length = int(found.ids.max(initial=0)) + 1
    total = np.bincount(label, strength.ravel()[pixels], minlength=length)[found.ids]
    mean = total / np.maximum(1, found.stats[:, 4])
    return Components(found.labels, found.ids, found.stats, found.middles, mean, pixels, label)


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
        return median(size)
    likely &= found.strength >= 0.5 * weighted_median(found.strength[likely], area[likely])
    if likely.sum() > 4:
        likely &= size <= 4 * median(size[likely])
    return weighted_median(size[likely], area[likely])


def median(values: NDArray[Any]) -> float:
    """The median of `values`, (N,) with N at least 1: NumPy's own takes ten times as long."""
    ordered = np.sort(values)
    count = len(ordered)
    return (float(ordered[(count - 1) // 2]) + float(ordered[count // 2])) / 2


def weighted_median(values: NDArray[Any], weights: NDArray[Any]) -> float:
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
    weights = np.where(full, longest, 0) if full.any() else longest
    typical = weighted_median(found.strength, weights)
    flat = found.stats[:, 2:4].min(axis=1) < 0.15 * scale
    least = np.where((longest > 0.6 * scale) & ~flat, _FAINT_GLYPH, _FAINT_PART)
    return np.asarray(found.strength >= least * typical, np.bool_)


def is_frame(found: Shapes) -> NDArray[np.bool_]:
    """Which components enclose others, or are the outline of a rectangle: bool (N,)."""
    return encloses(found) | _is_outline(found)


def _is_outline(found: Shapes) -> NDArray[np.bool_]:
    """Which components are thin lines along all four sides of their box, and nothing inside.

    The thinness tells a printed square from a handwritten ㅁ or 口.
    """
    out = np.zeros(len(found), np.bool_)
    width, height, area = found.stats[:, 2], found.stats[:, 3], found.stats[:, 4]
    shorter, perimeter = np.minimum(width, height), 2 * (width + height)
    candidates = (
        (shorter > 16)
        & (area < 0.09 * (width + height) ** 2 / 2)
        & (area / np.maximum(1, perimeter) < 0.07 * shorter)
    )
    for i in np.flatnonzero(candidates).tolist():
        w, h = found.stats[i, 2:4].tolist()
        part = found.part(i)
        margin = max(2, round(0.12 * min(w, h)))
        if cv2.countNonZero(part[margin:-margin, margin:-margin]) >= 0.05 * area[i]:
            continue
        across, down = (part[:margin], part[-margin:]), (part[:, :margin], part[:, -margin:])
        sides = [
            *(cv2.countNonZero(cv2.reduce(strip, 0, cv2.REDUCE_MAX)) / w for strip in across),
            *(cv2.countNonZero(cv2.reduce(strip, 1, cv2.REDUCE_MAX)) / h for strip in down),
        ]
        out[i] = min(sides) > 0.85
    return out


def encloses(found: Shapes) -> NDArray[np.bool_]:
    """Which components are thin and have others, not much smaller ones, inside their box."""
    x, y, width, height, area = found.stats.T
    longest = np.maximum(width, height)
    out = np.zeros(len(found), np.bool_)
    thin = np.flatnonzero((area < _THIN * width * height) & (longest > 12))
    usual = 10 * median(longest) if len(longest) else 0.0
    at_once = max(1, _AT_ONCE // max(1, len(found)))
    for some in (thin[at : at + at_once] for at in range(0, len(thin), at_once)):
        w, h = width[some, None], height[some, None]
        least = 0.12 * np.minimum(np.minimum(w, h), usual)
        inside = (
            (np.abs(found.middles[:, 0] - (x[some, None] + w / 2)) < 0.45 * w)
            & (np.abs(found.middles[:, 1] - (y[some, None] + h / 2)) < 0.45 * h)
            & (longest < 0.8 * longest[some, None])
            & (longest > least)
        )
        out[some] = inside.any(axis=1)
    return out


def boxes_of_labels(labels: Labels, count: int) -> Boxes:
    """The box of each label from 0 to `count`: int32 (count + 1, 4), empty where there is none."""
    out = np.zeros((count + 1, 4), np.int32)
    y, x = np.nonzero(labels)
    own = labels[y, x]
    out[:, :2] = np.iinfo(np.int32).max
    for side, places in ((0, x.astype(np.int32)), (1, y.astype(np.int32))):
        np.minimum.at(out[:, side], own, places)
        np.maximum.at(out[:, side + 2], own, places + 1)
    return out


def longest(boxes: Boxes) -> NDArray[np.int32]:
    """The longer side of each box, px."""
    return np.asarray((boxes[:, 2:] - boxes[:, :2]).max(axis=1), np.int32)
