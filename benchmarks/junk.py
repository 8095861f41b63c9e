"""Images that are no character, to be found among those that are; normalised as glyphs are."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from hwcli.glyph import Normalisation, normalise

Image = NDArray[np.uint8]
Maker = Callable[[np.random.Generator, Image], Image]
"""From images of a dataset, uint8 (N, S, S), to ink."""


def noise(random: np.random.Generator, _: Image) -> Image:
    grain = cv2.GaussianBlur(random.standard_normal((56, 56)), (0, 0), random.choice([1.3, 2, 3.3]))
    return np.clip((grain / grain.std() - 0.8) * 255, 0, 255).astype(np.uint8)


def blob(random: np.random.Generator, _: Image) -> Image:
    image = np.zeros((64, 64), np.uint8)
    axes = [int(n) for n in random.integers(8, 26, 2)]
    cv2.ellipse(image, (32, 32), axes, float(random.integers(0, 180)), 0, 360, 255, -1)
    grain = cv2.GaussianBlur(random.standard_normal((64, 64)), (0, 0), 6)
    soft = cv2.GaussianBlur(image, (0, 0), 4) + grain / grain.std() * 40
    return (soft > 120).astype(np.uint8) * np.uint8(255)


def scribble(random: np.random.Generator, _: Image) -> Image:
    image = np.zeros((64, 64), np.uint8)
    places = random.integers(4, 60, (int(random.integers(7, 16)), 1, 2)).astype(np.int32)
    cv2.polylines(image, [places], False, 255, int(random.integers(2, 5)), cv2.LINE_AA)
    return image


def specks(random: np.random.Generator, _: Image) -> Image:
    image = np.zeros((64, 64), np.uint8)
    for x, y in random.integers(4, 60, (int(random.integers(2, 9)), 2)).tolist():
        cv2.circle(image, (x, y), int(random.integers(1, 4)), 255, -1)
    return image


def halves(random: np.random.Generator, images: Image) -> Image:
    one, two = _some(random, images), _some(random, images)
    return _beside(one[:, one.shape[1] // 2 :], two[:, : two.shape[1] // 2], random)


def pair(random: np.random.Generator, images: Image) -> Image:
    return _beside(_some(random, images), _some(random, images), random)


def frame(random: np.random.Generator, images: Image) -> Image:
    """A box, a corner of one, or a character beside its edge."""
    image = np.zeros((64, 64), np.uint8)
    thick, kind = int(random.integers(2, 5)), int(random.integers(3))
    x, y = (int(n) for n in random.integers(1, 8, 2))
    if kind == 0:
        cv2.rectangle(image, (2, 2), (61, 61), 255, thick)
        return image
    if kind == 1:
        glyph = _some(random, images)
        top, left = (64 - glyph.shape[0]) // 2, (64 - glyph.shape[1]) // 2
        image[top : top + glyph.shape[0], left : left + glyph.shape[1]] = glyph
    cv2.line(image, (1, 0), (x, 63), 255, thick)
    if kind == 2 or random.random() < 0.5:
        cv2.line(image, (0, 1), (63, y), 255, thick)
    return image


def cut(random: np.random.Generator, images: Image) -> Image:
    glyph = _some(random, images)
    height, width = glyph.shape[0] // 2, glyph.shape[1] // 2
    parts = (glyph[:height], glyph[height:], glyph[:, :width], glyph[:, width:])
    return parts[int(random.integers(4))]


KINDS: dict[str, Maker] = {
    "noise": noise, "blob": blob, "scribble": scribble, "specks": specks, "halves": halves,
    "pair": pair, "frame": frame, "cut": cut,
}  # fmt: skip


def junk(kind: str, count: int, random: np.random.Generator, images: Image) -> Image:
    """`count` images of a kind, uint8 (count, S, S), some made of `images`, uint8 (N, S, S)."""
    made: list[Image] = []
    how = Normalisation(size=images.shape[1], fit=round(images.shape[1] * 6 / 7))
    while len(made) < count:
        glyph = normalise(np.ascontiguousarray(KINDS[kind](random, images)), how)
        if glyph is not None:
            made.append(glyph)
    return np.stack(made)


def _some(random: np.random.Generator, images: Image) -> Image:
    """A character, cut to its ink, as large as in a frame of 56."""
    image = images[int(random.integers(len(images)))]
    x, y, width, height = cv2.boundingRect((image > 90).astype(np.uint8))
    scale = 56 / image.shape[0]
    size = max(2, round(width * scale)), max(2, round(height * scale))
    return np.asarray(cv2.resize(image[y : y + height, x : x + width], size), np.uint8)


def _beside(one: Image, two: Image, random: np.random.Generator) -> Image:
    height, gap = max(one.shape[0], two.shape[0]), int(random.integers(1, 8))
    image = np.zeros((height, one.shape[1] + gap + two.shape[1]), np.uint8)
    for part, left in ((one, 0), (two, one.shape[1] + gap)):
        top = (height - part.shape[0]) // 2
        image[top : top + part.shape[0], left : left + part.shape[1]] = part
    return image
