"""Photos turned by quarters, and what was read on them back at its place."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from hwcli.formats import FORMATS
from hwcli.glyph import Normalisation
from hwcli.page.overlay import draw_overlay
from hwcli.page.reading import Box, Candidate, Glyph
from hwcli.page.sheet import Photo
from hwcli.page.turned import turned_back, turned_photo, within_half
from hwcli.review.collect import Kept
from hwcli.review.doubts import Doubt, Doubts
from hwcli.review.record import Alternative, Entry
from hwcli.review.write import _card
from readings import page_of, parsed, schema_of

BOX = Box(30, 10, 50, 16)
"""On the photo as given, which is 100 px wide and 60 px high."""


def place(quarters: int) -> tuple[Box, tuple[int, int]]:
    """Where BOX is once the photo is turned clockwise, and the (H, W) of that, by pixels."""
    given = np.zeros((60, 100), np.uint8)
    given[BOX.y0 : BOX.y1, BOX.x0 : BOX.x1] = 1
    photo = turned_photo(Photo(given, 60, 100), quarters)
    assert photo.grey.shape == (photo.height, photo.width)
    y, x = np.nonzero(photo.grey)
    box = Box(*(int(v) for v in (x.min(), y.min(), x.max() + 1, y.max() + 1)))
    return box, (photo.height, photo.width)


@pytest.mark.parametrize("quarters", range(4))
def test_boxes_come_back_to_where_they_are_on_the_photo_as_given(quarters: int) -> None:
    box, (height, width) = place(quarters)
    page = page_of([[["A"]]])
    doubt = Doubt(box, (Candidate("A", 0.5),), "", "", b"", b"", Box(0, 0, width, height))
    page = replace(
        page,
        width=width,
        height=height,
        angle_deg=2.0,
        glyphs=(replace(page.glyphs[0], box=box),),
        lines=(replace(page.lines[0], box=box, words=(replace(page.lines[0].words[0], box=box),)),),
        doubts=Doubts(1, (doubt,), b"", Normalisation(), frozenset()),
    )
    back = turned_back(page, quarters)
    assert (back.width, back.height) == (100, 60)
    assert back.glyphs[0].box == back.lines[0].box == back.lines[0].words[0].box == BOX
    assert back.angle_deg == {0: 2.0, 1: -88.0, 2: -178.0, 3: 92.0}[quarters]
    assert back.doubts is not None
    (told,) = back.doubts.worst
    assert (told.box, told.view_box, told.quarters) == (BOX, Box(0, 0, 100, 60), quarters)


@pytest.mark.parametrize("quarters", range(4))
def test_a_review_shows_the_glyph_upright_and_frames_it_there(quarters: int) -> None:
    box, (height, width) = place(quarters)
    doubt = Doubt(
        BOX, (Candidate("A", 0.5),), "", "", b"", b"", Box(0, 0, 100, 60), quarters
    )  # fmt: skip
    page = replace(page_of([[["A"]]]), width=100, height=60)
    entry = Entry("glyphs/0001.png", "0" * 64, "a", "a", tuple(BOX), "", "", (Alternative("A", 1),))
    card = _card(entry, Kept(0.5, 0, page, doubt, b""), 0)
    assert card.view_size == card.photo_size == (width, height)
    shares = [100 * v for v in (box.x0 / width, box.y0 / height)]
    shares += [100 * (box.x1 - box.x0) / width, 100 * (box.y1 - box.y0) / height]
    names = ("left", "top", "width", "height")
    style = ";".join(f"{name}:{share:.1f}%" for name, share in zip(names, shares, strict=True))
    assert card.in_view == card.in_thumb == style


def test_angles() -> None:
    assert [within_half(a) for a in (0, 180, -180, 270, -90, 181.5)] == [
        *(0, 180, 180, -90, -90, -178.5)
    ]


@pytest.mark.parametrize(
    "angle, side", [(0, "below"), (90, "left"), (180, "above"), (-90, "right")]
)
def test_lines_of_a_turned_page_are_underlined_where_they_stand(angle: float, side: str) -> None:
    page = replace(page_of([[[" "]]], angle_deg=angle), width=100, height=60)
    page = replace(page, lines=(replace(page.lines[0], box=Box(20, 20, 60, 40)),), glyphs=())
    picture = np.asarray(draw_overlay(Image.new("RGB", (100, 60), (255, 255, 255)), page))
    y, x = np.nonzero(picture.min(axis=2) < 255)
    seen = {
        "below": y.min() > 40,
        "left": x.max() < 20,
        "above": y.max() < 20,
        "right": x.min() > 60,
    }
    assert seen[side] and sum(seen.values()) == 1


@pytest.mark.parametrize("angle", [180.0, -90.0, 92.5, -178.0])
def test_documents_of_turned_pages_are_valid(angle: float) -> None:
    page = page_of([[["A", "B"]]], angle_deg=angle)
    for name in ("alto", "page"):
        form = FORMATS[name](1)
        root = parsed(form.header(page.file) + form.page(page) + form.footer())
        schema_of(name).assertValid(root)
        if name == "page":
            told = float(root.xpath("//@orientation")[0])
            assert -180 < told <= 180 and (told + angle) % 360 == 0


def test_a_long_number_does_not_turn_a_line_of_arabic_letters_about() -> None:
    page = page_of([[["ب", "ت"], ["1", "2", "3", "4"]], [["5"]]], script="Arab")
    glyphs = tuple(replace(g, script="Latn") if g.char.isdecimal() else g for g in page.glyphs)
    page = replace(page, glyphs=glyphs, script="Latn")
    documents = {}
    for name in ("alto", "page", "hocr"):
        form = FORMATS[name](1)
        documents[name] = form.header(page.file) + form.page(page) + form.footer()
    for name in ("alto", "page"):
        schema_of(name).assertValid(parsed(documents[name]))
    assert documents["alto"].count('BASEDIRECTION="rtl"') == 2
    assert documents["hocr"].count('dir="rtl"') == 1, "the page's, which its lines inherit"
    root = parsed(documents["page"])
    told = [e.get("readingDirection") for e in root.iter("{*}Page", "{*}TextLine", "{*}Word")]
    assert told == ["right-to-left", None, None, "left-to-right", None, "left-to-right"]


def test_glyphs_of_a_page_that_is_not_turned_are_left_alone() -> None:
    page = page_of([[["A"]]])
    assert turned_back(page, 0) is page and isinstance(page.glyphs[0], Glyph)
