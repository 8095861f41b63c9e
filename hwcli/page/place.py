"""Which small sign a mark is: by how large it is and how high it stands in its line.

Glyphs are scaled to one size before they are read, so what is left of , ' and . is one stroke or
blot, and a comma looks like / or 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwcli.characters import SIGNS
from hwcli.page.case import feet_of
from hwcli.page.components import Boxes

PLACE = "place"
"""Flag of a glyph that its size or its height in the line made another sign."""

_PLACES: Mapping[str, tuple[float, float]] = {
    **{sign: SIGNS[sign] for sign in ",'.-/()"},
    **dict.fromkeys("1I", (1.05, 0.5)),
    **dict.fromkeys("LJ", (0.95, 0.45)),
}
"""Height, and height of the middle above the line, in heights of a capital: of the signs that are
told apart by them, and of what is shaped like one of those."""
_TOLD = frozenset(",'")
"""A model that knows none of these has nothing to tell apart."""
_SPREAD, _MIDDLE_SPREAD = 0.4, 0.25
"""How unevenly people write: of heights, natural logarithm; of middles, in heights of a capital."""
_ODD = 0.02
"""Share of the marks that have any size and stand anywhere."""
_TALLEST = 80
"""Percentile of the heights of a line's letters and digits that is taken for a capital's."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """The classes of a model that size and place tell apart."""

    index: NDArray[np.intp]
    """(m,) their numbers."""
    height: Floats
    """(m,) in heights of a capital."""
    middle: Floats
    """(m,) above the line, in heights of a capital."""


def marks_of(classes: Sequence[str]) -> Marks | None:
    """The marks among `classes`; None where there is nothing to tell apart."""
    known = [(i, *_PLACES[c]) for i, c in enumerate(classes) if c in _PLACES]
    if not _TOLD & set(classes):
        return None
    index, height, middle = zip(*known, strict=True)
    return Marks(np.array(index, np.intp), np.array(height), np.array(middle))


def settle_by_place(
    probabilities: NDArray[np.float32],
    chars: list[str],
    boxes: Boxes,
    line: NDArray[np.int32],
    marks: Marks,
) -> NDArray[np.float32]:
    """Probabilities given how large each glyph is and where it stands in its line.

    What the marks have together is shared among them anew; nothing else is changed, nor are lines
    without letters or digits that are no marks.

    Args:
        probabilities: (N, classes), rows summing to 1.
        chars: the N characters as read.
        boxes: int32 (N, 4): x0, y0, x1, y1 of each, px.
        line: (N,) number of each glyph's line.
        marks: of the model's classes.
    """
    settled = probabilities.copy()
    stands = np.array([c.isalnum() and c not in _PLACES for c in chars], np.bool_)
    for number in np.unique(line[stands]).tolist():
        here = np.flatnonzero(line == number)
        own = boxes[here]
        height = (own[:, 3] - own[:, 1]).astype(np.float64)
        capital = float(np.percentile(height[stands[here]], _TALLEST))
        foot = feet_of([chars[i] for i in here], own)
        above = (foot - (own[:, 1] + own[:, 3]) / 2) / capital
        tall = np.log(np.maximum(1.0, height) / capital)
        off = ((tall[:, None] - np.log(marks.height)) / _SPREAD) ** 2
        off += ((above[:, None] - marks.middle) / _MIDDLE_SPREAD) ** 2
        told = settled[here[:, None], marks.index].astype(np.float64)
        weighed = told * ((1 - _ODD) * np.exp(-off / 2) + _ODD)
        total = weighed.sum(axis=1, keepdims=True)
        weighed *= told.sum(axis=1, keepdims=True) / np.where(total > 0, total, 1.0)
        settled[here[:, None], marks.index] = weighed
    return settled
