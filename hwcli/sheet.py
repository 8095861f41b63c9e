"""Contact sheets: some glyphs of every class, with the character as caption, to look at."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from hwcli.characters import codepoints
from hwcli.dataset import Dataset
from hwcli.errors import InputError
from hwcli.fonts import font_for, plain_font

_CELL = 36
"""Side of a glyph with its margin, px."""
_CAPTION = 136
"""Room for the character and three code points, px."""
_FONT_PX = 22
_CODE_PX = 11
_PAPER, _GRID, _TEXT = 255, 200, 0


@dataclass(frozen=True, slots=True)
class SheetOptions:
    """How a contact sheet is laid out."""

    samples: int = 12
    """Glyphs of each class."""
    columns: int = 3
    """Classes side by side."""
    seed: int = 0


def write_sheet(dataset: Dataset, path: Path, options: SheetOptions = SheetOptions()) -> None:
    """Write a PNG of all classes of `dataset`, each with some of its glyphs.

    Glyphs are drawn evenly over the sources a class has, so a source that is turned, inverted or
    mislabelled shows.

    Raises:
        DatasetError: the dataset is damaged.
        InputError: `path` cannot be written.
    """
    rows = dataset.load()
    random = np.random.default_rng(options.seed)
    lines = []
    for label, character in enumerate(dataset.info.classes):
        of_class = np.flatnonzero(rows.label == label)
        if len(of_class):
            chosen = _spread(rows.source[of_class], options.samples, random)
            lines.append(_line(character, rows.images[of_class[chosen]], options.samples))
    try:
        _tiled(lines, options.columns).save(path, format="PNG")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error


def _spread(source: NDArray[np.int32], count: int, random: np.random.Generator) -> NDArray[np.intp]:
    """Up to `count` places, in turn from each source, then in the order of the sources."""
    key = random.random(len(source))
    rank = np.empty(len(source), np.intp)
    for value in np.unique(source):
        own = np.flatnonzero(source == value)
        rank[own[np.argsort(key[own])]] = np.arange(len(own))
    chosen = np.lexsort((key, rank))[:count]
    return chosen[np.argsort(source[chosen], kind="stable")]


def _line(character: str, glyphs: NDArray[np.uint8], samples: int) -> Image.Image:
    """One class: its caption, and its glyphs as they are, light on dark."""
    line = Image.new("L", (_CAPTION + samples * _CELL, _CELL), _PAPER)
    _caption(ImageDraw.Draw(line), character)
    for i, glyph in enumerate(glyphs):
        picture = Image.fromarray(glyph)
        if max(picture.size) > _CELL - 4:
            picture.thumbnail((_CELL - 4, _CELL - 4))
        inset = (_CELL - picture.width) // 2
        line.paste(picture, (_CAPTION + i * _CELL + inset, (_CELL - picture.height) // 2))
    return line


def _tiled(lines: list[Image.Image], columns: int) -> Image.Image:
    deep = -(-len(lines) // columns)
    width, height = lines[0].size if lines else (1, 1)
    sheet = Image.new("L", (width * columns, max(1, deep) * height), _PAPER)
    pen = ImageDraw.Draw(sheet)
    for i, line in enumerate(lines):
        x, y = i // deep * width, i % deep * height
        sheet.paste(line, (x, y))
        pen.line((x, y, x + width, y), fill=_GRID)
    return sheet


def _caption(pen: ImageDraw.ImageDraw, character: str) -> None:
    """The character, where a font here has it, and its code points."""
    codes = codepoints(character).replace("U+", "")
    file = font_for(character)
    if file is not None:
        pen.text((4, 2), character, fill=_TEXT, font=_font(file, _FONT_PX))
        pen.text((44, _CELL - 14), codes, fill=_TEXT, font=_font(plain_font(), _CODE_PX))
    else:
        pen.text((4, _CELL // 2 - 6), f"U+{codes}", fill=_TEXT, font=_font(plain_font(), _CODE_PX))


@lru_cache(maxsize=64)
def _font(file: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(file, size)
