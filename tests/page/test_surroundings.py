"""What is around a sheet on a photo goes; what is on the sheet stays, whatever the light."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from hwcli.classify import find_model
from hwcli.page.ink import find_ink
from hwcli.page.reader import Reader
from hwcli.page.sheet import Photo
from hwcli.page.surroundings import without_surroundings
from pages import shaded, written

READER = Reader(find_model(None), threads=1)
ROWS = ["HELLO WORLD", "AB 3X+12=7", "KLM NOPQ"]
COUNT = sum(len(row.replace(" ", "")) for row in ROWS)


def found_on(photo: np.ndarray) -> int:
    """How many characters are read."""
    return len(READER.read(Photo(photo, *photo.shape), "").glyphs)


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
def test_a_sheet_on_a_desk_is_read_alone(
    desk: Callable[..., np.ndarray], light: Callable[..., np.ndarray]
) -> None:
    sheet = written(ROWS)
    photo = light(lying_on(desk(around(sheet)), sheet))
    assert abs(found_on(photo) - COUNT) <= 1


def test_light_writing_on_a_board_before_a_wall() -> None:
    board = 255 - written(ROWS, paper=200)
    photo = lying_on(255 - stripes(around(board)) // 2, board)
    assert abs(found_on(photo) - COUNT) <= 1


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


def card_on_it(page: np.ndarray) -> np.ndarray:
    """A white card with writing of its own on a page of a darker paper."""
    photo = (page * 0.75).astype(np.uint8)
    top, left = page.shape[0] // 4, page.shape[1] // 5
    part = page[top : 3 * top, left : 4 * left]
    photo[top : 3 * top, left : 4 * left] = part
    return photo


def picture(page: np.ndarray) -> np.ndarray:
    photo = page.copy()
    photo[page.shape[0] // 2 : -60, 60:-60] = 90
    return photo


def panel(page: np.ndarray) -> np.ndarray:
    photo = page.copy()
    height, width = page.shape
    own = np.s_[
        round(0.3 * height) : round(0.9 * height), round(0.08 * width) : round(0.92 * width)
    ]
    photo[own] = (photo[own] * 0.7).astype(np.uint8)
    return photo


def window_light(page: np.ndarray) -> np.ndarray:
    photo = (page * 0.55).astype(np.uint8)
    height, width = page.shape
    own = np.s_[height // 5 : 4 * height // 5, width // 5 : 4 * width // 5]
    photo[own] = page[own]
    return photo


@pytest.mark.parametrize("scene", [card_on_it, picture, panel, window_light])
def test_writing_around_what_may_be_a_sheet_is_read(
    scene: Callable[[np.ndarray], np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = scene(written(ROWS * 4))
    if scene is not window_light:
        assert without_surroundings(photo) is not photo, "there is something to decide"
    now = found_on(photo)
    monkeypatch.setattr("hwcli.page.find.without_surroundings", lambda grey: grey)
    assert now == found_on(photo) > 2 * COUNT


@pytest.mark.parametrize("desk", [stripes, checks, gravel, dark])
def test_a_blank_sheet_is_nearly_blank(desk: Callable[[tuple[int, int]], np.ndarray]) -> None:
    sheet = np.full((300, 420), 225, np.uint8)
    assert found_on(lying_on(desk(around(sheet)), sheet)) <= 1


@pytest.mark.parametrize("desk", [stripes, dark, lambda shape: np.full(shape, 90, np.uint8)])
def test_two_sheets_are_both_read(desk: Callable[[tuple[int, int]], np.ndarray]) -> None:
    page = written(ROWS * 4)
    height, width = page.shape
    photo = desk((height + 120, 2 * width + 240))
    for left in (60, width + 180):
        photo[60 : 60 + height, left : left + width] = page
    assert abs(found_on(photo) - 8 * COUNT) <= 2


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (1, 1), (1, 5000), (3000, 2), (60, 60)])
@pytest.mark.parametrize("value", [0, 90, 255])
def test_photos_of_any_shape(shape: tuple[int, int], value: int) -> None:
    photo = np.full(shape, value, np.uint8)
    assert without_surroundings(photo) is photo
