"""Which case a letter has, by its height within its line."""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from hwcli.page.components import median

_LOW, _LOW_AMONG_CAPITALS, _LOW_AMONG_SMALL = 0.72, 0.5, 0.8
"""Lower case is below this share of the height of capitals and digits in the line: where nothing
tells of the case, where all letters that do are capitals, where all are small."""
_BAR = 0.3
"""An L narrower than this share of its height is a lower-case l."""
_SAME_SHAPE = frozenset("CIKLMOSUVWXZ")
"""Letters whose cases differ in size and hardly in shape, and that stand on the line in both."""
_TALL, _SMALL = frozenset("0123456789ABDEFGHNQRTbdfhkt"), frozenset("aenr")
"""Characters as high as capitals, and as low as an x, in every hand."""

CASE = "case"
"""Flag of a glyph whose case was set by its height."""


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
