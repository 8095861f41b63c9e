"""Scenes: the ordinary one stays as it is, and the unseen ones are known as well as it is."""

import cv2
import numpy as np
import pytest

from composed import sample_stock
from hwcli.compose.page import compose
from hwcli.compose.scene import ORDINARY, UNSEEN
from hwcli.compose.unseen_camera import photograph, photograph_on_desk


@pytest.mark.parametrize(
    ("number", "layout", "shape", "chars", "grey", "inked"),
    [
        (0, "word", (100, 197), "dXggfI", (61, 64, 56, 63, 62, 54), 585),
        (1, "loose", (512, 555), "tttttt", (116, 112, 107, 131, 127, 117), 13648),
        (2, "equations", (140, 747), "62Z413", (153, 155, 176, 168, 138, 142), 2499),
        (3, "cells", (1029, 1100), "WIeHtL", (117, 122, 132, 117, 123, 135), 6475),
    ],
)
def test_an_ordinary_page_is_what_it_was(
    number: int, layout: str, shape: tuple[int, int], chars: str, grey: tuple[int, ...], inked: int
) -> None:
    """Datasets are composed anew from a seed: what changes a page makes others of them.

    Another OpenCV may move a pixel; one number drawn more or less changes everything.
    """
    page = compose(sample_stock(), np.random.default_rng([11, number]))
    assert (page.layout, page.grey.shape) == (layout, shape)
    assert "".join(glyph.char for glyph in page.glyphs[:6]) == chars
    coarse = cv2.resize(page.grey, (3, 2), interpolation=cv2.INTER_AREA).ravel()
    assert coarse.tolist() == pytest.approx(grey, abs=2)
    assert int((page.ids > 0).sum()) == pytest.approx(inked, rel=0.02)


@pytest.mark.parametrize("name", UNSEEN)
@pytest.mark.parametrize("seed", range(4))
def test_ink_stands_where_an_unseen_page_says(name: str, seed: int) -> None:
    """What is marked is darker than the same place of the same page without its ink."""
    scene = UNSEEN[name]
    page, again = (
        compose(sample_stock(), np.random.default_rng([7, seed]), scene=scene) for _ in range(2)
    )
    assert np.array_equal(page.grey, again.grey) and np.array_equal(page.ids, again.ids)
    assert page.grey.dtype == np.uint8 and page.grey.shape == page.ids.shape
    assert page.ids.max() <= len(page.glyphs) and page.ids.min() >= -1
    marked = page.ids > 0
    around = cv2.dilate(marked.view(np.uint8), np.ones((9, 9))).astype(bool) & (page.ids == 0)
    assert page.grey[marked].mean() < page.grey[around].mean() - 5


def test_an_unseen_page_is_no_ordinary_one() -> None:
    """The writing is the same, the paper and the camera are not."""
    pages = [
        compose(sample_stock(), np.random.default_rng([7, 1]), scene=scene)
        for scene in (ORDINARY, *UNSEEN.values())
    ]
    assert len({page.glyphs for page in pages}) == 1
    assert len({page.grey.tobytes() for page in pages}) == len(pages)


@pytest.mark.parametrize("shape", [(40, 300), (700, 90)])
def test_the_glyphs_move_with_the_sheet(shape: tuple[int, int]) -> None:
    """A dark block stays dark and marked, turned, bent, and with a desk around it."""
    sheet, ids = np.full(shape, 0.95, np.float32), np.zeros(shape, np.int32)
    block = np.s_[shape[0] // 3 : -(shape[0] // 3), shape[1] // 3 : -(shape[1] // 3)]
    sheet[block], ids[block] = 0.05, 1
    for number in range(6):
        for shoot in (photograph, photograph_on_desk):
            shot = shoot(sheet, ids, np.random.default_rng(number))
            inner = cv2.erode((shot.ids == 1).astype(np.uint8), np.ones((9, 9))).astype(bool)
            beside = cv2.dilate((shot.ids == 1).astype(np.uint8), np.ones((5, 5))).astype(bool)
            assert inner.sum() > 0.05 * ids.sum()
            assert shot.grey[inner].mean() < shot.grey[beside & (shot.ids == 0)].mean()
    assert photograph_on_desk(sheet, ids, np.random.default_rng(0)).grey.shape > shape
