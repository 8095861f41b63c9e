"""Characters are drawn with a font that has them, or as code points."""

import pytest

from hwcli.characters import codepoints
from hwcli.fonts import drawable, font_for, plain_font


def test_codepoints() -> None:
    assert codepoints("A") == "U+0041"
    assert codepoints("ᜊᜒ") == "U+170A U+1712"


def test_latin_is_drawn_with_the_plain_font() -> None:
    assert drawable("A") == ("A", plain_font()) and plain_font().is_file()


@pytest.mark.parametrize("text", ["", " ", "\n", "\ufffd", "\U000e0fff", "A\U000e0fff"])
def test_what_no_font_has_is_its_code_points(text: str) -> None:
    assert font_for(text) is None
    assert drawable(text) == (codepoints(text) or "(empty)", plain_font())
