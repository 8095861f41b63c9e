"""The one normalisation for many images at once: the very glyphs of `normalise`, in half the time.

Of a small image most of the time goes into calling OpenCV, not into its pixels. So the enlarged ink
of many glyphs is laid into one tall image, a slot each, and thresholds, stroke widths and the final
averaging are done for all of them together.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from hwcli.glyph import (
    INK,
    OVERSAMPLING,
    Image,
    Normalisation,
    averaged,
    faint_or_full,
    ink_box,
    is_dark_on_light,
    offset,
    stretch,
    stretched_to_full,
    thicken,
)

_AT_ONCE = 64
"""Images of a round: their slots fit into a processor's second cache."""
_LARGE = 1 << 16
"""Pixels of an image above which it goes by itself."""


def inks_of(images: NDArray[np.uint8], *, invert: bool | None = None) -> NDArray[np.uint8]:
    """`ink_of` of each of `images`, uint8 (N, H, W), as uint8 (N, H, W), 255 full ink, 0 paper."""
    result = np.empty_like(images)
    step = max(1, min(_AT_ONCE, _LARGE * 8 // max(1, images[0].size))) if len(images) else 1
    for at in range(0, len(images), step):
        _stretch_all(images[at : at + step], invert, result[at : at + step])
    return result


def _stretch_all(images: NDArray[np.uint8], invert: bool | None, out: NDArray[np.uint8]) -> None:
    count, pixels = len(images), images[0].size
    numbered = images.reshape(count, pixels) + (np.arange(count) << 8)[:, None]
    levels = np.bincount(numbered.ravel(), minlength=count << 8).reshape(count, 256)
    dark = np.full(count, bool(invert))
    if invert is None:
        dark[:] = [is_dark_on_light(image) for image in images]
    levels[dark] = levels[dark, ::-1]
    levels = levels.cumsum(axis=1)
    greys = [(levels < pixels * p / 100).sum(axis=1) for p in (25, 99.5, 100)]
    tables: dict[tuple[int, int, bool], list[int]] = {}
    for i, key in enumerate(zip(*(g.tolist() for g in greys), dark.tolist(), strict=True)):
        paper, full, top, is_dark = key
        full = faint_or_full(paper, full, top)
        tables.setdefault((paper, full, is_dark), []).append(i)
    for (paper, full, is_dark), places in tables.items():
        if full < 0:
            out[places] = 0
        elif len(places) == count:
            cv2.LUT(images, stretch(paper, full, is_dark), dst=out)
        else:
            out[places] = cv2.LUT(images[places], stretch(paper, full, is_dark))


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
    for at in range(0, len(inks), _AT_ONCE):
        some = slice(at, min(at + _AT_ONCE, len(inks)))
        _fit_all(inks[some], how, glyphs[some], inked[some])
    return glyphs, inked


def _fit_all(
    inks: Sequence[Image] | NDArray[np.uint8],
    how: Normalisation,
    glyphs: NDArray[np.uint8],
    inked: NDArray[np.bool_],
) -> None:
    """Fill `glyphs` and `inked`."""
    boxes = _boxes(inks)
    inked[:] = boxes[:, 2] > boxes[:, 0]
    slots, sizes = _slots(inks, boxes, how)
    tall = slots.reshape(-1, slots.shape[2])
    small = cv2.resize(tall, (how.fit, len(inks) * how.fit), interpolation=cv2.INTER_AREA)
    fitted = np.asarray(small, np.uint8).reshape(len(inks), how.fit, how.fit)
    missing = _missing(slots, how).tolist()
    brightest = fitted.reshape(len(inks), -1).max(axis=1).tolist()
    for i in np.flatnonzero(inked).tolist():
        height, width = sizes[i]
        if missing[i] >= 1:
            large = slots[i, : height * OVERSAMPLING, : width * OVERSAMPLING]
            one = averaged(thicken(large, missing[i]), how)
        else:
            one = fitted[i, :height, :width]
        y, x = offset(one, how)
        if missing[i] >= 1 or brightest[i] < 255:
            one = stretched_to_full(np.ascontiguousarray(one))
        glyphs[i, y : y + one.shape[0], x : x + one.shape[1]] = one


def _slots(
    inks: Sequence[Image] | NDArray[np.uint8], boxes: NDArray[np.intp], how: Normalisation
) -> tuple[NDArray[np.uint8], list[tuple[int, int]]]:
    """The enlarged ink of each box in a slot of its own, and its final height and width."""
    side = how.fit * OVERSAMPLING
    slots = np.zeros((len(inks), side, side), np.uint8)
    before = (boxes[:, 2:] - boxes[:, :2])[:, ::-1]
    scale = how.fit / np.maximum(1, before.max(axis=1))
    after = np.maximum(1, np.rint(before * scale[:, None])).astype(int)
    shrinking = (after * OVERSAMPLING < before).any(axis=1).tolist()
    sizes = [(h, w) for h, w in after.tolist()]
    for i, (x0, y0, x1, y1) in enumerate(boxes.tolist()):
        if x0 < x1:
            height, width = sizes[i][0] * OVERSAMPLING, sizes[i][1] * OVERSAMPLING
            method = cv2.INTER_AREA if shrinking[i] else cv2.INTER_LINEAR
            slot, crop = slots[i, :height, :width], inks[i][y0:y1, x0:x1]
            cv2.resize(crop, (width, height), dst=slot, interpolation=method)
            if shrinking[i]:
                slot[:] = stretched_to_full(np.ascontiguousarray(slot))
    return slots, sizes


def _boxes(inks: Sequence[Image] | NDArray[np.uint8]) -> NDArray[np.intp]:
    """(N, 4): `ink_box` of each of `inks`, zeros where there is none."""
    if not isinstance(inks, np.ndarray) or inks[0].size > _LARGE:
        return np.asarray([ink_box(ink) or (0, 0, 0, 0) for ink in inks], np.intp).reshape(-1, 4)
    there = inks > round(INK * 255)
    rows: NDArray[np.bool_] = np.any(there, axis=2)
    columns: NDArray[np.bool_] = np.any(there, axis=1)
    height, width = inks.shape[1:]
    boxes = np.stack(
        [
            columns.argmax(axis=1),
            rows.argmax(axis=1),
            width - columns[:, ::-1].argmax(axis=1),
            height - rows[:, ::-1].argmax(axis=1),
        ],
        axis=1,
    )
    boxes[~np.any(rows, axis=1)] = 0
    return boxes


def _missing(slots: NDArray[np.uint8], how: Normalisation) -> NDArray[np.intp]:
    """(N,) pixels by which the strokes in each of `slots`, uint8 (N, S, S), are too thin, if any.

    As of `stroke_width`, with eight pixels in a byte.
    """
    if not how.stroke:
        return np.zeros(len(slots), np.intp)
    bits: NDArray[np.uint8] = np.packbits(slots > 127, axis=2)
    before = np.zeros_like(bits)
    before[:, :, 1:] = bits[:, :, :-1] << 7
    along = np.bitwise_xor(bits, np.right_shift(bits, 1) | before)
    across = np.bitwise_xor(bits[:, 1:], bits[:, :-1])
    crossings = _ones(along) + _ones(across) + _ones(bits[:, 0]) + _ones(bits[:, -1])
    if slots.shape[2] % 8 == 0:  # else the last byte of a line ends in paper
        crossings = crossings + (bits[:, :, -1] & 1).sum(axis=1, dtype=np.int64)
    width = 2 * _ones(bits) / np.maximum(crossings * np.pi / 4, 1e-9)
    return np.rint(how.stroke * OVERSAMPLING - width).astype(np.intp)


def _ones(bits: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(N,) how many bits of each row of `bits`, (N, …), are set."""
    flat = np.ascontiguousarray(bits).reshape(len(bits), -1)
    kind = np.uint64 if flat.shape[1] % 8 == 0 else np.uint8
    ones = np.bitwise_count(flat.view(kind)).sum(axis=1, dtype=np.int64)
    return np.asarray(ones, np.int64)
