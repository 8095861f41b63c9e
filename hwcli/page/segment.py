"""Strokes into characters: components cleaned of specks, parts of one character joined."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hwcli.page.components import Boxes, Components, is_strong
from hwcli.page.form import field_of, find_fields, in_rows_and_columns
from hwcli.page.grey import Grey, Labels, grown, labels_of
from hwcli.page.ink import Ink
from hwcli.page.rulings import Cleaned

_PART = 0.45
"""What is smaller than this share of a character is a part: a dot, an accent, a short bar."""


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
    form: bool
    """The characters stand in the fields of a form."""
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


def segment(ink: Ink, cleaned: Cleaned) -> Segments:
    """Characters in `cleaned`: strokes, with the parts of i, j, =, ÷ and the like joined."""
    found, scale = cleaned.found, cleaned.scale
    writing = is_writing(found.stats, ink, scale) & is_strong(found, scale)
    fields = find_fields(found, writing, cleaned.cells, scale)
    if len(fields):
        writing &= in_rows_and_columns(found.middles, fields)
    found = found.only(writing)
    boxes = _boxes(found.stats)
    linked = _linked(found, ink, cleaned)
    group = _join(boxes, linked, field_of(_middles(boxes), fields), scale, ink.stroke)
    number = found.numbers()
    owner = np.where(number >= 0, np.append(group, np.int32(-1))[number], np.int32(-1))
    return Segments(union(boxes, group), found.labels, owner, scale, len(fields) > 0)


def _middles(boxes: Boxes) -> NDArray[np.float64]:
    return (boxes[:, :2] + boxes[:, 2:]) / 2.0


def _boxes(stats: NDArray[np.int32]) -> Boxes:
    x, y, width, height = stats[:, 0], stats[:, 1], stats[:, 2], stats[:, 3]
    return np.stack([x, y, x + width, y + height], axis=1).astype(np.int32)


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


def _linked(found: Components, ink: Ink, cleaned: Cleaned) -> NDArray[np.int32]:
    """Number of the faint component that each of `found` is part of, int32 (N,)."""
    faint = ink.faint
    if cleaned.lines is not None:
        faint = (faint & ~grown(cleaned.lines, 5, 5)) | cleaned.mask
    number = np.zeros(found.greatest() + 1, np.int32)
    number[found.label] = labels_of(faint).ravel()[found.pixels]
    return number[found.ids]


def _join(
    boxes: Boxes,
    linked: NDArray[np.int32],
    cell: NDArray[np.int32],
    scale: float,
    stroke: float,
) -> NDArray[np.int32]:
    """Number of the character each part belongs to, int32 (N,), numbered from 0 without gaps."""
    parent = list(range(len(boxes)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    order = np.argsort(boxes[:, 0], kind="stable")
    starts = boxes[order, 0]
    reach = 0.3 * scale
    for a in order.tolist():
        until = int(np.searchsorted(starts, boxes[a, 2] + reach))
        first = int(np.searchsorted(starts, boxes[a, 0]))
        near = order[first:until]
        level = (boxes[near, 1] < boxes[a, 3] + 2 * reach) & (
            boxes[near, 3] > boxes[a, 1] - 2 * reach
        )
        for b in near[level].tolist():
            if a == b or (cell[a] != cell[b] and min(cell[a], cell[b]) >= 0):
                continue
            same_field = bool(cell[a] == cell[b] >= 0)
            if (linked[a] == linked[b] and _is_narrow(boxes[[a, b]], scale)) or _are_one(
                boxes[a], boxes[b], scale, stroke, same_field=same_field
            ):
                parent[root(b)] = root(a)
    roots = [root(i) for i in range(len(boxes))]
    number = {r: n for n, r in enumerate(sorted(set(roots)))}
    return np.asarray([number[r] for r in roots], np.int32)


def _are_one(
    a: NDArray[np.int32], b: NDArray[np.int32], scale: float, stroke: float, *, same_field: bool
) -> bool:
    """Whether two parts with these boxes belong to one character.

    In one field of a form a part is taken to belong to the character beside it more readily.
    """
    ax0, ay0, ax1, ay1 = (float(v) for v in a)
    bx0, by0, bx1, by1 = (float(v) for v in b)
    aw, ah, bw, bh = ax1 - ax0, ay1 - ay0, bx1 - bx0, by1 - by0
    across = min(ax1, bx1) - max(ax0, bx0)
    gap = max(ay0, by0) - min(ay1, by1)
    height = max(ay1, by1) - min(ay0, by0)
    small_a, small_b = max(aw, ah) < _PART * scale, max(bw, bh) < _PART * scale
    if same_field and (small_a or small_b) and max(gap, -across) < 0.5 * scale:
        return height < 2.2 * scale
    if across > 0 and gap < 0:  # boxes overlap: a broken stroke, or a part inside another
        share = -across * gap / max(1.0, min(aw * ah, bw * bh))
        if share > 0.35:
            return height < 2.2 * scale
    if across < 0.5 * min(aw, bw) or gap > 0.6 * scale:
        return False
    if gap < 0.6 * stroke:  # one on the other, all but touching
        return height < 1.6 * scale and gap > -0.3 * scale
    if aw > 2 * ah and bw > 2 * bh:  # the bars of =
        return min(aw, bw) > 0.5 * max(aw, bw) and gap < max(0.8 * max(aw, bw), 2 * stroke)
    if small_a and small_b:  # : and ;
        return height > 0.3 * scale
    if small_a or small_b:  # the dot of i, j, !, ? and of ÷
        dot_above = small_a == (ay0 < by0)
        body = b if small_a else a
        return height < 1.9 * scale and _dot_belongs(body, dot_above, gap, scale)
    return False


def _is_narrow(pair: Boxes, scale: float) -> bool:
    """Whether two linked parts are together no larger than one character."""
    width = int(pair[:, 2].max() - pair[:, 0].min())
    height = int(pair[:, 3].max() - pair[:, 1].min())
    return width < 1.1 * scale and height < 1.6 * scale


def _dot_belongs(body: NDArray[np.int32], dot_above: bool, gap: float, scale: float) -> bool:
    narrow = int(body[2] - body[0]) < 0.75 * scale
    return gap < (0.6 if narrow else 0.35) * scale and (dot_above or gap < 0.45 * scale)


def union(boxes: Boxes, group: NDArray[np.int32]) -> Boxes:
    """The box of each group: int32 (groups, 4)."""
    count = int(group.max()) + 1 if len(group) else 0
    out = np.empty((count, 4), np.int32)
    out[:, :2], out[:, 2:] = np.iinfo(np.int32).max, 0
    np.minimum.at(out[:, :2], group, boxes[:, :2])
    np.maximum.at(out[:, 2:], group, boxes[:, 2:])
    return out
