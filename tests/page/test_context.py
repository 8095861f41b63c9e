"""What the line says of a glyph."""

import numpy as np
import pytest

from hwcli.page.context import merged_letters, recase, settle_kinds

CLASSES = ("0", "1", "A", "B", "C", "L", "O", "X", "a", "+")


def distribution(**shares: float) -> list[float]:
    return [shares.get({"+": "plus"}.get(c, "_" + c), 0.001) for c in CLASSES]


def settled(rows: list[list[float]], line: list[int]) -> list[str]:
    probabilities = np.asarray(rows, np.float32)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    out = settle_kinds(probabilities, np.asarray(line, np.int32), CLASSES)
    assert out.probabilities.sum(axis=1) == pytest.approx(np.ones(len(rows)), abs=1e-5)
    best = out.probabilities.argmax(axis=1)
    assert (out.changed == (best != probabilities.argmax(axis=1))).all()
    return [CLASSES[i] for i in best]


ROUND = distribution(_0=0.6, _O=0.4)
LETTER, DIGIT = distribution(_A=0.99), distribution(_1=0.99)


def test_a_round_glyph_among_letters_is_o_and_among_digits_zero() -> None:
    assert settled([LETTER, LETTER, ROUND, LETTER], [0] * 4)[2] == "O"
    assert settled([DIGIT, DIGIT, ROUND, DIGIT], [0] * 4)[2] == "0"


def test_the_line_counts_more_than_the_page() -> None:
    rows = [LETTER, LETTER, LETTER, ROUND, DIGIT, DIGIT, DIGIT, ROUND]
    assert settled(rows, [0] * 4 + [1] * 4)[3::4] == ["O", "0"]


def test_a_lone_glyph_stays_what_it_is() -> None:
    assert settled([ROUND], [0]) == ["0"]


def test_what_is_certain_is_not_changed() -> None:
    certain = distribution(_0=0.9999)
    assert settled([LETTER, LETTER, certain, LETTER], [0] * 4)[2] == "0"


def test_no_glyphs() -> None:
    none = settle_kinds(np.empty((0, 10), np.float32), np.empty(0, np.int32), CLASSES)
    assert none.probabilities.shape == (0, 10)


def test_merged_letters_are_those_without_a_lower_case_of_their_own() -> None:
    assert merged_letters(CLASSES) == {"C", "L", "O", "X"}


@pytest.mark.parametrize(
    "chars, sizes, expected",
    [
        pytest.param("1X", [(10, 60), (30, 40)], "1x", id="low beside a digit"),
        pytest.param("AX", [(40, 60), (30, 40)], "AX", id="low, but where all are capitals"),
        pytest.param("AX", [(40, 60), (30, 28)], "Ax", id="lower still"),
        pytest.param("AX", [(40, 60), (40, 58)], "AX", id="as high as a capital"),
        pytest.param("aX", [(30, 32), (30, 32)], "ax", id="as low as an a"),
        pytest.param("XO", [(30, 32), (30, 60)], "XO", id="nothing to compare with"),
        pytest.param("AL", [(40, 60), (8, 60)], "AI", id="a bar among capitals"),
        pytest.param("aL", [(30, 32), (8, 60)], "al", id="a bar among small letters"),
        pytest.param("AL", [(40, 60), (40, 60)], "AL", id="an L"),
    ],
)
def test_case_by_size(chars: str, sizes: list[tuple[int, int]], expected: str) -> None:
    how = recase(
        list(chars),
        np.asarray(sizes, np.int32),
        np.zeros(len(chars), np.int32),
        merged_letters(CLASSES),
    )
    assert "".join(m.get(c, c) for c, m in zip(chars, how, strict=True)) == expected
