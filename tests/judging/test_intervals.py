"""Intervals: as wide as they should be, by people where people are known."""

import numpy as np
import pytest

from hwcli import metrics
from hwcli.judging.evaluation import Outcomes
from hwcli.judging.intervals import intervals, top1_interval, wilson


def outcomes(
    truth: np.ndarray, predicted: np.ndarray, writer: np.ndarray | None = None
) -> Outcomes:
    n = len(truth)
    half = np.full(n, 0.5, np.float32)
    zeros = np.zeros(n, np.int32)
    return Outcomes(
        place=np.arange(n),
        truth=truth.astype(np.int64),
        predicted=predicted.astype(np.int64),
        confidence=half,
        truth_probability=half,
        rank=(truth != predicted).astype(np.int64),
        script=zeros,
        source=zeros,
        writer=np.full(n, -1, np.int32) if writer is None else writer.astype(np.int32),
    )


def made_up(seed: int, n: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 5, n)
    return truth, np.where(rng.random(n) < share, truth, (truth + 1) % 5)


def test_by_glyph_it_is_as_wide_as_theory_says() -> None:
    truth, predicted = made_up(0, 4000, 0.9)
    found = intervals(outcomes(truth, predicted), 5, (1, 2))
    share = (truth == predicted).mean()
    expected = wilson(int((truth == predicted).sum()), 4000)
    assert found.by == "glyph" and found.writers == 0
    assert found.top["1"].low < share < found.top["1"].high
    width, theory = (i.high - i.low for i in (found.top["1"], expected))
    assert width == pytest.approx(theory, rel=0.12)
    assert found.top["2"].low == pytest.approx(wilson(4000, 4000).low), "all are right at 2"


def test_people_count_and_not_their_glyphs() -> None:
    """Ten people, each either good or bad at it: 4,000 glyphs tell no more than ten."""
    rng = np.random.default_rng(1)
    writer = np.repeat(np.arange(10), 400)
    truth = rng.integers(0, 5, 4000)
    good = np.repeat(rng.random(10) < 0.7, 400)
    predicted = np.where(rng.random(4000) < np.where(good, 0.99, 0.6), truth, (truth + 1) % 5)
    by_people = intervals(outcomes(truth, predicted, writer), 5, (1,))
    by_glyph = intervals(outcomes(truth, predicted), 5, (1,))
    assert by_people.by == "writer" and by_people.writers == 10
    wide, narrow = (i.top["1"].high - i.top["1"].low for i in (by_people, by_glyph))
    assert wide > 5 * narrow
    alone = top1_interval(truth == predicted, writer)
    assert alone.high - alone.low == pytest.approx(wide, rel=0.15)


def test_nine_in_ten_intervals_and_more_hold_the_truth() -> None:
    """Of 60 samples of 40 people, whose mean accuracy is known, hardly any interval misses it."""
    held = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        skill = rng.beta(18, 2, 40)
        writer = np.repeat(np.arange(40), 50)
        right = rng.random(2000) < skill[writer]
        found = top1_interval(right, writer.astype(np.int32))
        held += found.low <= 0.9 <= found.high
    assert held >= 50


def test_macro_lies_within() -> None:
    truth, predicted = made_up(2, 1000, 0.8)
    found = intervals(outcomes(truth, predicted, np.arange(1000) % 30), 5, (1,))
    macro = metrics.macro(metrics.class_scores(metrics.confusion_matrix(truth, predicted, 5)))
    for name in ("precision", "recall", "f1"):
        assert found.macro[name].low < getattr(macro, name) < found.macro[name].high


def test_one_person_is_no_sample_of_people() -> None:
    truth, predicted = made_up(3, 200, 0.9)
    found = intervals(outcomes(truth, predicted, np.zeros(200)), 5, (1,))
    assert found.by == "glyph" and found.writers == 1


def test_some_people_known_and_some_not() -> None:
    truth, predicted = made_up(4, 400, 0.9)
    writer = np.where(np.arange(400) < 200, np.arange(400) // 20, -1)
    found = intervals(outcomes(truth, predicted, writer), 5, (1,))
    assert found.by == "both" and found.writers == 10
    assert found.top["1"].low < (truth == predicted).mean() < found.top["1"].high


def test_all_right_is_not_certainty() -> None:
    truth = np.zeros(30)
    for writer in (None, np.arange(30) % 3):
        found = intervals(outcomes(truth, truth, writer), 1, (1,))
        assert found.top["1"].high == 1 and 0.85 < found.top["1"].low < 0.95
    assert top1_interval(np.ones(30, bool), np.full(30, -1, np.int32)) == wilson(30, 30)
    none = intervals(outcomes(truth, truth + 1), 2, (1,))
    assert none.top["1"].low == 0 and 0.05 < none.top["1"].high < 0.15


def test_the_same_twice() -> None:
    truth, predicted = made_up(5, 300, 0.7)
    made = outcomes(truth, predicted, np.arange(300) % 7)
    assert intervals(made, 5, (1, 3)) == intervals(made, 5, (1, 3))


def test_of_a_few_people_it_is_wide_enough_to_hold_the_truth() -> None:
    """Plain percentiles of 5 people hold it in four cases of five (157 of 200 here)."""
    held = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        skill = 1 / (1 + np.exp(-rng.normal(2, 1, 5)))
        right = rng.random(200) < np.repeat(skill, 40)
        found = top1_interval(right, np.repeat(np.arange(5), 40).astype(np.int32))
        held += found.low <= 0.8437 <= found.high  # the mean of that skill
    assert held >= 167


def test_rare_classes_do_not_draw_the_interval_of_macro_below_the_figure() -> None:
    """Of 100 classes, most of them rare, 9 in 10 intervals hold the F1 of all there could be."""

    def sample(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
        odds = 1 / np.arange(1, 101)
        truth = rng.choice(100, n, p=odds / odds.sum())
        wrong = (truth + rng.integers(1, 100, n)) % 100
        return truth, np.where(rng.random(n) < 0.85, truth, wrong)

    truth, predicted = sample(np.random.default_rng(0), 400_000)
    scores = metrics.class_scores(metrics.confusion_matrix(truth, predicted, 100))
    everybodys = metrics.macro(scores).f1
    held = 0
    for seed in range(1, 31):
        f1 = intervals(outcomes(*sample(np.random.default_rng(seed), 1200)), 100, (1,)).macro["f1"]
        held += f1.low <= everybodys <= f1.high
    assert held >= 25


def test_the_figure_is_always_within_its_interval() -> None:
    """A row a class: drawn anew, a third of the classes are missing from every replicate."""
    truth = np.arange(300)
    predicted = np.where(truth % 3 == 0, (truth + 1) % 300, truth)
    found = intervals(outcomes(truth, predicted), 300, (1,))
    macro = metrics.macro(metrics.class_scores(metrics.confusion_matrix(truth, predicted, 300)))
    for name in ("precision", "recall", "f1"):
        at = found.macro[name]
        assert 0 <= at.low <= getattr(macro, name) <= at.high <= 1
