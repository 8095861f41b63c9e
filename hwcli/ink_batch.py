"""The ink of many images at once: the very pixels of `ink_of`, in a fraction of the time.

Percentiles are not looked up in histograms, which cost a step for every pixel: whether so and so
many pixels are above a grey is asked of all images together, with eight pixels in a byte.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from hwcli.bitmaps import ones
from hwcli.glyph import FAINTEST, stretch

_ROUND_BYTES = 1 << 19
"""Pixels of a round: enough that calls are few. The memory of twice as many is often given back to
the system and taken anew in every round, which costs more than the calls."""


def inks_of(images: NDArray[np.uint8], *, invert: bool | None = None) -> NDArray[np.uint8]:
    """`ink_of` of each of `images`, uint8 (N, H, W), as uint8 (N, H, W), 255 full ink, 0 paper."""
    result = np.empty(images.shape, np.uint8)
    step = max(1, _ROUND_BYTES // max(1, images[0].size)) if len(images) else 1
    for at in range(0, len(images), step):
        some = images[at : at + step]
        dark = _are_dark_on_light(some) if invert is None else np.full(len(some), invert)
        pixels = some.reshape(len(some), some[0].size)
        if dark.any():
            pixels = pixels ^ np.where(dark, np.uint8(255), np.uint8(0))[:, None]
        _stretch_all(pixels, result[at : at + step].reshape(pixels.shape))
    return result


def _are_dark_on_light(images: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(N,): `is_dark_on_light` of each of `images`, (N, H, W)."""
    count, height, width = images.shape
    pixels = images.reshape(count, height * width)
    middle = ((_percentile(pixels, 1) + _percentile(pixels, 99)) // 2).astype(np.uint8)[:, None]
    above = images > middle[:, None]
    edges = (above[:, 0], above[:, -1], above[:, :, 0], above[:, :, -1])
    on_edge = np.sum([np.count_nonzero(edge, axis=1) for edge in edges], axis=0)
    levels = _at_most(pixels, middle)
    votes = on_edge / (2 * (height + width)) + 1 - levels / (height * width)
    return np.asarray(votes > 1.0, np.bool_)


def _stretch_all(pixels: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
    """Fill `out`, (N, P), with the ink of `pixels`, (N, P), light on dark."""
    paper, full = _percentile(pixels, 25), _percentile(pixels, 99.5)
    top = pixels.max(axis=1, initial=0).astype(np.intp)
    full = np.where(full - paper <= 0.5 * (top - paper), top, full)  # as `faint_or_full`
    kinds = np.where(full - paper >= FAINTEST, paper << 8 | full, -1)
    for kind in np.unique(kinds).tolist():
        places = np.flatnonzero(kinds == kind)
        if kind < 0:
            out[places] = 0
        elif len(places) == len(pixels):
            cv2.LUT(pixels, stretch(kind >> 8, kind & 255), dst=out)
        else:
            out[places] = cv2.LUT(pixels[places], stretch(kind >> 8, kind & 255))


def _percentile(pixels: NDArray[np.uint8], percent: float) -> NDArray[np.intp]:
    """(N,): the least grey that `percent` of each row of `pixels`, (N, P), do not exceed.

    Paper is most often the lowest grey there is, and full ink the highest, so this is asked first.
    """
    wanted = pixels.shape[1] * percent / 100
    if percent < 50:
        greys = np.zeros(len(pixels), np.intp)
        others = np.flatnonzero(_at_most(pixels, 0) < wanted)
    else:
        greys = np.full(len(pixels), 255, np.intp)
        others = np.flatnonzero(_at_most(pixels, 254) >= wanted)
    if len(others):
        greys[others] = _search(pixels[others], wanted)
    return greys


def _search(pixels: NDArray[np.uint8], wanted: float) -> NDArray[np.uint8]:
    """(N,): the least grey that `wanted` of each row of `pixels`, (N, P), do not exceed.

    Found bit by bit, the highest first.
    """
    greys = np.zeros((len(pixels), 1), np.uint8)
    for bit in (128, 64, 32, 16, 8, 4, 2, 1):
        too_few = _at_most(pixels, greys + np.uint8(bit - 1)) < wanted
        greys[too_few] += np.uint8(bit)
    return greys[:, 0]


def _at_most(pixels: NDArray[np.uint8], grey: int | NDArray[np.uint8]) -> NDArray[np.int64]:
    """(N,): how many of each row of `pixels`, (N, P), are at or below `grey`, one or (N, 1)."""
    above: NDArray[np.uint8] = np.packbits(pixels > grey, axis=1)
    return np.subtract(pixels.shape[1], ones(above))
