"""Data and runs that are not as they should be: one line and the right code, or it works."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from conftest import Result
from hwcli.classify import Classifier, probabilities_of
from hwcli.models.lenet import Lenet
from hwcli.shards import Split
from hwcli.training import loop
from hwcli.training.compiling import compiled
from hwcli.training.optim import loss_of, make_optimizer
from hwcli.training.options import TrainOptions
from synthetic import CLASSES, make_dataset

Hwcli = Callable[..., Result]
SHORT = ("--epochs", "1", "--batch-size", "32", "--threads", "1", "--out", "run")


@pytest.mark.parametrize("stream", ["never", "always"])
def test_no_images_is_one_line(stream: str, hwcli: Hwcli) -> None:
    make_dataset(Path("d"), rows=0)
    result = hwcli("train", "lenet", "--data", "d", "--stream", stream, *SHORT)
    assert result.code == 6 and "too few" in result.err and result.err.count("error") == 1


@pytest.mark.parametrize("stream", ["never", "always"])
def test_one_class_works(stream: str, hwcli: Hwcli) -> None:
    make_dataset(Path("d"), rows=60, classes=("0",))
    result = hwcli("train", "lenet", "--data", "d", "--stream", stream, *SHORT)
    assert result.code == 0 and result.out.endswith("1.0000\n")


def test_ten_thousand_classes_work(hwcli: Hwcli) -> None:
    classes = tuple(chr(0x4E00 + i) for i in range(10_000))
    make_dataset(Path("d"), rows=300, classes=classes)
    result = hwcli("train", "lenet", "--data", "d", "--loss", "bce", "--balance", *SHORT)
    assert result.code == 0, result.err
    assert len(Classifier(Path("run/model.onnx")).info.classes) == 10_000


def test_a_class_without_rows_works(hwcli: Hwcli) -> None:
    folder = make_dataset(Path("d"), classes=("|", "0")).folder
    table = json.loads((folder / "dataset.json").read_text())
    assert "-" not in table["classes"]
    make_dataset(Path("e"), rows=3, classes=CLASSES, splits=(Split.train, Split.val))
    result = hwcli("train", "lenet", "--data", "e", "--balance", *SHORT)
    assert result.code == 0, result.err
    assert Classifier(Path("run/model.onnx")).info.classes == CLASSES


def test_a_missing_shard_is_one_line(hwcli: Hwcli) -> None:
    next(make_dataset(Path("d")).folder.glob("*.h5")).unlink()
    result = hwcli("train", "lenet", "--data", "d", *SHORT)
    assert result.code == 6 and "no such shard" in result.err and result.err.count("error") == 1


def test_a_learning_rate_far_too_high_is_one_line(hwcli: Hwcli) -> None:
    make_dataset(Path("d"))
    result = hwcli("train", "lenet", "--data", "d", "--optimizer", "sgd", "--lr", "1e30", *SHORT)
    assert result.code == 7 and result.err.count("error") == 1
    assert "at step" in result.err and "--lr 1e+30" in result.err


def test_a_loss_that_is_not_finite_later_keeps_the_best_epoch(
    hwcli: Hwcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The 19th step of a run of 7 steps an epoch: two epochs are whole, and stay."""
    steps = []

    def nan_at_19(*args, **kwargs) -> torch.Tensor:  # type: ignore[no-untyped-def]
        steps.append(1)
        return loss_of(*args, **kwargs) * (math.nan if len(steps) == 19 else 1)

    make_dataset(Path("d"))
    monkeypatch.setattr(loop, "loss_of", nan_at_19)
    args = ("train", "lenet", "--data", "d", "--batch-size", "32", "--lr", "3e-3", "--threads",
            "1", "--deterministic", "--epochs", "4")  # fmt: skip
    result = hwcli(*args, "--out", "run")
    assert result.code == 7
    assert "the loss is nan at step 19, epoch 3" in result.err
    config = json.loads(Path("run/config.json").read_text())
    assert (config["epochs"], config["finished"]) == (2, False)
    assert Classifier(Path("run/model.onnx")).info.architecture == "lenet"
    monkeypatch.setattr(loop, "loss_of", loss_of)
    assert hwcli("train", "--resume", "run").code == 0
    assert hwcli(*args, "--out", "whole").code == 0
    weights = (Path(f, "model.safetensors").read_bytes() for f in ("run", "whole"))
    assert next(weights) == next(weights), "the last good checkpoint was whole"


