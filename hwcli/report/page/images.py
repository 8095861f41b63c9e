"""Pictures as addresses that hold them."""

import io
from base64 import b64encode

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image

_LEVELS = 16
"""Shades of ink: as many as can be told apart in half the bytes."""
_MOST = 64
"""Side of a glyph in the page, px; larger ones are made smaller."""


def data_uri(content: bytes, kind: str) -> Markup:
    """The address of `content` of a media type like `image/png`."""
    return Markup(f"data:{kind};base64,{b64encode(content).decode('ascii')}")


def glyph_uri(glyph: NDArray[np.uint8]) -> Markup:
    """The address of a glyph, uint8 (S, S), ink 255 on 0, as black ink on nothing."""
    image = Image.fromarray(glyph)
    if max(image.size) > _MOST:
        image.thumbnail((_MOST, _MOST))
    shades = (np.asarray(image, np.uint16) * (_LEVELS - 1) + 127) // 255
    picture = Image.fromarray(shades.astype(np.uint8), "L")
    picture = Image.frombytes("P", picture.size, picture.tobytes())
    picture.putpalette([0] * 3 * _LEVELS)
    buffer = io.BytesIO()
    alphas = bytes(255 * k // (_LEVELS - 1) for k in range(_LEVELS))
    picture.save(buffer, format="PNG", bits=4, transparency=alphas, optimize=True)
    return data_uri(buffer.getvalue(), "image/png")
