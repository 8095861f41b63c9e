"""Fonts: what is drawn of them, who their writers are, and files that are none."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archives import recipe_text, write_zip
from conftest import Result
from fonts_made import BAR, BOX, DASH, WEDGE, font
from hwcli.dataset import open_dataset
from hwcli.fetch.archive import MissingError
from hwcli.fetch.zips import ZipArchive
from hwcli.glyph import ink_box
from hwcli.readers import open_reader
from hwcli.readers.reader import Reader
from hwcli.recipe import load_recipe

Hwcli = Callable[..., Result]

GOOD = font({"A": WEDGE, "l": BAR, "-": DASH})


def text(rule: str, glob: str = "*.ttf", more: str = "") -> str:
    part = f'{rule}\n[[source.part]]\nimages = "{glob}"'
    return recipe_text("file:a.zip", "font", part, more=more)


def reader(
    members: dict[str, bytes], rule: str = 'alphabet = "lA-z"', glob: str = "*.ttf"
) -> Reader:
    Path("r.toml").write_text(text(rule, glob), encoding="utf-8")
    source = load_recipe("r.toml").source[0]
    return open_reader(source, source.part[0], ZipArchive(write_zip(Path("a.zip"), members)))


def images_of(one: Reader, size: int = 100) -> list[np.ndarray | str]:
    rows = np.arange(len(one.listing()))
    return [image for block in one.blocks(rows, size) for image in block.images()]


def told(one: Reader) -> list[tuple[str, str, str]]:
    """Label, writer and origin of each row."""
    listing = one.listing()
    labels = [listing.labels[k] for k in listing.label]
    writers = [listing.writers[k] for k in listing.writer]
    return [(a, b, one.origin(i)) for i, (a, b) in enumerate(zip(labels, writers, strict=True))]


def test_a_font_is_a_writer_and_its_rows_are_what_it_has_in_the_order_of_the_alphabet() -> None:
    one = reader({"x/ann.ttf": GOOD, "x/bob.ttf": font({"z": DASH, "q": BAR}), "readme": b""})
    assert told(one) == [
        ("0", "ann", "x/ann.ttf#l"),
        ("1", "ann", "x/ann.ttf#A"),
        ("2", "ann", "x/ann.ttf#-"),
        ("3", "bob", "x/bob.ttf#z"),
    ]


def test_glyphs_are_ink_large_upright_and_of_their_own_shape() -> None:
    one = reader({"ann.ttf": GOOD})
    assert one.is_ink
    bar, wedge, dash = images_of(one)
    for image in (bar, wedge, dash):
        assert image.dtype == np.uint8
        assert image.max() == 255
    assert sizes([bar, wedge, dash]) == [(26, 179), (102, 178), (102, 26)]  # of 256 px to the em
    assert wedge[-10].sum() > 5 * wedge[10].sum()  # its point is at the top
    assert set(np.unique(wedge)) > {0, 255}, "edges are smooth"


def sizes(images: list[np.ndarray | str]) -> list[tuple[int, int]]:
    boxes = [ink_box(image) for image in images]
    return [(box[2] - box[0], box[3] - box[1]) for box in boxes]


def test_any_rows_in_blocks_of_any_size_are_the_same_images() -> None:
    one = reader({"a.ttf": GOOD, "b.ttf": b"no font", "c.ttf": font({"l": DASH, "A": BAR})})
    whole = images_of(one)
    assert len(whole) == 6
    for size in (1, 2, 4):
        assert all(np.array_equal(a, b) for a, b in zip(images_of(one, size), whole, strict=True))
    rows = np.asarray([1, 3, 5])
    some = [image for block in one.blocks(rows, 2) for image in block.images()]
    assert all(np.array_equal(a, whole[r]) for a, r in zip(some, rows, strict=True))


@pytest.mark.parametrize("packed", ["woff", "woff2"])
def test_packed_fonts_are_drawn_like_plain_ones(packed: str) -> None:
    if packed == "woff2":
        pytest.importorskip("brotli")  # to make the font; reading it needs none
    same = font({"A": WEDGE, "l": BAR, "-": DASH}, packed)
    assert same.startswith(b"wOF")
    one = reader({f"a.{packed}": same}, glob="*.woff*")
    for a, b in zip(images_of(one), images_of(reader({"a.ttf": GOOD})), strict=True):
        assert np.array_equal(a, b)


def test_a_character_that_is_listed_but_has_only_the_box_for_what_is_missing_is_missing() -> None:
    one = reader({"a.ttf": font({"A": None, "l": BAR, "z": BOX})})
    assert [origin for _, _, origin in told(one)] == ["a.ttf#l", "a.ttf#z"]


def test_a_glyph_without_ink_is_a_row_that_is_blank() -> None:
    one = reader({"a.ttf": font({"A": [], "l": BAR})})
    bar, blank = images_of(one)
    assert sizes([bar]) == [(26, 179)]
    assert not blank.any()


def test_letters_are_drawn_as_if_they_stood_alone() -> None:
    swapped = "languagesystem DFLT dflt; feature ccmp { sub u0041 by u006C; } ccmp;"
    one = reader({"a.ttf": font({"A": WEDGE, "l": BAR}, features=swapped)})
    assert sizes(images_of(one)) == [(26, 179), (102, 178)]


def test_what_classes_list_is_drawn_and_called_what_they_say(hwcli: Hwcli) -> None:
    rule = '[source.classes]\n"l" = "L"\n"A" = "A"\n"-" = "-"\n"z" = "Z"'
    fonts = {f"{k}.ttf": font({"l": shear(BAR, k), "A": shear(WEDGE, k)}) for k in range(8)}
    write_zip(Path("a.zip"), fonts)
    Path("r.toml").write_text(text(rule, more='[split]\nby = "writer"'), encoding="utf-8")
    result = hwcli("ingest", "r.toml", "--out", "d")
    assert result.code == 0, result.err
    found = open_dataset(Path("d"))
    assert found.info.classes == ("A", "L")
    assert "16 rows" in result.out


def shear(points: list[tuple[int, int]], k: int) -> list[tuple[int, int]]:
    return [(x + y * k // 20, y) for x, y in points]


WIDE = [(0, 0), (16000, 700), (32000, 0)]
PACKED = font({"A": WEDGE}, "woff")
FAULTS = {
    "empty": (b"", "not a font"),
    "text": (b"abc" * 100, "not a font"),
    "cut short": (GOOD[:200], "not a font"),
    "none of the characters": (font({"q": BAR}), "no character of the alphabet"),
    "a glyph that is a mile long": (font({"A": WIDE}), "glyph too large"),
    "a box that is a mile long": (font({"q": WIDE}), "no character of the alphabet"),
    "says it unpacks to 4 GB": (
        PACKED[:16] + b"\xff\xff\xff\xfc" + PACKED[20:],
        "file too large",
    ),
    "far too long": (GOOD.ljust((32 << 20) + 1, b"\0"), "file too large"),
    "packed and too long": (PACKED.ljust((8 << 20) + 1, b"\0"), "file too large"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_font_that_is_none_is_one_row_with_the_reason(fault: str) -> None:
    data, why = FAULTS[fault]
    one = reader({"bad.ttf": data, "good.ttf": GOOD})
    assert [image for image in images_of(one) if isinstance(image, str)] == [why]
    assert len(one.listing()) == 4


def test_what_is_dropped_of_bad_fonts_is_told_in_a_line_each_kind(hwcli: Hwcli) -> None:
    good = {f"{k}.ttf": font({"l": shear(BAR, k), "A": shear(WEDGE, k)}) for k in range(4)}
    write_zip(Path("a.zip"), {**good, "bad.ttf": b"<html>", "q.ttf": font({"q": BAR})})
    Path("r.toml").write_text(text('alphabet = "lA"'), encoding="utf-8")
    result = hwcli("ingest", "r.toml", "--out", "d")
    assert result.code == 0, result.err
    assert "dropped 1 no character of the alphabet, 1 not a font" in result.out
    examples = {d.reason: d.examples for d in open_dataset(Path("d")).info.dropped}
    assert examples["not a font"] == ("bad.ttf",)
    assert hwcli("ingest", "r.toml", "--out", "e", "--strict").code == 11


def test_no_font_at_all_is_missing() -> None:
    with pytest.raises(MissingError, match="no member matches"):
        reader({"a.png": b""})


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("", "fonts need an alphabet"),
        ('[source.classes]\n"one" = "1"', "of fonts no 'one' can be drawn"),
        ('alphabet = "+"\n[source.stack]\n"=" = ["-", "-"]', "stack needs"),
    ],
)
def test_mistakes_in_the_recipe_are_told_in_a_line(hwcli: Hwcli, rule: str, why: str) -> None:
    write_zip(Path("a.zip"), {"a.ttf": GOOD})
    Path("r.toml").write_text(text(rule), encoding="utf-8")
    result = hwcli("ingest", "r.toml")
    assert result.code == 4
    assert result.err.strip().count("\n") == 0
    assert why in result.err


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=8))
def test_damaged_fonts_give_images_or_reasons(at: int, noise: bytes) -> None:
    one = reader({"a.ttf": GOOD[:at] + noise + GOOD[at + len(noise) :]})
    for image in images_of(one):
        assert isinstance(image, str) or max(image.shape) <= 8 * 256
