"""What names of classes stand for: what is well defined, and nothing else."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwcli.own.names import is_character, read_names
from hwcli.own.script import script_of
from hwcli.own.signs import SIGNS

NFD = unicodedata.normalize("NFD", "한")

READ = {
    "code points": (["U+0041", "u+3042", "uni0062", "u1F600", "0x43"], "Aあb😀C"),
    "a conjunct of code points": (["U+0915 U+094D U+0937"], ["क्ष"]),
    "bare code points": (["0041", "0062", "0030"], "Ab0"),
    "bare code points with letters": (["4E00", "9FA5"], "一龥"),
    "NIST's folders": ([f"{c:x}" for c in range(0x61, 0x7B)], "abcdefghijklmnopqrstuvwxyz"),
    "Unicode names": (["LATIN SMALL LETTER A", "greek_small_letter_alpha"], "aα"),
    "cases in words": (["a_lower", "upper_a", "small letter b", "B-capital"], "aAbB"),
    "an underscore where a file system knows no case": (["A", "a_"], ["A", "a"]),
    "signs in words": (["slash", "question_mark", "Full-Stop", "A"], ["/", "?", ".", "A"]),
    "percent encoding": (["%2F", "%C3%A9", "%22"], '/é"'),
    "names that macOS takes apart": ([NFD, "e\u0301"], "한é"),
}


@pytest.mark.parametrize("what", READ)
def test_names_that_are_read(what: str) -> None:
    names, characters = READ[what]
    found = read_names(names)
    assert [found[n].character if n in found else n for n in names] == list(characters)


LEFT = {
    "counts with leading zeros": ["0001", "0002", "0041"],
    "counts with leading zeros, from 100": ["0100", "0101", "0102"],
    "two digits, which may be counts": ["30", "41", "42"],
    "numbers": ["10", "11", "12"],
    "words that are hexadecimal": ["unicafe", "ubeef", "facade"],
    "words of which one is a sign": ["bar", "pub", "club"],
    "pictures by name": ["red_apple", "black_cat"],
    "an underscore beside the letter itself": ["a", "a_"],
    "surrogates and control codes": ["U+D800", "U+0007", "0x0000"],
    "romanised names": ["ka", "kha", "character_1_ka"],
    "percent encoding that is no text": ["%FF", "%00"],
    "characters": ["A", "क्ष", "é", "😀", ".", " "],
    "nothing": [""],
}


@pytest.mark.parametrize("what", LEFT)
def test_names_that_stay_as_they_are(what: str) -> None:
    assert read_names(LEFT[what]) == {}


def test_no_word_stands_for_two_signs() -> None:
    words = [word for words in SIGNS.values() for word in words]
    assert len(words) == len(set(words))


@given(st.lists(st.text(max_size=10), max_size=8))
def test_every_reading_is_text_other_than_the_name(names: list[str]) -> None:
    for name, reading in read_names(names).items():
        assert name in names and reading.character and reading.character != name
        assert unicodedata.category(reading.character[0]) not in ("Cc", "Cs")


@pytest.mark.parametrize("text", ["A", "क्ष", "ज्ञ", "e\u0301", "か", "ि"])
def test_characters(text: str) -> None:
    assert is_character(text)


@pytest.mark.parametrize("text", ["", "ab", "क्षक", "10", "+-"])
def test_no_characters(text: str) -> None:
    assert not is_character(text)


SCRIPTS = {
    "Latn": "abcÉ012",
    "Grek": "αβΩ",
    "Cyrl": "жЯ",
    "Deva": ["क", "क्ष", "०"],
    "Hang": "ㅏ한",
    "Hani": "一万零",
    "Jpan": "あア亜",
    "Hrkt": "あア",
    "Kore": "한韓",
    "Zmth": "123+=÷",
    "Tglg": "ᜀᜊ",
    "Zzzz": ["character_1", "character_2", "1"],
}


@pytest.mark.parametrize("code", SCRIPTS)
def test_the_script_of_characters(code: str) -> None:
    assert script_of(dict.fromkeys(SCRIPTS[code], 5)).code == code


def test_digits_alone_are_filed_as_latin_and_a_mixture_under_the_most_images() -> None:
    assert script_of(dict.fromkeys("0123456789", 5)).code == "Latn"
    mixed = script_of({"a": 5, "б": 9, "1": 100, "xyz": 3})
    assert (mixed.code, mixed.images) == ("Cyrl", {"Cyrl": 9, "Latn": 5})
    assert (mixed.none, mixed.unreadable) == (100, 3)
