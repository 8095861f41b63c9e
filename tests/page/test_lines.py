"""Characters into lines."""

import numpy as np
import pytest

from hwcli.page.layout import lay_out


def boxes_of(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    return np.array(boxes, np.int32)


@pytest.mark.parametrize("foot", [22, 30, 38], ids=["high", "nearly level", "beside"])
def test_a_raised_character_stands_in_its_line(foot: int) -> None:
    boxes = boxes_of((0, 20, 20, 50), (26, 26, 48, 50), (50, foot - 16, 62, foot),
                     (70, 24, 90, 46), (100, 20, 118, 50), (126, 20, 142, 50))  # fmt: skip
    layout = lay_out(boxes, 28.0)
    assert layout.order.tolist() == [0, 1, 2, 3, 4, 5]
    assert not layout.line.any()


def test_two_raised_characters_stand_in_their_line_and_a_third_in_its_own() -> None:
    first = [(40 * i, 20, 40 * i + 20, 50) for i in range(8)]
    second = [(40 * i, 100, 40 * i + 20, 130) for i in range(8)]
    raised = [(22, 6, 34, 22), (182, 5, 194, 21), (102, 84, 114, 100)]
    layout = lay_out(boxes_of(*first, *second, *raised), 30.0)
    assert layout.order.tolist() == [0, 16, *range(1, 5), 17, *range(5, 8), 8, 9, 10, 18,
                                     *range(11, 16)]  # fmt: skip


def test_a_short_line_of_full_height_close_above_another_stays_a_line() -> None:
    above = [(30, 0, 50, 30), (55, 0, 75, 30)]
    below = [(25 * i, 32, 25 * i + 20, 62) for i in range(9)]
    assert lay_out(boxes_of(*above, *below), 30.0).line.tolist() == [0, 0, *[1] * 9]


def test_no_boxes_are_no_lines() -> None:
    assert not len(lay_out(np.empty((0, 4), np.int32), 1.0).order)
