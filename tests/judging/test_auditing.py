"""What is told of suspects and twins is what the dataset says of these very rows."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hwcli.dataset import Dataset
from hwcli.judging.audit import Audit
from hwcli.judging.auditing import AuditOptions, audit
from hwcli.judging.evaluation import Outcomes
from hwcli.shards import Rows, Split
from hwcli.structure import unstructure
from small_datasets import HOW, Row, dataset_of
from synthetic import CLASSES, make_dataset

SPLITS = (Split.train, Split.test, Split.test, Split.val)
NAMES = tuple(reversed(CLASSES))


def judged(
    dataset: Dataset, sure: float = 9
) -> tuple[Rows, NDArray[np.intp], NDArray[np.float32], Outcomes]:
    """All rows, the places of the test rows, and a good model's logits of these.

    The model counts its classes backwards.
    """
    rows = dataset.load()
    places = np.flatnonzero(rows.split == Split.test)
    truth = len(CLASSES) - 1 - rows.label[places].astype(np.int64)
    logits = np.random.default_rng(0).normal(0, 1, (len(places), len(CLASSES))).astype(np.float32)
    logits[np.arange(len(places)), truth] += sure
    return rows, places, logits, outcomes_of(rows, places, truth)


def outcomes_of(rows: Rows, places: NDArray[np.intp], truth: NDArray[np.int64]) -> Outcomes:
    nothing = np.zeros(len(places), np.float32)
    of = (rows.script[places], rows.source[places], rows.writer[places])
    return Outcomes(places.astype(np.int64), truth, truth, nothing, nothing, truth * 0, *of)


def look(
    dataset: Dataset, logits: NDArray[np.float32], outcomes: Outcomes, **more: object
) -> Audit:
    how = {"temperature": 1.0, "classes": NAMES, "target": "char", **more}
    return audit(dataset, Split.test, logits, outcomes, **how)  # type: ignore[arg-type]


def test_planted_label_errors_come_first_each_with_where_it_lies() -> None:
    dataset = make_dataset(Path("d"), rows=1000, splits=SPLITS)
    rows, places, logits, outcomes = judged(dataset)
    wrong = [77, 5, 300]
    for i, extra in zip(wrong, (30, 20, 10), strict=True):
        logits[i] = 0
        logits[i, (outcomes.truth[i] + 2) % 5] = extra
        logits[i, (outcomes.truth[i] + 1) % 5] = 1
    found = look(dataset, logits, outcomes, temperature=2.0)
    first = [s for s in found.suspects if s.kind == "label"]
    assert [s.place for s in first] == places[wrong].tolist()
    assert [round(s.score) for s in first] == [15, 10, 5]
    for i, s in zip(wrong, first, strict=True):
        place = places[i]
        truth = int(outcomes.truth[i])
        assert (s.origin, s.source, s.split) == (rows.origins[place], "made-up", "test")
        assert s.sha256 == hashlib.sha256(rows.images[place].tobytes()).hexdigest()
        assert s.label == CLASSES[rows.label[place]] == NAMES[truth]
        assert s.suggestion == s.candidates[0].char == NAMES[(truth + 2) % 5]
        assert s.candidates[1].char == NAMES[(truth + 1) % 5]
        p = np.exp(logits[i] / 2) / np.exp(logits[i] / 2).sum()
        assert [c.p for c in s.candidates] == pytest.approx(np.sort(p)[::-1].tolist(), rel=1e-4)
        assert s.label_probability == pytest.approx(
            next(c.p for c in s.candidates if c.char == s.label)
        )


def test_a_row_is_told_of_once_and_no_more_than_wanted() -> None:
    dataset = make_dataset(Path("d"), rows=600, splits=SPLITS)
    _, places, logits, outcomes = judged(dataset, sure=1)
    few = look(dataset, logits, outcomes, options=AuditOptions(labels=10, outliers=5, twins=3))
    assert [s.kind for s in few.suspects] == ["label"] * 10 + ["outlier"] * 5
    assert len({s.place for s in few.suspects}) == 15
    assert len(few.twins) == min(3, few.rows_with_twin)
    for kind in ("label", "outlier"):
        scores = [s.score for s in few.suspects if s.kind == kind]
        assert scores == sorted(scores, reverse=True)
    every = AuditOptions(labels=10_000, outliers=10_000)
    whole = look(dataset, logits, outcomes, options=every)
    assert sorted(s.place for s in whole.suspects) == places.tolist()
    doubted = [s for s in whole.suspects if s.kind == "label"]
    assert len(doubted) == (logits.argmax(axis=1) != outcomes.truth).sum()


def test_an_image_like_no_other_is_an_outlier() -> None:
    dataset = make_dataset(Path("d"), rows=600, splits=SPLITS)
    _, places, logits, outcomes = judged(dataset)
    logits[33] -= 60
    found = look(dataset, logits, outcomes)
    assert next(s for s in found.suspects if s.kind == "outlier").place == places[33]


def test_twins_are_told_with_both_rows() -> None:
    how = replace(HOW, size=28, fit=24)
    images = [(1, "A", Split.test), (2, "A", Split.test), (3, "B", Split.train)]
    images += [(2, "B", Split.val), (9, "B", Split.test), (9, "A", Split.train)]
    rows = [
        Row(k, c, s, source=i % 2, origin=f"o{i}") for i, (k, c, s) in enumerate(images, start=0)
    ]
    dataset = dataset_of(rows, Path("d"), shard_rows=2, normalisation=how)
    loaded = dataset.load()
    places = np.flatnonzero(loaded.split == Split.test)
    outcomes = outcomes_of(loaded, places, loaded.label[places].astype(np.int64))
    found = look(dataset, np.zeros((3, 2), np.float32), outcomes, classes=("A", "B"))
    told = [
        (t.place, t.origin, t.char, t.other_place, t.other_origin, t.other_char, t.other_split)
        for t in found.twins
    ]
    assert told == [(1, "o1", "A", 3, "o3", "B", "val"), (4, "o4", "B", 5, "o5", "A", "train")]
    assert [t.distance for t in found.twins] == [0, 0]
    assert found.rows_with_twin == 2
    assert unstructure(found)["twins"][0]["other_split"] == "val"


def test_scripts_are_judged_as_scripts() -> None:
    dataset = make_dataset(Path("d"), rows=300, splits=SPLITS)
    rows = dataset.load()
    places = np.flatnonzero(rows.split == Split.test)
    truth = rows.script[places].astype(np.int64)
    logits = np.stack([5 - 10 * truth, 10 * truth - 5], axis=1).astype(np.float32)
    logits[8] = -logits[8]
    found = look(
        dataset, logits, outcomes_of(rows, places, truth), classes=("Latn", "Deva"), target="script"
    )
    (suspect,) = (s for s in found.suspects if s.kind == "label")
    assert suspect.place == places[8]
    assert {suspect.label, suspect.suggestion} == {"Latn", "Deva"}
    assert suspect.label == ("Latn", "Deva")[truth[8]]


@pytest.mark.parametrize("classes", [("0",), ("0", "×")])
def test_a_model_that_is_always_right_leaves_no_label_in_doubt(classes: Sequence[str]) -> None:
    dataset = make_dataset(Path("d"), rows=40, splits=SPLITS, classes=tuple(classes))
    rows = dataset.load()
    places = np.flatnonzero(rows.split == Split.test)
    truth = rows.label[places].astype(np.int64)
    logits = 20 * np.eye(len(classes), dtype=np.float32)[truth]
    found = look(dataset, logits, outcomes_of(rows, places, truth), classes=classes)
    assert {s.kind for s in found.suspects} == {"outlier"}
    assert found.label_errors == 0


def test_logits_that_are_no_numbers_are_refused() -> None:
    dataset = make_dataset(Path("d"), rows=40, splits=SPLITS)
    _, _, logits, outcomes = judged(dataset)
    logits[3, 1] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        look(dataset, logits, outcomes)
