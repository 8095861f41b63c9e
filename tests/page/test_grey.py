"""Passes over masks: what they give, beside the same done pixel by pixel."""

from itertools import groupby

import numpy as np
import pytest

from hwcli.page.grey import halved, labelled, peak, share, tall_runs, wide_runs
from hwcli.page.skew import turn_by


def in_long_runs(mask: np.ndarray, least: int) -> np.ndarray:
    """The pixels of `mask` in horizontal runs of at least `least` px, one by one."""
    out = np.zeros_like(mask)
    for y, row in enumerate(mask.tolist()):
        x = 0
        for value, run in groupby(row):
            length = len(list(run))
            if value and length >= least:
                out[y, x : x + length] = 255
            x += length
    return out


@pytest.mark.parametrize("height", [1, 2, 3, 6, 7])
def test_tall_runs_are_those_of_the_height(height: int) -> None:
    mask = (np.random.default_rng(height).random((60, 40)) < 0.7).astype(np.uint8) * 255
    mask[10:30, 4] = 255
    expected = in_long_runs(np.ascontiguousarray(mask.T), height).T
    assert (tall_runs(mask, height) == expected).all()


@pytest.mark.parametrize("shape", [(90, 300), (500, 901)], ids=["small", "in steps"])
def test_wide_runs_keep_lines_to_their_ends_and_no_strokes(shape: tuple[int, int]) -> None:
    mask = np.zeros(shape, np.uint8)
    mask[10, 13:250] = 255
    mask[20, 60:110] = 255
    mask[30:60, 100:140:7] = 255
    assert (wide_runs(mask, 160) == in_long_runs(mask, 160)).all()


def test_more_components_than_fit_into_16_bits_are_told_apart() -> None:
    mask = np.zeros((600, 600), np.uint8)
    mask[::2, ::2] = 255
    labels, stats, _ = labelled(mask)
    assert labels.dtype == np.int32 and len(stats) == 1 + 300 * 300
    assert len(np.unique(labels)) == 1 + 300 * 300
    mask[300:] = 0
    assert labelled(mask)[0].dtype == np.uint16


def test_the_last_row_and_column_are_not_lost_by_halving() -> None:
    page = np.full((41, 61), 200, np.uint8)
    page[-1], page[:, -1] = 20, 20
    small = halved(page)
    assert small.shape == (21, 31)
    assert (small[-1] == 20).all() and (small[:, -1] == 20).all() and (small[:-1, :-1] == 200).all()


def test_a_peak_reaches_as_far_as_it_says() -> None:
    spot = np.zeros((400, 400), np.uint8)
    spot[200, 200] = 90
    rows = np.flatnonzero((peak(spot, 80) == 90).any(axis=1))
    assert abs(len(rows) - 81) <= 20 and rows[0] <= 170 and rows[-1] >= 230


@pytest.mark.parametrize("of", [0.12, 0.3, 0.4])
def test_what_exceeds_a_share_exceeds_the_product(of: float) -> None:
    greys = np.arange(256, dtype=np.uint8)[None]
    limit = share(greys, of).astype(int)
    assert (limit <= of * greys + 1e-6).all() and (limit + 1 > of * greys - 2e-3).all()


def test_nothing_is_drawn_into_the_corners_of_a_turned_photo() -> None:
    turned = turn_by(10, (100, 200)).of(np.full((100, 200), 255, np.uint8))
    assert turned[0, 0] == turned[-1, -1] == 0 and turned[turned.shape[0] // 2, 100] == 255
