"""The one normalisation: from ink on a page or in a dataset to what a network sees.

`ingest` makes the training images with it and `ocr` makes the glyphs of a photo with it. Its
settings are stored in the dataset, copied into the model, and used when the model reads photos.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""uint8 (H, W)."""

OVERSAMPLING = 2
"""Glyphs are thickened at this many times the final size, then averaged down."""
_NOISE = 0.12
"""Grey below this share of full ink is paper: JPEG ringing and the texture of scanned paper."""
FAINTEST = 8
"""Greys between paper and full ink below which an image is blank."""
INK = 0.35
"""Grey above this share of full ink belongs to the box of the glyph."""


@dataclass(frozen=True, slots=True)
class Normalisation:
    """How ink becomes a glyph image."""

    size: int = 28
    """Side of the square image, px."""
    fit: int = 24
    """Longer side of the ink, px. 24 in 28 is EMNIST's frame (Cohen et al. 2017), 20 MNIST's."""
    centre: Literal["box", "mass"] = "box"
    """What is put in the middle: the box of the ink (EMNIST) or its centre of mass (MNIST)."""
    stroke: float = 2.6
    """Strokes thinner than this, px at the final size, are thickened to it; 0 leaves them."""
    frame: Literal["fit", "keep"] = "fit"
    """`keep` leaves a dataset's images as their publisher framed them: turned upright and to light
    on dark, scaled to `size` if they are not, and no more. Glyphs of photos, which have no frame,
    are fitted all the same, as `fit`, `centre` and `stroke` say."""

    def __post_init__(self) -> None:
        if not 8 <= self.size <= 512:
            raise ValueError(f"size must be from 8 to 512, not {self.size}")
        if not 4 <= self.fit <= self.size:
            raise ValueError(f"fit must be from 4 to size ({self.size}), not {self.fit}")
        if not 0 <= self.stroke <= self.fit / 2:
            raise ValueError(f"stroke must be from 0 to half of fit, not {self.stroke}")


def is_dark_on_light(image: Image) -> bool:
    """Whether the ink of `image`, uint8 (H, W), is darker than its paper.

    Paper is what most of the frame and most of the picture is made of.
    """
    edge = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    levels = _cumulative(image)
    low, high = _percentiles(levels, 1, 99)
    middle = (low + high) / 2
    votes = np.count_nonzero(edge > middle) / len(edge) + 1 - int(levels[int(middle)]) / image.size
    return bool(votes > 1.0)


def _cumulative(image: Image) -> NDArray[np.intp]:
    """How many pixels are at or below each of the 256 greys: (256,)."""
    return np.cumsum(np.bincount(image.ravel(), minlength=256))


def _percentiles(levels: NDArray[np.intp], *percents: float) -> list[int]:
    """The greys that each of `percents` of the pixels do not exceed."""
    count = int(levels[-1])
    return [int(i) for i in levels.searchsorted([count * p / 100 for p in percents])]


def ink_of(image: Image, *, invert: bool | None = None) -> Image:
    """Ink of a single-glyph image as uint8 (H, W), 255 full ink, 0 paper.

    Paper is the median grey (a glyph covers less than half of its frame, or the frame's edge is
    paper), full ink the strongest percent; what lies below the noise floor becomes 0.

    Args:
        image: uint8 (H, W).
        invert: True for dark ink on light paper, False for light on dark, None to find out.
    """
    dark = is_dark_on_light(image) if invert is None else invert
    upright = 255 - image if dark else image
    levels = _cumulative(upright)
    paper, full, top = _percentiles(levels, 25, 99.5, 100)
    full = faint_or_full(paper, full, top)
    if full < 0:
        return np.zeros_like(image)
    return np.asarray(cv2.LUT(upright, stretch(paper, full)), np.uint8)


def faint_or_full(paper: int, full: int, top: int) -> int:
    """The grey of full ink, −1 where there is none; `full` is what 99.5 % do not exceed."""
    if full - paper <= 0.5 * (top - paper):  # a glyph of less than half a percent of the frame
        full = top
    return full if full - paper >= FAINTEST else -1


@lru_cache(maxsize=8192)
def stretch(paper: int, full: int) -> NDArray[np.uint8]:
    """From a grey to ink: (256,)."""
    scaled = (np.arange(256) - paper) / (full - paper)
    scaled[scaled < _NOISE] = 0
    return np.clip(scaled * 255, 0, 255).astype(np.uint8)


def as_framed(image: Image, size: int, *, invert: bool | None = None) -> Image | None:
    """`image`, uint8 (H, W), light on dark and scaled to (size, size); None where it is blank.

    Args:
        image: uint8 (H, W).
        size: px.
        invert: True for dark ink on light paper, False for light on dark, None to find out.
    """
    dark = is_dark_on_light(image) if invert is None else invert
    framed = 255 - image if dark else image
    if framed.shape != (size, size):
        framed = _resize(framed, size, size)
    return framed if framed.max() >= FAINTEST else None


