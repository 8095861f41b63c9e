"""Confident learning as a plain loop has it; planted label errors come first."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from hwcli.judging import suspects
from hwcli.judging.suspects import doubt_labels

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


def softmax(logits: Floats, temperature: float) -> list[list[float]]:
    found = []
    for row in logits.astype(np.float64):
        e = [float(np.exp((z - row.max()) / temperature)) for z in row]
        found.append([x / sum(e) for x in e])
    return found


def plainly(logits: Floats, targets: Ints, temperature: float) -> tuple[list[int], float]:
    """The class each row is confidently of, and the share of label errors, as the paper has it."""
    p, classes = softmax(logits, temperature), range(logits.shape[1])
    labels = targets.tolist()
    threshold = {}
    for k in classes:
        own = [p[i][k] for i in range(len(p)) if labels[i] == k]
        threshold[k] = max(sum(own) / len(own) - 1e-6, 1e-300) if own else 2.0
    confident = []
    for row in p:
        reach = [k for k in classes if row[k] >= threshold[k]]
        confident.append(max(reach, key=lambda k: row[k]) if reach else -1)
    joint = [[0 for _ in classes] for _ in classes]
    for label, k in zip(labels, confident, strict=True):
        if k >= 0:
            joint[label][k] += 1
    wrong = 0.0
    for k in classes:
        joint[k][k] = max(1, joint[k][k])
        wrong += labels.count(k) * (1 - joint[k][k] / sum(joint[k]))
    return confident, wrong / len(labels)


def made_up(
    count: int, classes: int, sure: float = 8, noise: float = 1.5, seed: int = 0
) -> tuple[Floats, Ints]:
    """Logits of a good model, and the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, count)
    logits = rng.normal(0, noise, (count, classes)).astype(np.float32)
    logits[np.arange(count), truth] += sure
    return logits, truth


@given(
    seed=st.integers(0, 2**32),
    classes=st.integers(1, 6),
    count=st.integers(1, 40),
    sure=st.sampled_from([0.0, 2.0, 8.0, 2000.0]),
    temperature=st.sampled_from([0.5, 1.0, 1.7]),
)
def test_the_confident_joint_is_that_of_a_plain_loop(
    seed: int, classes: int, count: int, sure: float, temperature: float
) -> None:
    logits, targets = made_up(count, classes, sure, seed=seed)
    rng = np.random.default_rng(seed)
    targets[rng.random(count) < 0.2] = rng.integers(0, classes)
    doubts = doubt_labels(logits, targets, temperature=temperature)
    confident, share = plainly(logits, targets, temperature)
    assert doubts.confident.tolist() == confident
    assert doubts.share == pytest.approx(share, abs=1e-9)


def test_planted_errors_are_first_and_their_share_is_right() -> None:
    logits, targets = made_up(5000, 20)
    rng = np.random.default_rng(1)
    wrong = rng.choice(5000, 100, replace=False)
    targets[wrong] = (targets[wrong] + rng.integers(1, 20, 100)) % 20
    doubts = doubt_labels(logits, targets)
    assert set(np.argsort(-doubts.score)[:100].tolist()) == set(wrong.tolist())
    assert (doubts.score[wrong] > 0).all()
    assert doubts.share == pytest.approx(0.02, abs=0.003)


def test_the_score_tells_rows_apart_whose_probabilities_are_0_and_1() -> None:
    logits = np.asarray([[0, 300, 1], [0, 200, 1], [100, 0, 1], [0, 0, 900]], np.float32)
    doubts = doubt_labels(logits, np.asarray([0, 0, 0, 2]), temperature=2.0)
    assert doubts.score.tolist() == [150.0, 100.0, -49.5, -450.0]
    assert doubts.energy.tolist() == pytest.approx([-150, -100, -50, -450])


def test_what_is_much_for_one_class_is_little_for_another() -> None:
    p = np.asarray([[0.9, 0.1], [0.95, 0.05], [0.6, 0.4], [0.65, 0.35], [0.55, 0.45]])
    doubts = doubt_labels(np.log(p).astype(np.float32), np.asarray([0, 0, 1, 1, 0]))
    assert doubts.confident.tolist() == [0, 0, 1, -1, 1]
    assert doubts.share == pytest.approx(3 / 5 * 1 / 3)
    assert doubts.score[4] < 0


def test_rows_that_are_all_alike_reach_their_own_mean() -> None:
    """0.1 summed ten times is not 1, so without slack none would reach the mean of ten of them."""
    logits = np.tile(np.asarray([0.3, 2.9, 0.7], np.float32), (777, 1))
    doubts = doubt_labels(logits, np.ones(777, np.int64))
    assert (doubts.confident == 1).all()
    assert doubts.share == 0


def test_no_row_is_confidently_of_a_class_without_rows_and_of_equal_ones_the_first_counts() -> None:
    logits = np.asarray([[1, 1, 5], [1, 1, 5], [2, 2, 0]], np.float32)
    doubts = doubt_labels(logits, np.asarray([0, 0, 1]))
    assert doubts.confident.tolist() == [0, 0, 0]
    assert doubts.score.tolist() == [4, 4, 0]


def test_one_class_and_no_rows_are_above_suspicion() -> None:
    doubts = doubt_labels(np.asarray([[3.0], [-2.0]], np.float32), np.zeros(2, np.int64))
    assert (doubts.score.tolist(), doubts.confident.tolist(), doubts.share) == ([0, 0], [0, 0], 0)
    none = doubt_labels(np.empty((0, 5), np.float32), np.empty(0, np.int64))
    assert len(none.score) == len(none.confident) == 0
    assert none.share == 0


@pytest.mark.parametrize("block", [1, 50, 1 << 20])
def test_blocks_of_rows_give_what_all_at_once_does(
    block: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    logits, targets = made_up(500, 7, sure=3)
    whole = doubt_labels(logits, targets, temperature=1.3)
    monkeypatch.setattr(suspects, "_BLOCK", block)
    file = np.memmap(tmp_path / "logits", np.float32, "w+", shape=logits.shape)
    file[:] = logits
    parts = doubt_labels(file, targets, temperature=1.3)
    assert (parts.score == whole.score).all()
    assert (parts.energy == whole.energy).all()
    assert (parts.confident == whole.confident).all()
    assert parts.share == whole.share


def test_the_logits_are_never_copied_whole() -> None:
    logits, targets = made_up(100_000, 60)
    tracemalloc.start()
    doubt_labels(logits, targets)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000 < logits.nbytes // 2


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_refused(bad: float) -> None:
    logits, targets = made_up(50, 3)
    logits[37, 1] = bad
    with pytest.raises(ValueError, match="not finite"):
        doubt_labels(logits, targets)


@pytest.mark.parametrize(
    ("shape", "targets"), [((3, 2), [0, 1]), ((3,), [0, 0, 0]), ((2, 2), [0, 2]), ((2, 2), [-1, 0])]
)
def test_what_does_not_fit_is_refused(shape: tuple[int, ...], targets: list[int]) -> None:
    with pytest.raises(ValueError, match="targets"):
        doubt_labels(np.zeros(shape, np.float32), np.asarray(targets))
