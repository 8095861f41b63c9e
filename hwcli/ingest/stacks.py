"""Characters that no dataset has, made of real glyphs set one above the other.

`=` of two minus signs, `:` of two dots, `÷` of dot, minus and dot.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hwcli.glyph import Image, ink_box, ink_of
from hwcli.readers.reader import Block, Listing, Reader

_BARS = frozenset("-−–_~")
"""Parts that are wide and thin; all others are dots."""
_BAR = 64
"""Nominal width of a bar, px before normalisation."""
_MAX_TILT_DEG = 8.0


@dataclass(frozen=True, slots=True, eq=False)
class StackBlock:
    """Parts of several stacks, and how to set them."""

    parts: Block
    characters: tuple[tuple[str, ...], ...]
    """The parts' characters of each stack, from the top."""
    seeds: tuple[int, ...]
    invert: bool | None

    def images(self) -> Iterator[Image | str]:
        """Each stack as ink, 255 on 0, or the reason why a part of it is missing."""
        images = self.parts.images()
        for characters, seed in zip(self.characters, self.seeds, strict=True):
            yield self._stack([next(images) for _ in characters], characters, seed)

    def _stack(
        self, parts: list[Image | str], characters: tuple[str, ...], seed: int
    ) -> Image | str:
        inks = []
        for part in parts:
            if isinstance(part, str):
                return f"a part is {part}"
            ink = ink_of(part, invert=self.invert)
            box = ink_box(ink)
            if box is None:
                return "a part is blank"
            x0, y0, x1, y1 = box
            inks.append(ink[y0:y1, x0:x1])
        return stacked(inks, characters, np.random.default_rng(seed))


def stacked(inks: list[Image], characters: tuple[str, ...], random: np.random.Generator) -> Image:
    """`inks`, uint8 cropped to their ink, set one above the other from the top: uint8 (H, W).

    Bars get about one width, dots about one size; gaps, offsets and the tilt of the whole vary as
    in handwriting.
    """
    bars = sum(c in _BARS for c in characters)
    dot = _BAR * random.uniform(0.14, 0.26)
    gap = _BAR * random.uniform(0.2, 0.5) if bars else dot * random.uniform(1.3, 3.5)
    if bars and bars < len(characters):
        gap = _BAR * random.uniform(0.1, 0.28)
    sized = [
        _scaled(ink, _BAR * random.uniform(0.85, 1.15) if c in _BARS else 0, dot, random)
        for ink, c in zip(inks, characters, strict=True)
    ]
    height = round(sum(s.shape[0] for s in sized) + gap * (len(sized) - 1))
    side = int(1.5 * max(height, *(s.shape[1] for s in sized))) + 8
    canvas = np.zeros((side, side), np.uint8)
    y = (side - height) / 2
    for ink in sized:
        loose = _BAR * 0.08 if bars else dot * 0.3
        x = (side - ink.shape[1]) / 2 + random.uniform(-loose, loose)
        top, left = round(y), round(x)
        window = canvas[top : top + ink.shape[0], left : left + ink.shape[1]]
        np.maximum(window, ink[: window.shape[0], : window.shape[1]], out=window)
        y += ink.shape[0] + gap * random.uniform(0.85, 1.15)
    return _tilted(canvas, random.uniform(-_MAX_TILT_DEG, _MAX_TILT_DEG))


def _scaled(ink: Image, width: float, dot: float, random: np.random.Generator) -> Image:
    """A bar at `width`, its aspect kept as long as it is a bar; a dot at about `dot`."""
    height_in, width_in = ink.shape
    if width:
        size = (width, min(max(3.0, width * height_in / width_in), 0.3 * width))
    else:
        scale = dot * random.uniform(0.85, 1.15) / float(np.sqrt(height_in * width_in))
        size = (width_in * scale, height_in * scale)
    whole = (max(2, round(size[0])), max(2, round(size[1])))
    shrinking = whole[0] < width_in
    method = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(ink, whole, interpolation=method), np.uint8)


def _tilted(image: Image, angle_deg: float) -> Image:
    centre = (image.shape[1] / 2, image.shape[0] / 2)
    turn = cv2.getRotationMatrix2D(centre, angle_deg, 1.0)
    return np.asarray(cv2.warpAffine(image, turn, image.shape[::-1]), np.uint8)


class StackReader(Reader):
    """Rows made of rows of another reader."""

    def __init__(
        self,
        base: Reader,
        parts: NDArray[np.intp],
        characters: tuple[str, ...],
        *,
        seed: int,
        invert: bool | None,
    ) -> None:
        """Stacks of `characters` out of `parts`, (N, number of characters) rows of `base`."""
        self._base = base
        self._parts = parts
        self._characters = characters
        self._seed = seed
        self._invert = invert

    def listing(self) -> Listing:
        """As many rows as there are stacks, all of one label; no writers."""
        count = len(self._parts)
        return Listing(("",), np.zeros(count, np.int32), (), np.full(count, -1, np.int32))

    def origin(self, row: int) -> str:
        """The origins of the parts, joined by ` + `."""
        return " + ".join(self._base.origin(int(p)) for p in self._parts[row])

    def made_of(self, base: Reader, parts: NDArray[np.intp]) -> NDArray[np.bool_]:
        """(stacks,) which of them have one of these rows of `base` in them."""
        if base is not self._base:
            return np.zeros(len(self._parts), np.bool_)
        return np.asarray(np.isin(self._parts, parts).any(axis=1), np.bool_)

    def blocks(self, rows: NDArray[np.intp], size: int) -> Iterator[Block]:
        """The stacks of `rows`, in whatever order."""
        width = len(self._characters)
        flat = self._parts[rows].reshape(-1)
        inner = self._base.blocks(flat, size * width)
        for start, parts in zip(range(0, len(rows), size), inner, strict=True):
            chosen = rows[start : start + size]
            seeds = tuple(self._seed + int(r) for r in chosen)
            yield StackBlock(parts, (self._characters,) * len(chosen), seeds, self._invert)
