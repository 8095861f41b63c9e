"""Finding the characters: counts and boxes on pages whose writing is known."""

import cv2
import numpy as np
import pytest

from hwcli.page.finder import BUNDLED, Finder, find_finder
from hwcli.page.ink import Ink, find_ink
from hwcli.page.layout import lay_out
from hwcli.page.rulings import remove_rulings
from hwcli.page.seen import segment
from hwcli.page.skew import skew_deg, turn_by
from pages import ruled, shaded, written

FINDER = Finder(find_finder(BUNDLED), threads=1)

ROWS = ["HELLO WORLD", "AB 3X+12=7", "jig; i:j"]
GLYPHS = [10, 9, 7]
"""Characters in each of ROWS: the parts of i, j, ;, : and = are one."""


def lines_on(page: np.ndarray) -> list[list[tuple[int, ...]]]:
    """Boxes of the characters found, line by line."""
    return characters(find_ink(page))


def characters(ink: Ink) -> list[list[tuple[int, ...]]]:
    cleaned = remove_rulings(ink)
    found = segment(cleaned, FINDER)
    layout = lay_out(found.boxes, found.scale)
    out: list[list[tuple[int, ...]]] = [[] for _ in range(int(layout.line.max(initial=-1)) + 1)]
    for index, line in zip(layout.order, layout.line, strict=True):
        out[line].append(tuple(int(v) for v in found.boxes[index]))
    return out


CASES = {
    "plain": lambda p: p,
    "light on dark": lambda p: 255 - p,
    "uneven light and a hard shadow": shaded,
    "light on dark, uneven": lambda p: 255 - shaded(p),
    "faint": lambda p: (200 + (p.astype(float) - 225) * 0.2).clip(0, 255).astype(np.uint8),
    "ruled between the lines": lambda p: ruled(p, 88),
    "ruled through the letters": lambda p: ruled(p, 44),
    "small": lambda p: np.ascontiguousarray(p[::2, ::2]),
    "large": lambda p: np.kron(p, np.ones((3, 3), np.uint8)),
}


@pytest.mark.parametrize("name", CASES)
def test_every_character_is_found_once(name: str) -> None:
    got = lines_on(CASES[name](written(ROWS)))
    assert [len(line) for line in got] == GLYPHS


def test_polarity() -> None:
    page = written(ROWS)
    assert not find_ink(page).inverted and find_ink(255 - page).inverted


def test_skewed_lines_stay_lines() -> None:
    page = written(["ABCDEFGHKLMN", "OPRSTUVWXYZA", "BCDEFGHKLMNO"])
    rise = np.tan(np.radians(5))
    sheared = np.full((page.shape[0] + 90, page.shape[1]), 225, np.uint8)
    for x in range(page.shape[1]):
        top = int(x * rise)
        sheared[top : top + page.shape[0], x] = page[:, x]
    assert [len(line) for line in lines_on(sheared)] == [12, 12, 12]


def test_words() -> None:
    ink = find_ink(written(["AB CDE F"]))
    found = segment(remove_rulings(ink), FINDER)
    assert lay_out(found.boxes, found.scale).word.tolist() == [0, 0, 1, 1, 1, 2]


def test_frames_and_captions_of_a_form_are_not_read() -> None:
    page = np.full((700, 700), 235, np.uint8)
    glyph = written(["A"], height=44)[20:100, 30:100]
    for row in range(4):
        for column in range(4):
            y, x = 60 + 160 * row, 30 + 165 * column
            page[y : y + 120, x : x + 120][[0, 1, 2, -3, -2, -1]] = 30
            page[y : y + 120, x : x + 120][:, [0, 1, 2, -3, -2, -1]] = 30
            page[y + 20 : y + 20 + glyph.shape[0], x + 25 : x + 25 + glyph.shape[1]] = glyph
            small = written(["B"], height=18, thickness=2)[8:40, 12:40]
            page[y + 125 : y + 125 + small.shape[0], x + 50 : x + 50 + small.shape[1]] = small
    assert [len(line) for line in lines_on(page)] == [4, 4, 4, 4]


