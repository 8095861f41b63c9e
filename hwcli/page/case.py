"""Which case a letter has: by its height and foot in its line, and by what the line is about."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hwcli.page.components import Boxes, median

CASE = "case"
"""Flag of a glyph whose case was set by its height, its foot or its line."""

_SMALL: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys("COSUVWXZM", (0.62, 0.0)),
    "I": (0.9, 0.0),
    **dict.fromkeys("KL", (1.0, 0.0)),
    **dict.fromkeys("PY", (0.92, 0.3)),
    "J": (1.15, 0.3),
}
"""Letters of the same shape in both cases: height of the small one, with its dot, and how far it
hangs below the line, in heights of a capital."""
_TALL, _LOW = frozenset("0123456789ABDEFGHNQRTbdfhkt"), frozenset("aenr")
"""Characters as high as capitals, and as low as an x, in every hand."""
_HANGING = frozenset("gqjpyJPY")
_SPREAD, _FOOT_SPREAD = 0.17, 0.12
"""How unevenly people write: of heights, natural logarithm; of feet, in heights of a capital."""
_PAGE_SPREAD = 0.3
"""The same of the heights of lines of one page."""
_ODD = 0.01
"""Share of the glyphs that have any height: boxes that hold too much or too little."""
_STEPS, _RANGE = 48, 1.2
"""Heights of capitals that are tried, and the natural logarithm that they go over."""
_BAR = 0.3
"""An L narrower than this share of its height is a small l or a capital I."""
_INITIAL = 2.0
"""How much likelier a capital is where a word begins than in all, and than within a word."""
_UNTOLD = 0.1
"""Share of the letters whose case is not as usual where the line is about what it is about."""
_SURE = 0.6
"""From this probability on a letter is written small."""

Floats = NDArray[np.float64]


def merged_letters(classes: tuple[str, ...]) -> frozenset[str]:
    """Capitals that stand for their lower case too, as in EMNIST by merge."""
    return frozenset(c for c in _SMALL if c in classes and c.lower() not in classes)


def recase(
    chars: list[str],
    boxes: Boxes,
    line: NDArray[np.int32],
    word: NDArray[np.int32],
    merged: frozenset[str],
    small: Floats | None = None,
) -> list[dict[str, str]]:
    """For each glyph, which characters to write otherwise, by its place within its line.

    How high the capitals of a line are is told by all its letters and digits: those of one case,
    and those of either, as one or the other. A bar read as L is an l, or among capitals an I.
    Where nothing tells, nothing is changed.

    Args:
        chars: the N characters as read.
        boxes: int32 (N, 4): x0, y0, x1, y1 of each, px.
        line: (N,) number of each glyph's line.
        word: (N,) number of its word within the line.
        merged: letters that stand for both their cases.
        small: (N,) how likely each is small if it is one of these, by its line; even if None.
    """
    prior = _by_place(chars, line, word, np.full(len(chars), 0.5) if small is None else small)
    kinds = np.array([2 if c in merged else 0 if c in _TALL else 1 if c in _LOW else 3
                      for c in chars], np.int32)  # fmt: skip
    out: list[dict[str, str]] = [{} for _ in chars]
    usual = _page_height(boxes, kinds)
    for number in np.unique(line[kinds == 2]).tolist():
        here = np.flatnonzero(line == number)
        own = [chars[i] for i in here]
        likely = _small_letters(own, boxes[here], kinds[here], prior[here], usual)
        for i, p in zip(here.tolist(), likely.tolist(), strict=True):
            width, height = (boxes[i, 2:] - boxes[i, :2]).tolist()
            if kinds[i] == 2 and chars[i] == "L" and width < _BAR * height:
                out[i] = {"L": "l" if p >= 0.5 else "I"}
            elif kinds[i] == 2 and p > _SURE:
                out[i] = {c: c.lower() for c in merged}
    return out


def _by_place(
    chars: list[str], line: NDArray[np.int32], word: NDArray[np.int32], small: Floats
) -> Floats:
    """`small` with it taken into account that words begin with capitals rather than go on so."""
    if not chars:
        return small
    small = _UNTOLD / 2 + (1 - _UNTOLD) * small
    letter = np.array([c.isalpha() for c in chars], np.bool_)
    joined = letter[1:] & letter[:-1] & (line[1:] == line[:-1]) & (word[1:] == word[:-1])
    goes_on, followed = np.append(False, joined), np.append(joined, False)
    goes_on &= small >= 0.5  # what is written in capitals goes on in capitals
    capital = np.where(goes_on, 1 / _INITIAL, np.where(followed, _INITIAL, 1.0)) * (1 - small)
    return np.asarray(small / (small + capital), np.float64)


def _page_height(boxes: Boxes, kinds: NDArray[np.int32]) -> float:
    """Height of a capital on the page, natural logarithm of px; NaN where nothing tells."""
    heights = np.log(np.maximum(1, boxes[:, 3] - boxes[:, 1]))
    told = np.where(kinds == 1, heights - np.log(_SMALL["X"][0]), heights)[kinds < 2]
    return median(told) if told.size else float("nan")


def _small_letters(
    chars: list[str], boxes: Boxes, kinds: NDArray[np.int32], prior: Floats, usual: float
) -> Floats:
    """(n,) how likely each glyph of a line is a small letter, if it is a letter in question."""
    height = np.log(np.maximum(1, boxes[:, 3] - boxes[:, 1]))
    stature = np.array([_SMALL.get(c, (1.0, 0.0)) for c in chars])
    stature[kinds == 1] = _SMALL["X"]
    tried = np.linspace(0, _RANGE, _STEPS) + height[kinds < 3].max() - _RANGE / 4
    as_capital = _normal(height - tried[:, None], _SPREAD)
    as_small = _normal(height - np.log(stature[:, 0]) - tried[:, None], _SPREAD)
    down = (boxes[:, 3] - feet_of(chars, boxes)) / np.exp(tried)[:, None]
    hangs = stature[:, 1] > 0
    as_capital = np.where(hangs, as_capital * _normal(down, _FOOT_SPREAD), as_capital)
    as_small = np.where(hangs, as_small * _normal(down - stature[:, 1], _FOOT_SPREAD), as_small)
    share = np.where(kinds == 2, prior, np.where(kinds == 1, 1.0, 0.0))
    either = share * as_small + (1 - share) * as_capital
    fits = np.log(either[:, kinds < 3]).sum(axis=1)
    if not np.isnan(usual):
        fits -= ((tried - usual) / _PAGE_SPREAD) ** 2 / 2
    fits = np.exp(fits - fits.max())
    return np.asarray((fits[:, None] * share * as_small / either).sum(axis=0) / fits.sum())


def _normal(off: Floats, spread: float) -> Floats:
    """Likelihood of being so far off, relative to the likeliest; never below that of oddities."""
    return np.asarray((1 - _ODD) * np.exp(-((off / spread) ** 2) / 2) + _ODD)


def feet_of(chars: list[str], boxes: Boxes) -> Floats:
    """(n,) where the line runs at each glyph, px: by the feet of the nearest that stand on it."""
    stands = np.array([c.isalnum() and c not in _HANGING for c in chars])
    feet, middle = boxes[:, 3].astype(np.float64), (boxes[:, 0] + boxes[:, 2]) / 2
    if stands.sum() < 2:
        return feet
    near = np.abs(middle[:, None] - middle[stands]).argsort(axis=1, kind="stable")[:, :5]
    return np.asarray(np.median(feet[stands][near], axis=1), np.float64)
