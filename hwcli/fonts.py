"""Fonts on this machine that have the characters of a script."""

from functools import cache
from pathlib import Path

from matplotlib import font_manager
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font

from hwcli.characters import codepoints

_UNKNOWN = "\N{REPLACEMENT CHARACTER}"


@cache
def font_for(text: str) -> Path | None:
    """A font file that has every character of `text`, or None where no font here does.

    Also None for what could not be seen: nothing, blanks, control characters, U+FFFD.
    """
    if not text.isprintable() or not text.strip() or _UNKNOWN in text:
        return None
    wanted = frozenset(map(ord, text))
    return next((path for path in _font_files() if wanted <= _coverage(path)), None)


def plain_font() -> Path:
    """The font that matplotlib brings along; it has Latin, Greek and Cyrillic."""
    return Path(font_manager.findfont(FontProperties()))


def drawable(text: str) -> tuple[str, Path]:
    """What to write for `text`, and the font to write it in: itself, or else its code points."""
    font = font_for(text)
    return (text, font) if font else (codepoints(text) or "(empty)", plain_font())


@cache
def _font_files() -> tuple[Path, ...]:
    """Upright text fonts of regular weight, matplotlib's own first, then in order of name.

    Last Resort, which matplotlib brings, claims every character and draws a box.
    """
    upright = {
        Path(f.fname)
        for f in font_manager.fontManager.ttflist
        if f.style == "normal"
        and str(f.weight) in ("400", "normal", "regular", "500")
        and not f.name.startswith("Last Resort")
    }
    first = plain_font()
    return (first, *sorted(upright - {first}, key=lambda p: ("Mono" in p.name, p.name)))


@cache
def _coverage(path: Path) -> frozenset[int]:
    """The code points for which the font file has a glyph; none if it cannot be read."""
    try:
        return frozenset(FT2Font(str(path)).get_charmap())
    except (OSError, RuntimeError):
        return frozenset()
