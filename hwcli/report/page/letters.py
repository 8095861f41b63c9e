"""Characters that a reader's machine may have no font for, drawn here once and used everywhere.

What every system can show stays text. The rest is shaped by a font of this machine, its outline is
traced, and the page has it as an SVG shape in the colour of the text, so it prints and follows the
theme; the text itself stands beside it unseen, to be copied, searched for and read aloud. Where no
font here has a character, its code points are written.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from pathlib import Path

import numpy as np
from contourpy import contour_generator
from markupsafe import Markup, escape
from matplotlib import rc_context
from matplotlib.path import Path as Outline
from PIL import Image, ImageDraw, ImageFont

from hwcli.characters import codepoints
from hwcli.fonts import font_for
from hwcli.report.lettering import caption, standalone

_EM = 96
"""Size at which a character is traced, px; also the units of its outline."""
_MARGIN = 48
_TOLERANCE = 0.2
"""How far an outline may be off, px of `_EM`."""
_BASELINE = 0.86
"""Of the height of a drawn character, which is 1 em, what is above the baseline."""
_WORD = 12
"""Characters of a word that are drawn as one."""
_PLAIN = (
    (0x20, 0x7E), (0xA1, 0xAC), (0xAE, 0x17F), (0x391, 0x3A1), (0x3A3, 0x3C9), (0x401, 0x401),
    (0x410, 0x44F), (0x451, 0x451), (0x2013, 0x2014), (0x2018, 0x201A), (0x201C, 0x201E),
    (0x2022, 0x2022), (0x2026, 0x2026), (0x2190, 0x2193), (0x2212, 0x2212), (0x20AC, 0x20AC),
)  # fmt: skip
"""Ranges of what the fonts of every system have: Latin, Greek, Cyrillic, common punctuation."""
_ODD = re.compile("[^\n\t" + "".join(f"\\u{a:04x}-\\u{b:04x}" for a, b in _PLAIN) + "]+")


_JOINERS = re.compile("[\u200c\u200d]")
"""They shape what is beside them, and have no glyph that a font must have."""


def is_plain(text: str) -> bool:
    """Whether every system can show `text`, and a person see it."""
    return not _ODD.search(text) and text == text.strip() != ""


class Letters:
    """Turns texts into HTML, and collects the shapes that it takes."""

    def __init__(self) -> None:
        self._shapes: dict[tuple[str, Path], tuple[int, float, str]] = {}

    def html(self, text: str) -> Markup:
        """`text` as HTML in which every character can be seen."""
        parts, end = [], 0
        for match in _ODD.finditer(text):
            start = match.start()
            if start > end and not standalone(match[0]) and not text[start - 1].isspace():
                start -= 1  # the letter on which the mark stands
            parts.append(escape(text[end:start]))
            end = match.end()
            parts += [self._piece(piece) for piece in _pieces(text[start:end])]
        return Markup("").join([*parts, escape(text[end:])])

    def char(self, name: str) -> Markup:
        """A class by itself: a mark stands on a dotted circle, a blank is its code point."""
        if not name.strip():
            return _codes(name)
        if not standalone(name) and (run := caption(name))[0].endswith(name):
            return self._drawn(*run, said=name)
        return self.html(name)

    def shapes(self) -> Markup:
        """The definitions that what was written so far refers to."""
        paths = "".join(f'<path id="g{n}" d="{d}"/>' for n, _, d in self._shapes.values())
        return Markup(f'<svg class="shapes" aria-hidden="true"><defs>{paths}</defs></svg>')

    def _piece(self, text: str) -> Markup:
        """A text as one font has it, else by its characters, those that none has as code points."""
        font = _font_of(text)
        if font is not None:
            return self._drawn(text, font, said=text)
        parts = []
        for seen, characters in groupby(text, key=lambda c: _font_of(c) is not None):
            some = "".join(characters)
            parts += [self._piece(c) for c in some] if seen else [_codes(some)]
        return Markup("").join(parts)

    def _drawn(self, text: str, font: Path, *, said: str) -> Markup:
        if (text, font) not in self._shapes:
            self._shapes[text, font] = (len(self._shapes), *_traced(text, font))
        number, wide, _ = self._shapes[text, font]
        top = round(-_BASELINE * _EM)
        return Markup(
            f'<span class="g"><svg viewBox="0 {top} {wide:g} {_EM}" width="{wide / _EM:.3g}em" '
            f'aria-hidden="true"><use href="#g{number}"/></svg><b>{escape(said)}</b></span>'
        )


def _font_of(text: str) -> Path | None:
    """The font in which `text` can be seen by itself, which a mark cannot."""
    return font_for(_JOINERS.sub("", text)) if len(text) > 1 or standalone(text) else None


def _codes(text: str) -> Markup:
    """The code points of `text`, in small type."""
    return Markup('<span class="u">{}</span>').format(codepoints(text) or "(empty)")


def _pieces(text: str) -> Iterator[str]:
    """What is drawn as one: words of joined letters, else each letter with its marks."""
    wide = unicodedata.east_asian_width(text[0]) == "W"  # such writing breaks anywhere
    if (len(text) <= _WORD and not wide) or unicodedata.bidirectional(text[0]) in ("R", "AL"):
        yield text
        return
    start = 0
    for i in range(1, len(text)):
        joined = unicodedata.category(text[i]).startswith("M") or text[i] == "\u200d"
        after = unicodedata.combining(text[i - 1]) == 9 or text[i - 1] == "\u200d"  # a virama
        if not joined and not after:
            yield text[start:i]
            start = i
    yield text[start:]


@lru_cache(maxsize=4096)
def _traced(text: str, file: Path) -> tuple[float, str]:
    """The advance and the outline of `text`, px of `_EM`; the baseline is at 0."""
    font = ImageFont.truetype(file, _EM)
    left, top, right, bottom = font.getbbox(text, anchor="ls")
    wide = max(font.getlength(text), right, 1.0) - min(left, 0)
    size = (int(right - left) + 2 * _MARGIN, int(bottom - top) + 2 * _MARGIN)
    image = Image.new("L", size)
    ImageDraw.Draw(image).text((_MARGIN - left, _MARGIN - top), text, 255, font, anchor="ls")
    pixels = np.asarray(image, np.float32)
    shift = np.array([_MARGIN - left + min(left, 0) - 0.5, _MARGIN - top - 0.5])
    found = []
    with rc_context({"path.simplify_threshold": _TOLERANCE}):
        for line in contour_generator(z=pixels).lines(127.5):
            path = Outline(np.asarray(line, np.float64) - shift)
            path.should_simplify = True
            points = np.asarray(path.cleaned(simplify=True).vertices, np.float64)[:-1].tolist()
            found.append("M" + " ".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z")
    return wide, "".join(found).replace(".0", "")
