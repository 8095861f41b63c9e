"""Networks of 8 bits: smaller files, nearly the same answers, nothing else changed."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from conftest import Result
from hwcli.classify import Classifier, find_model
from hwcli.dataset import Dataset
from hwcli.shards import Split
from synthetic import make_dataset
from trained_runs import trained

Hwcli = Callable[..., Result]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_dataset(tmp_path_factory.mktemp("data") / "made-up", rows=1500, noise=25)


@pytest.mark.parametrize("model", ["glyphnet-small", "lenet"])
def test_a_run_becomes_small_and_says_nearly_the_same(
    model: str, hwcli: Hwcli, dataset: Dataset
) -> None:
    run = trained(hwcli, dataset, model, "--epochs", "6")
    path, weights = run / "model.onnx", (run / "model.safetensors").read_bytes()
    images = dataset.load(Split.test).images
    before, size = Classifier(path), path.stat().st_size
    told = before.logits(images)
    result = hwcli("eval", run, "--data", dataset.folder, "--int8", "--json")
    assert result.code == 0, result.err
    assert "bytes are now" in result.err and "named otherwise" in result.err
    assert result.out.count("\n") == 1, "nothing but the record"
    after = Classifier(path)
    assert after.info == before.info and path.stat().st_size < 0.5 * size
    now = after.logits(images)
    assert (now.argmax(axis=1) == told.argmax(axis=1)).mean() > 0.97
    assert np.abs(now - told).max() < 0.3 * np.abs(told).max() and not np.array_equal(now, told)
    assert json.loads(result.out)["top"]["1"] == pytest.approx(
        float((now.argmax(axis=1) == dataset.load(Split.test).label).mean()), abs=1e-6
    ), "what is judged is the new one"
    assert (run / "model.safetensors").read_bytes() == weights
    kept = path.read_bytes()
    again = hwcli("eval", run, "--data", dataset.folder, "--int8")
    assert again.code == 2 and "has 8 bits already" in again.err and path.read_bytes() == kept


def test_weights_have_seven_bits(hwcli: Hwcli, dataset: Dataset) -> None:
    """With all eight, sums overflow on processors without VNNI, and other letters come of it."""
    run = trained(hwcli, dataset, "glyphnet-small", "--epochs", "1")
    assert hwcli("eval", run, "--data", dataset.folder, "--int8").code == 0
    found = [
        onnx.numpy_helper.to_array(tensor)
        for tensor in onnx.load(run / "model.onnx").graph.initializer
        if tensor.data_type == onnx.TensorProto.INT8 and len(tensor.dims) > 1
    ]
    assert len(found) > 5 and all(np.abs(values.astype(int)).max() <= 64 for values in found)


def test_a_training_begins_with_a_model_of_8_bits(hwcli: Hwcli, dataset: Dataset) -> None:
    run = trained(hwcli, dataset, "glyphnet-small", "--epochs", "6")
    assert hwcli("eval", run, "--data", dataset.folder, "--int8").code == 0
    start = ("--init", run / "model.onnx", "--lr", "1e-9", "--epochs", "1")
    result = hwcli("train", "glyphnet-small", "--data", dataset.folder, "--out", "next", *start,
                   "--threads", "1")  # fmt: skip
    assert result.code == 0, result.err
    images = dataset.load(Split.test).images
    one, two = (Classifier(Path(name) / "model.onnx").logits(images) for name in ("run", "next"))
    assert (one.argmax(axis=1) == two.argmax(axis=1)).mean() > 0.95


def test_it_and_calibration_go_together(hwcli: Hwcli, dataset: Dataset) -> None:
    run = trained(hwcli, dataset, "glyphnet-small", "--epochs", "1")
    result = hwcli("eval", run, "--data", dataset.folder, "--int8", "--calibrate")
    assert result.code == 0, result.err
    assert result.err.index("in 8 bits") < result.err.index("temperature")


def test_what_cannot_be_is_said(hwcli: Hwcli, dataset: Dataset, tmp_path: Path) -> None:
    bundled = find_model(None).read_bytes()
    result = hwcli("eval", "glyphnet", "--data", dataset.folder, "--int8", "--shared-classes")
    assert result.code == 2 and "--int8 would change the bundled glyphnet" in result.err
    assert find_model(None).read_bytes() == bundled
    run = trained(hwcli, dataset, "lenet", "--epochs", "1")
    kept = (run / "model.onnx").read_bytes()
    result = hwcli("eval", run / "model.safetensors", "--data", dataset.folder, "--int8")
    assert result.code == 2 and "for model.onnx" in result.err
    tests = make_dataset(tmp_path / "tests", rows=200, splits=(Split.test,))
    result = hwcli("eval", run, "--data", tests.folder, "--int8")
    assert result.code == 6 and "train has not" in result.err
    result = hwcli("eval", run, "--data", "x", "--data", "y", "--int8")
    assert result.code == 2 and "--int8 needs one dataset" in result.err
    few = make_dataset(tmp_path / "few", rows=400, splits=(Split.train,))
    result = hwcli("eval", run, "--data", few.folder, "--int8")
    assert result.code == 6 and "val" in result.err
    assert (run / "model.onnx").read_bytes() == kept


def test_a_file_beside_it_is_left_alone(hwcli: Hwcli, dataset: Dataset) -> None:
    run = trained(hwcli, dataset, "lenet", "--epochs", "1")
    beside = run / "model-inferred.onnx"  # what ONNX Runtime writes beside what it reads
    beside.write_text("precious")
    assert hwcli("eval", run, "--data", dataset.folder, "--int8").code == 0
    assert beside.read_text() == "precious"
    assert sorted(p.suffix for p in run.glob("model*")) == [".onnx", ".onnx", ".safetensors"]


@pytest.mark.parametrize("model", ["svm", "rnn", "perceptron"])
def test_what_would_gain_nothing_is_left(model: str, hwcli: Hwcli, dataset: Dataset) -> None:
    run = trained(hwcli, dataset, model, *(() if model == "svm" else ("--epochs", "1")))
    kept = (run / "model.onnx").read_bytes()
    result = hwcli("eval", run, "--data", dataset.folder, "--int8")
    assert result.code == 2 and ("no smaller" in result.err or "too few layers" in result.err)
    assert (run / "model.onnx").read_bytes() == kept


def test_another_alphabet_is_found_before_anything_is_changed(
    hwcli: Hwcli, dataset: Dataset, tmp_path: Path
) -> None:
    narrow = make_dataset(tmp_path / "narrow", rows=600, classes=("|", "-", "0"))
    run = trained(hwcli, narrow, "lenet", "--epochs", "1")
    kept = (run / "model.onnx").read_bytes()
    result = hwcli("eval", run, "--data", dataset.folder, "--int8")
    assert result.code == 7 and "does not know" in result.err
    assert (run / "model.onnx").read_bytes() == kept
