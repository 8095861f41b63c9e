"""Contact sheets: some glyphs of every class, with the character as caption, to look at."""

import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from matplotlib import font_manager, ft2font
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from hwcli.dataset import Dataset
from hwcli.errors import InputError

_CELL = 36
"""Side of a glyph with its margin, px."""
_CAPTION = 136
"""Room for the character and three code points, px."""
_FONT_PX = 22
_CODE_PX = 11
_PAPER, _GRID, _TEXT = 255, 200, 0
_UNKNOWN = "�"


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
    codes = " ".join(f"{ord(c):04X}" for c in character)
    font = _font_for(character)
    if font is not None:
        pen.text((4, 2), character, fill=_TEXT, font=font)
        pen.text((44, _CELL - 14), codes, fill=_TEXT, font=_plain(_CODE_PX))
    else:
        pen.text((4, _CELL // 2 - 6), f"U+{codes}", fill=_TEXT, font=_plain(_CODE_PX))


@lru_cache(maxsize=1)
def _plain(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font_manager.findfont("DejaVu Sans"), size)


def _font_for(character: str) -> ImageFont.FreeTypeFont | None:
    """A font on this machine that has every code point of `character`, or None."""
    if character == _UNKNOWN:
        return None
    path = _file_for(frozenset(map(ord, character)))
    if path is None:
        return None
    try:
        return ImageFont.truetype(path[0], _FONT_PX, index=path[1])
    except OSError:
        return None


@lru_cache(maxsize=4096)
def _file_for(codes: frozenset[int]) -> tuple[str, int] | None:
    """File and face of a font that has all `codes`: matplotlib's own, then as fontconfig says."""
    plain = font_manager.findfont("DejaVu Sans")
    if codes <= _covered(plain):
        return plain, 0
    pattern = ":charset=" + " ".join(f"{c:x}" for c in sorted(codes))
    try:
        answer = subprocess.run(
            ["fc-list", pattern, "-f", "%{file}\t%{index}\t%{style}\n"],
            capture_output=True, text=True, timeout=10, check=True,
        ).stdout  # fmt: skip
    except (OSError, subprocess.SubprocessError):  # no fontconfig: whatever matplotlib finds
        return next(((p, 0) for p in _installed() if codes <= _covered(p)), None)
    fonts = [line.split("\t") for line in answer.splitlines() if line.count("\t") == 2]
    fonts.sort(key=lambda f: ("Regular" not in f[2], "Mono" in f[0], f[0], int(f[1])))
    return (fonts[0][0], int(fonts[0][1]) & 0xFFFF) if fonts else None


@lru_cache(maxsize=1)
def _installed() -> tuple[str, ...]:
    return tuple(sorted(font_manager.findSystemFonts()))


@lru_cache(maxsize=512)
def _covered(path: str) -> frozenset[int]:
    """The code points a font file has a glyph for."""
    try:
        return frozenset(ft2font.FT2Font(path).get_charmap())
    except (OSError, RuntimeError):
        return frozenset()
