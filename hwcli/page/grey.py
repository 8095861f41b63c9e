"""Grey images and masks: what the steps from a photo to its characters do with them.

A pass over a photo in OpenCV costs a tenth of one in NumPy, so the passes are here, in bytes.
"""

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
"""uint8 (H, W)."""

Labels = NDArray[np.uint16] | NDArray[np.int32]
"""(H, W): number of the component a pixel belongs to, from 1; 0 where there is none."""

_MOST_SHORT = 65_000
"""Labels that fit into 16 bits, which takes a third of the time of 32."""
_LARGE = 100_000
"""Pixels of a mask in which long runs are not looked for pixel by pixel."""
_STEPS = 32
"""A long run is looked for in as many steps, those that it fills."""


@lru_cache(maxsize=256)
def block(height: int, width: int) -> Grey:
    """What is dilated or eroded with: a rectangle of ones, uint8 (height, width)."""
    return np.ones((height, width), np.uint8)


def halved(grey: Grey) -> Grey:
    """Every 2×2 pixels made one, their mean; an odd row or column at the end counts twice."""
    height, width = grey.shape
    odd_rows, odd_columns = height % 2, width % 2
    if odd_rows or odd_columns:
        grey = np.asarray(
            cv2.copyMakeBorder(grey, 0, odd_rows, 0, odd_columns, cv2.BORDER_REPLICATE), np.uint8
        )
    size = (grey.shape[1] // 2, grey.shape[0] // 2)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def reduced(grey: Grey, longest: int) -> Grey:
    """`grey` with its longer side no longer than `longest`, px."""
    while max(grey.shape) >= 2 * longest and min(grey.shape) > 1:  # far faster than other ratios
        grey = halved(grey)
    scale = longest / max(grey.shape)
    if scale >= 1:
        return grey
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def stretched(grey: Grey, shape: tuple[int, ...]) -> Grey:
    """`grey` enlarged to `shape` (H, W), smoothly."""
    return np.asarray(cv2.resize(grey, shape[1::-1], interpolation=cv2.INTER_LINEAR), np.uint8)


def peak(grey: Grey, reach: float) -> Grey:
    """The greatest value within a square of `reach` px, to an eighth of that."""
    step = 1 << max(0, int(reach / 8).bit_length() - 1)
    if step < 2 or min(grey.shape) < 4 * step:
        return _dilated(grey, max(3, round(reach)) | 1)
    coarse = _dilated(pooled(grey, step), max(3, round(reach / step)) | 1)
    tall, wide = coarse.shape[0] * step, coarse.shape[1] * step
    fine = cv2.resize(coarse, (wide, tall), interpolation=cv2.INTER_NEAREST)
    return np.asarray(fine[: grey.shape[0], : grey.shape[1]], np.uint8)


def pooled(grey: Grey, step: int) -> Grey:
    """The greatest value of every `step` × `step` pixels, one pixel each."""
    if step == 1:
        return grey
    highest = cv2.dilate(grey, block(step, step), anchor=(0, 0))
    return np.ascontiguousarray(highest[::step, ::step])


def _dilated(grey: Grey, side: int) -> Grey:
    return np.asarray(cv2.dilate(grey, block(side, side)), np.uint8)


def grown(mask: Grey, height: int, width: int) -> Grey:
    """`mask` dilated by a rectangle of odd sides."""
    return np.asarray(cv2.dilate(mask, block(height, width)), np.uint8)


def share(grey: Grey, of: float) -> Grey:
    """`grey` times `of`, rounded down: what exceeds it exceeds the product."""
    return np.asarray(cv2.convertScaleAbs(grey, alpha=of, beta=-0.499), np.uint8)


def above(grey: Grey, level: Grey) -> Grey:
    """255 where `grey` exceeds `level`, else 0."""
    return np.asarray(cv2.compare(grey, level, cv2.CMP_GT), np.uint8)


def tall_runs(mask: Grey, height: int) -> Grey:
    """The pixels of `mask` in vertical runs of at least `height` px."""
    kernel, out = block(height, 1), cv2.BORDER_CONSTANT
    shrunk = cv2.erode(mask, kernel, anchor=(0, 0), borderType=out, borderValue=0)
    back = (0, height - 1)
    return np.asarray(
        cv2.dilate(shrunk, kernel, anchor=back, borderType=out, borderValue=0), np.uint8
    )


def wide_runs(mask: Grey, width: int) -> Grey:
    """The pixels of `mask` in horizontal runs of about `width` px, or half of that at the edge."""
    step = max(1, width // _STEPS) if mask.size > _LARGE else 1
    if step == 1:
        return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, block(1, width | 1)), np.uint8)
    filled = cv2.erode(mask, block(1, step), anchor=(0, 0))
    coarse = np.ascontiguousarray(filled[:, ::step])
    kernel = block(1, ((width + 1) // step - 2) | 1)
    runs = cv2.morphologyEx(coarse, cv2.MORPH_OPEN, kernel)
    size = (runs.shape[1] * step, runs.shape[0])
    fine = cv2.resize(runs, size, interpolation=cv2.INTER_NEAREST)[:, : mask.shape[1]]
    ends = grown(np.asarray(fine, np.uint8), 1, 2 * step - 1)  # they need not begin with a step
    return ends & mask


def labelled(
    mask: Grey, connectivity: int = 8
) -> tuple[Labels, NDArray[np.int32], NDArray[np.float64]]:
    """Connected components of `mask`.

    Returns:
        (H, W) the label of each pixel; of each label, that of paper first, x, y, width, height and
        area, px, int32 (N + 1, 5), and x, y of its centre of mass, float64 (N + 1, 2).
    """
    _, labels, stats, middles = cv2.connectedComponentsWithStats(
        mask, connectivity=connectivity, ltype=_label_type(mask, connectivity)
    )
    return _as_labels(labels), np.asarray(stats, np.int32), np.asarray(middles, np.float64)


def _as_labels(labels: NDArray[Any]) -> Labels:
    if labels.dtype == np.uint16:
        return np.asarray(labels, np.uint16)
    return np.asarray(labels, np.int32)


def _label_type(mask: Grey, connectivity: int) -> int:
    """The OpenCV type that the labels of `mask` fit into, those given on the way included.

    A pixel gets a new one where none of those looked at before it is on and beside it.
    """
    before = np.array([[1, 1, 1], [1, 0, 0]] if connectivity == 8 else [[0, 1], [1, 0]], np.uint8)
    beside = cv2.dilate(
        mask,
        before,
        anchor=(1, 1),
        borderType=cv2.BORDER_CONSTANT,
        borderValue=0,
    )
    starts = cv2.countNonZero(cv2.subtract(mask, beside))
    return cv2.CV_16U if starts < _MOST_SHORT else cv2.CV_32S