def test_bce_is_torchs_on_one_hot_targets() -> None:
    logits, targets = torch.randn(7, 5), torch.tensor([0, 1, 2, 3, 4, 0, 1])
    hot = torch.nn.functional.one_hot(targets, 5).float()
    expected = torch.nn.BCELoss()(torch.sigmoid(logits), hot)
    torch.testing.assert_close(loss_of(logits, targets, "bce"), expected)
    smooth = torch.nn.BCELoss()(torch.sigmoid(logits), hot * 0.9 + 0.1 / 5)
    torch.testing.assert_close(loss_of(logits, targets, "bce", 0.1), smooth)


def test_a_run_with_bce_learns_and_is_judged_by_it(hwcli: Hwcli) -> None:
    make_dataset(Path("d"))
    result = hwcli("train", "lenet", "--data", "d", "--loss", "bce", "--epochs", "12",
                   "--batch-size", "16", "--lr", "3e-3", "--threads", "1",
                   "--out", "run")  # fmt: skip
    assert result.code == 0 and float(result.out.split("\t")[1]) > 0.9
    first = json.loads(Path("run/metrics.jsonl").read_text().splitlines()[0])
    assert 0.3 < first["val_loss"] < 0.75, "near ln 2, where cross-entropy begins at ln 5"
    found = probabilities_of(Classifier(Path("run/model.onnx")), np.zeros((2, 28, 28), np.uint8))
    assert np.allclose(found.sum(1), 1, atol=1e-5)


def test_frozen_parts_are_left_alone() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
    model[0].requires_grad_(False)
    optimizer = make_optimizer(model, TrainOptions(weight_decay=0.1))
    learned = [p for group in optimizer.param_groups for p in group["params"]]
    assert {id(p) for p in learned} == {id(p) for p in model[1].parameters()}


def test_clipped_gradients_move_less(hwcli: Hwcli) -> None:
    make_dataset(Path("d"))
    torch.manual_seed(0)
    start = Lenet().build(classes=5, size=28).state_dict()
    moved = []
    for clip in ("0", "1e-6"):
        args = ("train", "lenet", "--data", "d", "--optimizer", "sgd", "--clip", clip, "--lr", "1")
        assert hwcli(*args, *SHORT, "--force").code == 0
        end = load_file("run/model.safetensors")
        moved.append(max(float((end[k] - start[k]).abs().max()) for k in start))
    assert moved[1] < 2e-5 < 1e-3 < moved[0], "7 steps, each of 1e-5 at most with its momentum"


def test_what_cannot_be_compiled_goes_on_without(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def no_compiler(model: torch.nn.Module) -> Callable[[torch.Tensor], torch.Tensor]:
        class Fails(torch.nn.Module):
            def forward(self, x: torch.Tensor) -> torch.Tensor:
                raise RuntimeError("no C++ compiler\nand more")

        return Fails()

    monkeypatch.setattr(torch, "compile", no_compiler)
    model = torch.nn.Linear(2, 2)
    with caplog.at_level("WARNING", logger="hwcli"):
        assert compiled(model, torch.zeros(3, 2), bf16=False) is model
    assert "goes on without" in caplog.text and "no C++ compiler" in caplog.text
    assert len(caplog.records) == 1


def test_the_trial_of_a_compiled_model_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", lambda model: torch.nn.Sequential(model))
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2), torch.nn.Dropout())
    before = {k: v.clone() for k, v in model.state_dict().items()}
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    assert compiled(model, torch.rand(8, 2, generator=torch.Generator()), bf16=False) is not model
    assert torch.equal(torch.rand(1), expected)
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())
