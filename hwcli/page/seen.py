"""From what the finder sees to the characters of a page, pixel by pixel."""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from hwcli.page.components import boxes_of_labels, is_strong, longest
from hwcli.page.finder import STRIDE, Characters, Finder
from hwcli.page.form import find_fields, in_rows_and_columns
from hwcli.page.look import look
from hwcli.page.rulings import Cleaned
from hwcli.page.segments import Doubt, Segments, is_writing, union
from hwcli.page.view import View

_SMALLEST_PX = 2
"""Strokes that are shorter than this, px, are none."""
_SURE = 0.75
"""From this score on, a character is neither two nor a part of one."""
_PART = 0.12
"""What has a smaller share of its character's ink is no character of its own."""
_WIDEST, _HIGHEST = 1.8, 2.2
"""Two parts that together are larger than this, in typical sizes, are two characters."""

_NEAR = 3
"""Characters whose places are no farther apart than this may be one."""

Ids = NDArray[np.int32]


def segment(cleaned: Cleaned, finder: Finder) -> Segments:
    """The characters of a page by `finder`.

    Raises:
        ModelError: the finder fails.
    """
    view, found = look(cleaned, finder)
    found = found.only(_in_fields(found, view, cleaned))
    parts, owner = _parted(found)
    doubts = _doubts(found, parts, owner)
    return _at_full_size(cleaned, view, parts, owner, doubts)


def _in_fields(found: Characters, view: View, cleaned: Cleaned) -> NDArray[np.bool_]:
    """Which characters stand where the fields of a form are; all of them where there is none."""
    strokes, scale = cleaned.found, cleaned.scale
    writing = is_writing(strokes.stats, cleaned.ink, scale) & is_strong(strokes, scale)
    fields = find_fields(strokes, writing, cleaned.cells, scale)
    if not len(fields):
        return np.ones(len(found.boxes), np.bool_)
    boxes = found.boxes.astype(np.float64) * (STRIDE / view.scale)
    return in_rows_and_columns(boxes, fields)


def _parted(found: Characters) -> tuple[Ids, NDArray[np.int32]]:
    """A label for each loose part of the doubtful characters, and for each of the others.

    Returns:
        (h, w): the label at each place, from 1; and the number of the character, from 0, by label,
        −1 for none, (labels + 1,).
    """
    parts = found.ids.copy()
    owner = [-1, *range(len(found.boxes))]
    for number in np.flatnonzero(found.score < _SURE).tolist():
        x0, y0, x1, y1 = found.boxes[number].tolist()
        window = parts[y0:y1, x0:x1]
        own = window == number + 1
        count, labels, stats, _ = cv2.connectedComponentsWithStats(own.view(np.uint8))
        area = stats[:, cv2.CC_STAT_AREA]
        large = [k for k in range(1, count) if area[k] >= max(3, _PART * own.sum())]
        for k in large[1:]:
            window[labels == k] = len(owner)
            owner.append(number)
    return parts, np.asarray(owner, np.int32)


def _doubts(found: Characters, parts: Ids, owner: NDArray[np.int32]) -> tuple[Doubt, ...]:
    """What may be two characters or one: parts of one, and neighbours that touch."""
    size = float(np.median(longest(found.boxes))) if len(found.boxes) else 1.0
    labels = [np.flatnonzero(owner == n) for n in range(len(found.boxes))]
    doubts = []
    for number, own in enumerate(labels):
        if len(own) == 2:
            apart = 1 - float(found.score[number])
            doubts.append(Doubt((int(own[0]),), (int(own[1]),), apart))
    for a, b in _beside(parts, owner):
        apart = float(min(found.score[a], found.score[b]))
        box = np.concatenate([np.minimum(found.boxes[a, :2], found.boxes[b, :2]),
                              np.maximum(found.boxes[a, 2:], found.boxes[b, 2:])])  # fmt: skip
        width, height = box[2] - box[0], box[3] - box[1]
        if apart < _SURE and width < _WIDEST * size and height < _HIGHEST * size:
            first, second = (tuple(labels[n].tolist()) for n in (a, b))
            doubts.append(Doubt(first, second, apart))
    return tuple(doubts)


def _beside(parts: Ids, owner: NDArray[np.int32]) -> list[tuple[int, int]]:
    """Pairs of characters that have places beside each other, or nearly so."""
    number = owner[parts]
    pairs: set[tuple[int, int]] = set()
    for down in range(_NEAR + 1):
        for across in range(-_NEAR, _NEAR + 1):
            left, right = max(0, -across), max(0, across)
            one = number[: number.shape[0] - down, left : number.shape[1] - right]
            two = number[down:, right : number.shape[1] - left]
            beside = (one != two) & (one >= 0) & (two >= 0)
            both = np.stack([one[beside], two[beside]])
            pairs.update(zip(both.min(axis=0).tolist(), both.max(axis=0).tolist(), strict=True))
    return sorted(pairs)


def _at_full_size(
    cleaned: Cleaned,
    view: View,
    parts: Ids,
    owner: NDArray[np.int32],
    doubts: tuple[Doubt, ...],
) -> Segments:
    """The strokes of the page with the part that each of their pixels belongs to."""
    size = cleaned.ink.mask.shape[::-1]
    near = cv2.resize(_spread(parts).astype(np.float32), size, interpolation=cv2.INTER_NEAREST)
    told = cv2.resize((parts > 0).view(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    strokes = (cleaned.mask > 0) | ((cleaned.ink.mask > 0) & (told > 0))
    labels = np.where(strokes, near, 0).astype(np.int32)
    by_label = boxes_of_labels(labels, len(owner) - 1)
    there = longest(by_label) >= _SMALLEST_PX  # what the finder takes for ink may be none
    owner = _numbered(np.where(there, owner, -1))
    doubts = tuple(_inked(doubts, there))
    boxes = union(by_label[owner >= 0], owner[owner >= 0])
    scale = float(np.median(longest(boxes))) if len(boxes) else STRIDE / view.scale
    return Segments(boxes, labels, owner, scale, doubts)


def _numbered(owner: NDArray[np.int32]) -> NDArray[np.int32]:
    """`owner` with its characters numbered without gaps."""
    out = owner.copy()
    out[owner >= 0] = np.unique(owner[owner >= 0], return_inverse=True)[1]
    return out


def _inked(doubts: tuple[Doubt, ...], there: NDArray[np.bool_]) -> Iterator[Doubt]:
    """The doubts between labels that have ink."""
    for doubt in doubts:
        first, second = (
            tuple(label for label in labels if there[label])
            for labels in (doubt.first, doubt.second)
        )
        if first and second:
            yield Doubt(first, second, doubt.apart)


def _spread(parts: Ids) -> Ids:
    """`parts` with the places beside them taken in, if they are no other's."""
    wider = cv2.dilate(parts.astype(np.float32), np.ones((3, 3), np.uint8)).astype(np.int32)
    return np.where(parts > 0, parts, wider)
