"""Characters as code points."""


def codepoints(text: str) -> str:
    """`U+0041` for A; several code points are joined by spaces."""
    return " ".join(f"U+{ord(c):04X}" for c in text)