def test_specks_are_not_characters() -> None:
    page = written(["HELLO", "WORLD"])
    clean = [len(line) for line in lines_on(page)]
    random = np.random.default_rng(0)
    for y, x in zip(
        random.integers(5, page.shape[0] - 5, 40), random.integers(5, 60, 40), strict=True
    ):
        page[y, x] = 60
    assert [len(line) for line in lines_on(page)] == clean


def test_crops_hold_their_own_ink_only() -> None:
    ink = find_ink(written(["IO"]))
    found = segment(remove_rulings(ink), FINDER)
    for index in range(len(found.boxes)):
        crop = found.crop(index, ink)
        x0, y0, x1, y1 = found.boxes[index]
        assert crop.max() == 255 and crop.shape == (y1 - y0 + 4, x1 - x0 + 4)
        assert (crop[:1] == 0).all() and (crop[-1:] == 0).all()


@pytest.mark.parametrize("angle", [-9, -4, 4, 9])
def test_skew_is_found_and_boxes_are_turned_back(angle: float) -> None:
    page = ruled(written(["ABCDEFGHKLMN", "OPRSTUVWXYZA", "BCDEFGHKLMNO"]), 88, grey=150)
    skewed = turn_by(-angle, page.shape).of(page, cv2.BORDER_REPLICATE)
    ink = find_ink(skewed)
    assert skew_deg(ink.loose) == pytest.approx(angle, abs=0.4)
    turn = turn_by(skew_deg(ink.loose), skewed.shape)
    boxes = np.asarray([[100, 120, 140, 160]], np.int32)
    back = turn.back(boxes_on(boxes, turn.forth), skewed.shape)
    assert np.abs(back - boxes).max() <= 2
    assert [len(line) for line in characters(ink.turned(turn))] == [12, 12, 12]


def boxes_on(boxes: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """Boxes of the same size about the mapped middles."""
    middle, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2
    at = middle @ affine[:2, :2].T + affine[:2, 2]
    return np.round(np.concatenate([at - half, at + half], axis=1)).astype(np.int32)


def test_level_pages_have_no_skew() -> None:
    assert skew_deg(find_ink(written(ROWS)).loose) == 0.0
    assert skew_deg(np.zeros((50, 50), np.uint8)) == 0.0
    ribbon = np.zeros((60_000, 64), np.uint8)
    ribbon[:27] = 255
    assert skew_deg(ribbon) == 0.0, "its ink is lost where its rows are counted"


@pytest.mark.parametrize("closed", [(0, 1), (0, 0), (1, 1)])
def test_the_outermost_cells_of_a_grid_may_be_open(closed: tuple[int, int]) -> None:
    """A table without a line along some of its edges, as where the photo ends."""
    tall, wide = closed
    page = np.full((60 + 4 * 130, 60 + 5 * 130), 235, np.uint8)
    glyph = written(["A"], height=44)[20:100, 30:100]
    bottom, right = 30 + (3 + tall) * 130, 30 + (4 + wide) * 130
    for row in range(4 + tall):
        cv2.line(page, (30, 30 + 130 * row), (right if wide else 700, 30 + 130 * row), 60, 3)
    for column in range(5 + wide):
        cv2.line(page, (30 + 130 * column, 30), (30 + 130 * column, bottom if tall else 570), 60, 3)
    for row in range(4):
        for column in range(5):
            y, x = 50 + 130 * row, 60 + 130 * column
            page[y : y + glyph.shape[0], x : x + glyph.shape[1]] = glyph
    assert [len(line) for line in lines_on(page)] == [5, 5, 5, 5]


@pytest.mark.parametrize("height", [18, 30, 40])
def test_words_beside_a_grid_are_captions(height: int) -> None:
    """Before each row and over the columns, as large as what is in the fields."""
    page = np.full((560, 1000), 235, np.uint8)
    glyph = written(["A"], height=44)[20:100, 30:100]
    word = written(["NAME"], height=height, thickness=3)
    word = word[: 2 * height, : 6 * height]
    for row in range(4):
        y = 100 + 110 * row
        page[y + 20 : y + 20 + word.shape[0], 10 : 10 + word.shape[1]] = word
        for column in range(6):
            x = 300 + 110 * column
            cv2.rectangle(page, (x, y), (x + 110, y + 110), 50, 3)
            page[y + 15 : y + 95, x + 20 : x + 90] = glyph
    assert [len(line) for line in lines_on(page)] == [6, 6, 6, 6]
