"""Pixels of any kind as 8 bits of grey or colour: transparency on white paper, depths scaled."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Mode = Literal["L", "RGB"]

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What EXIF's orientations want done."""
SIDEWAYS = (5, 6, 7, 8)
"""Orientations that make height of width."""
_PHOTOMETRIC = 262
"""Tag of TIFF 6.0: 0 where white is zero."""
_DEEP = ("I", "F")
"""How the names of Pillow's modes of more than 8 bits begin."""


def turned(image: Image.Image, orientation: object) -> Image.Image:
    """`image` as it is to be seen; a value that EXIF does not know changes nothing."""
    turn = _TURNS.get(orientation) if isinstance(orientation, int) else None
    return image if turn is None else image.transpose(turn)


def flat(image: Image.Image, mode: Mode) -> Image.Image:
    """`image`, which is loaded, in `mode`: transparency on white, ICC profiles ignored."""
    if image.mode.startswith(_DEEP):
        grey = _to_8_bits(np.asarray(image))
        tags = getattr(image, "tag_v2", {})  # Pillow inverts 8 bits itself, more it does not
        return Image.fromarray(255 - grey if tags.get(_PHOTOMETRIC) == 0 else grey).convert(mode)
    if image.mode == "LAB":
        return image.getchannel("L").convert(mode)
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        return _on_paper(image, mode)
    return image.convert(mode)


def _on_paper(image: Image.Image, mode: Mode) -> Image.Image:
    clear = image.convert("RGBA")
    alpha = clear.getchannel("A")
    colour = clear.convert(mode)
    if image.format == "BMP" and alpha.getextrema() == (0, 0):
        return colour  # an alpha that nobody filled in
    paper = Image.new(mode, image.size, "white")
    paper.paste(colour, mask=alpha)
    return paper


def _to_8_bits(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Numbers of any kind as uint8, white 255.

    Whole numbers are taken to be of as many bits as the largest needs, 8 at least: cameras put 10
    or 12 into 16. Fractions up to 1 are shares; anything else is taken from the least to the
    largest.
    """
    if values.dtype.kind == "u":
        full = _full(int(values.max()))
        table = np.arange(full + 1) * (255 / full) + 0.5
        return np.asarray(table.astype(np.uint8)[values], np.uint8)
    numbers = np.nan_to_num(values.astype(np.float32), nan=0, posinf=0, neginf=0)
    low, high = float(numbers.min()), float(numbers.max())
    if low < 0 or high >= 1 << 16:
        numbers = (numbers - low) / max(high - low, 1e-30) * 255
    else:
        numbers *= 255 / (1 if high <= 1 else _full(int(high)))
    return np.asarray(np.clip(numbers + 0.5, 0, 255), np.uint8)


def _full(largest: int) -> int:
    return (1 << max(8, largest.bit_length())) - 1
