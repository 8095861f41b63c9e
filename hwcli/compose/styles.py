"""Ways to write a character that are common in the world and rare in the stock, made out of it.

The stock is mostly by writers from the United States. In much of Europe and South America 7 and z
are crossed, 1 has a long upstroke, and x is two arcs back to back, as schools teach it
(Vereinfachte Ausgangsschrift, écriture cursive); zeros are crossed by whoever writes code.
"""

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Draw = Callable[[str], Image]


def crossed(image: Image, rng: Generator, draw: Draw) -> Image:
    """With a short bar through the middle."""
    del draw
    return _barred(image, rng.uniform(0.42, 0.62), rng.normal(0, 0.06), rng)


def struck(image: Image, rng: Generator, draw: Draw) -> Image:
    """With a stroke through it from below on the left to above on the right."""
    del draw
    return _barred(image, 0.5, rng.uniform(-1.4, -0.7), rng)


def upstroke(image: Image, rng: Generator, draw: Draw) -> Image:
    """A bar with a thin stroke up to its head, from the left, as long as a half of it at most."""
    del draw
    bar = _box(image)
    h, w = bar.shape
    if w > 0.5 * h:  # it is more than a bar already
        return image
    reach, drop = round(h * rng.uniform(0.15, 0.5)), h * rng.uniform(0.2, 0.6)
    out = np.zeros((h, w + reach), np.uint8)
    out[:, reach:] = bar
    head = np.flatnonzero(bar[: max(1, h // 12)].max(axis=0) > 89)
    x = reach + (float(head.mean()) if len(head) else w / 2)
    ends = [(round(x * 8), 8), (round((x - reach) * 8), round(drop * 8))]
    cv2.line(out, ends[0], ends[1], 255, int(rng.integers(1, 4)), cv2.LINE_AA, shift=3)
    return out


def two_arcs(image: Image, rng: Generator, draw: Draw) -> Image:
    """Two arcs back to back, touching or not quite."""
    side = image.shape[0]
    halves = []
    for mirrored in (True, False):
        arc = _box(draw("C"))
        width = max(3, round(side * rng.uniform(0.3, 0.5)))
        size = (width, round(0.86 * side))
        arc = np.asarray(cv2.resize(arc, size, interpolation=cv2.INTER_AREA), np.uint8)
        halves.append(arc[:, ::-1] if mirrored else arc)
    overlap = round(rng.uniform(-0.1, 0.12) * side)
    out = np.zeros((side, 2 * side), np.uint8)
    left = halves[0].shape[1]
    out[: len(halves[0]), :left] = halves[0]
    start = max(0, left - overlap)
    window = out[: len(halves[1]), start : start + halves[1].shape[1]]
    np.maximum(window, halves[1], out=window)
    return _box(out)


def _barred(image: Image, height: float, slope: float, rng: Generator) -> Image:
    out = image.copy()
    x, y, w, h = cv2.boundingRect((image > 89).view(np.uint8))
    half = rng.uniform(0.25, 0.45) * w
    middle = np.array([x + w / 2 + 0.05 * w * rng.normal(), y + height * h])
    reach = np.array([half, half * slope])
    ends = [tuple(np.round((middle + sign * reach) * 8).astype(int).tolist()) for sign in (-1, 1)]
    cv2.line(out, ends[0], ends[1], 255, int(rng.integers(2, 4)), cv2.LINE_AA, shift=3)
    return out


def _box(image: Image) -> Image:
    x, y, w, h = cv2.boundingRect((image > 89).view(np.uint8))
    return image[y : y + h, x : x + w] if w and h else image


STYLES: Mapping[str, tuple[float, Callable[[Image, Generator, Draw], Image]]] = {
    "7": (0.25, crossed),
    "Z": (0.25, crossed),
    "X": (0.25, two_arcs),
    "0": (0.05, struck),
    "1": (0.3, upstroke),
}
"""For a character, the share of its glyphs that are written so."""
NEEDED: Mapping[str, str] = {"X": "C"}
"""The character that the other way to write one is made of, where that is another."""
