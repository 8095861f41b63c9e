"""Characters as code points, and what may be one."""

import unicodedata


def codepoints(text: str) -> str:
    """`U+0041` for A; several code points are joined by spaces."""
    return " ".join(f"U+{ord(c):04X}" for c in text)


def is_text(text: str) -> bool:
    """Whether `text` may be a class: something, without control codes or halves of code points."""
    return bool(text) and all(unicodedata.category(c) not in ("Cc", "Cs") for c in text)
