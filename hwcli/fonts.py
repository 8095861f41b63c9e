"""Fonts on this machine that have the characters of a script."""

import logging
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

logger = logging.getLogger(__name__)

_FIRST = ("DejaVuSans.ttf",)
"""Looked at before all others: matplotlib brings it along."""


def fonts_for(chars: Iterable[str]) -> dict[str, Path | None]:
    """A font file for each of `chars` that has all its code points, or None where no font does.

    Few fonts are used: each is asked for all that is still missing.
    """
    missing = set(chars)
    found: dict[str, Path | None] = {}
    for path in _font_files():
        if not missing:
            break
        has = {c for c in missing if all(ord(x) in _code_points(path) for x in _base(c))}
        found.update(dict.fromkeys(has, path))
        missing -= has
    found.update(dict.fromkeys(missing))
    return found


def caption(char: str, font: Path | None) -> str:
    """What to write for `char`: itself where `font` has it, else its code points (`U+0915`)."""
    return char if font else " ".join(f"U+{ord(c):04X}" for c in char)


def _base(char: str) -> str:
    """`char` without marks that only change how it is shown."""
    return "".join(c for c in char if unicodedata.category(c) != "Cf") or char


@cache
def _font_files() -> tuple[Path, ...]:
    """Upright text fonts, the likeliest first."""
    entries = [
        f
        for f in font_manager.fontManager.ttflist
        if f.style == "normal" and f.weight in (400, "normal", "regular")
    ]
    paths = sorted({Path(f.fname) for f in entries}, key=lambda p: (p.name not in _FIRST, p.name))
    return tuple(paths)


@cache
def _code_points(path: Path) -> frozenset[int]:
    """The code points that the font at `path` has."""
    try:
        return frozenset(FT2Font(str(path)).get_charmap())
    except (OSError, RuntimeError, ValueError) as error:
        logger.info("%s: not a usable font (%s)", path, error)
        return frozenset()