def ink_box(ink: Image) -> tuple[int, int, int, int] | None:
    """Half-open box (x0, y0, x1, y1) of the ink in uint8 (H, W), or None where there is none."""
    x, y, width, height = cv2.boundingRect(_above(ink, round(INK * 255)))
    return (x, y, x + width, y + height) if width else None


def _above(image: Image, level: int) -> Image:
    """255 where `image` is above `level`, else 0."""
    return np.asarray(cv2.threshold(image, level, 255, cv2.THRESH_BINARY)[1], np.uint8)


def _with_margin(image: Image, n: int) -> Image:
    return np.asarray(cv2.copyMakeBorder(image, n, n, n, n, cv2.BORDER_CONSTANT, value=0), np.uint8)


def stroke_width(ink: Image) -> float:
    """Mean stroke width of the ink, px: twice its area over its perimeter (Crofton's formula)."""
    mask = _with_margin(_above(ink, 127), 1)
    crossings = cv2.norm(mask[1:], mask[:-1], cv2.NORM_L1) + cv2.norm(
        mask[:, 1:], mask[:, :-1], cv2.NORM_L1
    )
    perimeter = crossings / 255 * math.pi / 4
    return 2 * cv2.countNonZero(mask) / perimeter if perimeter else 0.0


def normalise(ink: Image, how: Normalisation) -> Image | None:
    """Glyph cropped to its ink, fitted with its aspect kept, centred: uint8 (size, size).

    Args:
        ink: uint8 (H, W), 255 full ink on 0, of any size.
        how: the settings.

    Returns:
        The glyph, ink 255 on 0, or None where there is no ink.
    """
    box = ink_box(ink)
    if box is None:
        return None
    x0, y0, x1, y1 = box
    large = enlarged(ink[y0:y1, x0:x1], how)
    missing = round(how.stroke * OVERSAMPLING - stroke_width(large)) if how.stroke else 0
    if missing >= 1:
        large = thicken(large, missing)
    small = averaged(large, how)
    y, x = offset(small, how)
    below, right = how.size - small.shape[0] - y, how.size - small.shape[1] - x
    full = stretched_to_full(small)
    frame = cv2.copyMakeBorder(full, y, below, x, right, cv2.BORDER_CONSTANT, value=0)
    return np.asarray(frame, np.uint8)


def enlarged(crop: Image, how: Normalisation) -> Image:
    """The ink `crop` fitted, at OVERSAMPLING times its final size.

    Thin strokes that pale as they shrink are brightened again.
    """
    scale = how.fit / max(crop.shape)
    height, width = (max(1, round(n * scale)) * OVERSAMPLING for n in crop.shape)
    large = _resize(crop, width, height)
    return stretched_to_full(large) if height < crop.shape[0] or width < crop.shape[1] else large


def averaged(large: Image, how: Normalisation) -> Image:
    """`large` at its final size: no side of it longer than `how.fit`."""
    scale = min(1.0, how.fit * OVERSAMPLING / max(large.shape))
    height, width = (max(1, round(n * scale / OVERSAMPLING)) for n in large.shape)
    return np.asarray(cv2.resize(large, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _resize(image: Image, width: int, height: int) -> Image:
    shrinking = width < image.shape[1] or height < image.shape[0]
    method = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=method), np.uint8)


def thicken(ink: Image, missing: int) -> Image:
    """Ink with its strokes widened by `missing` px; the image grows by what the strokes do."""
    margin = missing // 2 + 1
    padded = _with_margin(ink, margin)
    thick = np.asarray(cv2.dilate(padded, disc(missing + 1)), np.uint8)
    box = ink_box(thick)
    if box is None:
        return ink
    x0, y0, x1, y1 = box
    return thick[y0:y1, x0:x1]


@lru_cache
def disc(diameter: int) -> Image:
    """What a stroke is widened with: (diameter, diameter)."""
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (diameter, diameter)), np.uint8)


def offset(small: Image, how: Normalisation) -> tuple[int, int]:
    """Row and column of the frame at which `small` begins, centred as `how` says."""
    height, width = small.shape
    top, left = (how.size - height) / 2, (how.size - width) / 2
    if how.centre == "mass":
        mass = small.astype(np.float64)
        total = mass.sum() or 1.0
        top = how.size / 2 - float((mass.sum(axis=1) * (np.arange(height) + 0.5)).sum()) / total
        left = how.size / 2 - float((mass.sum(axis=0) * (np.arange(width) + 0.5)).sum()) / total
    y = min(max(round(top), 0), how.size - height)  # never past its edge
    return y, min(max(round(left), 0), how.size - width)


def stretched_to_full(small: Image) -> Image:
    """`small` brightened until its strongest ink is 255."""
    strongest = int(cv2.norm(small, cv2.NORM_INF))
    if not 0 < strongest < 255:
        return small
    return np.asarray(cv2.convertScaleAbs(small, alpha=255 / strongest), np.uint8)
