"""Glyphs that look alike are told together, where the page shows that they are one character."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hwcli.page import likeness
from hwcli.page.company import Company
from hwcli.page.likeness import LIKENESS, told_together


def glyphs(kinds: list[int]) -> NDArray[np.uint8]:
    """Letters of a few kinds, each written a little otherwise: uint8 (N, 28, 28)."""
    rng = np.random.default_rng(3)
    images = np.zeros((len(kinds), 28, 28), np.uint8)
    for image, kind in zip(images, kinds, strict=True):
        at = (6 + int(rng.integers(-1, 2)), 23)
        cv2.putText(image, "AXSG"[kind], at, cv2.FONT_HERSHEY_SIMPLEX, 0.8, 255, 2)
    return images


def told(kinds: list[int], sure: float = 0.9) -> NDArray[np.float32]:
    out = np.full((len(kinds), 4), (1 - sure) / 3, np.float32)
    out[np.arange(len(kinds)), kinds] = sure
    return out


def test_a_doubtful_one_is_what_those_like_it_are() -> None:
    kinds = [0, 1, 2] * 10
    probabilities = told(kinds)
    probabilities[3] = 0.35, 0.4, 0.25, 0.0
    found = told_together(glyphs(kinds), probabilities)
    assert found[3].argmax() == 0 and found[3, 0] > 0.5
    assert found[3, 3] == 0, "what cannot be"
    assert (found.argmax(axis=1) == kinds).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)


def test_a_page_of_very_many_is_told_part_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(likeness, "_MOST", 50)
    kinds = [0, 1, 2, 3] * 30
    probabilities = told(kinds)
    probabilities[::12] = 0.35, 0.4, 0.25, 0.0
    images = glyphs(kinds)
    found = told_together(images, probabilities)
    assert (found.argmax(axis=1) == kinds).all()
    np.testing.assert_array_equal(found[:40], told_together(images[:40], probabilities[:40]))


def test_where_alike_ones_are_told_to_be_others_nothing_changes() -> None:
    kinds = [0] * 12
    probabilities = told([0, 1, 2, 3] * 3)
    found = told_together(glyphs(kinds), probabilities)
    np.testing.assert_array_equal(found, probabilities)


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_are_left_as_they_are(count: int) -> None:
    probabilities = told([0] * count)
    found = told_together(glyphs([0] * count), probabilities)
    np.testing.assert_array_equal(found, probabilities)


def test_a_glyph_that_its_likes_changed_says_so() -> None:
    kinds = [0, 1, 2] * 10
    probabilities = told(kinds)
    probabilities[3] = 0.35, 0.4, 0.25, 0.0
    company = Company("AXSG", ("Latn",) * 4, np.ones(4, np.bool_))
    boxes = np.array([[40 * i, 0, 40 * i + 28, 28] for i in range(30)], np.int32)
    line = np.zeros(30, np.int32)
    found = company.told(glyphs(kinds), probabilities, boxes, line, line)
    assert [i for i, flags in enumerate(found.flags) if LIKENESS in flags] == [3]
