"""Cuts out of a photo what a person needs to judge its doubtful glyphs, and a network to learn."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hwcli.glyph import Image, Normalisation
from hwcli.page.reading import Box, Candidate, Glyph
from hwcli.page.sheet import Photo

ALTERNATIVES = 9
"""Characters that are offered for each glyph: as many as there are keys from 1 to 9."""
_VIEW = (336, 112)
"""Width and height of what is shown around a glyph, at most, px."""
_THUMB = 200
"""Longer side of the reduced photo, px."""
_AROUND = 1.75
"""How many times the height of a glyph, or of its line, is shown around it."""
_SMALL = 0.6
"""A glyph is shown as if it were at least this share of its line high."""
_VIEW_QUALITY, _THUMB_QUALITY = 62, 50
"""Of JPEG: 3 to 5 kB each, and strokes without a halo."""


@dataclass(frozen=True, slots=True)
class Reviewing:
    """Which glyphs are wanted for a review."""

    below: float
    """Confidence below which a glyph is doubtful, in (0, 1]."""
    most: int
    """Of one photo at most, the least sure first."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A doubtful glyph."""

    box: Box
    candidates: tuple[Candidate, ...]
    """The likeliest characters, best first."""
    before: str
    """Of its line, what stands before it."""
    after: str
    """Of its line, what stands behind it."""
    ink: bytes
    """PNG of its ink, 255 on 0, upright, as it was cut out to be normalised."""
    view: bytes
    """JPEG of the glyph and what is around it."""
    view_box: Box
    """What `view` shows, px of the photo."""
    quarters: int = 0
    """How far the photo is turned clockwise to be upright, as `view` and `thumb` show it."""


@dataclass(frozen=True, slots=True)
class Doubts:
    """The doubtful glyphs of a photo."""

    count: int
    """All there are."""
    worst: tuple[Doubt, ...]
    """The least sure of them, in reading order."""
    thumb: bytes
    """JPEG of the photo, much reduced."""
    how: Normalisation
    """How the network's images are made of `ink`."""
    merged: frozenset[str]
    """Capitals of which the model does not know the lower case: it takes one for the other."""


def doubts_of(
    photo: Photo,
    glyphs: Sequence[Glyph],
    inks: Sequence[Image],
    wanted: Reviewing,
    how: Normalisation,
    classes: Sequence[str],
) -> Doubts | None:
    """The doubtful ones among `glyphs`, None if there are none.

    Args:
        photo: what they stand on.
        glyphs: all of it, in reading order, each with its alternatives.
        inks: uint8 (h, w) of each, ink 255 on 0, before it is normalised.
        wanted: which are doubtful, and how many of them are looked at.
        how: the model's normalisation.
        classes: of the model.
    """
    doubtful = [i for i, glyph in enumerate(glyphs) if glyph.confidence < wanted.below]
    if not doubtful:
        return None
    worst = heapq.nsmallest(wanted.most, doubtful, key=lambda i: glyphs[i].confidence)
    lines: dict[int, list[int]] = {}
    for i, glyph in enumerate(glyphs):
        lines.setdefault(glyph.line, []).append(i)
    made = []
    for i in sorted(worst):
        glyph, members = glyphs[i], lines[glyphs[i].line]
        at = members.index(i)
        line = [glyphs[k] for k in members]
        view, view_box = _view(photo, glyph.box, _height(line))
        made.append(
            Doubt(
                glyph.box, glyph.candidates[:ALTERNATIVES],
                _text(line[: at + 1]).removesuffix(glyph.char),
                _text(line[at:]).removeprefix(glyph.char),
                _encoded(inks[i], ".png"), view, view_box,
            )
        )  # fmt: skip
    known = set(classes)
    merged = frozenset(c for c in known if c.isupper() and c.lower() not in known)
    return Doubts(len(doubtful), tuple(made), _thumb(photo), how, merged)


def _text(line: Sequence[Glyph]) -> str:
    """The characters of `line`, a space between words."""
    text = ""
    for i, glyph in enumerate(line):
        text += " " * (i > 0 and line[i - 1].word != glyph.word) + glyph.char
    return text


def _height(line: Sequence[Glyph]) -> float:
    """Usual height of the glyphs of a line, px."""
    return float(np.median([g.box.y1 - g.box.y0 for g in line]))


def _view(photo: Photo, box: Box, usual: float) -> tuple[bytes, Box]:
    """The glyph in `box` and what is around it, and what of the photo that is."""
    high = _AROUND * max(box.y1 - box.y0, _SMALL * usual, (box.x1 - box.x0) * 0.5, 8)
    wide = high * _VIEW[0] / _VIEW[1]
    x0, x1 = _span(box.x0, box.x1, wide, photo.width)
    y0, y1 = _span(box.y0, box.y1, high, photo.height)
    n = photo.reduced
    x0, y0, x1, y1 = x0 // n, y0 // n, -(-x1 // n), -(-y1 // n)
    piece = photo.grey[y0:y1, x0:x1]
    shown = Box(x0 * n, y0 * n, (x0 + piece.shape[1]) * n, (y0 + piece.shape[0]) * n)
    return _encoded(_reduced(piece, *_VIEW), ".jpg", _VIEW_QUALITY), shown


def _span(start: int, end: int, length: float, limit: int) -> tuple[int, int]:
    """About `length` px around the middle of what lies from `start` to `end`, within the photo."""
    length = min(max(length, end - start), limit)
    first = min(max((start + end - length) / 2, 0), limit - length)
    return int(first), min(limit, int(np.ceil(first + length)))


def _thumb(photo: Photo) -> bytes:
    return _encoded(_reduced(photo.grey, _THUMB, _THUMB), ".jpg", _THUMB_QUALITY)


def _reduced(image: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """`image` no larger than `width` by `height`; smaller ones stay as they are."""
    scale = min(1.0, width / image.shape[1], height / image.shape[0])
    if scale == 1.0:
        return image
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _encoded(image: NDArray[np.uint8], ending: str, quality: int = 0) -> bytes:
    how = [cv2.IMWRITE_JPEG_QUALITY, quality] if quality else []
    return cv2.imencode(ending, image, how)[1].tobytes()
