"""Which way up images are, by whether the bundled classifier reads them better turned.

A classifier of upright Latin letters reads a transposed `F` as something else. So the labels it
knows are evidence: as many as are read right turned one way, and wrong as they are, speak for that
way. Without such labels it cannot be told, and nothing is turned.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hwcli.classify import Classifier, find_model
from hwcli.glyph import Image, ink_of, normalise

Turn = Literal[
    "upright", "transposed", "turned left", "turned right", "upside down", "mirrored", "flipped",
    "transposed and turned",
]  # fmt: skip

TURNS: dict[Turn, Callable[[Image], Image]] = {
    "upright": lambda image: image,
    "transposed": lambda image: image.T,
    "turned left": lambda image: np.rot90(image, 1),
    "turned right": lambda image: np.rot90(image, -1),
    "upside down": lambda image: np.rot90(image, 2),
    "mirrored": lambda image: image[:, ::-1],
    "flipped": lambda image: image[::-1],
    "transposed and turned": lambda image: np.rot90(image.T, 2),
}
"""How images may lie, and what was done to upright ones."""

MIN_IMAGES = 30
"""Images whose label the classifier knows, below which nothing is said."""
_MIN_CLASSES = 3
_READ = 0.5
"""Share that must be read right, else it is not what the classifier was trained on."""
_SIGMAS = 4.0
"""By how many standard deviations one way must be ahead of another (sign test of the images that
are read right in only one of them): 1 in 30,000 by chance."""
_GAIN = 0.1
"""By what share of all images one way must be ahead."""


@dataclass(frozen=True, slots=True)
class Orientation:
    """What the classifier says."""

    judged: int
    """Images of the sample whose label it knows."""
    right: dict[Turn, int]
    """How many it reads right, turned back from each way they may lie."""
    turn: Turn | None
    """How they lie; None where it cannot be told."""


def judge(
    images: Sequence[Image], characters: Sequence[str], invert: bool | None, trim_edge: int = 0
) -> Orientation:
    """How `images` of `characters` lie, one character an image.

    Raises:
        ModelError: the bundled classifier is damaged.
    """
    model = Classifier(find_model("latin"), threads=1)
    codes = {c: i for i, c in enumerate(model.info.classes) if c.isalnum()}
    target = [_code(codes, c) for c in characters]
    glyphs: list[Image] = []
    known: list[int] = []
    for image, code in zip(images, target, strict=True):
        if code < 0:
            continue
        inner = image[trim_edge:-trim_edge, trim_edge:-trim_edge] if trim_edge else image
        glyph = normalise(ink_of(np.ascontiguousarray(inner), invert=invert),
                          model.info.normalisation)  # fmt: skip
        if glyph is not None:
            glyphs.append(glyph)
            known.append(code)
    if len(known) < MIN_IMAGES or len(set(known)) < _MIN_CLASSES:
        return Orientation(len(known), {}, None)
    labels = np.asarray(known)
    hits: dict[Turn, NDArray[np.bool_]] = {}
    for name, turn in TURNS.items():
        back = turn if name not in ("turned left", "turned right") else _other_way(name)
        turned = np.stack([np.ascontiguousarray(back(g)) for g in glyphs])
        hits[name] = model.logits(turned).argmax(axis=1) == labels
    right = {name: int(h.sum()) for name, h in hits.items()}
    return Orientation(len(known), right, _verdict(hits))


def _other_way(name: Turn) -> Callable[[Image], Image]:
    return TURNS["turned right" if name == "turned left" else "turned left"]


def _code(codes: dict[str, int], character: str) -> int:
    """Index of the class of `character`, of either case, where the model has merged them; or −1."""
    return next((codes[c] for c in (character, character.upper()) if c in codes), -1)


def _verdict(hits: dict[Turn, NDArray[np.bool_]]) -> Turn | None:
    """The way that is ahead of all others by a margin that chance does not give."""
    best = max(hits, key=lambda name: int(hits[name].sum()))
    if hits[best].mean() < _READ:
        return None
    for name, other in hits.items():
        if name == best:
            continue
        only_best = int((hits[best] & ~other).sum())
        only_other = int((other & ~hits[best]).sum())
        ahead = only_best - only_other
        sigmas = ahead / math.sqrt(max(1, only_best + only_other))
        if sigmas < _SIGMAS or ahead < _GAIN * len(other):
            return None
    return best
