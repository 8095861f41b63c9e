"""What the reading of a composed page cuts out of it, and which character each piece is.

A piece is a character if it is nearly all of one glyph and nearly nothing else. Half a glyph, two
in one, scribbles and rests of rulings are none; what is in between is not taken.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from hwcli.characters import NO_CHARACTER
from hwcli.compose.page import Composed
from hwcli.glyph import Normalisation
from hwcli.glyph_batch import normalise_all
from hwcli.page.components import boxes_of_labels
from hwcli.page.find import Found, find_characters
from hwcli.page.finder import Finder
from hwcli.page.grey import Grey
from hwcli.page.segments import Segments, ink_within

NO_SCRIPT = "Zyyy"
"""ISO 15924 of what is no character."""
_WHOLE, _PURE = 0.8, 0.8
"""Of a character's piece: its share of the glyph's ink, and the glyph's share of it."""
_TORN, _MIXED = 0.5, 0.6
"""Below one of these a piece is no character."""
_SEEN = 0.4
"""A glyph of whose ink less than this is seen on the page is not asked for."""
_JOINED, _HALVED = 0.05, 0.05
"""Pieces that are made of two neighbours, and of a part of one, for each that was found."""
_NEAR = 0.35
"""Neighbours are less than this apart, in typical heights."""


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """Pieces of pages and what they are."""

    images: NDArray[np.uint8]
    """uint8 (N, size, size), as a classifier sees them."""
    chars: tuple[str, ...]
    """Of each the character, or `NO_CHARACTER`."""
    scripts: tuple[str, ...]
    """ISO 15924 code of each."""
    pages: NDArray[np.int64]
    """(N,) number of the page that it was cut out of."""


def cut(page: Composed, finder: Finder, how: Normalisation, rng: Generator) -> Pieces:
    """All that `ocr` might take for a character on `page`, and some that it should not."""
    found = find_characters(page.grey, finder)
    judge = _Judge(page, found)
    inks: list[Grey] = []
    chars: list[str] = []
    scripts: list[str] = []

    def take(ink: Grey, number: int | None) -> None:
        if number is None:
            return
        placed = page.glyphs[number - 1] if number else None
        inks.append(ink)
        chars.append(placed.char if placed else NO_CHARACTER)
        scripts.append(placed.script if placed else NO_SCRIPT)

    whole = list(_found(found.segments))
    for labels in (*whole, *_doubted(found.segments), *_joined(found.segments, whole, rng)):
        number = judge.glyph_of(labels)
        ink = judge.ink_of(labels) if number is not None else None
        if ink is None:
            continue
        take(ink, number)
        if number and rng.random() < _HALVED:
            take(_half(ink, rng), 0)
    images, inked = normalise_all(inks, how)
    kept = np.flatnonzero(inked).tolist()
    return Pieces(
        images[inked],
        tuple(chars[i] for i in kept),
        tuple(scripts[i] for i in kept),
        np.zeros(len(kept), np.int64),
    )


