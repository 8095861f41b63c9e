"""`hwcli eval` as a user meets it, and the core under it."""

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from conftest import Result
from hwcli.checkpoint import save_onnx
from hwcli.classify import Classifier, probabilities_of, top_k
from hwcli.dataset import Dataset
from hwcli.errors import ModelError
from hwcli.glyph import Normalisation
from hwcli.model_info import ModelInfo
from hwcli.models.lenet import Lenet
from hwcli.shards import Split
from small_datasets import HOW, Row, dataset_of
from synthetic import CLASSES, SCRIPTS, make_dataset

Hwcli = Callable[..., Result]


def make_model(path: Path, classes: tuple[str, ...] = CLASSES, **changes: object) -> Path:
    """An untrained LeNet at `path`."""
    torch.manual_seed(0)
    scripts = tuple("Deva" if c in ("नि", "Deva") else "Latn" for c in classes)
    fields = {"target": "char", "normalisation": Normalisation(fit=24), "dataset": "made-up"}
    info = ModelInfo("lenet", {}, classes=classes, scripts=scripts, **(fields | changes))  # type: ignore[arg-type]
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = torch.zeros(2, 28, 28, dtype=torch.uint8)
    save_onnx(path, Lenet().build(classes=len(classes), size=28), info, samples)
    return path


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_dataset(tmp_path_factory.mktemp("data") / "made-up")


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "made-up.onnx")


def test_json_is_hwcli_eval_1(hwcli: Hwcli, model: Path, dataset: Dataset, tmp_path: Path) -> None:
    result = hwcli("eval", model, "--data", dataset.folder, "--json", "--out", tmp_path / "out")
    assert result.code == 0
    found = json.loads(result.out)
    assert list(found) == [
        "schema", "model", "data", "split", "target", "n", "top", "macro", "weighted", "ece",
        "classes", "confused", "intervals", "scripts", "sources", "lenient", "confidence",
        "matching", "glyphs_per_s",
    ]  # fmt: skip
    assert found["schema"] == "hwcli.eval/1"
    assert (found["model"], found["data"], found["split"]) == ("made-up", "made-up", "test")
    rows = dataset.load(Split.test)
    predictions = top_k(probabilities_of(Classifier(model), rows.images), 5)
    hits = predictions == rows.label[:, None]
    assert found["n"] == len(rows) == 80
    assert found["top"] == {str(k): hits[:, :k].any(1).mean() for k in (1, 2, 5)}
    assert [c["char"] for c in found["classes"]] == list(CLASSES)
    assert sum(c["support"] for c in found["classes"]) == 80
    assert sum(c["count"] for c in found["confused"]) == 80 - hits[:, 0].sum()
    assert set(found["macro"]) == set(found["weighted"]) == {"precision", "recall", "f1"}
    assert json.loads((tmp_path / "out" / "eval.json").read_text(encoding="utf-8")) == found


