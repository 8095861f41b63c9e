"""What the finder's planes should be for a view: ink, middles, and the way to the middle."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from hwcli.finding.samples import Sample
from hwcli.page.finder import REACH, STRIDE

CROP = 320
"""Side of what is cut out of a view for training, px."""
_BLOB = 0.11
"""Standard deviation of a middle, as a share of its character's longer side."""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A part of a view, and what should be told of it."""

    view: NDArray[np.uint8]
    """(CROP, CROP)."""
    ink: NDArray[np.float32]
    """(CROP/2, CROP/2): 1 where the ink of a character is."""
    middle: NDArray[np.float32]
    """(CROP/2, CROP/2): 1 at middles, less around."""
    way: NDArray[np.float32]
    """(2, CROP/2, CROP/2): from ink across and down to its middle, in REACH places."""


def example(sample: Sample, rng: Generator) -> Example:
    """A part of `sample` at random; a smaller one lies somewhere on blank paper."""
    view, ids = _cut(sample, rng)
    if rng.random() < 0.2:
        changed = view * np.float32(rng.uniform(0.6, 1.5)) + rng.normal(0, 6, view.shape)
        view = np.clip(changed, 0, 255).astype(np.uint8)
    return Example(view, *targets(ids))


def targets(
    ids: NDArray[np.int16],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Ink, middles and ways for a view with the glyphs `ids`, (h, w) with even sides."""
    own = halved_ids(ids)
    ink = (own > 0).astype(np.float32)
    middle = np.zeros(own.shape, np.float32)
    way = np.zeros((2, *own.shape), np.float32)
    y, x = np.nonzero(own > 0)
    if not len(y):
        return ink, middle, way
    glyph = own[y, x]
    low, high = np.full((2, int(glyph.max()) + 1), 1 << 20), np.full((2, int(glyph.max()) + 1), -1)
    for axis, places in enumerate((x, y)):
        np.minimum.at(low[axis], glyph, places)
        np.maximum.at(high[axis], glyph, places)
    centre = (low + high) / 2
    way[0, y, x] = (centre[0, glyph] - x) / REACH
    way[1, y, x] = (centre[1, glyph] - y) / REACH
    for number in np.unique(glyph).tolist():
        longest = float((high[:, number] - low[:, number]).max())
        _blob(middle, centre[:, number], max(1.0, _BLOB * longest))
    return ink, middle, way


def halved_ids(ids: NDArray[np.int16]) -> NDArray[np.int16]:
    """The glyph at every second pixel, or else beside it."""
    first = ids[::STRIDE, ::STRIDE]
    beside = np.maximum(np.maximum(ids[1::2, ::2], ids[::2, 1::2]), ids[1::2, 1::2])
    return np.asarray(np.where(first > 0, first, np.maximum(first, beside)), np.int16)


def _cut(sample: Sample, rng: Generator) -> tuple[NDArray[np.uint8], NDArray[np.int16]]:
    view, ids = np.zeros((CROP, CROP), np.uint8), np.zeros((CROP, CROP), np.int16)
    begin = [int(rng.integers(min(0, n - CROP), max(0, n - CROP) + 1)) for n in sample.view.shape]
    source = tuple(
        slice(max(0, b), min(n, b + CROP)) for b, n in zip(begin, sample.view.shape, strict=True)
    )
    place = tuple(slice(s.start - b, s.stop - b) for s, b in zip(source, begin, strict=True))
    view[place], ids[place] = sample.view[source], sample.ids[source]
    return view, ids


def _blob(middle: NDArray[np.float32], centre: NDArray[np.float64], sigma: float) -> None:
    """A Gaussian whose peak, a whole 1, is at the place nearest to `centre` (x, y)."""
    column, row = (round(float(v)) for v in centre)
    reach = int(3 * sigma) + 1
    top, left = max(0, row - reach), max(0, column - reach)
    window = middle[top : row + reach + 1, left : column + reach + 1]
    y = np.arange(top, top + window.shape[0])[:, None] - row
    x = np.arange(left, left + window.shape[1])[None] - column
    blob = np.exp(-(y * y + x * x) / (2 * sigma * sigma)).astype(np.float32)
    np.maximum(window, blob, out=window)
