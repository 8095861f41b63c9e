"""Folders of somebody's own images: real glyphs of the built-in sample, and made-up ones."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from archives import glyph, png
from hwcli.fetch import FetchOptions, fetch
from hwcli.readers import open_reader
from hwcli.recipe import load_recipe

Pixels = NDArray[np.uint8]


def as_it_is(image: Pixels) -> Pixels:
    return image


def letters(folder: Path, change: Callable[[Pixels], Pixels] = as_it_is, each: int = 8) -> Path:
    """Upright EMNIST glyphs of the sample in a folder for each class, light on dark, changed."""
    source = load_recipe("sample").source[0]
    reader = open_reader(source, source.part[0], fetch(source, FetchOptions(offline=True)))
    listing = reader.listing()
    for code, label in enumerate(listing.labels):
        rows = np.flatnonzero(listing.label == code)[:each]
        character = source.character(label)
        assert character is not None
        place = folder / f"U+{ord(character):04X}"
        place.mkdir(parents=True)
        for block in reader.blocks(rows, each):
            for k, image in enumerate(block.images()):
                assert not isinstance(image, str)
                changed = np.ascontiguousarray(change(np.ascontiguousarray(image.T)))
                (place / f"{k}.png").write_bytes(png(changed))
    return folder


def strokes(folder: Path, names: list[str], each: int = 6) -> Path:
    """Made-up strokes, light on dark, `each` for every path of `names` in `folder`."""
    for i, name in enumerate(names):
        for k in range(each):
            path = folder / name / f"{k}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png(glyph(100 * i + k)))
    return folder