def test_the_files_say_the_same(
    hwcli: Hwcli, model: Path, dataset: Dataset, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert hwcli("eval", model, "--data", dataset.folder, "--out", out).code == 0
    assert {p.name for p in out.iterdir()} == {
        "confusion.png", "confusion.csv", "classes.csv", "eval.json", "confused.png",
        "reliability.png", "risk-coverage.png",
    }  # fmt: skip
    found = json.loads((out / "eval.json").read_text(encoding="utf-8"))
    table = list(csv.reader((out / "confusion.csv").read_text(encoding="utf-8").splitlines()))
    assert table[0][1:] == [row[0] for row in table[1:]] == list(CLASSES)
    counts = np.array([row[1:] for row in table[1:]], int)
    assert counts.trace() / counts.sum() == found["top"]["1"]
    assert counts.sum(1).tolist() == [c["support"] for c in found["classes"]]
    classes = list(csv.DictReader((out / "classes.csv").read_text(encoding="utf-8").splitlines()))
    assert [c["codepoints"] for c in classes][-1] == "U+0928 U+093F"
    assert [float(c["f1"]) for c in classes] == [c["f1"] for c in found["classes"]]


def test_the_table_has_no_escapes_even_when_colour_is_forced(
    hwcli: Hwcli, model: Path, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FORCE_COLOR", "GITHUB_ACTIONS", "PY_COLORS"):
        monkeypatch.setenv(name, "1")
    result = hwcli("eval", model, "--data", dataset.folder, "--topk", "3,1")
    assert result.code == 0
    assert "\x1b" not in result.out
    assert "top-1 accuracy" in result.out and "top-3 accuracy" in result.out
    assert "top-2" not in result.out
    assert all(c in result.out for c in CLASSES)


def test_without_a_model_the_latest_run_on_its_own_dataset(
    hwcli: Hwcli, dataset: Dataset, model: Path
) -> None:
    make_dataset(Path("data/other"), classes=CLASSES[:2])
    make_dataset(Path("data/made-up"), rows=40)
    make_dataset(Path("data/newest"), classes=CLASSES[:2])
    run = Path("runs/lenet-made-up-1")
    run.mkdir(parents=True)
    (run / "model.onnx").write_bytes(model.read_bytes())
    (run / "config.json").write_text("{}")
    result = hwcli("eval", "--json")
    assert result.code == 0
    found = json.loads(result.out)
    assert (found["model"], found["data"]) == ("lenet-made-up-1", "made-up")
    assert (run / "eval-made-up-test" / "confusion.png").is_file()
    assert "lenet-made-up-1" in result.err and "made-up" in result.err


def test_no_run_is_told_with_a_way_out(hwcli: Hwcli) -> None:
    result = hwcli("eval")
    assert result.code == 7
    assert "hwcli train" in result.err
    assert result.out == ""


def test_a_split_without_rows_is_told_with_those_that_are_there(
    hwcli: Hwcli, model: Path, tmp_path: Path
) -> None:
    make_dataset(tmp_path / "d", splits=(Split.train, Split.val), rows=20)
    result = hwcli("eval", model, "--data", tmp_path / "d")
    assert result.code == 6
    assert "--split train" in result.err
    assert hwcli("eval", model, "--data", tmp_path / "d", "--split", "val").code == 0


def test_classes_that_the_model_lacks(hwcli: Hwcli, dataset: Dataset, tmp_path: Path) -> None:
    model = make_model(tmp_path / "m.onnx", ("×", "x", "0"))
    result = hwcli("eval", model, "--data", dataset.folder)
    assert result.code == 7
    assert "| - नि" in result.err and "--shared-classes" in result.err
    result = hwcli("eval", model, "--data", dataset.folder, "--shared-classes", "--json")
    assert result.code == 0
    found = json.loads(result.out)
    rows = dataset.load(Split.test)
    assert found["n"] == np.isin(rows.label, [2, 3]).sum()
    support = {c["char"]: c["support"] for c in found["classes"]}
    assert support == {"×": (rows.label == 3).sum(), "x": 0, "0": (rows.label == 2).sum()}


def test_no_class_in_common(hwcli: Hwcli, dataset: Dataset, tmp_path: Path) -> None:
    model = make_model(tmp_path / "m.onnx", ("a", "b"))
    result = hwcli("eval", model, "--data", dataset.folder, "--shared-classes")
    assert result.code == 7
    assert "no class in common" in result.err


def test_a_class_that_is_not_in_the_split_is_not_missed(hwcli: Hwcli, tmp_path: Path) -> None:
    """Only rows count: a class of the dataset without rows here does no harm."""
    model = make_model(tmp_path / "m.onnx", ("0", "|"))
    data = make_dataset(tmp_path / "d", classes=("0", "|"), rows=20, splits=(Split.test,))
    assert hwcli("eval", model, "--data", data.folder).code == 0


def test_the_other_case_by_which_a_character_is_judged(hwcli: Hwcli, tmp_path: Path) -> None:
    """As EMNIST's merged classes have it: c is C there."""
    data = dataset_of([Row(i, c, Split.test) for i, c in enumerate("cCoxX")], tmp_path / "d",
                      normalisation=replace(HOW, size=28, fit=24))  # fmt: skip
    model = make_model(tmp_path / "m.onnx", ("C", "O", "x", "X"))
    args = ("eval", model, "--data", data.folder, "--json")
    result = hwcli(*args)
    assert result.code == 7 and "--fold-case judges 2 by the other case" in result.err
    result = hwcli(*args, "--fold-case")
    assert result.code == 0
    found = json.loads(result.out)
    assert {c["char"]: c["support"] for c in found["classes"]} == {"C": 2, "O": 1, "x": 1, "X": 1}
    assert found["matching"]["folded"] == {"c": "C", "o": "O"}
    result = hwcli(*args, "--shared-classes")
    assert json.loads(result.out)["matching"]["left_out"] == [
        {"char": "c", "n": 1}, {"char": "o", "n": 1},
    ]  # fmt: skip


def test_several_models_and_datasets_give_one_table(
    hwcli: Hwcli, model: Path, dataset: Dataset, tmp_path: Path
) -> None:
    """What does not fit is a row that says why; the others are judged; 8."""
    other = make_dataset(tmp_path / "other", seed=3)
    make_dataset(tmp_path / "large", rows=20, size=32)
    digits = make_model(tmp_path / "digits.onnx", ("0", "1"))
    data = [a for f in (dataset.folder, other.folder, tmp_path / "large") for a in ("--data", f)]
    result = hwcli("eval", model, digits, *data, "--out", "o")
    assert result.code == 8
    assert "5 of 6 could not be judged" not in result.err and "4 of 6" in result.err
    lines = [line.split() for line in result.out.splitlines() if line.strip()]
    assert [line[:2] for line in lines[2:]] == [
        ["made-up", "made-up"], ["made-up", "other"], ["made-up", "large"],
        ["digits", "made-up"], ["digits", "other"], ["digits", "large"],
    ]  # fmt: skip
    assert "32 px" in result.out and "does not know" in result.out
    assert sorted(p.name for p in Path("o").iterdir()) == [
        "made-up-made-up-test", "made-up-other-test",
    ]  # fmt: skip
    rows = hwcli("eval", model, digits, *data, "--out", "o", "--csv")
    assert rows.code == 8
    found = list(csv.DictReader(rows.out.splitlines()))
    assert [bool(r["error"]) for r in found] == [False, False, True, True, True, True]
    assert all(None not in r and None not in r.values() for r in found)
    lines = hwcli("eval", model, digits, *data, "--out", "o", "--json").out.splitlines()
    records = [json.loads(line) for line in lines]
    assert ["error" in r for r in records] == [False, False, True, True, True, True]
    assert records[2]["error"]["type"] == "ModelError"
    assert float(found[0]["top1"]) == records[0]["top"]["1"]
    assert float(found[0]["top1_low"]) == records[0]["intervals"]["top"]["1"]["low"]


def test_two_models_of_one_name_have_folders_of_their_own(
    hwcli: Hwcli, model: Path, dataset: Dataset, tmp_path: Path
) -> None:
    shutil.copytree(model.parent, tmp_path / "copy")
    models = (model, tmp_path / "copy" / model.name)
    assert hwcli("eval", *models, "--data", dataset.folder, "--out", "o").code == 0
    assert sorted(p.name for p in Path("o").iterdir()) == [
        "made-up-made-up-test", "made-up-made-up-test-2",
    ]  # fmt: skip


def test_the_gate_holds_for_each_of_several(
    hwcli: Hwcli, model: Path, dataset: Dataset, tmp_path: Path
) -> None:
    other = make_dataset(tmp_path / "other", seed=3)
    args = ("eval", model, "--data", dataset.folder, "--data", other.folder, "--out", "o")
    assert hwcli(*args, "--min-accuracy", "0").code == 0
    result = hwcli(*args, "--min-accuracy", "0.99")
    assert result.code == 11 and "made-up on made-up" in result.err


@pytest.mark.parametrize(
    "options", [("--json", "--csv"), ("--calibrate", "--data", "x", "--data", "y")]
)
def test_options_that_exclude_each_other(
    options: tuple[str, ...], hwcli: Hwcli, model: Path
) -> None:
    assert hwcli("eval", model, *options).code == 2


def test_lenient_scores_stand_beside_the_strict_ones(
    hwcli: Hwcli, model: Path, dataset: Dataset
) -> None:
    args = ("eval", model, "--data", dataset.folder, "--equiv", "|-,0×")
    result = hwcli(*args)
    assert result.code == 0 and "--equiv" in result.out.splitlines()[2]
    (lenient,) = json.loads(hwcli(*args, "--json").out)["lenient"]
    assert lenient["groups"] == [["|", "-"], ["0", "×"]]
    assert lenient["top"]["1"] >= json.loads(hwcli(*args, "--json").out)["top"]["1"]


def test_script_as_the_target(hwcli: Hwcli, dataset: Dataset, tmp_path: Path) -> None:
    model = make_model(tmp_path / "m.onnx", SCRIPTS, target="script")
    found = json.loads(hwcli("eval", model, "--data", dataset.folder, "--json").out)
    assert found["target"] == "script"
    rows = dataset.load(Split.test)
    assert [c["support"] for c in found["classes"]] == np.bincount(rows.script).tolist()


def test_the_gate(hwcli: Hwcli, model: Path, dataset: Dataset, tmp_path: Path) -> None:
    args = ("eval", model, "--data", dataset.folder, "--json", "--out", tmp_path / "out")
    result = hwcli(*args, "--min-accuracy", "1")
    assert result.code == 11
    assert "below 1" in result.err
    assert json.loads(result.out)["n"] == 80, "the result is there all the same"
    assert hwcli(*args, "--min-accuracy", "0").code == 0


def test_another_image_size_is_refused(hwcli: Hwcli, model: Path, tmp_path: Path) -> None:
    make_dataset(tmp_path / "d", rows=20, size=32)
    result = hwcli("eval", model, "--data", tmp_path / "d")
    assert result.code == 7
    assert "28 px" in result.err and "32 px" in result.err


def test_another_normalisation_is_warned_of(hwcli: Hwcli, dataset: Dataset, tmp_path: Path) -> None:
    model = make_model(tmp_path / "m.onnx", normalisation=Normalisation(fit=20, centre="mass"))
    result = hwcli("eval", model, "--data", dataset.folder)
    assert result.code == 0
    assert "another normalisation" in result.err


@pytest.mark.parametrize(
    ("option", "value"),
    [("--want", "0"), ("--want", "1.1"), ("--want", "x"), ("--want", "nan"), ("--equiv", "a"),
     ("--equiv", ""), ("--device", "gpu"), ("--topk", "0"), ("--topk", "1,x"),
     ("--topk", ""), ("--topk", "-1"),
     ("--min-accuracy", "98"), ("--min-accuracy", "nan"), ("--threads", "-1"),
     ("--threads", "99999999999"),
     ("--split", "testing")],
)  # fmt: skip
def test_bad_options_are_usage_errors(
    option: str, value: str, hwcli: Hwcli, model: Path, dataset: Dataset
) -> None:
    assert hwcli("eval", model, "--data", dataset.folder, f"{option}={value}").code == 2


def test_a_place_that_cannot_be_written_is_told(
    hwcli: Hwcli, model: Path, dataset: Dataset
) -> None:
    Path("file").write_text("in the way")
    result = hwcli("eval", model, "--data", dataset.folder, "--out", "file/report")
    assert result.code == 2 and "file/report: cannot be written" in result.err


def test_more_places_than_classes_are_all_right(
    hwcli: Hwcli, model: Path, dataset: Dataset
) -> None:
    found = json.loads(hwcli("eval", model, "--data", dataset.folder, "--topk", "99", "--json").out)
    assert found["top"] == {"99": 1.0}


def test_outputs_that_are_no_numbers_are_refused(
    dataset: Dataset, model: Path, monkeypatch: pytest.MonkeyPatch, hwcli: Hwcli
) -> None:
    wrong = np.full((80, len(CLASSES)), np.nan, np.float32)
    monkeypatch.setattr(Classifier, "logits", lambda self, glyphs: wrong[: len(glyphs)])
    result = hwcli("eval", model, "--data", dataset.folder)
    assert result.code == ModelError.exit_code == 7
    assert "not finite" in result.err


def test_eval_does_not_import_torch(model: Path, dataset: Dataset, tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from hwcli.cli import main\n"
        "assert main(sys.argv[1:]) == 0\n"
        "heavy = {'torch', 'torchvision', 'sklearn'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    command = [sys.executable, "-c", code, "eval", str(model), "--data", str(dataset.folder)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "top-1 accuracy" in done.stdout


def doubt_of(hwcli: Hwcli, model: Path, *args: object) -> str:
    result = hwcli("eval", model, *args)
    assert result.code == 0, result.err
    return "\n".join(line for line in result.err.splitlines() if "warning" in line)


def test_rows_that_may_have_been_in_training_are_warned_of(hwcli: Hwcli, tmp_path: Path) -> None:
    data = make_dataset(Path("data/made-up"))
    model = make_model(tmp_path / "m.onnx", dataset_sha256=data.sha256)
    assert doubt_of(hwcli, model) == ""
    assert "train split" in doubt_of(hwcli, model, "--split", "train")
    other = make_dataset(Path("data/other"), seed=2)
    assert "shares made-up with made-up" in doubt_of(hwcli, model, "--data", other.folder)
    make_dataset(Path("data/made-up"), seed=1)
    assert "made anew since this model was trained" in doubt_of(hwcli, model)


def test_what_a_shipped_recipe_is_made_of_is_known_without_its_dataset(
    hwcli: Hwcli, dataset: Dataset, tmp_path: Path
) -> None:
    model = make_model(tmp_path / "m.onnx", dataset="latin", dataset_sha256="0" * 64)
    assert doubt_of(hwcli, model, "--data", dataset.folder) == ""
    data = make_dataset(tmp_path / "d")
    path = data.folder / "dataset.json"
    path.write_text(
        path.read_text().replace(
            '"recipe": {}',
            """"recipe": {"source": [
        {"url": "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip"}, 5]}""",
        )
    )
    assert "with latin" in doubt_of(hwcli, model, "--data", data.folder)


def test_a_picture_that_cannot_be_drawn_costs_no_results(
    hwcli: Hwcli, model: Path, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> bytes:
        raise MemoryError("too large")

    monkeypatch.setattr("hwcli.report.evaluation.draw_confusion", fail)
    result = hwcli("eval", model, "--data", dataset.folder, "--json", "--out", tmp_path / "out")
    assert result.code == 0
    assert json.loads(result.out)["n"] == 80
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        "confusion.csv", "classes.csv", "eval.json", "confused.png", "reliability.png",
        "risk-coverage.png",
    }  # fmt: skip
