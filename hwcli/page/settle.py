"""Doubtful partings settled by reading: what reads better, as one character or as two."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hwcli.page.components import boxes_of_labels
from hwcli.page.grey import Grey
from hwcli.page.ink import Ink
from hwcli.page.segment import Segments, ink_within, union

Read = Callable[[Sequence[Grey]], NDArray[np.float32]]
"""From crops to the probability of the likeliest character of each, 0 for no ink."""


def settle(segments: Segments, ink: Ink, read: Read) -> Segments:
    """`segments` with each doubt decided for what is likelier.

    For two parts the likelihood is that of the finder for their being two, times how surely each
    is read; for one, that of their being one, times how surely they are read together.
    """
    if not segments.doubts:
        return segments
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
    sure = read(crops).reshape(-1, 3).astype(np.float64)
    apart = np.array([doubt.apart for doubt in segments.doubts])
    two = apart * np.sqrt(sure[:, 0] * sure[:, 1])
    one = (1 - apart) * sure[:, 2]
    group = _grouped(segments, two, one)
    owned = group >= 0
    joined = union(boxes[owned], group[owned])
    return replace(segments, boxes=joined, owner=group, doubts=())


def _grouped(
    segments: Segments, two: NDArray[np.float64], one: NDArray[np.float64]
) -> NDArray[np.int32]:
    """The number of the character of each label, the clearest decisions taken first."""
    group = segments.owner.copy()
    settled: set[int] = set()
    for index in np.argsort(-np.abs(np.log(two + 1e-9) - np.log(one + 1e-9))).tolist():
        doubt = segments.doubts[index]
        both = (*doubt.first, *doubt.second)
        if settled.intersection(both):
            continue
        if one[index] > two[index]:
            group[list(both)] = group[doubt.first[0]]
            settled.update(both)
        elif group[doubt.first[0]] == group[doubt.second[0]]:
            group[list(doubt.second)] = group.max() + 1
            settled.update(both)
    there = group >= 0
    group[there] = np.unique(group[there], return_inverse=True)[1]
    return group
