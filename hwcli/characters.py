"""Characters as code points, and as what a classifier tells."""

from typing import Literal

Target = Literal["char", "script"]
"""What a classifier tells: the character, or the script it is written in."""


def codepoints(text: str) -> str:
    """`U+0041` for A; several code points are joined by spaces."""
    return " ".join(f"U+{ord(c):04X}" for c in text)
