"""Which way up a page lies: as it is, on a side or on its head, by how surely it is read.

A page is turned only where its glyphs read more surely by more than chance: glyph by glyph at the
four turns first, then the page as a whole, found anew as it would stand. Lines tell the axis: in
writing the nearest neighbour stands beside a glyph, not above it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwcli.characters import NO_CHARACTER
from hwcli.classify import AnyClassifier
from hwcli.glyph_batch import normalise_all
from hwcli.page.components import Boxes, median
from hwcli.page.find import Found
from hwcli.page.grey import Grey

_FIRST, _SAMPLE = 16, 48
"""Glyphs of a page that are read at the four turns, at most: more where the first ones speak for
any turn at all."""
_FEWEST = 3
"""Fewer glyphs tell nothing."""
_SMALLEST, _LARGEST = 0.5, 2.5
"""The longer side of a glyph that is looked at, in typical heights: no dot, no word in one."""
_BAR = 0.3
"""A glyph narrower than this share of its length looks like one at every turn: 1, -, /."""
_LIKELY = 0.75
"""From this evidence on, in standard deviations, a turned page is looked at as a whole."""
_CLEAR = 2.0
"""From this evidence on the page is turned."""
_READS = 0.7
"""What is read then is right with this probability at least, in the mean: less is not worth it, and
is as likely a page that the model does not know at all."""
_AXIS = 1.0
"""What lines count for whose gaps are e times as narrow as those between them, in standard
deviations: no more, so that a column of characters is not turned for its looks alone."""
_NEAR = 0.2
"""In typical heights: smaller differences between gaps say nothing."""
_FAR = 5.0
"""In typical heights: what is farther is no neighbour."""

Floats = NDArray[np.float64]


class Reading(NamedTuple):
    """How surely glyphs are read."""

    sure: Floats
    """(N,): how much like a character, of whatever kind, each looks."""
    p: Floats
    """(N,): probability of the likeliest character."""


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """Tells how surely glyphs are read by a classifier."""

    classifier: AnyClassifier
    among: NDArray[np.bool_] | None
    """(classes,) which can be; all if None."""

    def __call__(self, crops: Sequence[Grey]) -> Reading:
        """How surely each of `crops`, uint8 (h, w), is read; 0 for no ink.

        Sure is the logarithm of the sum over all characters of what the network gives for each,
        which tells what it knows from what it does not better than the share of the likeliest one
        (the energy of Liu et al. 2020, https://arxiv.org/abs/2010.03759), and the logarithm of the
        probability that it is a character where there is a class for what is none.
        """
        info = self.classifier.info
        images, inked = normalise_all(crops, info.normalisation)
        logits = self.classifier.logits(images[inked]).astype(np.float64) / info.temperature
        can_be = np.ones(len(info.classes), np.bool_) if self.among is None else self.among
        is_char = can_be & np.array([c != NO_CHARACTER for c in info.classes])
        sure, p = np.zeros((2, len(crops)))
        all_of_it = _log_sum(logits[:, can_be])
        sure[inked] = 2 * _log_sum(logits[:, is_char]) - all_of_it
        p[inked] = np.exp(logits[:, is_char].max(axis=1, initial=-np.inf) - all_of_it)
        return Reading(sure, p)


Look = Callable[[int], Found]
"""The characters of the page turned clockwise by so many quarters."""
Reads = Callable[[Sequence[Grey]], Reading]


def stand(look: Look, judge: Reads) -> tuple[int, Found]:
    """How many quarters a page is to be turned clockwise to be upright, and what is on it then.

    Args:
        look: finds the characters of the page.
        judge: how surely each of some crops is read.
    """
    found = look(0)
    turn, evidence = _suspected(found, judge)
    if evidence < _LIKELY:
        return 0, found
    other = look(turn)
    here, there = _picked(found, _SAMPLE), _picked(other, _SAMPLE)
    if len(there) < _FEWEST:
        return 0, found
    anew = judge(_crops(other, there))
    whole = _apart(anew.sure, judge(_crops(found, here)).sure)
    if turn % 2:
        whole += (_lines(other, there) - _lines(found, here)) / 2
    is_clear = whole > 0 and (whole + evidence) / 2 >= _CLEAR and anew.p.mean() >= _READS
    return (turn, other) if is_clear else (0, found)


def _suspected(found: Found, judge: Reads) -> tuple[int, float]:
    """The likeliest turn other than none, and how much speaks for it, in standard deviations."""
    turn, evidence = 0, -math.inf
    for most in (_FIRST, _SAMPLE):
        picked = _picked(found, most)
        if len(picked) < _FEWEST:
            break
        crops = _crops(found, picked)
        turned = [np.ascontiguousarray(np.rot90(c, -n)) for n in range(4) for c in crops]
        sure = judge(turned).sure.reshape(4, -1)
        lines = _lines(found, picked)
        told = [_above_0(sure[n] - sure[0]) - (n % 2) * lines for n in (1, 2, 3)]
        turn, evidence = 1 + int(np.argmax(told)), max(told)
        if evidence < 0 or len(picked) < most:
            break
    return turn, evidence


def _crops(found: Found, picked: Sequence[int]) -> list[Grey]:
    return [found.segments.crop(i, found.ink) for i in picked]


def _log_sum(logits: Floats) -> Floats:
    most = logits.max(axis=1, initial=-1e9)
    return np.asarray(most + np.log(np.exp(logits - most[:, None]).sum(axis=1) + 1e-300))


def _glyphs(found: Found) -> NDArray[np.intp]:
    """Those of a character's size and not like a bar."""
    boxes, scale = found.segments.boxes, found.segments.scale
    sides = np.sort(boxes[:, 2:] - boxes[:, :2], axis=1)
    size = sides[:, 1] / scale
    return np.flatnonzero(
        (size > _SMALLEST) & (size < _LARGEST) & (sides[:, 0] > _BAR * sides[:, 1])
    )


def _picked(found: Found, most: int) -> list[int]:
    """`most` of the glyphs that tell how the page lies, evenly spread over them, or all."""
    glyphs = _glyphs(found)
    count = min(most, len(glyphs))
    return [int(glyphs[i * len(glyphs) // count]) for i in range(count)]


def _lines(found: Found, picked: Sequence[int]) -> float:
    """How much speaks for lines from left to right, and below 0 for lines up or down.

    In standard deviations, by the gaps from `picked` to the nearest glyphs beside and above.
    """
    boxes: Boxes = found.segments.boxes
    glyphs = _glyphs(found)
    own, others = boxes[picked].astype(np.float64)[:, None], boxes[glyphs].astype(np.float64)[None]
    apart = np.maximum(own[..., :2], others[..., :2]) - np.minimum(own[..., 2:], others[..., 2:])
    sides = np.minimum(own[..., 2:] - own[..., :2], others[..., 2:] - others[..., :2])
    level = -apart > 0.3 * sides  # they share a column, a row
    level &= (np.asarray(picked)[:, None] != glyphs)[..., None]
    scale = median((boxes[glyphs, 2:] - boxes[glyphs, :2]).max(axis=1))
    gaps = [
        np.where(level[..., 1 - axis], apart[..., axis].clip(0), np.inf).min(axis=1) / scale
        for axis in (0, 1)
    ]
    beside, above = (np.minimum(gap, _FAR) + _NEAR for gap in gaps)
    return _AXIS * float(np.clip(np.log(above / beside).mean(), -1, 1))


def _above_0(differences: Floats) -> float:
    """How far the mean of `differences`, (n,), is above 0, in standard deviations."""
    n = len(differences)
    deviation = math.sqrt(float(differences.var(ddof=1)) / n + 1e-12)
    return _normal(float(differences.mean()) / deviation, n - 1)


def _apart(these: Floats, those: Floats) -> float:
    """How far the mean of `these` is above that of `those`, in standard deviations."""
    m, n = len(these), len(those)
    squares = float(these.var()) * m + float(those.var()) * n
    deviation = math.sqrt(squares / (m + n - 2) * (1 / m + 1 / n) + 1e-12)
    return _normal(float(these.mean() - those.mean()) / deviation, m + n - 2)


def _normal(t: float, freedom: int) -> float:
    """The normal deviate that is as rare as Student's `t` (Abramowitz and Stegun 26.7.8)."""
    return t * (1 - 1 / (4 * freedom)) / math.sqrt(1 + t * t / (2 * freedom))
