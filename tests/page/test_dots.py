"""Dotted paper: its dots go, what is written stays."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hwcli.page.components import components, glyph_scale
from hwcli.page.dots import is_printed_dot
from hwcli.page.ink import find_ink
from hwcli.page.rulings import remove_rulings

Grey = NDArray[np.uint8]


def page(pitch: float = 24.0, turn: float = 0.0, aslant: float = 0.0) -> Grey:
    """Dots all over, `turn` degrees round, seen `aslant`; none where `write` puts letters."""
    out = np.full((520, 700), 220, np.uint8)
    a = np.deg2rad(turn)
    for row in range(-30, 60):
        for column in range(-30, 60):
            x, y = pitch * column, pitch * row
            x, y = x * np.cos(a) - y * np.sin(a), x * np.sin(a) + y * np.cos(a)
            far = 1 + aslant * y / 520
            at = (round(8 * x / far), round(8 * y / far))
            cv2.circle(out, at, 14, 130, -1, cv2.LINE_AA, shift=3)
    return out


def write(grey: Grey, text: str, y: int) -> None:
    cv2.putText(grey, text, (30, y), cv2.FONT_HERSHEY_SIMPLEX, 1.6, 30, 4, cv2.LINE_AA)


def dots(grey: Grey) -> tuple[int, int]:
    """How many components there are, and how many of them are printed dots."""
    ink = find_ink(grey)
    found = components(ink.mask, ink.strength)
    return len(found), int(is_printed_dot(found, glyph_scale(found, ink.stroke)).sum())


@pytest.mark.parametrize(("turn", "aslant"), [(0, 0), (3, 0), (-8, 0), (0, 0.12), (2, -0.1)])
def test_dots_at_even_distances_are_printed(turn: float, aslant: float) -> None:
    grey = page(turn=turn, aslant=aslant)
    for y in (100, 260, 420):
        write(grey, "Hand 47 xyz", y)
    every, printed = dots(grey)
    assert printed > 0.8 * (every - 30)


def test_points_of_the_writing_stay() -> None:
    """A point after a word and the dots of i and j are larger than those of the paper."""
    grey = page()
    for y in (100, 260, 420):
        write(grey, "i: j. ijij. ii", y)
    before = find_ink(grey)
    cleaned = remove_rulings(find_ink(grey))
    written = np.full_like(grey, 220)
    for y in (100, 260, 420):
        write(written, "i: j. ijij. ii", y)
    own = (written < 100) & (before.mask > 0)
    assert (cleaned.mask[own] > 0).mean() > 0.98
    assert len(cleaned.found) < 0.3 * len(components(before.mask, before.strength))


def test_uneven_specks_stay() -> None:
    rng = np.random.default_rng(0)
    grey = np.full((520, 700), 220, np.uint8)
    for x, y in (rng.uniform(0, 1, (400, 2)) * [700, 520]).tolist():
        cv2.circle(grey, (round(8 * x), round(8 * y)), 14, 130, -1, cv2.LINE_AA, shift=3)
    write(grey, "Hand 47 xyz", 260)
    assert dots(grey)[1] == 0


def sheet(cells: list[list[str]], pitch: tuple[int, int], jitter: float, point: int = 3) -> Grey:
    """A text in each cell, in a hand of even size; points and dots of i and j are drawn round."""
    rng = np.random.default_rng(1)
    grey = np.full((pitch[1] * len(cells) + 60, pitch[0] * len(cells[0]) + 60), 220, np.uint8)
    for row, texts in enumerate(cells):
        for column, text in enumerate(texts):
            x = rng.normal(40 + pitch[0] * column, jitter)
            y = rng.normal(60 + pitch[1] * row, jitter)
            for char in text:
                shown = "l" if char in "ij" else char
                if char != ".":
                    at = (round(x), round(y))
                    size = 0.65 if char in "ij" else 1.1
                    cv2.putText(grey, shown, at, cv2.FONT_HERSHEY_SIMPLEX, size, 30, 3, cv2.LINE_AA)
                dot = {".": (6, -2), "i": (5, -26), "j": (5, -26)}.get(char)
                if dot:
                    cv2.circle(
                        grey, (round(x) + dot[0], round(y) + dot[1]), point, 30, -1, cv2.LINE_AA
                    )
                x += 14 if char in ".ij" else 26
    return grey


LETTERS = "abcdefghijklmnopqrstuvwxyz"
SHEETS = {
    **{char: ([[char] * 12] * 10, (50, 50)) for char in ("o", "x", "1", ".", "i", "j", "i.")},
    "decimals": ([["4.8"] * 9] * 7, (140, 80)),
    "numbered": ([["7."] * 12] * 8, (90, 60)),
    "letters": ([list(LETTERS)] * 12, (45, 55)),
    "rows of points": ([["a"] * 16] * 3 + [["."] * 16] * 5 + [["b"] * 16] * 3, (50, 50)),
    "ellipses": ([["word", "..."] * 4] * 12, (130, 60)),
}


@pytest.mark.parametrize("jitter", [0.0, 2.0, 5.0])
@pytest.mark.parametrize("name", SHEETS)
def test_points_and_dots_of_characters_in_rows_and_columns_stay(name: str, jitter: float) -> None:
    """A table or a sheet is as even as dotted paper; its dots have their characters."""
    cells, pitch = SHEETS[name]
    assert dots(sheet(cells, pitch, jitter))[1] == 0


def test_few_components_are_no_dots() -> None:
    assert dots(np.full((300, 300), 220, np.uint8)) == (0, 0)
