"""The svm from a dataset to eval and ocr."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from conftest import Result
from hwcli.checkpoint import load_weights
from hwcli.classify import Classifier
from hwcli.dataset import open_dataset
from hwcli.shards import Split
from small_datasets import Row, dataset_of
from synthetic import make_dataset

Hwcli = Callable[..., Result]


@pytest.mark.parametrize("kernel", ["rbf", "linear", "poly"])
def test_a_fitted_machine_is_judged_and_reads_like_any_other(
    kernel: str, hwcli: Hwcli, tmp_path: Path
) -> None:
    data = make_dataset(tmp_path / "d").folder
    args = ("train", "svm", "--data", data, "--out", "run", "--threads", "1")
    result = hwcli(*args, "--kernel", kernel, "--gamma", "0.1", "--max-glyphs", "100")
    assert result.code == 0, result.err
    assert float(result.out.split("\t")[1]) > 0.9
    assert "fitting on 100 of" in result.err and "--max-glyphs" in result.err
    assert {p.name for p in Path("run").iterdir()} == {
        "model.safetensors", "model.onnx", "metrics.jsonl", "config.json", "curves.png",
    }  # fmt: skip
    info = load_weights(Path("run/model.safetensors"))[1]
    assert info == Classifier(Path("run/model.onnx")).info
    assert (info.options["kernel"], info.options["gamma"]) == (kernel, 0.1)
    assert info.temperature != 1
    config = json.loads(Path("run/config.json").read_text())
    assert config["model_options"] == info.options and config["parameters"] > 0
    (line,) = Path("run/metrics.jsonl").read_text().splitlines()
    assert json.loads(line)["val_accuracy"] == config["val_accuracy"]

    judged = hwcli("eval", "run", "--data", data, "--json")
    assert judged.code == 0, judged.err
    assert json.loads(judged.out)["top"]["1"] > 0.9
    rows = open_dataset(data).load(Split.test)
    page = np.full((100, 200), 255, np.uint8)
    page[30:58, 40:68] = 255 - rows.images[0]
    cv2.imwrite("page.png", page)
    read = hwcli("ocr", "page.png", "--model", "run")
    assert read.code == 0, read.err
    assert json.loads(read.out)["model"]


def test_the_grid_is_shown_and_its_best_is_kept(hwcli: Hwcli, tmp_path: Path) -> None:
    data = make_dataset(tmp_path / "d").folder
    args = ("train", "svm", "--data", data, "--out", "run", "--threads", "1")
    result = hwcli(*args, "--grid", "--max-glyphs", "90")
    assert result.code == 0, result.err
    table = [line.split()[1:] for line in result.err.splitlines() if line.startswith("hwcli:   ")]
    assert [row[0] for row in table[1:]].count("rbf") == 9
    assert {row[0] for row in table[1:]} == {"rbf", "linear", "poly"}
    best = max(table[1:], key=lambda row: float(row[-1]))
    options = load_weights(Path("run/model.safetensors"))[1].options
    assert (options["kernel"], options["c"]) == (best[0], float(best[1]))


def test_the_same_seed_draws_the_same_glyphs(hwcli: Hwcli, tmp_path: Path) -> None:
    data = make_dataset(tmp_path / "d").folder
    weights = []
    for seed in ("0", "0", "1"):
        args = ("--seed", seed, "--max-glyphs", "50", "--out", "run", "--force")
        assert hwcli("-q", "train", "svm", "--data", data, *args).code == 0
        weights.append(Path("run/model.safetensors").read_bytes())
    assert weights[0] == weights[1] != weights[2]


def test_options_of_the_loop_are_said_to_have_no_effect(hwcli: Hwcli, tmp_path: Path) -> None:
    data = make_dataset(tmp_path / "d").folder
    result = hwcli("train", "svm", "--data", data, "--out", "run", "--lr", "0.5", "--time", "1m")
    assert result.code == 0
    assert "without effect: --time, --lr" in result.err


def test_what_cannot_be_fitted_is_told(hwcli: Hwcli, tmp_path: Path) -> None:
    one = [Row(k, "A", Split.val if k < 5 else Split.train) for k in range(30)]
    few = [*one, Row(31, "B"), Row(32, "B")]
    for name, rows, args in (("one", one, ()), ("few", few, ("--grid",))):
        folder = dataset_of(rows, tmp_path / name).folder
        result = hwcli("train", "svm", "--data", folder, "--out", name, *args)
        assert result.code == 7, result.err
        assert "two classes" in result.err or "3 glyphs of each class" in result.err
