"""Confidence against plain loops, and against scikit-learn where it has the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve

from hwcli.judging.confidence import Selection, ece, mce, reliability


def made_up(seed: int, n: int = 300, *, ties: bool = False) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    confidence = rng.random(n)
    if ties:
        confidence = np.round(confidence, 1)
    return confidence.astype(np.float32), rng.random(n) < confidence


def test_ece_of_a_known_case() -> None:
    """Ten rows of confidence 0.8 of which six are right: 0.2 apart."""
    bins = reliability(np.full(10, 0.8), np.arange(10) < 6)
    assert len(bins) == 1 and bins[0].n == 10
    assert ece(bins) == mce(bins) == pytest.approx(0.2)
    assert ece(reliability(np.ones(4), np.ones(4, bool))) == 0


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_ece_agrees_with_a_plain_loop(seed: int, ties: bool) -> None:
    confidence, right = made_up(seed, ties=ties)
    total, worst = 0.0, 0.0
    for i in range(15):
        inside = (confidence > i / 15) & (confidence <= (i + 1) / 15) | (
            (i == 0) & (confidence == 0)
        )
        if inside.any():
            gap = abs(right[inside].mean() - confidence[inside].mean(dtype=float))
            total, worst = total + inside.mean() * gap, max(worst, gap)
    bins = reliability(confidence, right)
    assert ece(bins) == pytest.approx(total, abs=1e-6)
    assert mce(bins) == pytest.approx(worst, abs=1e-6)
    assert sum(b.n for b in bins) == len(confidence)


def test_the_bins_are_scikit_learns() -> None:
    """Whose bins have their lower edge, which matters for values on an edge alone."""
    confidence, right = made_up(7)
    accuracy, mean = calibration_curve(right, confidence, n_bins=15)
    bins = reliability(confidence, right)
    assert [b.accuracy for b in bins] == pytest.approx(accuracy.tolist())
    assert [b.confidence for b in bins] == pytest.approx(mean.tolist())


@given(st.integers(0, 2**32 - 1), st.booleans(), st.sampled_from([0.5, 0.7, 0.9, 0.99, 1.0]))
def test_a_threshold_keeps_as_much_as_any_could(seed: int, ties: bool, wanted: float) -> None:
    confidence, right = made_up(seed, 60, ties=ties)
    best = 0.0
    for value in np.unique(confidence):
        kept = confidence >= value
        if right[kept].mean() >= wanted - 1e-9:
            best = max(best, kept.mean())
    found = Selection(confidence, right).threshold(wanted)
    assert found.coverage == pytest.approx(best)
    if found.confidence is None:
        assert best == 0
    else:
        kept = confidence >= found.confidence
        assert kept.mean() == pytest.approx(best) and right[kept].mean() >= wanted - 1e-9


def test_no_threshold_will_do_where_the_surest_are_wrong() -> None:
    found = Selection(np.array([0.9, 0.5]), np.array([False, False])).threshold(0.5)
    assert (found.confidence, found.coverage) == (None, 0)


def test_nothing_is_rejected_where_all_is_good_enough() -> None:
    found = Selection(np.array([0.9, 0.5]), np.array([True, True])).threshold(0.99)
    assert (found.confidence, found.coverage) == (0, 1)


def test_risk_and_coverage_of_a_known_case() -> None:
    selection = Selection(np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, False, True, False]))
    coverage, risk = selection.curve()
    assert coverage == (0.25, 0.5, 0.75, 1)
    assert risk == pytest.approx((0, 1 / 2, 1 / 3, 1 / 2))
    assert selection.aurc() == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)


def test_equal_confidences_share_their_mistakes() -> None:
    """Whatever order the rows come in, the curve is the same."""
    right = np.array([True, False, True, True])
    for order in ([0, 1, 2, 3], [1, 0, 3, 2]):
        selection = Selection(np.full(4, 0.5), right[order])
        assert selection.curve()[1] == pytest.approx((0.25,) * 4)
        assert selection.aurc() == pytest.approx(0.25)


@given(st.integers(0, 2**32 - 1))
def test_the_last_point_of_the_curve_is_the_error_of_all(seed: int) -> None:
    confidence, right = made_up(seed, 1000)
    coverage, risk = Selection(confidence, right).curve(50)
    assert coverage[-1] == 1 and risk[-1] == pytest.approx(1 - right.mean())
    assert list(coverage) == sorted(set(coverage)) and len(coverage) <= 50


@pytest.mark.parametrize("bad", [np.nan, -0.1, 1.1, np.inf])
def test_what_is_no_confidence_is_refused(bad: float) -> None:
    confidence, right = np.array([0.5, bad]), np.array([True, False])
    with pytest.raises(ValueError, match="not in"):
        reliability(confidence, right)
    with pytest.raises(ValueError, match="not in"):
        Selection(confidence, right)
