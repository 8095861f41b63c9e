"""Where glyphs stand on the line."""

from dataclasses import replace

import numpy as np
import pytest

from composed import sample_stock
from hwcli.compose.hand import random_hand, write_glyph


def places(char: str) -> list[tuple[float, float]]:
    """Foot and top above the line of glyphs called `char`, in heights of a capital."""
    stock, rng = sample_stock(), np.random.default_rng(4)
    stock = replace(stock, rows={**stock.rows, char: stock.rows["8"]})
    hand = replace(random_hand(rng, 100.0), wobble=0.0, slant=0.0, pen=6.0)
    written = [write_glyph(stock, char, hand, rng) for _ in range(40)]
    return [(w.rise / 100, (w.rise + w.ink.shape[0]) / 100) for w in written]


@pytest.mark.parametrize(
    "char, foot, top",
    [
        pytest.param(",", (-0.3, -0.02), (0.0, 0.25), id="a comma hangs below the line"),
        pytest.param(";", (-0.35, -0.02), (0.3, 0.6), id="so does a semicolon"),
        pytest.param(".", (-0.15, 0.1), (0.05, 0.25), id="a point stands on it"),
        pytest.param("'", (0.65, 0.9), (0.9, 1.15), id="a quote is high"),
        pytest.param("(", (-0.5, 0.05), (0.85, 1.35), id="brackets reach below the line"),
        pytest.param("!", (-0.2, 0.2), (0.8, 1.2), id="an exclamation mark is tall"),
        pytest.param("*", (0.4, 0.6), (0.8, 1.1), id="an asterisk is high"),
        pytest.param("<", (0.05, 0.35), (0.5, 0.8), id="a sign of order is in the middle"),
    ],
)
def test_signs_stand_where_they_belong(
    char: str, foot: tuple[float, float], top: tuple[float, float]
) -> None:
    feet, tops = zip(*places(char), strict=True)
    assert foot[0] <= np.min(feet) and np.max(feet) <= foot[1], (min(feet), max(feet))
    assert top[0] <= np.min(tops) and np.max(tops) <= top[1], (min(tops), max(tops))


@pytest.mark.parametrize("char", ["f", "Z"])
def test_some_f_and_z_go_on_below_the_line(char: str) -> None:
    below = [foot < -0.2 for foot, _ in places(char)]
    assert 3 < sum(below) < 25
