"""At which size a photo is looked at."""

from pathlib import Path

import cv2
import numpy as np
import pytest

import hwcli
from hwcli.page import find
from hwcli.page.find import Found
from hwcli.page.finder import BUNDLED as BUNDLED_FINDER
from hwcli.page.finder import Finder, find_finder
from hwcli.page.photo import load_photo
from pages import written

BUNDLED = Path(hwcli.__file__).parent / "assets" / "photos"

FINDER = Finder(find_finder(BUNDLED_FINDER), threads=1)


def find_characters(page: np.ndarray) -> Found:
    return find.find_characters(page, FINDER)


ROWS = ["HELLO", "WORLD", "AB3X7"]


def larger(page: np.ndarray, times: int) -> np.ndarray:
    return cv2.resize(page, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC)


def test_bold_writing_is_found_on_half_the_size_at_the_same_places() -> None:
    page = written(ROWS, height=40, thickness=4)
    found, twice = find_characters(page), find_characters(larger(page, 2))
    assert (found.reduced, twice.reduced) == (1, 2)
    assert found.segments.boxes.shape == twice.segments.boxes.shape == (15, 4)
    apart = np.abs(found.segments.boxes[:, None] - twice.segments.boxes).max(axis=2)
    assert apart.min(axis=1).max() <= 3


def test_frames_that_are_too_fine_at_half_the_size_are_looked_at_at_full_size() -> None:
    found = find_characters(load_photo(BUNDLED / "sheet-few.jpg").grey)
    assert found.reduced == 1 and len(found.segments.boxes) == 6
    card = find_characters(load_photo(BUNDLED / "card-1.jpg").grey)
    assert card.reduced == 2 and len(card.segments.boxes) == 15


def test_small_writing_is_looked_at_at_full_size() -> None:
    page = np.full((900, 900), 225, np.uint8)
    small = written(ROWS, height=16, thickness=3)
    page[300 : 300 + small.shape[0], 300 : 300 + small.shape[1]] = small
    assert find_characters(page).reduced == 1


def test_a_blank_photo_has_no_characters() -> None:
    page = np.random.default_rng(0).normal(220, 2, (800, 900)).astype(np.uint8)
    assert len(find_characters(page).segments.boxes) == 0


def test_a_sliver_is_not_turned_into_a_huge_photo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "skew_deg", lambda mask: 10.0)
    assert find_characters(np.full((6000, 20), 220, np.uint8)).turn is None
    assert find_characters(written(ROWS)).turn is not None
