"""Text in pictures: each character in a font that has it, else its code points."""

import numpy as np
import pytest
from PIL import Image

from hwcli.fonts import font_for, plain_font
from hwcli.report import lettering
from hwcli.report.lettering import Pen, caption, fitted, length, run_length, runs, shortened

NOWHERE = "\U000e0ffe"
"""A code point without a character."""


def test_text_is_parted_by_what_fonts_have() -> None:
    text = f"a b {NOWHERE}x\nc"
    assert "".join(t for t, _ in runs(text)) == "a b U+E0FFEx c"
    assert all(font_for(t) == f or not t.strip() for t, f in runs(text))
    assert list(runs("")) == []
    assert list(runs("  a")) == [("  a", plain_font())]


@pytest.mark.parametrize(
    ("name", "written"),
    [("A", "A"), (NOWHERE, "U+E0FFE"), (" ", "U+0020"), ("", "(empty)"), ("\u0301", "◌\u0301"),
     ("e\u0301", "e\u0301")],
)  # fmt: skip
def test_a_class_by_itself(name: str, written: str) -> None:
    assert caption(name)[0] == written


@pytest.mark.parametrize("room", [5, 30, 60, 10**4])
@pytest.mark.parametrize("text", ["W" * 300, "a word and another", NOWHERE * 9, "", "क्ष " * 20])
def test_no_text_is_wider_than_its_room(text: str, room: int) -> None:
    assert length(shortened(text, 12, room), 12) <= max(room, length("…", 12))
    assert run_length(fitted(text, 12, room), 12) <= max(room, length("W", 12))


def ink(name: str, room: float, size: int = 30) -> tuple[int, int, int, int] | None:
    image = Image.new("L", (400, 120))
    Pen(image).write_name((100, 60), name, size, 255, room)
    return image.getbbox()


@pytest.mark.parametrize("name", ["A", "A" * 40, NOWHERE, NOWHERE * 3, NOWHERE * 9, "a b c d e f"])
def test_a_name_keeps_to_its_room(name: str) -> None:
    box = ink(name, 60)
    assert box is not None and box[0] >= 98 and box[2] <= 162
    assert abs((box[1] + box[3]) / 2 - 60) < 12


def test_text_turned_upwards_ends_or_starts_where_it_should() -> None:
    for end, wanted in ((False, slice(0, 60)), (True, slice(60, 120))):
        image = Image.new("RGB", (40, 120))
        Pen(image).write_up((20, 60), list(runs("abc")), 16, (255, 255, 255), end=end)
        rows = np.flatnonzero(np.asarray(image).sum(axis=(1, 2)))
        assert len(rows) and set(rows) <= set(range(120)[wanted])


def test_marks_are_told_from_letters() -> None:
    assert lettering.standalone("a") and not lettering.standalone("\u0301")
