"""The case of letters, by their place in the line."""

import numpy as np
import pytest

from hwcli.page.case import merged_letters, recase

CLASSES = tuple("0123456789ABCDEFGHIJKLMOPSUVWXYZabdefghnqrt+=")
MERGED = merged_letters(CLASSES)

Box = tuple[int, int]
"""Top and foot, px."""


def recased(
    chars: str,
    boxes: list[Box],
    *,
    small: float = 0.5,
    wide: int = 30,
    lines: list[int] | None = None,
) -> str:
    placed = [(40 * n, top, 40 * n + wide, foot) for n, (top, foot) in enumerate(boxes)]
    how = recase(
        list(chars),
        np.asarray(placed, np.int32).reshape(-1, 4),
        np.asarray(lines or [0] * len(chars), np.int32),
        np.zeros(len(chars), np.int32),
        MERGED,
        np.full(len(chars), small),
    )
    return "".join(m.get(c, c) for c, m in zip(chars, how, strict=True))


def test_merged_letters_are_those_without_a_lower_case_of_their_own() -> None:
    assert set("CIJKLMOPSUVWXYZ") == MERGED


FULL, LOW, HALF = (0, 60), (23, 60), (14, 60)


@pytest.mark.parametrize(
    "chars, boxes, expected",
    [
        pytest.param("1X", [FULL, LOW], "1x", id="low beside a digit"),
        pytest.param("AX", [FULL, LOW], "Ax", id="low beside a capital"),
        pytest.param("AX", [FULL, (2, 60)], "AX", id="as high as a capital"),
        pytest.param("aX", [LOW, LOW], "ax", id="as low as an a"),
        pytest.param("nXa", [LOW, FULL, LOW], "nXa", id="as high as a capital beside an a"),
        pytest.param("XO", [LOW, LOW], "XO", id="nothing to compare with"),
        pytest.param("COW", [FULL, LOW, LOW], "Cow", id="letters in question tell of each other"),
        pytest.param("1+X", [FULL, (20, 40), LOW], "1+x", id="signs tell nothing"),
        pytest.param("aPa", [LOW, (23, 78), LOW], "apa", id="a p hangs below the line"),
        pytest.param("aPa", [LOW, FULL, LOW], "aPa", id="a P stands on it"),
        pytest.param("aYa", [LOW, (23, 80), LOW], "aya", id="a y hangs below the line"),
        pytest.param("1AJ", [FULL, FULL, (-5, 79)], "1Aj", id="a j, dot and all"),
        pytest.param("1K", [FULL, FULL], "1K", id="a k is as high as a K"),
    ],
)
def test_case_by_place(chars: str, boxes: list[Box], expected: str) -> None:
    assert recased(chars, boxes) == expected


@pytest.mark.parametrize(
    "chars, boxes, small, expected",
    [
        pytest.param("1X", [FULL, HALF], 0.9, "1x", id="half-high where small ones are usual"),
        pytest.param("1X", [FULL, HALF], 0.1, "1X", id="half-high where they are not"),
        pytest.param("1X", [FULL, LOW], 0.25, "1x", id="low all the same"),
        pytest.param("1K", [FULL, FULL], 0.9, "1k", id="of equal height where small is usual"),
    ],
)
def test_case_by_place_and_line(chars: str, boxes: list[Box], small: float, expected: str) -> None:
    assert recased(chars, boxes, small=small) == expected


def test_another_line_tells_the_height_where_the_own_does_not() -> None:
    lines = [0, 0, 1, 1]
    assert recased("A1XO", [FULL, FULL, LOW, LOW], lines=lines) == "A1xo"


def test_a_capital_begins_a_word() -> None:
    assert recased("XnXX", [HALF, LOW, HALF, HALF]) == "Xnxx"


@pytest.mark.parametrize("small, expected", [(0.8, "aal"), (0.1, "AAI")])
def test_a_bar_is_an_l_or_an_i(small: float, expected: str) -> None:
    boxes = [LOW, LOW, FULL] if small > 0.5 else [FULL] * 3
    chars = expected[:2] + "L"
    assert recased(chars, boxes, small=small, wide=8) == expected
    assert recased(chars, boxes, small=0.05, wide=30)[-1] == "L"


def test_nothing_in_question() -> None:
    assert recased("12+A", [FULL] * 4) == "12+A"
    assert recased("", []) == ""
