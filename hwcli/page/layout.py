"""Reading order: characters into lines, lines into words."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwcli.page.components import Boxes, median

_LIKELY_LINES = 4
"""A dot is tried with as many lines, those nearest to it."""

_RAISED = 0.85
"""A raised or lowered character is smaller than this share of the tall ones of its line."""
_BESIDE, _APART = 1.6, 0.15
"""It has a neighbour whose middle is no farther to a side than this, and that is no farther above
or below, in characters' heights."""


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Where each character stands; characters in reading order."""

    order: NDArray[np.intp]
    """(N,) indices of the characters, line by line, left to right."""
    line: NDArray[np.int32]
    """(N,) number of the line of each character, in reading order."""
    word: NDArray[np.int32]
    """(N,) number of the word within its line, in reading order."""
    angle_deg: float
    """Slope of the lines, degrees, clockwise positive."""


def lay_out(boxes: Boxes, scale: float) -> Layout:
    """Lines and words of characters with these boxes.

    Lines are followed from left to right, so that they may be skewed or curved; small characters
    (dots, bars, superscripts) join the line they are nearest to.
    """
    if not len(boxes):
        empty = np.empty(0, np.int32)
        return Layout(np.empty(0, np.intp), empty, empty, 0.0)
    slope = _slope(boxes, scale)
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2.0
    height = (boxes[:, 3] - boxes[:, 1]).astype(np.float64)
    level = centre[:, 1] - slope * centre[:, 0]
    lines = _lines(level, centre[:, 0], height, scale)
    lines.sort(key=lambda line: median(level[line]))
    order: list[int] = []
    numbers: list[int] = []
    words: list[int] = []
    for number, line in enumerate(lines):
        line.sort(key=lambda i: float(centre[i, 0]))
        order += line
        numbers += [number] * len(line)
        words += _words(boxes[line], scale)
    return Layout(
        np.asarray(order, np.intp),
        np.asarray(numbers, np.int32),
        np.asarray(words, np.int32),
        float(np.degrees(np.arctan(slope))),
    )


def renumbered(
    line: NDArray[np.int32], word: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """`line` and `word` of the characters that are left of a layout, numbered without gaps."""
    if not len(line):
        return line, word
    turns = np.diff(line) != 0
    first = np.append(True, turns)
    begun = np.cumsum(np.append(False, turns | (np.diff(word) != 0)))
    line = np.cumsum(first) - 1
    word = begun - begun[first][line]
    return line.astype(np.int32), word.astype(np.int32)


def _slope(boxes: Boxes, scale: float) -> float:
    """Slope of the lines of writing, px/px: where their feet pile up highest."""
    height = boxes[:, 3] - boxes[:, 1]
    full = boxes[height > 0.5 * scale].astype(np.float64)
    if len(full) < 6:
        return 0.0
    x = (full[:, 0] + full[:, 2]) / 2
    slopes = np.array(sorted(np.tan(np.radians(np.arange(-12, 12.1, 0.5))), key=abs))
    edges = np.stack([full[:, 3], full[:, [1, 3]].mean(axis=1)])
    levels = edges[None] - slopes[:, None, None] * x
    piles = _piles(levels.reshape(-1, len(full)), 0.2 * scale).reshape(-1, 2).sum(axis=1)
    best, steepness = -1.0, 0.0
    for slope, score in zip(slopes, piles * (1 - 0.6 * np.abs(slopes)), strict=True):
        if score > best * 1.02:
            best, steepness = float(score), float(slope)
    return steepness


def _piles(levels: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """How concentrated each row of `levels` is: the sum of squares of a smoothed histogram."""
    bins = ((levels - levels.min(axis=1, keepdims=True)) / max(width, 1.0)).astype(np.intp)
    length = int(bins.max()) + 1
    bins += np.arange(len(bins))[:, None] * length
    counts = np.bincount(bins.ravel(), minlength=len(bins) * length).reshape(-1, length)
    smooth = np.zeros((len(bins), length + 2))
    smooth[:, 1:-1] = counts
    smooth[:, :-2] += 0.5 * counts
    smooth[:, 2:] += 0.5 * counts
    return np.asarray((smooth**2).sum(axis=1), np.float64)


def _lines(
    level: NDArray[np.float64],
    x: NDArray[np.float64],
    height: NDArray[np.float64],
    scale: float,
) -> list[list[int]]:
    """Lines as lists of character indices."""
    full = height > 0.45 * scale
    lines: list[list[int]] = []
    current: list[float] = []
    for i in np.argsort(x, kind="stable").tolist():
        if not full[i] and full.any():
            continue
        distances = [abs(level[i] - at) for at in current]
        best = int(np.argmin(distances)) if distances else -1
        if best >= 0 and distances[best] < 0.75 * max(scale, min(height[i], 1.5 * scale)):
            lines[best].append(i)
            current[best] += 0.35 * (level[i] - current[best])
        else:
            lines.append([i])
            current.append(float(level[i]))
    lines = _with_raised(_merge(lines, level, scale), level, x, height, scale)
    small = np.flatnonzero(~full).tolist() if full.any() else []
    middles = np.asarray([median(level[line]) for line in lines])
    for i in small:
        likely = np.argsort(np.abs(middles - level[i]), kind="stable")[:_LIKELY_LINES]
        _nearest([lines[k] for k in likely.tolist()], i, level, x, scale).append(i)
    return lines


def _merge(lines: list[list[int]], level: NDArray[np.float64], scale: float) -> list[list[int]]:
    """Lines at the same level made one."""
    merged: list[list[int]] = []
    for line in sorted(lines, key=lambda item: median(level[item])):
        here = median(level[line])
        if merged and here - median(level[merged[-1]]) < 0.6 * scale:
            merged[-1] = merged[-1] + line
        else:
            merged.append(line)
    return merged


def _with_raised(
    lines: list[list[int]],
    level: NDArray[np.float64],
    x: NDArray[np.float64],
    height: NDArray[np.float64],
    scale: float,
) -> list[list[int]]:
    """Lines of nothing but raised or lowered characters of another line made part of that."""

    def stands_by(i: int, line: list[int]) -> bool:
        near = [k for k in line if abs(x[k] - x[i]) < _BESIDE * scale]
        apart = [abs(level[k] - level[i]) - (height[k] + height[i]) / 2 for k in near]
        smaller = height[i] < _RAISED * float(np.quantile(height[line], 0.75))
        return smaller and min(apart, default=np.inf) < _APART * scale

    lines = sorted(lines, key=len, reverse=True)
    kept: list[list[int]] = []
    for line in lines:
        others = [o for o in kept if len(o) >= 2 * len(line)]
        own = next((o for o in others if all(stands_by(i, o) for i in line)), None)
        if own is None:
            kept.append(line)
        else:
            own += line
    return kept


def _nearest(
    lines: list[list[int]],
    i: int,
    level: NDArray[np.float64],
    x: NDArray[np.float64],
    scale: float,
) -> list[int]:
    """The line whose characters beside `i` are closest to its level."""

    def distance(line: list[int]) -> float:
        members = np.asarray(line)
        beside = members[np.argsort(np.abs(x[members] - x[i]), kind="stable")[:3]]
        apart = max(0.0, float(np.abs(x[beside] - x[i]).min()) - 2 * scale)
        return float(np.abs(level[beside] - level[i]).min()) + 0.5 * apart

    return min(lines, key=distance)


def _words(boxes: Boxes, scale: float) -> list[int]:
    """Number of the word of each character of a line, from left to right."""
    if len(boxes) < 2:
        return [0] * len(boxes)
    gaps = boxes[1:, 0] - np.maximum.accumulate(boxes[:, 2])[:-1]
    usual = median(gaps)
    limit = max(0.55 * scale, 2.0 * usual)
    return [0, *np.cumsum(gaps > limit).tolist()]
