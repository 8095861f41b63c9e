"""What is around a sheet on a photo goes; what is on the sheet stays, whatever the light."""

import cv2
import numpy as np
import pytest

from hwcli.page.find import find_characters
from hwcli.page.finder import BUNDLED, Finder, find_finder
from hwcli.page.ink import find_ink
from hwcli.page.surroundings import without_surroundings
from pages import shaded, written

FINDER = Finder(find_finder(BUNDLED), threads=1)
ROWS = ["HELLO WORLD", "AB 3X+12=7", "KLM NOPQ"]
COUNT = sum(len(row.replace(" ", "")) for row in ROWS)


def stripes(shape: tuple[int, int]) -> np.ndarray:
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    return np.where((x + y) // 17 % 2, 30, 110).astype(np.uint8)


def checks(shape: tuple[int, int]) -> np.ndarray:
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    return np.where((x // 40 + y // 40) % 2, 90, 140).astype(np.uint8)


def gravel(shape: tuple[int, int]) -> np.ndarray:
    coarse = np.random.default_rng(2).normal(90, 40, (shape[0] // 12 + 2, shape[1] // 12 + 2))
    return cv2.resize(np.clip(coarse, 0, 180).astype(np.uint8), shape[::-1])


def dark(shape: tuple[int, int]) -> np.ndarray:
    return np.full(shape, 25, np.uint8)


def lying_on(desk: np.ndarray, sheet: np.ndarray, degrees: float = 4.0) -> np.ndarray:
    """`sheet` in the middle of `desk`, turned a little."""
    (tall, wide), (height, width) = desk.shape, sheet.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    turn[:, 2] += [(wide - width) / 2, (tall - height) / 2]
    own = cv2.warpAffine(np.full_like(sheet, 255), turn, (wide, tall))
    return np.where(own > 127, cv2.warpAffine(sheet, turn, (wide, tall)), desk).astype(np.uint8)


def around(sheet: np.ndarray, of: float = 1.45) -> tuple[int, int]:
    return round(sheet.shape[0] * of), round(sheet.shape[1] * of)


@pytest.mark.parametrize("desk", [stripes, checks, gravel, dark])
@pytest.mark.parametrize("light", [lambda page: page, lambda page: shaded(page, 0.8)])
def test_a_sheet_on_a_desk_is_read_alone(desk: object, light: object) -> None:
    sheet = written(ROWS)
    photo = light(lying_on(desk(around(sheet)), sheet))  # type: ignore[operator]
    found = find_characters(photo, FINDER)
    assert abs(len(found.segments.boxes) - COUNT) <= 1


def test_light_writing_on_a_board_before_a_wall() -> None:
    board = 255 - written(ROWS, paper=200)
    photo = lying_on(255 - stripes(around(board)) // 2, board)
    assert abs(len(find_characters(photo, FINDER).segments.boxes) - COUNT) <= 1


def test_a_photo_of_a_sheet_alone_is_left_as_it_is() -> None:
    page = written(ROWS)
    for photo in (
        page,
        255 - page,
        shaded(page),
        page[:30, :30],
        np.full((400, 600), 90, np.uint8),
    ):
        assert without_surroundings(photo) is photo


def test_half_a_sheet_in_shadow_is_no_sheet() -> None:
    page = written(ROWS * 3)
    photo = lying_on(dark(around(page, 1.2)), page, 0.0)
    for share in (0.3, 0.5, 0.7):
        half = photo.copy()
        half[:, : round(share * photo.shape[1])] //= 2
        told = without_surroundings(half)
        ink = find_ink(page).mask > 0
        top, left = ((a - b) // 2 for a, b in zip(photo.shape, page.shape, strict=True))
        own = np.s_[top : top + page.shape[0], left : left + page.shape[1]]
        assert (told[own][ink] == half[own][ink]).mean() > 0.97


def test_a_box_on_a_page_is_no_sheet() -> None:
    """A frame around some of the writing, and a grid of cells."""
    page = written(ROWS * 4)
    cv2.rectangle(page, (40, 30), (page.shape[1] - 200, page.shape[0] // 2), 60, 3)
    assert without_surroundings(page) is page
