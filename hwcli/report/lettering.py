"""Text in pictures: any script, in the fonts of this machine, and code points where none has it."""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

from PIL import Image, ImageDraw, ImageFont

from hwcli.characters import codepoints
from hwcli.fonts import drawable, font_for, plain_font
from hwcli.report.palette import RGB

LEFT_OUT = "…"
_CIRCLE = "\N{DOTTED CIRCLE}"
_HALF_CAPITAL = 0.36
"""From the middle of a line to its baseline, by size."""
_LINES = 3
"""Lines on which a name is written small."""
_SMALL = 10
"""Size of a name at least, px."""
_LONGEST = 200
"""Characters that are looked at to shorten a text."""

Run = tuple[str, Path]
"""Some text, and a font that has it."""
Colour = RGB | int
Anchor = Literal["l", "m", "r"]


def caption(name: str) -> Run:
    """How a class is written by itself: a mark on a dotted circle, what no font has as code points.

    Marks are not written without something to stand on, and blanks not at all.
    """
    if standalone(name):
        return drawable(name)
    font = font_for(_CIRCLE + name)
    return (_CIRCLE + name, font) if font else (codepoints(name) or "(empty)", plain_font())


def standalone(name: str) -> bool:
    """Whether `name` does not begin with a combining mark."""
    return not name or not unicodedata.category(name[0]).startswith("M")


def runs(text: str) -> Iterator[Run]:
    """`text` in pieces that one font has each: of a text font, else of any, else code points."""
    plain = plain_font()
    words = text.replace("\n", " ").replace("\t", " ").split(" ")
    pending = ""
    for number, word in enumerate(words):
        between = " " * (number > 0)
        font = font_for(word) if word else plain
        if font == plain:
            pending += between + word
            continue
        if pending or between:
            yield pending + between, plain
            pending = ""
        if font is not None:
            yield word, font
        else:
            for character in word:
                yield drawable(character)
    if pending:
        yield pending, plain


@lru_cache(maxsize=512)
def _font(file: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(file, size)


def length(text: str, size: int) -> float:
    """How wide `text` is, px, at `size` px."""
    return sum(run_length(run, size) for run in runs(text))


@lru_cache(maxsize=8192)
def run_length(run: Run, size: int) -> float:
    """How wide a run is, px, at `size` px."""
    return _font(run[1], size).getlength(run[0])


def fitted(name: str, size: int, room: float) -> Run:
    """The `caption` of a class, its middle left out if it is wider than `room` px."""
    return _cut(caption(name), size, room)


def _cut(run: Run, size: int, room: float) -> Run:
    text, file = run
    if run_length(run, size) <= room:
        return run
    dots = LEFT_OUT if font_for(LEFT_OUT + text) == file else ".."
    for keep in range(min(len(text) - 1, _LONGEST), 0, -1):
        cut = text[: -(-keep // 2)] + dots + text[len(text) - keep // 2 :]
        if run_length((cut, file), size) <= room:
            return cut, file
    return text[:1], file


def _all_fit(words: Sequence[str], file: Path, size: int, room: float) -> bool:
    return all(run_length((word, file), size) <= room for word in words)


def shortened(text: str, size: int, room: float) -> str:
    """`text`, its middle left out if it is wider than `room` px."""
    text = " ".join(text.split())
    if len(text) <= _LONGEST and length(text, size) <= room:
        return text
    keep = min(len(text) - 1, _LONGEST)
    while keep > 0:
        cut = text[: -(-keep // 2)] + LEFT_OUT + text[len(text) - keep // 2 :]
        if length(cut, size) <= room:
            return cut
        keep -= 1
    return LEFT_OUT


class Pen:
    """Writes on an image."""

    def __init__(self, image: Image.Image) -> None:
        """Writes on `image`, RGB or L."""
        self._image = image
        self._draw = ImageDraw.Draw(image)

    def write(
        self, at: tuple[float, float], text: str, size: int, colour: Colour, anchor: Anchor = "l"
    ) -> float:
        """Write `text` on a line whose middle is at `at`: from there, to there or about it.

        Args:
            at: px from the left and from the top.
            text: any; each piece in a font that has it.
            size: px.
            colour: of the letters.
            anchor: left end, right end or middle at `at`.

        Returns:
            The width, px.
        """
        return self.write_runs(at, list(runs(text)), size, colour, anchor)

    def write_runs(
        self,
        at: tuple[float, float],
        parts: Sequence[Run],
        size: int,
        colour: Colour,
        anchor: Anchor = "l",
    ) -> float:
        """`write` for text whose fonts are known."""
        wide = sum(run_length(run, size) for run in parts)
        x = at[0] - {"l": 0.0, "m": wide / 2, "r": wide}[anchor]
        y = at[1] + _HALF_CAPITAL * size
        for text, file in parts:
            self._draw.text((x, y), text, fill=colour, font=_font(file, size), anchor="ls")
            x += run_length((text, file), size)
        return wide

    def write_name(
        self,
        at: tuple[float, float],
        name: str,
        size: int,
        colour: Colour,
        room: float,
        anchor: Anchor = "l",
    ) -> float:
        """Write a class at `at`: large if it fits into `room` px, else small, on lines of its own.

        Returns:
            The width, px.
        """
        run = caption(name)
        if run_length(run, size) <= room:
            return self.write_runs(at, [run], size, colour, anchor)
        words = run[0].split(" ")
        if len(words) > _LINES:
            words = [*words[: _LINES - 1], " ".join(words[_LINES - 1 :])]
        small = next(
            (s for s in range(size, _SMALL, -1) if _all_fit(words, run[1], s, room)), _SMALL
        )
        top = at[1] - (len(words) - 1) * small * 0.55
        return max(
            self.write_runs(
                (at[0], top + k * 1.1 * small), [_cut((word, run[1]), small, room)], small, colour,
                anchor,
            )
            for k, word in enumerate(words)
        )  # fmt: skip

    def write_up(
        self, at: tuple[float, float], parts: Sequence[Run], size: int, colour: RGB, *, end: bool
    ) -> None:
        """Write upwards, about a line through `at`; the text starts there, or ends there."""
        wide = round(sum(run_length(run, size) for run in parts)) + 2
        mask = Image.new("L", (wide, 2 * size))
        Pen(mask).write_runs((1, size), parts, size, 255)
        turned = mask.transpose(Image.Transpose.ROTATE_90)
        top = at[1] if end else at[1] - wide
        self._image.paste(colour, (round(at[0] - size), round(top)), turned)
