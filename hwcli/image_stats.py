"""What the images of a dataset look like, found a block at a time: ink, blanks, strokes, boxes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_INK = 127
"""Grey above which a pixel is ink, as `glyph.stroke_width` has it."""
_BOX = 89
"""Grey above which a pixel belongs to the box of the glyph, as `glyph.ink_box` has it."""
_FEW = 1 / 200
"""Share of ink pixels below which an image is as good as blank: three of 28 × 28."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Percentiles of a number."""

    p5: float
    p25: float
    median: float
    p75: float
    p95: float


@dataclass(frozen=True, slots=True)
class ImageStats:
    """What the images look like; shares are in [0, 1], lengths in px."""

    size: int
    mean_ink: float
    """Mean grey, 1 is full ink."""
    blank: float
    """Share of images without any ink."""
    near_blank: float
    """Share of images with less than half a percent of ink pixels, the blank ones among them."""
    stroke: Spread
    """Stroke width: twice the area of the ink over its perimeter."""
    height: Spread
    """Of the box of the ink."""
    width: Spread


class ImageTally:
    """Sums up images; keeps three numbers of each."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._count = 0
        self._grey = 0
        self._blank = 0
        self._near_blank = 0
        self._stroke: list[NDArray[np.float32]] = []
        self._height = np.zeros(size + 1, np.int64)
        self._width = np.zeros(size + 1, np.int64)

    def add(self, images: NDArray[np.uint8]) -> None:
        """Take `images`, (N, size, size), ink 255 on 0, into account."""
        flat = images.reshape(len(images), -1)
        self._count += len(images)
        self._grey += int(flat.sum(dtype=np.int64))
        self._blank += int((~flat.any(axis=1)).sum())
        ink = images > _INK
        area = np.count_nonzero(ink.reshape(len(images), -1), axis=1)
        self._near_blank += int((area < _FEW * self._size**2).sum())
        perimeter = _crossings(ink) * np.float32(np.pi / 4)
        self._stroke.append((2 * area / np.maximum(perimeter, 1))[area > 0].astype(np.float32))
        box: NDArray[np.bool_] = images > _BOX
        self._height += np.bincount(_extent(np.any(box, axis=2)), minlength=self._size + 1)
        self._width += np.bincount(_extent(np.any(box, axis=1)), minlength=self._size + 1)

    def stats(self) -> ImageStats:
        """What all images together look like; there is at least one."""
        strokes = np.concatenate(self._stroke)
        lengths = np.arange(self._size + 1)
        return ImageStats(
            size=self._size,
            mean_ink=round(self._grey / (255 * self._count * self._size**2), 4),
            blank=self._blank / self._count,
            near_blank=self._near_blank / self._count,
            stroke=_spread(strokes),
            height=_spread(np.repeat(lengths[1:], self._height[1:])),
            width=_spread(np.repeat(lengths[1:], self._width[1:])),
        )


def _crossings(ink: NDArray[np.bool_]) -> NDArray[np.intp]:
    """How often ink and paper change along all rows and columns, paper around: (N,)."""
    count = len(ink)
    edges = ink[:, 0], ink[:, -1], ink[:, :, 0], ink[:, :, -1]
    inner = ink[:, 1:] ^ ink[:, :-1], ink[:, :, 1:] ^ ink[:, :, :-1]
    return np.asarray(
        sum(np.count_nonzero(part.reshape(count, -1), axis=1) for part in (*edges, *inner)), np.intp
    )


def _extent(there: NDArray[np.bool_]) -> NDArray[np.intp]:
    """From the first to the last true place of each row, (N, size); 0 where there is none: (N,)."""
    first = there.argmax(axis=1)
    last = there.shape[1] - there[:, ::-1].argmax(axis=1)
    return np.where(there.any(axis=1), last - first, 0)


def _spread(values: NDArray[np.generic]) -> Spread:
    if not len(values):
        return Spread(0, 0, 0, 0, 0)
    found = np.percentile(values.astype(np.float64), (5, 25, 50, 75, 95))
    return Spread(*(round(float(v), 2) for v in found))
