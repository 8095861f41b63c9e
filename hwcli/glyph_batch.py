"""The one normalisation for many images at once: the very glyphs of `normalise`, only faster.

Of a small image most of the time goes into calling OpenCV, not into its pixels. So the enlarged ink
of many glyphs is laid into one tall image, a slot each, already where it will stand in the frame.
Averaging the tall image down then makes all the glyphs but those whose strokes are too thin.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from hwcli.bitmaps import bit_pitch, boxes_of, crossings_of, ones, words_of
from hwcli.glyph import (
    INK,
    OVERSAMPLING,
    Image,
    Normalisation,
    disc,
    ink_box,
    stretched_to_full,
)

_ROUND_BYTES = 1 << 20
"""Pixels of the slots of a round: enough that calls are few, so few that they stay in the cache."""
_LARGE = 1 << 16
"""Pixels of an image above which its box is found by itself."""


def normalise_all(
    inks: Sequence[Image] | NDArray[np.uint8], how: Normalisation
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """`normalise` of each of `inks`: uint8 (N, size, size), and (N,) whether there is ink in it.

    Args:
        inks: uint8 (H, W) each, 255 full ink on 0, of any size.
        how: the settings.
    """
    glyphs = np.zeros((len(inks), how.size, how.size), np.uint8)
    inked = np.zeros(len(inks), np.bool_)
    side = how.size * OVERSAMPLING
    step = min(max(1, _ROUND_BYTES // side**2), len(inks))
    slots = np.empty((step, side, bit_pitch(side)), np.uint8)  # new memory is slow to come by
    for at in range(0, len(inks), max(1, step)):
        some = slice(at, min(at + step, len(inks)))
        _fit_all(inks[some], how, slots[: some.stop - at], glyphs[some], inked[some])
    return glyphs, inked


def _fit_all(
    inks: Sequence[Image] | NDArray[np.uint8],
    how: Normalisation,
    slots: NDArray[np.uint8],
    glyphs: NDArray[np.uint8],
    inked: NDArray[np.bool_],
) -> None:
    """Fill `glyphs` and `inked`; `slots`, uint8 (N, side, pitch), is memory to work in."""
    boxes = _ink_boxes(inks)
    inked[:] = boxes[:, 2] > boxes[:, 0]
    sizes = _sizes(boxes, how.fit)
    _enlarge_all(inks, boxes, sizes, how, slots)
    tall = slots.reshape(-1, slots.shape[2])[:, : how.size * OVERSAMPLING]
    frames = glyphs.reshape(-1, how.size)
    cv2.resize(tall, frames.shape[::-1], frames, 0, 0, cv2.INTER_AREA)
    if how.stroke:
        missing = np.where(inked, _missing(slots, how), 0)
        thin = np.flatnonzero(missing >= 1)
        thin = thin[np.argsort(missing[thin])]
        if len(thin):
            thick = _thickened(slots[thin], missing[thin])
            _replace(thick, thin, how, glyphs, sizes)
    if how.centre == "mass":
        _centre_mass(glyphs, sizes)
    _stretch_to_full(glyphs)


def _ink_boxes(inks: Sequence[Image] | NDArray[np.uint8]) -> NDArray[np.intp]:
    """(N, 4): `ink_box` of each of `inks`, zeros where there is none."""
    if not isinstance(inks, np.ndarray) or inks[0].size > _LARGE:
        return np.asarray([ink_box(ink) or (0, 0, 0, 0) for ink in inks], np.intp).reshape(-1, 4)
    return boxes_of(inks > round(INK * 255))


def _sizes(boxes: NDArray[np.intp], fit: int, most: float = np.inf) -> NDArray[np.intp]:
    """(N, 2): final height and width of what is in `boxes`: the longer side `fit`, or less.

    None is scaled by more than `most`, so that ink which is large already only becomes smaller.
    """
    before = (boxes[:, 2:] - boxes[:, :2])[:, ::-1]
    scale = np.minimum(most, fit / np.maximum(1, before.max(axis=1)))
    after = np.maximum(1, np.rint(before * scale[:, None]))
    return np.asarray(after, np.intp)


def _first_offsets(sizes: NDArray[np.intp], how: Normalisation) -> NDArray[np.intp]:
    """(N, 2): row and column of the frame where glyphs of `sizes`, (N, 2), begin.

    As of `offset` where their boxes are centred; zeros where their mass will be, which is known
    only of the finished glyph.
    """
    if how.centre == "mass":
        return np.zeros_like(sizes)
    return np.rint((how.size - sizes) / 2).astype(np.intp)


def _enlarge_all(
    inks: Sequence[Image] | NDArray[np.uint8],
    boxes: NDArray[np.intp],
    sizes: NDArray[np.intp],
    how: Normalisation,
    slots: NDArray[np.uint8],
) -> None:
    """Fill `slots` with the ink in each box, as `enlarged`, where it will be in the frame."""
    slots.fill(0)
    begins = _first_offsets(sizes, how) * OVERSAMPLING
    ends = begins + sizes * OVERSAMPLING
    shrinking: NDArray[np.bool_] = np.any(
        sizes * OVERSAMPLING < (boxes[:, 2:] - boxes[:, :2])[:, ::-1], axis=1
    )
    where = np.concatenate([boxes, begins, ends], axis=1).tolist()
    for i, (ink, shrinks, (x0, y0, x1, y1, top, left, bottom, right)) in enumerate(
        zip(inks, shrinking.tolist(), where, strict=True)
    ):
        if x0 == x1:
            continue
        crop, shape = ink[y0:y1, x0:x1], (right - left, bottom - top)
        place = slots[i, top:bottom, left:right]
        # arguments without names, and none that need not be: a tenth of the time
        if shrinks:
            cv2.resize(crop, shape, place, 0, 0, cv2.INTER_AREA)
            place[:] = stretched_to_full(np.ascontiguousarray(place))
        else:
            cv2.resize(crop, shape, place)  # INTER_LINEAR


def _missing(slots: NDArray[np.uint8], how: Normalisation) -> NDArray[np.intp]:
    """(N,): pixels by which the strokes in each of `slots`, by `stroke_width`, are too thin."""
    words = words_of(slots > 127)
    perimeter = crossings_of(words) * np.pi / 4
    width = 2 * ones(words) / np.maximum(perimeter, 1e-9)
    return np.rint(how.stroke * OVERSAMPLING - width).astype(np.intp)


def _thickened(slots: NDArray[np.uint8], missing: NDArray[np.intp]) -> NDArray[np.uint8]:
    """The ink in `slots` as `thicken` makes it, but with paper around: uint8 (N, height, pitch).

    Args:
        slots: uint8 (N, side, pitch).
        missing: (N,) pixels by which strokes are widened, in ascending order.
    """
    count, side = slots.shape[:2]
    margin = int(missing[-1]) // 2 + 1
    inner = slice(margin, margin + side)
    height = side + 2 * margin
    padded = np.zeros((count, height, bit_pitch(height)), np.uint8)
    padded[:, inner, inner] = slots[:, :, :side]
    thick = np.empty_like(padded)
    widths, firsts = np.unique(missing, return_index=True)
    lines = [*(firsts * height).tolist(), count * height]
    source, target = (stack.reshape(count * height, -1) for stack in (padded, thick))
    for width, (first, last) in zip(widths.tolist(), pairwise(lines), strict=True):
        cv2.dilate(source[first:last], disc(width + 1), target[first:last])
    return thick


def _replace(
    thick: NDArray[np.uint8],
    places: NDArray[np.intp],
    how: Normalisation,
    glyphs: NDArray[np.uint8],
    sizes: NDArray[np.intp],
) -> None:
    """Put `thick` ink, `averaged`, into its `places` of `glyphs`, and note its `sizes`.

    What has no box of ink, as it is so faint, remains as it was.
    """
    boxes = boxes_of(thick > round(INK * 255))
    there = boxes[:, 2] > boxes[:, 0]
    thick, boxes, places = thick[there], boxes[there], places[there]
    sizes[places] = after = _sizes(boxes, how.fit, 1 / OVERSAMPLING)
    glyphs[places] = 0
    where = np.concatenate([boxes, _first_offsets(after, how), after], axis=1).tolist()
    for one, i, (x0, y0, x1, y1, y, x, height, width) in zip(
        thick, places.tolist(), where, strict=True
    ):
        frame = glyphs[i, y : y + height, x : x + width]
        cv2.resize(one[y0:y1, x0:x1], (width, height), frame, 0, 0, cv2.INTER_AREA)


def _centre_mass(glyphs: NDArray[np.uint8], sizes: NDArray[np.intp]) -> None:
    """Move each of `glyphs`, (N, size, size), from the corner to where `offset` would have it."""
    side = glyphs.shape[1]
    middles = np.arange(side) + 0.5
    lines = np.stack([glyphs.sum(axis=2, dtype=np.float64), glyphs.sum(axis=1, dtype=np.float64)])
    total = np.maximum(lines[0].sum(axis=1), 1)
    offsets = np.rint(side / 2 - (lines @ middles / total).T)
    offsets = np.clip(offsets, 0, side - sizes).astype(np.intp)
    # nothing is pushed over an edge, so a glyph moves as one long line of pixels
    moves = offsets[:, 0] * side + offsets[:, 1]
    pixels = glyphs.reshape(len(glyphs), -1)
    at_corner = pixels.copy()
    pixels[:] = 0
    for line, before, move in zip(pixels, at_corner, moves.tolist(), strict=True):
        line[move:] = before[: len(before) - move]


def _stretch_to_full(glyphs: NDArray[np.uint8]) -> None:
    """`stretched_to_full` of each of `glyphs`, in place."""
    strongest = glyphs.reshape(len(glyphs), -1).max(axis=1)
    pale = np.flatnonzero((strongest > 0) & (strongest < 255))
    if len(pale):
        at = strongest[pale].astype(np.uint16)[:, None, None] << 8 | glyphs[pale]
        glyphs[pale] = _stretched_greys().take(at, mode="clip")


@lru_cache(maxsize=1)
def _stretched_greys() -> NDArray[np.uint8]:
    """(65536,): at 256 × strongest + grey, what `stretched_to_full` makes of the grey."""
    greys = np.arange(256, dtype=np.uint8)
    rows = [stretched_to_full(np.minimum(greys, strongest)) for strongest in greys]
    return np.concatenate(rows)
