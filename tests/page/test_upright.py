"""Pages that lie on a side or on their head, and those that only look like it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

import hwcli as package
from conftest import Result
from hwcli.characters import NO_CHARACTER
from hwcli.classify import find_model
from hwcli.page.find import Found, find_characters
from hwcli.page.finder import BUNDLED, Finder, find_finder
from hwcli.page.grey import Grey
from hwcli.page.photo import load_photo
from hwcli.page.reader import Reader, ReadingOptions
from hwcli.page.reading import Page
from hwcli.page.sheet import Photo
from hwcli.page.skew import turn_by
from hwcli.page.upright import Judge, Reading, stand
from pages import written

Hwcli = Callable[..., Result]
FINDER = Finder(find_finder(BUNDLED), threads=1)
PHOTOS = Path(package.__file__).parent / "assets" / "photos"
SLOPES = {0: 0.0, 1: -90.0, 2: 180.0, 3: 90.0}
"""Slope of the lines of a page by how many quarters it was turned counter-clockwise."""


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(find_model(None), threads=1)


def read(reader: Reader, grey: Grey, quarters: int = 0) -> Page:
    turned = np.ascontiguousarray(np.rot90(grey, quarters))
    return reader.read(Photo(turned, *turned.shape), "page.png")


@pytest.mark.parametrize("name", ["card-1.jpg", "sheet-pen.jpg"])
def test_a_turned_photo_reads_as_upright_with_boxes_on_the_photo_as_given(
    reader: Reader, name: str
) -> None:
    grey = load_photo(PHOTOS / name).grey
    upright = read(reader, grey)
    assert abs(upright.angle_deg) < 2
    for quarters in (1, 2, 3):
        page = read(reader, grey, quarters)
        assert page.text == upright.text
        assert page.angle_deg == pytest.approx(SLOPES[quarters], abs=2) or quarters == 2
        assert abs(page.angle_deg) > 178 or quarters != 2
        turned = np.rot90(grey, quarters)
        assert (page.height, page.width) == turned.shape
        marks = np.zeros((len(page.glyphs), 2))
        for place, (glyph, was) in enumerate(zip(page.glyphs, upright.glyphs, strict=True)):
            mask = np.zeros(grey.shape, np.uint8)
            mask[was.box.y0 : was.box.y1, was.box.x0 : was.box.x1] = 1
            y, x = np.nonzero(np.rot90(mask, quarters))
            moved = (x.min(), y.min(), x.max() + 1, y.max() + 1)
            marks[place] = np.abs(np.subtract(glyph.box, moved)).max()
        assert np.median(marks) <= 3, "boxes are where the glyphs stand"


@pytest.mark.parametrize("quarters", range(4))
@pytest.mark.parametrize("slope", [-14, 9])
def test_a_turned_page_may_slope_as_well(reader: Reader, quarters: int, slope: int) -> None:
    page = written(["ABCDEFGHKLMN", "OPRSTUVWXYZA", "BCDEFGHKLMNO"])
    sloping = turn_by(-slope, page.shape).of(page, cv2.BORDER_REPLICATE)
    told = read(reader, sloping, quarters)
    assert [len(line.text.replace(" ", "")) for line in told.lines] == [12, 12, 12]
    apart = (told.angle_deg - SLOPES[quarters] - slope + 180) % 360 - 180
    assert abs(apart) < 1 and -180 < told.angle_deg <= 180


UPRIGHT = {
    "alike at two turns": ["OXIHNZS", "SZNHIXO", "XOHISNZ"],
    "alike at all": ["OXOXOXO"],
    "a character": ["M"],
    "two": ["W6"],
    "digits that turn into digits": ["68901", "10986", "69"],
    "an equation": ["6+9=15"],
    "a column": ["A", "B", "C", "D", "E", "F"],
    "a column alike": ["O", "X", "H", "I", "N", "Z", "S"],
    "signs": ["+-=/", "==++"],
    "nothing": [" "],
}


@pytest.mark.parametrize("name", UPRIGHT)
def test_an_upright_page_is_not_turned(reader: Reader, name: str) -> None:
    assert abs(read(reader, written(UPRIGHT[name])).angle_deg) < 16


@pytest.mark.parametrize("seed", range(4))
def test_writing_that_the_model_does_not_know_stays_as_it_is(reader: Reader, seed: int) -> None:
    rng = np.random.default_rng(seed)
    page = np.full((500, 800), 225, np.uint8)
    for y in range(60, 460, 90):
        for x in range(50, 760, 60):
            points = rng.integers(0, 40, (5, 2)) + np.array([x, y])
            cv2.polylines(page, [points.astype(np.int32)], False, 40, 4, cv2.LINE_AA)
    assert abs(read(reader, page).angle_deg) < 16


def test_what_is_asked_for_is_not_guessed() -> None:
    grey = load_photo(PHOTOS / "card-1.jpg").grey
    told = Reader(find_model(None), ReadingOptions(quarters=1), threads=1)
    fixed = Reader(find_model(None), ReadingOptions(quarters=0), threads=1)
    assert read(told, grey, 1).text == read(fixed, grey).text
    assert read(told, grey, 1).angle_deg == -90
    assert abs(read(fixed, grey, 1).angle_deg) < 16


class Looks:
    """Looks at a page, and remembers at which turns."""

    def __init__(self, page: Grey) -> None:
        self.page = page
        self.at: list[int] = []

    def __call__(self, quarters: int) -> Found:
        self.at.append(quarters)
        return find_characters(np.ascontiguousarray(np.rot90(self.page, -quarters)), FINDER)


def test_a_page_that_reads_best_as_it_is_costs_no_second_look(reader: Reader) -> None:
    page = written(["ABCDEFGHKL", "QRSTUVWMPA"])
    look = Looks(page)
    turn, found = stand(look, Judge(reader.classifier, None))
    assert (turn, look.at, len(found.segments.boxes)) == (0, [0], 20)
    look = Looks(np.ascontiguousarray(np.rot90(page, 3)))
    turn, found = stand(look, Judge(reader.classifier, None))
    assert (turn, look.at, len(found.segments.boxes)) == (3, [0, 3], 20)


def test_a_turn_that_the_page_as_a_whole_does_not_bear_out_is_not_made() -> None:
    look = Looks(written(["ABCDEFGHKL", "QRSTUVWMPA"]))
    calls = []

    def judge(crops: list[Grey]) -> Reading:
        calls.append(len(crops))
        sure = np.random.default_rng(0).normal(0, 0.1, len(crops))
        if len(crops) % 4 == 0 and len(crops) > 20:  # glyph by glyph the head looks better
            sure.reshape(4, -1)[2] += 5
        return Reading(sure, np.ones(len(crops)))

    turn, _ = stand(look, judge)
    assert turn == 0 and look.at == [0, 2] and calls == [64, 80, 20, 20]


@pytest.mark.parametrize("p, wanted", [(0.9, 2), (0.5, 0)])
def test_a_turn_to_what_cannot_be_read_is_not_made(p: float, wanted: int) -> None:
    look, rng = Looks(written(["ABCDEFGHKL", "QRSTUVWMPA"])), np.random.default_rng(0)

    def judge(crops: list[Grey]) -> Reading:
        sure = rng.normal(0, 0.1, len(crops))
        if len(crops) > 20:
            sure.reshape(4, -1)[2] += 5
        else:
            sure += 5 * judged.pop()
        return Reading(sure, np.full(len(crops), p))

    judged = [0, 1]  # the page as a whole: turned, and then as it is
    assert stand(look, judge)[0] == wanted and look.at == [0, 2]


def test_what_is_no_character_reads_unsurely(reader: Reader) -> None:
    class Fake:
        path = Path("fake.onnx")
        info = reader.classifier.info

        def logits(self, glyphs: np.ndarray) -> np.ndarray:
            out = np.zeros((len(glyphs), len(self.info.classes)), np.float32)
            out[1:2, self.info.classes.index(NO_CHARACTER)] = 12
            return out

    Fake.info = replace(Fake.info, temperature=1.0)
    assert NO_CHARACTER in Fake.info.classes
    crop = np.full((20, 20), 255, np.uint8)
    (first, second), (likely, unlikely) = Judge(Fake(), None)([crop, crop])
    assert first > second + 4 and likely > 10 * unlikely
    none = np.array([c != NO_CHARACTER for c in Fake.info.classes])
    (first, second), _ = Judge(Fake(), none)([crop, np.zeros((5, 5), np.uint8)])
    assert first > 0 and second == 0, "nothing is told of no ink"


def test_turn_is_an_option(hwcli: Hwcli, tmp_path: Path) -> None:
    lying = tmp_path / "lying.png"
    cv2.imwrite(str(lying), np.rot90(written(["ABCDEFGHKL", "QRSTUVWMPA"])))
    pages = {
        turn: json.loads(hwcli("ocr", lying, "--jobs", "1", "--turn", turn).out)
        for turn in ("auto", "0", "90")
    }
    assert pages["auto"] == pages["90"] and pages["auto"]["angle_deg"] == -90
    assert pages["0"]["angle_deg"] != -90 and pages["0"]["text"] != pages["90"]["text"]
    refused = hwcli("ocr", lying, "--turn", "45")
    assert refused.code == 2 and "--turn" in refused.err
