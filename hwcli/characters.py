"""Characters as code points, what may be one, and as what a classifier tells."""

import unicodedata
from collections.abc import Mapping
from typing import Literal

Target = Literal["char", "script"]
"""What a classifier tells: the character, or the script it is written in."""


def codepoints(text: str) -> str:
    """`U+0041` for A; several code points are joined by spaces."""
    return " ".join(f"U+{ord(c):04X}" for c in text)


def is_text(text: str) -> bool:
    """Whether `text` may be a class: something, without control codes or halves of code points."""
    return bool(text) and all(unicodedata.category(c) not in ("Cc", "Cs") for c in text)


def is_seen(text: str) -> bool:
    """Whether there is something to see in `text`: more than blanks and invisible codes."""
    return any(unicodedata.category(c) not in ("Zs", "Zl", "Zp", "Cf", "Cc", "Cs") for c in text)


NO_CHARACTER = "␡"
"""U+2421: the class of what is no character, such as half a letter, two in one, or a scribble."""
UNKNOWN = "\N{REPLACEMENT CHARACTER}"
"""The class of characters of which no dataset says which they are."""
OF_ALL_SCRIPTS = frozenset({"Zyyy", "Zmth", "Zinh", "Zsym", "Zxxx"})
"""ISO 15924 codes of what is used with every script."""

SIGNS: Mapping[str, tuple[float, float]] = {
    **{"+": (0.62, 0.5), "-": (0.1, 0.5), "=": (0.32, 0.5), ".": (0.14, 0.07), ":": (0.5, 0.3)},
    **{"÷": (0.55, 0.5), "/": (1.1, 0.5), "<": (0.5, 0.42), ">": (0.5, 0.42), "*": (0.4, 0.7)},
    **{",": (0.28, -0.04), ";": (0.64, 0.14), "'": (0.28, 0.9), '"': (0.28, 0.9)},
    **{"!": (1.0, 0.5), "?": (1.0, 0.5), "%": (0.9, 0.47), "&": (0.95, 0.47), "#": (0.85, 0.45)},
    **{"(": (1.25, 0.43), ")": (1.25, 0.43), "[": (1.25, 0.43), "]": (1.25, 0.43), "@": (1.0, 0.4)},
}
"""Height of a sign, and height of its middle above the line, in heights of a capital: , and ; hang
below the line, brackets begin there, quotes are high."""
