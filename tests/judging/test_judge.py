"""Every figure of an evaluation against scikit-learn, on random and on adversarial predictions."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    log_loss,
    precision_recall_fscore_support,
    top_k_accuracy_score,
)

from hwcli.dataset import Dataset
from hwcli.glyph import Normalisation
from hwcli.judging.alike import parse_groups
from hwcli.judging.evaluation import Judgement
from hwcli.judging.judge import JudgeOptions, judge
from hwcli.judging.matching import Matched
from hwcli.judging.predictions import Predictions
from hwcli.model_info import ModelInfo
from hwcli.shards import Split
from synthetic import make_dataset

NAMES = "aAbBcCdDeEfF"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_dataset(tmp_path_factory.mktemp("data") / "made-up")


def predictions(
    logits: np.ndarray,
    truth: np.ndarray,
    temperature: float = 1.0,
    writer: np.ndarray | None = None,
) -> Predictions:
    n, classes = logits.shape
    info = ModelInfo(
        "lenet", {}, "char", tuple(NAMES[:classes]), ("Latn",) * classes, Normalisation(),
        temperature=temperature,
    )  # fmt: skip
    zeros = np.zeros(n, np.int32)
    return Predictions(
        info, Matched(np.arange(classes), (), {}), logits.astype(np.float32), np.arange(n),
        truth.astype(np.int64), zeros, zeros, zeros - 1 if writer is None else writer, 1.0,
    )  # fmt: skip


def judged(found: Predictions, dataset: Dataset, **options: object) -> Judgement:
    return judge(found, dataset, Split.test, JudgeOptions(**options), model="m")  # type: ignore[arg-type]


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    classes=st.integers(1, 12),
    used=st.integers(1, 12),
    rows=st.integers(1, 60),
    kind=st.sampled_from(["random", "ties", "constant", "huge", "perfect"]),
)
def test_all_figures_are_scikit_learns(
    dataset: Dataset, seed: int, classes: int, used: int, rows: int, kind: str
) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, min(used, classes), rows)
    logits = {
        "random": rng.normal(size=(rows, classes)),
        "ties": rng.integers(0, 2, (rows, classes)),
        "constant": np.zeros((rows, classes)),
        "huge": rng.normal(size=(rows, classes)) * 1e4,
        "perfect": np.eye(classes)[truth] * 9,
    }[kind].astype(np.float32)
    found = judged(predictions(logits, truth), dataset, topk=(1, 2, 3)).evaluation
    predicted, labels = logits.argmax(1), range(classes)
    assert found.top["1"] == accuracy_score(truth, predicted)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        each = precision_recall_fscore_support(truth, predicted, labels=labels, zero_division=0)
        for name, column in zip(("precision", "recall", "f1", "support"), each, strict=True):
            assert [getattr(c, name) for c in found.classes] == column.tolist()
        for name in ("macro", "weighted"):
            mean = precision_recall_fscore_support(truth, predicted, average=name, zero_division=0)
            ours = getattr(found, name)
            assert (ours.precision, ours.recall, ours.f1) == mean[:3]
        if classes > 2 and kind not in ("ties", "constant"):  # of ties it takes the last class
            for k in (2, 3):
                expected = top_k_accuracy_score(truth, logits, k=k, labels=labels)
                assert found.top[str(k)] == expected
    if classes > 1 and kind != "huge":
        wide = np.exp(logits.astype(np.float64) - logits.max(1, keepdims=True))
        p = wide / wide.sum(1, keepdims=True)
        assert found.confidence.nll == pytest.approx(log_loss(truth, p, labels=labels), abs=1e-6)
        if classes > 2:
            brier = brier_score_loss(truth, p, labels=list(labels), scale_by_half=False)
            assert found.confidence.brier == pytest.approx(brier, abs=1e-5)


def test_a_known_case_of_ties(dataset: Dataset) -> None:
    """Of equal logits the class that comes first is ahead, everywhere alike."""
    found = judged(predictions(np.zeros((3, 3)), np.arange(3)), dataset, topk=(1, 2, 3)).evaluation
    assert found.top == {"1": 1 / 3, "2": 2 / 3, "3": 1}
    assert [(c.truth, c.predicted) for c in found.confused] == [("A", "a"), ("b", "a")]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_refused(dataset: Dataset, bad: float) -> None:
    logits = np.zeros((4, 3))
    logits[2, 1] = bad
    with pytest.raises(ValueError, match="finite"):
        judged(predictions(logits, np.zeros(4)), dataset)


def test_the_temperature_changes_confidence_and_nothing_else(dataset: Dataset) -> None:
    rng = np.random.default_rng(0)
    logits, truth = rng.normal(size=(200, 5)) * 4, rng.integers(0, 5, 200)
    cold, hot = (judged(predictions(logits, truth, t), dataset).evaluation for t in (1.0, 3.0))
    assert cold.top == hot.top and cold.macro == hot.macro
    assert cold.ece != hot.ece and hot.confidence.nll < cold.confidence.nll


def test_lenient_scores_count_groups(dataset: Dataset) -> None:
    """a for A is right with cases merged; b for a is by --equiv."""
    truth = np.array([0, 1, 0, 2])  # a A a b
    logits = np.eye(4)[[1, 1, 2, 3]]  # A A b B
    found = judged(predictions(logits, truth), dataset, equiv=parse_groups("ab")).evaluation
    assert found.top["1"] == 0.25
    case, equiv = found.lenient
    assert (case.name, case.groups, case.top["1"]) == ("case", (("a", "A"), ("b", "B")), 0.75)
    assert (equiv.name, equiv.groups, equiv.top["1"]) == ("equiv", (("a", "b"),), 0.5)
    merged = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    expected = precision_recall_fscore_support(*merged, average="macro")[:3]
    assert (case.macro.precision, case.macro.recall, case.macro.f1) == expected


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
def test_lenient_top_k_is_that_of_the_best_of_the_group(dataset: Dataset, seed: int) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.integers(0, 4, (40, 6)).astype(np.float32)
    truth = rng.integers(0, 6, 40)
    (case,) = judged(predictions(logits, truth), dataset, topk=(1, 2, 3)).evaluation.lenient
    order = np.argsort(-logits, axis=1, kind="stable")
    for k in (1, 2, 3):
        hits = (order[:, :k] // 2 == truth[:, None] // 2).any(1)  # a and A are 0 and 1, and so on
        assert case.top[str(k)] == hits.mean()


def test_groups_of_characters_that_are_not_there_are_nothing_and_said_to_be(
    dataset: Dataset, caplog: pytest.LogCaptureFixture
) -> None:
    groups = parse_groups("xyz,bB,aAq")
    found = judged(predictions(np.eye(2), np.arange(2)), dataset, equiv=groups)
    assert [x.name for x in found.evaluation.lenient] == ["case", "equiv"]
    assert [r.getMessage() for r in caplog.records] == [
        "no two of x y z are classes of the model", "no two of b B are classes of the model",
    ]  # fmt: skip


def test_writers_are_told_from_ten_rows_on(dataset: Dataset) -> None:
    writer = np.repeat([0, 1, 2], [10, 20, 9]).astype(np.int32)
    truth = np.zeros(39, int)
    wrong = np.arange(39) < 5
    found = judged(predictions(np.eye(2)[wrong.astype(int)], truth, writer=writer), dataset)
    assert found.evaluation.writers is not None
    assert (found.evaluation.writers.n, found.evaluation.writers.lowest) == (2, 0.5)
    assert found.evaluation.writers.highest == 1
    alone = judged(predictions(np.eye(2)[wrong.astype(int)], truth), dataset)
    assert alone.evaluation.writers is None


def test_classes_without_rows_are_listed_and_left_out_of_a_second_score(dataset: Dataset) -> None:
    truth = np.array([0, 1, 0])
    logits = np.array([[1, 0, 2], [0, 1, 0], [3, 0, 1]])
    matching = judged(predictions(logits, truth), dataset, topk=(1,)).evaluation.matching
    assert (matching.shared, matching.absent) == (2, ("b",))
    assert matching.top_among_shared == {"1": 1}
