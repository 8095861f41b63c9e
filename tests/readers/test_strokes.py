"""Catalogues of letterforms: what hands write of them, and files that are none."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

import hwcli
from archives import recipe_text, write_zip
from hwcli.errors import FetchError
from hwcli.fetch.zips import ZipArchive
from hwcli.glyph import ink_box, stroke_width
from hwcli.readers import open_reader
from hwcli.readers.reader import Reader
from hwcli.recipe import load_recipe

GOOD = """
[l]
"bar" = ["0,100 0,0"]
[x]
"cross" = ["0,55 42,0", "42,55 0,0"]
["!"]
"bar" = ["4,100 4,28", "4,0"]
"""


def reader(catalogue: str | bytes, hands: int = 3) -> Reader:
    part = f'hands = {hands}\n[[source.part]]\nimages = "*.toml"'
    Path("r.toml").write_text(recipe_text("file:a.zip", "strokes", part), encoding="utf-8")
    source = load_recipe("r.toml").source[0]
    data = catalogue.encode() if isinstance(catalogue, str) else catalogue
    return open_reader(
        source, source.part[0], ZipArchive(write_zip(Path("a.zip"), {"c.toml": data}))
    )


def images_of(one: Reader, size: int = 100) -> list[np.ndarray]:
    rows = np.arange(len(one.listing()))
    images = [image for block in one.blocks(rows, size) for image in block.images()]
    assert all(isinstance(image, np.ndarray) for image in images)
    return images  # type: ignore[return-value]


def test_each_hand_writes_each_form_and_is_a_writer() -> None:
    one = reader(GOOD, hands=2)
    listing = one.listing()
    assert [listing.labels[k] for k in listing.label] == ["l", "x", "!"] * 2
    assert [listing.writers[k] for k in listing.writer] == ["hand-000"] * 3 + ["hand-001"] * 3
    assert [one.origin(i) for i in (0, 4)] == ["c.toml#l bar#0", "c.toml#x cross#1"]


def test_the_same_catalogue_gives_the_same_glyphs_and_hands_differ() -> None:
    images, again = images_of(reader(GOOD)), images_of(reader(GOOD), size=2)
    assert all(np.array_equal(a, b) for a, b in zip(images, again, strict=True))
    assert len({image.tobytes() for image in images}) == len(images)


def test_another_form_changes_no_glyph() -> None:
    less = GOOD.replace('[x]\n"cross"', '[x]\n"arcs" = ["0,50 20,30 0,0"]\n"cross"')
    assert all(
        np.array_equal(images_of(reader(GOOD))[k], images_of(reader(less))[m])
        for k, m in ((0, 0), (1, 2), (2, 3), (3, 4))
    )


def test_glyphs_are_ink_as_tall_and_as_thick_as_the_form() -> None:
    for number, image in enumerate(images_of(reader(GOOD, hands=20))):
        box = ink_box(image)
        assert image.dtype == np.uint8 and image.max() == 255 and box is not None
        assert not image[[0, -1]].any() and not image[:, [0, -1]].any()
        tall = (box[3] - box[1]) / 2  # two pixels a unit
        assert (30 if number % 3 == 1 else 75) < tall < 150
        assert 3 < stroke_width(image) / 2 < 20


def test_corners_are_sharper_than_curves_and_closed_strokes_close() -> None:
    corner, curve, ring = (
        images_of(reader(f'[a]\n"a" = ["{points}"]', hands=9))
        for points in ("0,0 50,100! 100,0", "0,0 50,100 100,0", "50,0 0,50 50,100 100,50 50,0")
    )
    ink = [sum(int(image.sum()) for image in images) for images in (corner, curve)]
    assert ink[0] < ink[1]  # the straight way is the shorter
    for image in ring:
        assert image[image.shape[0] // 2, image.shape[1] // 2] == 0


@pytest.mark.parametrize(
    "catalogue, said",
    [
        pytest.param("", "has 0 forms", id="empty"),
        pytest.param(b"\xff\xfe", "is not TOML", id="no text"),
        pytest.param("[a", "is not TOML", id="no TOML"),
        pytest.param("a = " + "[" * 5000, "is not TOML", id="nested too deep"),
        pytest.param("a." * 30000 + "a = 1", "more than 2,000 dots", id="slow keys"),
        pytest.param("#" * (1 << 20) + "\n", "more than 1,048,576 bytes", id="too large"),
        pytest.param("a = 1", "'a' is no table", id="no table"),
        pytest.param('[ab]\nf = ["0,0"]', "'ab' is no single character", id="two characters"),
        pytest.param('["\\n"]\nf = ["0,0"]', "is no single character", id="no printable one"),
        pytest.param('[a]\nf = "0,0"', "is no list of strokes", id="no list"),
        pytest.param("[a]\nf = [[0, 0]]", "is no list of strokes", id="lists for strokes"),
        pytest.param("[a]\nf = []", "has 0 strokes", id="no strokes"),
        pytest.param(f"[a]\nf = {['0,0'] * 13}", "has 13 strokes", id="too many strokes"),
        pytest.param('[a]\nf = [" "]', "none or more than 64 points", id="no points"),
        pytest.param(f"[a]\nf = ['{'0,0 ' * 65}']", "more than 64 points", id="too many points"),
        pytest.param('[a]\nf = ["0,0 1"]', "has '1' for a point", id="half a point"),
        pytest.param('[a]\nf = ["0,0 nan,1"]', "has 'nan,1' for a point", id="no number"),
        pytest.param('[a]\nf = ["0,0 1,301!"]', "has '1,301!' for a point", id="too far"),
        pytest.param('[a]\nf = ["٣,٣"]', "for a point", id="other digits"),
        pytest.param(f'[a]\n"{"n" * 101}" = ["0,0"]', "needs a name of 1 to 100", id="long name"),
        pytest.param(
            "[a]\n" + "\n".join(f"f{n} = ['0,0']" for n in range(5001)), "5,001 forms", id="many"
        ),
    ],
)
def test_what_is_no_catalogue_is_one_error_that_says_where(
    catalogue: str | bytes, said: str
) -> None:
    with pytest.raises(FetchError) as error:
        reader(catalogue)
    assert said in str(error.value) and "c.toml" in str(error.value)
    assert len(str(error.value)) < 400


def test_points_that_coincide_are_written() -> None:
    for points in ("5,5 5,5", "5,5 5,5 5,5!", "0,0! 0,0! 9,9", "0,0 5,5 0,0", "0,0 0,0 0,0 0,0"):
        assert all(image.max() == 255 for image in images_of(reader(f'[a]\n"a" = ["{points}"]')))


def test_the_shipped_catalogue_has_forms_of_every_class_and_each_differs() -> None:
    path = Path(hwcli.__file__).parent / "assets" / "letterforms" / "latin.toml"
    told = tomllib.loads(path.read_text(encoding="utf-8"))
    assert set(told) == set(load_recipe("letterforms").source[0].classes)
    forms = [tuple(strokes) for names in told.values() for strokes in names.values()]
    assert len(forms) > 300
    for char, names in told.items():
        assert len({tuple(strokes) for strokes in names.values()}) == len(names), char
