"""At which size a page is looked at: joined-up words, and few characters that are not sure."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from composed import sample_stock
from hwcli.compose.canvas import Placed, blank
from hwcli.compose.hand import random_hand, write_glyph
from hwcli.page.finder import BUNDLED, STRIDE, Characters, Finder, find_finder
from hwcli.page.ink import find_ink
from hwcli.page.look import look
from hwcli.page.rulings import Cleaned, remove_rulings
from hwcli.page.view import HEIGHT, usual_height
from pages import written


class Told(Finder):
    """Finds what it is told, by the height of the view; keeps the views."""

    def __init__(self, *, score: float, most: int = 5, sharpest: int = 0) -> None:
        self._score, self._most, self._sharpest = score, most, sharpest
        self.heights: list[int] = []

    def find(self, view: np.ndarray) -> Characters:
        self.heights.append(len(view))
        sure = self._score * (1.2 if len(view) > self._sharpest else 1.0)
        side = round(HEIGHT / STRIDE)
        boxes = np.array([[i * side, 0, (i + 1) * side, side] for i in range(self._most)], np.int32)
        score = np.full(self._most, sure, np.float32)
        return Characters(boxes, score, np.zeros((side, side), np.int32))


def cleaned(page: np.ndarray) -> Cleaned:
    return remove_rulings(find_ink(page))


def joined(text: str) -> np.ndarray:
    """`text` on a page, its letters linked by a stroke along their feet."""
    page = written([text])
    y, x = np.nonzero(page < 120)
    foot = int(np.median([y[x == column].max() for column in np.unique(x)]))
    cv2.line(page, (int(x.min()), foot), (int(x.max()), foot), 40, 4)
    return page


def test_a_joined_up_word_is_as_high_as_its_letters() -> None:
    loose, linked = cleaned(written(["nomeglasu"])), cleaned(joined("nomeglasu"))
    assert len(linked.found) < 3 < len(loose.found)
    word = int(linked.found.stats[:, 3].max())
    letters = usual_height(loose.found)
    assert word > 1.3 * letters
    assert usual_height(linked.found) == pytest.approx(letters, rel=0.25)


def test_letters_that_are_wider_than_high_are_no_word() -> None:
    page = written(["mwmw"])
    wide = cv2.resize(page, None, fx=1.6, fy=1.0, interpolation=cv2.INTER_AREA)
    found = cleaned(np.asarray(wide, np.uint8)).found
    assert usual_height(found) == pytest.approx(np.median(found.stats[:, 3]), rel=0.1)


def test_few_characters_that_are_sure_are_looked_at_once() -> None:
    page = cleaned(joined("nomeglasu"))
    finder = Told(score=0.8)
    look(page, finder)
    assert len(finder.heights) == 1


def test_many_characters_are_looked_at_once() -> None:
    page = cleaned(written(["nomeglasu"]))
    finder = Told(score=0.4, most=40)
    look(page, finder)
    assert len(finder.heights) == 1


def test_of_three_looks_the_surest_is_taken() -> None:
    page = written(["nomeglasu"])
    strokes = cleaned(page)
    usual = Told(score=0.4)
    view, _ = look(strokes, usual)
    first, near, far = usual.heights
    assert far < first < near
    assert len(view.image) == first
    view, found = look(strokes, Told(score=0.4, sharpest=first))
    assert len(view.image) == near
    assert found.score.mean() == pytest.approx(0.48)


def joined_up(seed: int) -> tuple[np.ndarray, int]:
    """Seven letters that somebody writes as one word, on paper, and how many they are."""
    stock, rng = sample_stock(), np.random.default_rng(seed)
    hand = replace(random_hand(rng, 48.0), joined=1.0, gap=-0.02, spread=0.02, grain=0.0)
    canvas, before = blank(150, 620), 30.0
    for number, letter in enumerate(rng.choice(list("abdefghnqrt"), 7), 1):
        glyph = write_glyph(stock, str(letter), hand, rng)
        box = canvas.put(glyph, before, 95, Placed(str(letter), "Latn", 0, 0))
        before = box[2] + 48 * hand.gap
        if number > 1:
            canvas.link(number - 1, number, hand)
    noise = rng.normal(0, 2, canvas.ink.shape)
    page = np.clip(225 - 180 * canvas.ink + noise, 0, 255).astype(np.uint8)
    return page, len(canvas.glyphs)


def test_no_letter_of_joined_up_words_is_missed() -> None:
    finder = Finder(find_finder(BUNDLED), threads=1)
    told, counts = [], []
    for seed in range(8):
        page, count = joined_up(seed)
        _, found = look(cleaned(page), finder)
        told.append(len(found.boxes))
        counts.append(count)
    missed = np.maximum(0, np.subtract(counts, told)).sum()
    assert missed <= 2, told  # 6 of 56 when the height of a word was that of a letter
    assert np.maximum(0, np.subtract(told, counts)).sum() <= 12, told


def test_an_empty_page_has_no_characters() -> None:
    page = np.full((120, 200), 230, np.uint8)
    finder = Finder(find_finder(BUNDLED), threads=1)
    _, found = look(cleaned(page), finder)
    assert len(found.boxes) == 0
