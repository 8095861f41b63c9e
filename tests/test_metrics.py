import tracemalloc
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    precision_recall_fscore_support,
    top_k_accuracy_score,
)

from hwcli import metrics
from hwcli.classify import softmax, top_k


def scikit(truth: np.ndarray, predicted: np.ndarray, average: str | None, labels=None):  # type: ignore[no-untyped-def]
    return precision_recall_fscore_support(
        truth, predicted, average=average, labels=labels, zero_division=0
    )


@settings(max_examples=200, deadline=None)
@given(
    classes=st.integers(1, 12),
    rows=st.integers(1, 80),
    seed=st.integers(0, 2**32 - 1),
    used=st.integers(1, 12),
)
def test_equal_to_scikit_learn_to_the_last_digit(
    classes: int, rows: int, seed: int, used: int
) -> None:
    """Also with classes that never occur, that are never predicted, and with one class alone."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, min(used, classes), rows)
    predicted = np.where(rng.random(rows) < 0.5, truth, rng.integers(0, classes, rows))
    confusion = metrics.confusion_matrix(truth, predicted, classes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert np.array_equal(confusion, confusion_matrix(truth, predicted, labels=range(classes)))
        ours = metrics.class_scores(confusion)
        theirs = scikit(truth, predicted, None, labels=range(classes))
        for mine, other in zip(
            (ours.precision, ours.recall, ours.f1, ours.support), theirs, strict=True
        ):
            assert np.array_equal(mine, other)
        for name, averages in (
            ("macro", metrics.macro(ours)),
            ("weighted", metrics.weighted(ours)),
        ):
            expected = scikit(truth, predicted, name)[:3]
            assert (averages.precision, averages.recall, averages.f1) == tuple(expected)
    assert confusion.trace() / rows == accuracy_score(truth, predicted)


@settings(max_examples=100, deadline=None)
@given(classes=st.integers(3, 9), k=st.integers(1, 9), seed=st.integers(0, 2**32 - 1))
def test_top_k_is_scikit_learns(classes: int, k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, 50)
    logits = rng.normal(size=(50, classes)).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = top_k_accuracy_score(truth, logits, k=k, labels=range(classes))
    assert np.mean(metrics.ranks(logits, truth) < k) == expected


@given(seed=st.integers(0, 2**32 - 1))
def test_ranks_are_the_places_of_top_k_ties_included(seed: int) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.integers(0, 3, (20, 5)).astype(np.float32)
    truth = rng.integers(0, 5, 20)
    order = top_k(logits, 5)
    assert np.array_equal(metrics.ranks(logits, truth), (order == truth[:, None]).argmax(1))


def test_averages_of_nothing_are_0() -> None:
    scores = metrics.class_scores(np.zeros((3, 3), np.int64))
    assert metrics.macro(scores) == metrics.weighted(scores) == metrics.Averages(0, 0, 0)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
def test_the_temperature_is_found_again(temperature: float) -> None:
    """Labels drawn from softmax(z) while the model says z × T: T has to come out."""
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(20_000, 6)) * 2
    probabilities = softmax(logits.astype(np.float32))
    targets = (probabilities.cumsum(1) < rng.random((20_000, 1))).sum(1).clip(0, 5)
    found = metrics.fit_temperature((logits * temperature).astype(np.float32), targets)
    assert found == pytest.approx(temperature, rel=0.05)


def test_the_temperature_never_makes_the_likelihood_worse() -> None:
    rng = np.random.default_rng(2)
    logits, targets = rng.normal(size=(200, 5)), rng.integers(0, 5, 200)
    found = metrics.fit_temperature(logits, targets)
    loss = metrics.negative_log_likelihood
    assert loss(logits, targets, found) <= loss(logits, targets) + 1e-9


def test_the_temperature_of_one_class_or_no_rows_is_1() -> None:
    assert metrics.fit_temperature(np.zeros((5, 1)), np.zeros(5, np.int64)) == 1
    assert metrics.fit_temperature(np.zeros((0, 3)), np.zeros(0, np.int64)) == 1


def test_confused_pairs_are_the_most_frequent_mistakes() -> None:
    confusion = np.array([[9, 1, 0], [5, 9, 0], [0, 2, 9]])
    assert metrics.confused_pairs(confusion, 10) == [(1, 0, 5), (2, 1, 2), (0, 1, 1)]
    assert metrics.confused_pairs(confusion, 1) == [(1, 0, 5)]
    assert metrics.confused_pairs(np.diag([3, 4]), 10) == []


def test_of_many_classes_no_copies_of_the_confusion_matrix_are_made() -> None:
    """At 10,000 classes one takes 800 MB."""
    classes = 1500
    truth = np.arange(classes)
    tracemalloc.start()
    try:
        confusion = metrics.confusion_matrix(truth, truth[::-1].copy(), classes)
        metrics.class_scores(confusion)
        assert len(metrics.confused_pairs(confusion, 50)) == 50
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1.5 * confusion.nbytes
