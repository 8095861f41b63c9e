"""The files of an evaluation."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluations import HOSTILE, audit_of, judgement_of, pictures, probabilities_of
from hwcli.errors import UsageError
from hwcli.judging.audit import Audit
from hwcli.judging.evaluation import Judgement
from hwcli.report.evaluation import AUDIT_FILES, EVALUATION_FILES, write_evaluation
from hwcli.report.examples import examples_of
from hwcli.structure import unstructure

N = len(HOSTILE)
TRUTH = np.random.default_rng(0).integers(0, N - 1, 900)
PROBABILITIES = probabilities_of(TRUTH, N, np.random.default_rng(1))
JUDGED = judgement_of(TRUTH, PROBABILITIES, HOSTILE, ["Latn", "Deva"] * (N // 2))
AUDIT = audit_of(JUDGED, PROBABILITIES, pictures())


def table(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_all_files_and_what_they_say(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    write_evaluation(out, JUDGED, AUDIT, pictures())
    assert {p.name for p in out.iterdir()} == {*EVALUATION_FILES, *AUDIT_FILES}
    for name in (*EVALUATION_FILES, *AUDIT_FILES):
        if name.endswith(".png"):
            assert (out / name).read_bytes().startswith(b"\x89PNG")
    confusion = table(out / "confusion.csv")
    assert confusion[0][1:] == [row[0] for row in confusion[1:]] == list(HOSTILE)
    assert (np.array([row[1:] for row in confusion[1:]], int) == JUDGED.confusion).all()
    head, *classes = table(out / "classes.csv")
    assert head == ["char", "codepoints", "script", "precision", "recall", "f1", "support"]
    assert [row[0] for row in classes] == list(HOSTILE)
    assert [float(row[5]) for row in classes] == [c.f1 for c in JUDGED.evaluation.classes]
    found = json.loads((out / "eval.json").read_text("utf-8"))
    assert found["n"] == len(TRUTH) and found["schema"] == "hwcli.eval/1"
    assert found == json.loads(json.dumps(unstructure(JUDGED.evaluation)))
    assert len(table(out / "suspects.csv")) == 1 + len(AUDIT.suspects)
    assert len(table(out / "twins.csv")) == 1 + len(AUDIT.twins)


def test_files_of_an_earlier_evaluation_do_not_stay(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    write_evaluation(tmp_path, JUDGED, AUDIT, pictures())
    sure = np.eye(N, dtype=np.float32)[TRUTH]
    right = judgement_of(TRUTH, sure, HOSTILE, ["Latn"] * N)
    write_evaluation(tmp_path, right, None, pictures())
    left = {p.name for p in tmp_path.iterdir()}
    assert left == {*EVALUATION_FILES, "mine.txt"} - {"confused.png"}
    write_evaluation(tmp_path, right, Audit(0.0, (), ()), pictures())
    assert not (tmp_path / "suspects.png").exists()
    assert len(table(tmp_path / "suspects.csv")) == 1


def test_a_picture_that_cannot_be_drawn_costs_no_results(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(places: Sequence[int]) -> NDArray[np.uint8]:
        raise MemoryError("too many")

    write_evaluation(tmp_path, JUDGED, AUDIT, fail)
    there = {p.name for p in tmp_path.iterdir()}
    assert there == {*EVALUATION_FILES, *AUDIT_FILES} - {"confused.png", "suspects.png"}
    assert len(caplog.records) == 2 and "too many" in caplog.text


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match="file/out: cannot be written"):
        write_evaluation(tmp_path / "file" / "out", JUDGED, None, pictures())


def test_examples_are_of_what_they_are_said_to_be() -> None:
    shift = np.arange(len(TRUTH)) + 10**6
    judged = judgement_of(TRUTH, PROBABILITIES, HOSTILE, ["x"] * N, place=shift)
    examples = examples_of(judged, 12)
    o = judged.outcomes
    row = {int(p): k for k, p in enumerate(o.place)}
    assert set(examples.typical) == set(TRUTH.tolist())
    for number, places in examples.typical.items():
        assert 1 <= len(places) <= 3
        assert all(o.truth[row[p]] == o.predicted[row[p]] == number for p in places)
    assert len(examples.pairs) == 12
    for pair, told in zip(examples.pairs, judged.evaluation.confused, strict=False):
        assert (HOSTILE[pair.truth], HOSTILE[pair.predicted]) == (told.truth, told.predicted)
        rows = [row[p] for p in pair.places]
        assert len(set(rows)) == min(8, told.count)
        assert all(o.truth[k] == pair.truth and o.predicted[k] == pair.predicted for k in rows)
        assert [o.confidence[k] for k in rows] == sorted(
            (o.confidence[k] for k in rows), reverse=True
        )
        assert pair.support == judged.evaluation.classes[pair.truth].support
    assert examples.places() <= set(o.place.tolist())


def test_a_class_that_is_never_read_right_is_shown_all_the_same() -> None:
    truth = np.array([0, 0, 1])
    wrong = np.eye(2, dtype=np.float32)[[1, 1, 1]]
    examples = examples_of(judgement_of(truth, wrong, "ab", ("x", "x")))
    assert set(examples.typical) == {0, 1} and set(examples.typical[0]) <= {0, 1}


def test_an_evaluation_keeps_its_columns() -> None:
    assert isinstance(JUDGED, Judgement) and JUDGED.accuracy == JUDGED.evaluation.top["1"]