class _Judge:
    """Tells which glyph of a page some labels of its segments are."""

    def __init__(self, page: Composed, found: Found) -> None:
        self._found = found
        self._labels = np.asarray(found.segments.labels, np.int32)
        self._boxes = boxes_of_labels(self._labels, len(found.segments.owner) - 1)
        ids = _as_found(page.ids, found) + 1  # 0: scribble, 1: nothing, from 2: glyphs
        count = len(page.glyphs) + 2
        near = np.where(ids == 1, cv2.dilate(_without_nothing(ids), np.ones((3, 3))), ids)
        self._exact = self._pairs(ids, count)
        self._near = self._pairs(near.astype(np.int32), count)
        there = np.bincount(ids.ravel(), minlength=count)
        seen = np.bincount(ids[found.ink.mask > 0], minlength=count)
        self._seen = np.maximum(seen, self._exact.sum(axis=0))
        self._asked = seen >= _SEEN * there

    def _pairs(self, ids: NDArray[np.int32], count: int) -> NDArray[np.int64]:
        """Pixels of each label that are of each glyph."""
        inked = self._labels > 0
        rows = len(self._found.segments.owner)
        flat = self._labels[inked].astype(np.int64) * count + ids[inked]
        return np.bincount(flat, minlength=rows * count).reshape(rows, count)

    def glyph_of(self, labels: Sequence[int]) -> int | None:
        """The number of the glyph that `labels` are; 0 if they are none, None if who knows."""
        own = self._near[list(labels)].sum(axis=0)
        total = int(own.sum())
        if not total:
            return None
        if len(own) == 2:
            return 0
        number = int(own[2:].argmax()) + 2
        pure = own[number] / total
        if pure < _MIXED:
            return 0
        if not self._asked[number]:
            return None
        whole = self._exact[list(labels), number].sum() / max(1, self._seen[number])
        if whole < _TORN:
            return 0
        return number - 1 if pure >= _PURE and whole >= _WHOLE else None

    def ink_of(self, labels: Sequence[int]) -> Grey | None:
        """The ink of `labels`; None where there is none."""
        own = self._boxes[list(labels)]
        box = np.concatenate([own[:, :2].min(axis=0), own[:, 2:].max(axis=0)])
        if not (box[2:] > box[:2]).all():
            return None
        which = np.zeros(len(self._found.segments.owner), np.bool_)
        which[list(labels)] = True
        return ink_within(box, which, self._labels, self._found.ink)


def _as_found(ids: NDArray[np.int32], found: Found) -> NDArray[np.int32]:
    """`ids` on the pixels of `found`: as much reduced, and turned alike."""
    size = found.shape[::-1]
    small = cv2.resize(ids.astype(np.float32), size, interpolation=cv2.INTER_NEAREST)
    if found.turn is not None:
        small = cv2.warpAffine(small, found.turn.forth, found.turn.size, flags=cv2.INTER_NEAREST)
    return np.asarray(small, np.int32)


def _without_nothing(ids: NDArray[np.int32]) -> NDArray[np.float32]:
    return np.where(ids == 1, 0, ids).astype(np.float32)


def _found(segments: Segments) -> Iterator[tuple[int, ...]]:
    """The labels of each character, as it is before doubts are settled."""
    order = np.argsort(segments.owner, kind="stable")
    owners = segments.owner[order]
    bounds = np.searchsorted(owners, np.arange(len(segments.boxes) + 1))
    for first, last in pairwise(bounds.tolist()):
        yield tuple(order[first:last].tolist())


def _doubted(segments: Segments) -> Iterator[tuple[int, ...]]:
    """What doubts ask for, and is no character found."""
    for doubt in segments.doubts:
        one = {segments.owner[label] for label in (*doubt.first, *doubt.second)}
        if len(one) == 1:
            yield from (doubt.first, doubt.second)
        else:
            yield (*doubt.first, *doubt.second)


def _joined(
    segments: Segments, whole: list[tuple[int, ...]], rng: Generator
) -> Iterator[tuple[int, ...]]:
    """Characters with the next one on their right."""
    boxes = segments.boxes
    for number in np.flatnonzero(rng.random(len(boxes)) < _JOINED).tolist():
        x0, y0, x1, y1 = boxes[number].tolist()
        apart = boxes[:, 0] - x1
        level = (boxes[:, 1] < y1) & (boxes[:, 3] > y0) & (boxes[:, 0] > x0)
        beside = np.flatnonzero(level & (apart < _NEAR * segments.scale))
        if len(beside):
            yield whole[number] + whole[int(beside[apart[beside].argmin()])]


def _half(ink: Grey, rng: Generator) -> Grey:
    """A third to a half of a piece gone, from one side."""
    out = ink.copy()
    height, width = ink.shape
    share = rng.uniform(0.35, 0.55)
    side = int(rng.integers(4))
    if side < 2:
        at = round(share * width)
        out[:, slice(0, at) if side else slice(width - at, width)] = 0
    else:
        at = round(share * height)
        out[slice(0, at) if side == 2 else slice(height - at, height)] = 0
    return out
