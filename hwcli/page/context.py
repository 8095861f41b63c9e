"""What a glyph's line says of it: letter or digit, and which case.

A single 0 cannot be told from an O, nor an x from an X: their neighbours and their height can.
"""

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwcli.page.components import median

_SMOOTHING = 1 / 3
"""Glyphs of each of the three kinds that every line is taken to have had (Perks 1947)."""
_ROUNDS = 2
"""How often the kinds of all glyphs are settled by each other."""
_PAGE_SHARE = 0.3
"""What a glyph elsewhere on the page counts for, against one in the line."""
_LOW, _LOW_AMONG_CAPITALS, _LOW_AMONG_SMALL = 0.72, 0.5, 0.8
"""Lower case is below this share of the height of capitals and digits in the line: where nothing
tells of the case, where all letters that do are capitals, where all are small."""
_BAR = 0.3
"""An L narrower than this share of its height is a lower-case l."""
_SAME_SHAPE = frozenset("CIKLMOSUVWXZ")
"""Letters whose cases differ in size and hardly in shape, and that stand on the line in both."""
_TALL, _SMALL = frozenset("0123456789ABDEFGHNQRTbdfhkt"), frozenset("aenr")
"""Characters as high as capitals, and as low as an x, in every hand."""

CONTEXT, CASE = "context", "case"
"""Flags of a glyph that its neighbours changed, and of one whose case was set by its height."""


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """Probabilities with the line taken into account."""

    probabilities: NDArray[np.float32]
    """(N, classes); each row sums to 1."""
    changed: NDArray[np.bool_]
    """(N,): the likeliest class is another than without the line."""


def settle_kinds(
    probabilities: NDArray[np.float32], line: NDArray[np.int32], classes: tuple[str, ...]
) -> Settled:
    """Probabilities given how many letters, digits and signs the rest of the line holds.

    The share of each kind among the other glyphs of the line (and, less, of the page) is the prior
    of the glyph's own kind; within a kind nothing changes. What the others are is itself settled by
    their neighbours, so this is done over again a few times.

    Args:
        probabilities: (N, classes), rows summing to 1.
        line: (N,) number of each glyph's line.
        classes: the character of each column.
    """
    if not len(probabilities):
        return Settled(probabilities, np.empty(0, np.bool_))
    kind = _kinds(classes)
    settled = probabilities
    for _ in range(_ROUNDS):
        prior = _prior((settled @ kind).astype(np.float64), line)
        weighted = probabilities * (prior @ kind.T)
        settled = (weighted / weighted.sum(axis=1, keepdims=True)).astype(np.float32)
    return Settled(settled, settled.argmax(axis=1) != probabilities.argmax(axis=1))


def _prior(of_kind: NDArray[np.float64], line: NDArray[np.int32]) -> NDArray[np.float64]:
    """Prior of each kind for every glyph, (N, kinds), from how probable each is for the others."""
    per_line = np.zeros((int(line.max()) + 1, of_kind.shape[1]))
    np.add.at(per_line, line, of_kind)
    in_line = per_line[line] - of_kind
    elsewhere = of_kind.sum(axis=0) - per_line[line]
    most = 10 * per_line[line].sum(axis=1, keepdims=True)
    share = _PAGE_SHARE * np.minimum(1, most / elsewhere.sum(axis=1, keepdims=True).clip(1))
    counts = in_line + share * elsewhere + _SMOOTHING
    return np.asarray(counts / counts.sum(axis=1, keepdims=True), np.float64)


def _kinds(classes: tuple[str, ...]) -> NDArray[np.float64]:
    """(classes, 3): 1 where a class is a letter, a digit, or anything else."""
    kinds = [{"L": 0, "N": 1}.get(unicodedata.category(c[0])[0], 2) for c in classes]
    return np.eye(3)[kinds]


def merged_letters(classes: tuple[str, ...]) -> frozenset[str]:
    """Capitals that stand for their lower case too, as in EMNIST by merge."""
    return frozenset(c for c in _SAME_SHAPE if c in classes and c.lower() not in classes)


def recase(
    chars: list[str], sizes: NDArray[np.int32], line: NDArray[np.int32], merged: frozenset[str]
) -> list[dict[str, str]]:
    """For each glyph, which characters to write otherwise, by its size within its line.

    Capitals, digits and letters with ascenders set the height: a merged letter well below it is
    lower case. A bar read as L is an l, or among capitals an I. Without such neighbours nothing
    is changed.

    Args:
        chars: the N characters as read.
        sizes: int32 (N, 2): width and height of each, px.
        line: (N,) number of each glyph's line.
        merged: letters that stand for both their cases.
    """
    tall, small = _among(chars, _TALL), _among(chars, _SMALL)
    capital, lower = _among(chars, "ABDEFGHNQRT"), _among(chars, "abdefghnqrt")
    in_question = _among(chars, merged)
    out: list[dict[str, str]] = [{} for _ in chars]
    for number in sorted(set(line[in_question].tolist())):
        here = line == number
        full = _height(sizes[here & tall, 1], sizes[here & small, 1])
        capitals, small_ones = (int((here & c).sum()) for c in (capital, lower))
        bar = "I" if capitals > small_ones else "l"
        least = _LOW
        if bool(capitals) != bool(small_ones):
            least = _LOW_AMONG_CAPITALS if capitals else _LOW_AMONG_SMALL
        for i in np.flatnonzero(here & in_question):
            if sizes[i, 1] < least * full:
                out[i] = {c: c.lower() for c in merged}
            elif chars[i] == "L" and sizes[i, 0] < _BAR * sizes[i, 1]:
                out[i] = {"L": bar}
    return out


def _among(chars: list[str], wanted: Collection[str]) -> NDArray[np.bool_]:
    return np.array([c in wanted for c in chars], np.bool_)


def _height(tall: NDArray[np.int32], small: NDArray[np.int32]) -> float:
    """Height of capitals, px, from tall and from small letters; 0 where it is not known."""
    if tall.size:
        return median(tall)
    return median(small) / 0.66 if small.size else 0.0
