"""What one hand writes alike on a page is mostly one character: glyphs are told together."""

import cv2
import numpy as np
from numpy.typing import NDArray

LIKENESS = "likeness"
"""Flag of a glyph that is told to be what those that look like it are."""
_BLUR_PX = 1.2
"""Shapes are compared this much blurred, so that a stroke's width beside its place is near."""
_ALIKE, _FULLY = 0.85, 0.95
"""From this correlation on two glyphs begin to be alike, and are wholly."""
_SHARE = 0.5
"""At most this share of what a glyph is told to be comes from those that are like it."""
_UNTOLD = 4.0
"""Pairs that are not one character, which each page is taken to have besides its own."""
_MIXED, _ONE = 0.2, 0.6
"""Where this share of the alike is one character, likeness says nothing, and says all."""
_LEAST = 1e-6
"""Probability that nothing is below."""
_MOST = 2000
"""Glyphs that are compared with each other; of more, those of each so many."""

Floats = NDArray[np.float32]


def told_together(images: NDArray[np.uint8], probabilities: Floats) -> Floats:
    """`probabilities` with a part of each glyph's taken from those on the page that look like it.

    How large that part is, the page says: where glyphs that are alike are mostly told to be one
    character, as in running text, a doubtful one will be that too; where they are not, as on a
    page that has each letter once, nothing is changed.

    Args:
        images: uint8 (N, S, S), normalised glyphs of one page, neighbours together.
        probabilities: (N, classes), each row sums to 1.
    """
    if len(images) < 2:
        return probabilities
    count = -(-len(images) // _MOST)
    split = zip(np.array_split(images, count), np.array_split(probabilities, count), strict=True)
    return np.concatenate([_together(*part) for part in split])


def _together(images: NDArray[np.uint8], probabilities: Floats) -> Floats:
    alike = _likeness(images)
    agreed = float((alike * (probabilities @ probabilities.T)).sum())
    told = (agreed / (float(alike.sum()) + _UNTOLD) - _MIXED) / (_ONE - _MIXED)
    if told <= 0:
        return probabilities
    logs = np.log(probabilities + np.float32(_LEAST))
    total = alike.sum(axis=1, keepdims=True)
    share = np.float32(min(told, 1.0) * _SHARE) * np.minimum(1, total)
    mean = alike @ logs / np.maximum(_LEAST, total)
    out = np.where(probabilities > 0, np.exp((1 - share) * logs + share * mean), 0)
    return np.asarray(out / out.sum(axis=1, keepdims=True), np.float32)


def _likeness(images: NDArray[np.uint8]) -> Floats:
    """How alike each is to each other, in [0, 1]; not to itself: float32 (N, N)."""
    blurred = [cv2.GaussianBlur(i.astype(np.float32), (0, 0), _BLUR_PX).ravel() for i in images]
    shapes = np.asarray(blurred, np.float32)
    shapes -= shapes.mean(axis=1, keepdims=True)
    shapes /= np.maximum(_LEAST, np.linalg.norm(shapes, axis=1, keepdims=True))
    alike = shapes @ shapes.T
    np.fill_diagonal(alike, 0)
    return np.asarray(np.clip((alike - _ALIKE) / (_FULLY - _ALIKE), 0, 1), np.float32)
