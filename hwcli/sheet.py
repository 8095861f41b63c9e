"""Contact sheets: some glyphs of every class, with the character as caption, to look at."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from hwcli.atomic import growing, writing
from hwcli.characters import codepoints
from hwcli.dataset import Dataset
from hwcli.errors import InputError
from hwcli.fonts import font_for, plain_font

_CELL = 36
"""Side of a glyph with its margin, px."""
_CAPTION = 136
"""Room for the character and three code points, or for three short lines, px."""
_MARGIN = 4
_FONT_PX = 22
_CODE_PX = 11
_CODES_AT = 44
"""Where the code points stand, px."""
_CODES_ROOM = 60
"""Room below which code points are not worth writing, px: beside a word they tell nobody much."""
_LEFT_OUT = "…"
_LINES = 3
"""Lines of small type beside a glyph."""
_LONGEST = 120
"""Characters of a class name of which it is tried how many fit."""
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
    lines = [
        _line(character, glyphs, options.samples)
        for character, glyphs in zip(dataset.info.classes, _glyphs(dataset, options), strict=True)
        if len(glyphs)
    ]
    with writing(path, InputError), growing(path) as partial:
        _tiled(lines, options.columns).save(partial, format="PNG")


def _glyphs(dataset: Dataset, options: SheetOptions) -> list[NDArray[np.uint8]]:
    """For each class its glyphs to draw, uint8 (n, size, size)."""
    columns = [dataset.columns(number) for number in range(len(dataset.info.shards))]
    label = np.concatenate([np.empty(0, np.int32), *(c.label for c in columns)])
    source = np.concatenate([np.empty(0, np.int32), *(c.source for c in columns)])
    random = np.random.default_rng(options.seed)
    chosen = []
    for code in range(len(dataset.info.classes)):
        of_class = np.flatnonzero(label == code)
        chosen.append(of_class[_spread(source[of_class], options.samples, random)])
    drawn = dataset.images_at(np.concatenate([np.empty(0, np.intp), *chosen]))
    return np.split(drawn, np.cumsum([len(rows) for rows in chosen]))[:-1]


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
    """The lines one below the other, in at most `columns` columns."""
    deep = max(1, -(-len(lines) // columns))
    width, height = lines[0].size if lines else (1, 1)
    sheet = Image.new("L", (width * max(1, -(-len(lines) // deep)), deep * height), _PAPER)
    pen = ImageDraw.Draw(sheet)
    for i, line in enumerate(lines):
        x, y = i // deep * width, i % deep * height
        sheet.paste(line, (x, y))
        pen.line((x, y, x + width, y), fill=_GRID)
    return sheet


def _caption(pen: ImageDraw.ImageDraw, character: str) -> None:
    """The character, where a font here has it, and its code points; a word in small type."""
    room = _CAPTION - 2 * _MARGIN
    file = font_for(character + _LEFT_OUT) or font_for(character)
    small = _font(plain_font(), _CODE_PX)
    if file is None:
        _write(pen, _MARGIN, codepoints(character), small, room)
        return
    large = _font(file, _FONT_PX)
    width = large.getlength(character)
    if width > room:
        _write(pen, _MARGIN, character, _font(file, _CODE_PX), room)
        return
    pen.text((_MARGIN, 2), character, fill=_TEXT, font=large)
    codes = codepoints(character).replace("U+", "")
    at = max(_CODES_AT, _MARGIN + int(width) + 6)
    if _CAPTION - at < _CODES_ROOM:
        return
    if small.getlength(codes) <= _CAPTION - at:
        pen.text((at, _CELL - 14), codes, fill=_TEXT, font=small)
    else:
        _write(pen, at, codes, small, _CAPTION - at)


def _write(
    pen: ImageDraw.ImageDraw, x: int, text: str, font: ImageFont.FreeTypeFont, room: int
) -> None:
    """`text` from `x` on in up to three lines no wider than `room`, px; its middle left out."""
    lines = _wrapped(text[: 2 * _LONGEST], font, room)
    keep = min(len(text), _LONGEST)
    while len(lines) > _LINES and keep > 1:
        keep -= 1
        lines = _wrapped(
            f"{text[: -(-keep // 2)]}{_LEFT_OUT}{text[len(text) - keep // 2 :]}", font, room
        )
    top = (_CELL - len(lines) * (_CODE_PX + 1)) // 2
    for i, line in enumerate(lines):
        pen.text((x, top + i * (_CODE_PX + 1)), line, fill=_TEXT, font=font)


def _wrapped(text: str, font: ImageFont.FreeTypeFont, room: int) -> list[str]:
    """`text` in lines no wider than `room`, px, broken at blanks if there are some."""
    lines = []
    while text:
        fits = 1
        while fits < len(text) and font.getlength(text[: fits + 1]) <= room:
            fits += 1
        blank = text.rfind(" ", 1, fits + 1) if fits < len(text) else -1
        cut = blank if blank > 0 else fits
        lines.append(text[:cut])
        text = text[cut:].lstrip(" ")
    return lines


@lru_cache(maxsize=64)
def _font(file: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(file, size)
