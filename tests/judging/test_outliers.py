"""What looks like no class comes first: for the model, by its ink, or a little by both."""

import numpy as np
import pytest
from numpy.typing import NDArray

from hwcli.judging import outliers
from hwcli.judging.outliers import measures, oddness, outlier_scores
from hwcli.near import SIDE


def strokes(count: int, seed: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Upright bars and rings, as thumbnails, with what they are."""
    rng = np.random.default_rng(seed)
    small = np.zeros((count, SIDE, SIDE), np.uint8)
    kind = rng.integers(0, 2, count)
    for image, ring in zip(small, kind.tolist(), strict=True):
        top, left = rng.integers(0, 3), rng.integers(0, 3)
        if ring:
            image[top : top + 11, left : left + 11] = 250
            image[top + 2 : top + 9, left + 2 : left + 9] = 0
        else:
            image[top : top + 11, left + 5 : left + 7] = 250
        image[image > 0] -= rng.integers(0, 30, np.count_nonzero(image), np.uint8)
    return small.reshape(count, -1), kind


def test_measures_of_a_ring() -> None:
    ring = np.zeros((1, SIDE, SIDE), np.uint8)
    ring[0, 1:11, 3:9] = 255
    ring[0, 3:9, 5:7] = 0
    ((mass, euler, aspect, stroke, across, down, x, y, sx, sy),) = measures(ring.reshape(1, -1))
    assert mass == pytest.approx(np.log1p(48))
    assert euler == 0  # one part, one hole
    assert aspect == pytest.approx(np.log(6 / 10))
    assert stroke == pytest.approx(2 * 48 / (16 + 8))
    assert (across, down) == pytest.approx((16 / 10, 8 / 6))
    assert (x, y) == pytest.approx((-1, -1), abs=1e-5)
    assert sx < sy


def test_parts_less_holes() -> None:
    small = np.zeros((3, SIDE, SIDE), np.uint8)
    small[0, 2:4, 2:4] = small[0, 8:10, 8:10] = small[0, 2:4, 8:10] = 255
    small[1, 1:13, 1:13] = 255
    small[1, 3:5, 3:5] = small[1, 8:10, 8:10] = 0
    assert measures(small.reshape(3, -1))[:, 1].tolist() == [3, -1, 0]


def test_a_blank_image_can_be_measured() -> None:
    assert np.isfinite(measures(np.zeros((2, SIDE**2), np.uint8))).all()
    assert measures(np.empty((0, SIDE**2), np.uint8)).shape == (0, 10)


def test_what_is_odd_for_its_class_need_not_be_for_another() -> None:
    small, kind = strokes(200)
    kind[7] = 1 - kind[7]
    odd = oddness(measures(small), kind)
    assert odd.argmax() == 7


def test_junk_among_characters_comes_first() -> None:
    small, kind = strokes(300)
    rng = np.random.default_rng(3)
    junk = rng.choice(300, 10, replace=False)
    small[junk] = np.where(rng.random((10, SIDE**2)) < 0.2, 255, 0)
    energy = rng.normal(-10, 1, 300).astype(np.float32)
    energy[junk] += 1.5
    score = outlier_scores(energy, small, kind)
    assert set(np.argsort(-score)[:10].tolist()) == set(junk.tolist())
    assert set(np.argsort(-energy)[:10].tolist()) != set(junk.tolist())


def test_the_model_alone_can_tell_too() -> None:
    small, kind = strokes(300)
    energy = np.zeros(300, np.float32)
    energy[11] = 50
    assert outlier_scores(energy, small, kind).argmax() == 11


def test_equal_rows_have_equal_scores_and_order_does_not_matter() -> None:
    small, kind = strokes(40)
    small, kind = np.concatenate([small, small]), np.concatenate([kind, kind])
    energy = np.tile(np.arange(40, dtype=np.float32) // 2, 2)
    score = outlier_scores(energy, small, kind)
    assert (score[:40] == score[40:]).all()
    order = np.random.default_rng(0).permutation(80)
    assert (outlier_scores(energy[order], small[order], kind[order]) == score[order]).all()


def test_nothing_is_odd_in_a_class_of_a_few_rows() -> None:
    small, _ = strokes(9)
    odd = oddness(measures(small), np.asarray([4, 4, 4, 4, 9, 9, 9, 9, 9]))
    assert (odd[:4] == 0).all()
    assert (odd[4:] > 0).any()


def test_no_rows() -> None:
    none = outlier_scores(
        np.empty(0, np.float32), np.empty((0, SIDE**2), np.uint8), np.empty(0, np.int64)
    )
    assert none.shape == (0,)


def test_blocks_give_what_all_at_once_does(monkeypatch: pytest.MonkeyPatch) -> None:
    small, _ = strokes(50)
    whole = measures(small)
    monkeypatch.setattr(outliers, "_ROWS", 7)
    assert np.allclose(measures(small), whole, atol=1e-6)
