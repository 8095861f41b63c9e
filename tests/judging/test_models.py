"""The same figures from every file of a model, and only its temperature changed by calibration."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from safetensors import safe_open

from conftest import Result
from hwcli.classify import Classifier
from hwcli.dataset import Dataset
from hwcli.model_info import METADATA_KEY, parse_info
from hwcli.shards import Split
from synthetic import make_dataset
from trained_runs import trained

Hwcli = Callable[..., Result]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_dataset(tmp_path_factory.mktemp("data") / "made-up", rows=1500, noise=60)


def without_speed(out: str) -> dict[str, object]:
    """The record of `--json` less what is not the same twice."""
    record = json.loads(out)
    del record["glyphs_per_s"], record["model"]
    return record


def close(one: object, two: object) -> bool:
    """Whether two records are the same but for the last digits of their numbers."""
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(close(one[k], two[k]) for k in one)
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(close, one, two))
    if isinstance(one, float) or isinstance(two, float):
        return one == pytest.approx(two, abs=1e-5)
    return one == two


@pytest.mark.parametrize("model", ["lenet", "svm"])
def test_the_same_from_onnx_and_from_the_weights(
    model: str, hwcli: Hwcli, dataset: Dataset
) -> None:
    run = trained(hwcli, dataset, model, *(("--epochs", "1") if model == "lenet" else ()))
    found = [
        hwcli("eval", name, "--data", dataset.folder, "--split", split, "--json", "--out", "o")
        for split in ("test", "train")
        for name in (run, run / "model.onnx", run / "model.safetensors")
    ]
    assert [r.code for r in found] == [0] * 6, found[-1].err
    records = [without_speed(r.out) for r in found]
    assert records[0] == records[1] and close(records[0], records[2])
    assert records[3] == records[4] and close(records[3], records[5])
    assert not close(records[0], records[3]), "the comparison can fail"
    (run / "model.onnx").unlink()
    alone = hwcli("eval", run, "--data", dataset.folder, "--json")
    assert alone.code == 0 and close(without_speed(alone.out), records[0])


def test_a_device_needs_weights(hwcli: Hwcli, dataset: Dataset) -> None:
    result = hwcli("eval", "latin", "--data", dataset.folder, "--device", "cuda")
    assert result.code == 2 and "runs on the CPU alone" in result.err
    result = hwcli("eval", trained(hwcli, dataset, "lenet", "--epochs", "1"), "--device", "cpux",
                   "--data", dataset.folder)  # fmt: skip
    assert result.code == 2 and "no such device" in result.err


def tensors_and_info(path: Path) -> tuple[dict[str, np.ndarray], dict[str, object]]:
    with safe_open(path, framework="numpy") as file:
        info = parse_info(file.metadata()[METADATA_KEY], str(path))
    return safetensors.numpy.load_file(path), {
        f: getattr(info, f) for f in info.__dataclass_fields__ if f != "temperature"
    }


def test_calibration_changes_the_temperature_and_nothing_else(
    hwcli: Hwcli, dataset: Dataset
) -> None:
    """A model that shouts is calm afterwards, by the validation split, and so on the test split."""
    run = trained(hwcli, dataset, "lenet", "--epochs", "1")
    onnx, weights = run / "model.onnx", run / "model.safetensors"
    fitted = Classifier(onnx).info.temperature
    for path in (onnx, weights):
        shout(path, Classifier(run / "model.onnx").info.to_json())
    assert Classifier(onnx).info.temperature == 0.05 != fitted
    tensors, said = tensors_and_info(weights)
    before = json.loads(hwcli("eval", run, "--data", dataset.folder, "--json").out)
    result = hwcli("eval", run, "--data", dataset.folder, "--calibrate", "--json")
    assert result.code == 0, result.err
    after = json.loads(result.out)
    assert "temperature 0.05 is now" in result.err
    assert after["confidence"]["temperature"] == pytest.approx(fitted, rel=0.02)
    assert after["confidence"]["nll"] < 0.8 * before["confidence"]["nll"]
    assert after["top"] == before["top"] and after["classes"] == before["classes"]
    assert Classifier(onnx).info.temperature == after["confidence"]["temperature"]
    now, says = tensors_and_info(weights)
    assert says == said and now.keys() == tensors.keys()
    assert all(np.array_equal(now[k], tensors[k]) for k in now)
    again = hwcli("eval", weights, "--data", dataset.folder, "--json")
    assert close(without_speed(again.out), without_speed(result.out))


def shout(path: Path, text: str) -> None:
    """Set the temperature in the file at `path` to 0.05, by its library."""
    data = json.loads(text)
    data["temperature"] = 0.05
    if path.suffix == ".onnx":
        import onnx

        proto = onnx.load(path)
        (entry,) = [p for p in proto.metadata_props if p.key == METADATA_KEY]
        entry.value = json.dumps(data)
        onnx.save(proto, path)
    else:
        content = safetensors.numpy.load_file(path)
        safetensors.numpy.save_file(content, path, {METADATA_KEY: json.dumps(data)})


def test_the_bundled_model_is_not_changed(hwcli: Hwcli, dataset: Dataset) -> None:
    result = hwcli("eval", "latin", "--data", dataset.folder, "--calibrate")
    assert result.code == 2 and "bundled latin" in result.err


def test_two_files_of_a_run_must_be_of_one_model(hwcli: Hwcli, dataset: Dataset) -> None:
    run = trained(hwcli, dataset, "lenet", "--epochs", "1")
    kept = (run / "model.onnx").read_bytes()
    shutil.move("run", "old")
    trained(hwcli, dataset, "lenet", "--epochs", "1", "--target", "script")
    (run / "model.onnx").write_bytes(kept)
    result = hwcli("eval", run, "--data", dataset.folder, "--calibrate")
    assert result.code == 7 and "another model" in result.err
    assert (run / "model.onnx").read_bytes() == kept


def test_calibration_needs_rows(hwcli: Hwcli, dataset: Dataset, tmp_path: Path) -> None:
    run = trained(hwcli, dataset, "lenet", "--epochs", "1")
    few = make_dataset(tmp_path / "few", rows=50)
    result = hwcli("eval", run, "--data", few.folder, "--calibrate")
    assert result.code == 6 and "10 rows in val" in result.err


def test_calibration_is_not_referred_to_another_split(
    hwcli: Hwcli, dataset: Dataset, tmp_path: Path
) -> None:
    run = trained(hwcli, dataset, "lenet", "--epochs", "1")
    tests = make_dataset(tmp_path / "tests", rows=200, splits=(Split.test,))
    result = hwcli("eval", run, "--data", tests.folder, "--calibrate")
    assert result.code == 6 and "val split has no rows" in result.err
    assert "--split" not in result.err
