"""The order in which lines of Arabic and Hebrew letters are read."""

import pytest

from hwcli.page.direction import in_reading_order, reading_order, runs_right_to_left
from hwcli.page.reading import Box, Candidate, Glyph

LINES = [
    ("letters run from right to left, and so do words", "גבא הד", "דה אבג"),
    ("a number keeps its order", "12.5 בא", "אב 12.5"),
    ("numbers come in the order of the line", "34 12 א", "א 12 34"),
    ("a number within a word", "ב12א", "א12ב"),
    ("words of other letters keep theirs", "ab cd ואו ואו", "ואו ואו ab cd"),
    ("and the numbers behind them", "ab 12 ואו", "ואו ab 12"),
    ("a sign at the end is at the left", ".בא", "אב."),
    ("digits of Arabic are a number too", "١٢ ب", "ب ١٢"),
    ("one letter of them is a mistake", "abבcd ef", "abבcd ef"),
    ("left to right", "ab 12 cd", "ab 12 cd"),
    ("nothing but signs", "+- =", "+- ="),
]


def read(*lines: str) -> list[str]:
    """What stands so from left to right, as it is read."""
    chars, line, word = [], [], []
    for number, text in enumerate(lines):
        for place, part in enumerate(text.split(" ")):
            chars += part
            line += [number] * len(part)
            word += [place] * len(part)
    order, words = reading_order(chars, line, word)
    assert sorted(order) == list(range(len(chars)))
    assert [line[i] for i in order] == line, "lines stay where they are"
    out = []
    for number in range(len(lines)):
        own = [k for k, i in enumerate(order) if line[i] == number]
        numbers = [words[k] for k in own]
        assert numbers == sorted(numbers) and set(numbers) == set(range(numbers[-1] + 1))
        parts = ["".join(chars[order[k]] for k in own if words[k] == n) for n in set(numbers)]
        out.append(" ".join(parts))
    return out


@pytest.mark.parametrize("why, seen, wanted", LINES, ids=[line[0] for line in LINES])
def test_a_line_is_read_as_its_letters_run(why: str, seen: str, wanted: str) -> None:
    assert read(seen) == [wanted]


def test_a_line_of_numbers_runs_as_its_page_does() -> None:
    assert read("גבא", "34 12") == ["אבג", "12 34"]
    assert read("abc", "34 12") == ["abc", "34 12"]


def test_which_way_characters_run() -> None:
    assert runs_right_to_left(["ب", "1", "2", "3"])
    assert not runs_right_to_left(["a", "b", "ب"])
    assert runs_right_to_left(["1", ""], otherwise=True) and not runs_right_to_left([])


def test_glyphs_keep_their_boxes_and_get_their_words() -> None:
    glyphs = [
        Glyph(Box(10 * i, 0, 10 * i + 8, 9), 0, word, "Hebr", (Candidate(char, 0.9),), instead="?")
        for i, (char, word) in enumerate(zip("גבאד", (0, 0, 0, 1), strict=True))
    ]
    ordered, order = in_reading_order(glyphs)
    assert order == [3, 2, 1, 0]
    assert [(g.candidates[0].char, g.word, g.box.x0) for g in ordered] == [
        ("ד", 0, 30), ("א", 1, 20), ("ב", 1, 10), ("ג", 1, 0),
    ]  # fmt: skip
