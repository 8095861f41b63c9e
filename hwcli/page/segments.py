"""The characters of a photo as sets of pixels, before they are read."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hwcli.page.components import Boxes
from hwcli.page.grey import Grey, Labels, grown
from hwcli.page.ink import Ink


@dataclass(frozen=True, slots=True)
class Doubt:
    """Two sets of labels that may be two characters, or one."""

    first: tuple[int, ...]
    second: tuple[int, ...]
    apart: float
    """How probable it is that they are two, before they are read."""


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """The characters of a photo, before they are read."""

    boxes: Boxes
    """int32 (N, 4): x0, y0, x1, y1, half-open, px."""
    labels: Labels
    """(H, W): label of the stroke that each pixel belongs to, 0 for none."""
    owner: NDArray[np.int32]
    """Index of the character that each label belongs to, −1 for none."""
    scale: float
    """Typical height of a character, px."""
    doubts: tuple["Doubt", ...] = ()
    """Where characters may have been parted or joined wrongly."""

    def crop(self, index: int, ink: Ink) -> Grey:
        """Ink of one character as uint8 (h, w), soft edges kept, its neighbours left out."""
        return ink_within(self.boxes[index], self.owner == index, self.labels, ink)


def ink_within(box: NDArray[np.int32], which: NDArray[np.bool_], labels: Labels, ink: Ink) -> Grey:
    """The ink in `box` of the labels of `which`, as uint8 (h, w), soft edges kept."""
    x0, y0, x1, y1 = box.tolist()
    margin = 2
    top, left = max(0, y0 - margin), max(0, x0 - margin)
    window = np.s_[top : y1 + margin, left : x1 + margin]
    own = which[labels[window]].view(np.uint8)
    strength = ink.strength[window]
    levels = np.bincount(strength[own > 0], minlength=256)
    full = max(1, int(np.searchsorted(np.cumsum(levels), 0.75 * levels.sum())))
    soft = cv2.convertScaleAbs(strength, alpha=255.0 / full)
    return np.asarray(cv2.copyTo(soft, grown(own, 3, 3)), np.uint8)


def is_writing(stats: NDArray[np.int32], ink: Ink, scale: float) -> NDArray[np.bool_]:
    """Which components are strokes rather than specks, smudges or the edge of the sheet."""
    x, y, width, height, area = stats.T
    longest = np.maximum(width, height)
    large_enough = (longest >= max(2.0, 0.8 * ink.stroke, 0.09 * scale)) & (
        area >= max(3.0, 0.4 * ink.stroke**2)
    )
    rows, columns = ink.mask.shape
    edge = max(1.0, 0.06 * scale)
    at_edge = (x < edge) | (y < edge) | (x + width > columns - edge) | (y + height > rows - edge)
    too_long = (width > 0.4 * columns) | (height > 0.4 * rows)
    shadow = at_edge & too_long & (longest > 1.5 * scale)
    flat_at_edge = at_edge & (np.minimum(width, height) < 0.2 * scale) & (longest > 0.4 * scale)
    huge = (np.minimum(width, height) > 5 * scale) | (longest > 25 * scale)
    return np.asarray(large_enough & ~shadow & ~huge & ~flat_at_edge, np.bool_)


def union(boxes: Boxes, group: NDArray[np.int32]) -> Boxes:
    """The box of each group: int32 (groups, 4)."""
    count = int(group.max()) + 1 if len(group) else 0
    out = np.empty((count, 4), np.int32)
    out[:, :2], out[:, 2:] = np.iinfo(np.int32).max, 0
    np.minimum.at(out[:, :2], group, boxes[:, :2])
    np.maximum.at(out[:, 2:], group, boxes[:, 2:])
    return out
