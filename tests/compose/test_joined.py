"""Joined-up words: letters that run into each other, each of which is known."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from composed import sample_stock
from hwcli.compose.canvas import Canvas, Placed, blank
from hwcli.compose.hand import as_written, random_hand
from hwcli.compose.joined import can_write, write_joined
from hwcli.compose.penman import Penman, catalogue, random_penman
from hwcli.shards import Split

WORD = "handwriting"


def penned(seed: int, word: str = WORD, *, lifted: float = 0.0, split: int = 0) -> Canvas:
    rng = np.random.default_rng([3, seed])
    penman = replace(random_penman(split, rng), lifted=lifted)
    hand = replace(random_hand(rng, 50.0), pen=4.0, penman=penman)
    canvas = blank(160, 1400)
    placed = [Placed(char, "Latn", 0, 0) for char in word]
    end = write_joined(canvas, word, hand, rng, (20.0, 100.0), placed)
    inked = np.flatnonzero((canvas.ink > 0.3).any(axis=0))
    assert inked[0] >= 16 and inked[-1] <= end < inked[-1] + 8
    return canvas


def strokes(canvas: Canvas) -> int:
    """Connected strokes, small ones such as dots left out."""
    _, _, stats, _ = cv2.connectedComponentsWithStats((canvas.ink > 0.3).view(np.uint8))
    return int((stats[1:, 2] > 15).sum())


@pytest.mark.parametrize("seed", range(8))
def test_letters_stand_in_their_order_and_are_known(seed: int) -> None:
    canvas = penned(seed)
    assert "".join(glyph.char for glyph in canvas.glyphs) == WORD
    middles = [np.median(np.nonzero(canvas.ids == n)[1]) for n in range(1, len(WORD) + 1)]
    assert np.diff(middles).min() > 0
    assert ((canvas.ids > 0) == (canvas.ink > 0.35)).all()


def test_the_pen_is_seldom_lifted() -> None:
    """Most words are few strokes; with all links left out, as many as there are letters."""
    joined = [strokes(penned(seed)) for seed in range(12)]
    apart = [strokes(penned(seed, lifted=1.0)) for seed in range(12)]
    assert np.mean(joined) < 6 < np.mean(apart)


def test_capitals_are_not_linked_to() -> None:
    assert np.mean([strokes(penned(seed, "HANDWRITING")) for seed in range(6)]) > 7


def test_the_same_seed_writes_the_same_and_nobody_writes_for_two_splits() -> None:
    assert np.array_equal(penned(1).ink, penned(1).ink)
    people: list[list[Penman]] = [
        [random_penman(split, np.random.default_rng(seed)) for seed in range(50)]
        for split in (Split.train, Split.val, Split.test)
    ]
    numbers = [{penman.strokes.number for penman in some} for some in people]
    assert (
        not numbers[0] & numbers[1] and not numbers[1] & numbers[2] and not numbers[0] & numbers[2]
    )
    assert min(map(min, numbers)) >= 1000  # the hands of the dataset of letterforms are below


def test_every_letter_can_be_written() -> None:
    assert all(can_write(char) for char in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    assert not any(can_write(char) for char in "1+-.?") and not any(map(str.isdigit, catalogue()))


def test_capitals_that_stand_for_both_are_written_small_within_a_word() -> None:
    stock, rng = sample_stock(), np.random.default_rng(0)
    merged = [c for c in "MIL" if c in stock.rows and c.lower() not in stock.rows]
    assert merged
    word = [*merged, "a", *merged]
    texts = {"".join(as_written(word, stock, rng)) for _ in range(50)}
    small = "".join(c.lower() if c in merged else c for c in word)
    assert texts == {small, word[0] + small[1:]}
    assert as_written(["A", "B"], stock, rng) == ["A", "B"]
