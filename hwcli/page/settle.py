"""Doubtful partings settled by reading: what reads better, as one character or as two."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwcli.page.components import boxes_of_labels
from hwcli.page.grey import Grey
from hwcli.page.ink import Ink
from hwcli.page.segments import Segments, ink_within, union

WEIGHTS = (0.58, 0.43, -0.63, 0.95)
"""Of the logits of being two, of either's being a character, of both being one, and of how crowded
the page is. Fitted to 2,900 doubts on pages composed of train glyphs; of 407 others 94 % are so
decided rightly, of those on pages of loose letters 99 %."""
PAIR_JOINED, PARTS_JOINED = -1.27, 0.63
"""Logit that must be exceeded by two that were found as two, and by loose parts of one."""
_LEAST = 1e-3
"""No probability is taken to be closer to 0 or 1."""

Read = Callable[[Sequence[Grey]], NDArray[np.float32]]
"""From crops to the probability that each is a character, 0 for no ink."""


def settle(segments: Segments, ink: Ink, read: Read) -> Segments:
    """`segments` with each doubt decided for what is likelier.

    What the finder says of their being two, how surely each is read, how surely both together, and
    how many doubts there are, are weighed by a logistic regression (`benchmarks/doubts.py`).
    """
    if not segments.doubts:
        return segments
    sure = read(crops_of_doubts(segments, ink))
    told = evidence(segments, sure, crowding(segments)) @ np.array(WEIGHTS)
    group = _grouped(segments, told - np.where(are_parts(segments), PARTS_JOINED, PAIR_JOINED))
    owned = group >= 0
    labels = np.asarray(segments.labels, np.int32)
    boxes = boxes_of_labels(labels, len(group) - 1)
    joined = union(boxes[owned], group[owned])
    return replace(segments, boxes=joined, owner=group, doubts=())


def crops_of_doubts(segments: Segments, ink: Ink) -> list[Grey]:
    """Three crops for each doubt: of the one, of the other, of both together."""
    labels, count = segments.labels, len(segments.owner)
    boxes = boxes_of_labels(np.asarray(labels, np.int32), count - 1)
    crops = []
    for doubt in segments.doubts:
        for some in (doubt.first, doubt.second, doubt.first + doubt.second):
            which = np.zeros(count, np.bool_)
            which[list(some)] = True
            own = boxes[list(some)]
            box = np.concatenate([own[:, :2].min(axis=0), own[:, 2:].max(axis=0)])
            empty = not (box[2:] > box[:2]).all()
            crops.append(np.zeros((1, 1), np.uint8) if empty
                         else ink_within(box, which, labels, ink))  # fmt: skip
    return crops


def crowding(segments: Segments) -> float:
    """How many doubts there are for each character, natural logarithm.

    Where many letters touch, two that do are two; where none do, it is one that was taken apart.
    """
    return float(np.log((0.5 + len(segments.doubts)) / (1 + len(segments.boxes))))


def evidence(segments: Segments, sure: NDArray[np.float32], crowded: float) -> NDArray[np.float64]:
    """(doubts, 4) what is weighed, from how surely each of `crops_of_doubts` is a character."""
    read = _logit(sure.reshape(-1, 3))
    apart = _logit(np.array([doubt.apart for doubt in segments.doubts]))
    page = np.full(len(read), crowded)
    return np.column_stack([apart, read[:, 0] + read[:, 1], read[:, 2], page])


def are_parts(segments: Segments) -> NDArray[np.bool_]:
    """(doubts,) whether it is of loose parts of one character, rather than of two."""
    owner = segments.owner
    return np.array([owner[d.first[0]] == owner[d.second[0]] for d in segments.doubts], np.bool_)


def _logit(p: NDArray[Any]) -> NDArray[np.float64]:
    kept = np.clip(p.astype(np.float64), _LEAST, 1 - _LEAST)
    return np.asarray(np.log(kept / (1 - kept)), np.float64)


def _grouped(segments: Segments, two: NDArray[np.float64]) -> NDArray[np.int32]:
    """The number of the character of each label, the clearest decisions taken first.

    Args:
        segments: with their doubts.
        two: of each doubt the logit of there being two characters.
    """
    group = segments.owner.copy()
    settled: set[int] = set()
    for index in np.argsort(-np.abs(two), kind="stable").tolist():
        doubt = segments.doubts[index]
        both = (*doubt.first, *doubt.second)
        if settled.intersection(both):
            continue
        if two[index] < 0:
            group[list(both)] = group[doubt.first[0]]
            settled.update(both)
        elif group[doubt.first[0]] == group[doubt.second[0]]:
            group[list(doubt.second)] = group.max() + 1
            settled.update(both)
    there = group >= 0
    group[there] = np.unique(group[there], return_inverse=True)[1]
    return group
