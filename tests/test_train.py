"""`hwcli train` as a user meets it."""

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np
import pytest

from conftest import Result
from hwcli.classify import Classifier
from hwcli.models.table import INNER_OPTIONS, MODELS, options_of
from hwcli.training.runs import latest_run, new_run
from synthetic import make_dataset

Hwcli = Callable[..., Result]
SHORT = ("--epochs", "1", "--batch-size", "32", "--threads", "1")


def test_list_shows_every_model_with_its_parameters(hwcli: Hwcli) -> None:
    result = hwcli("train", "--list")
    assert result.code == 0
    assert all(name in result.out for name in MODELS)
    assert "63,406" in result.out
    assert "\x1b" not in result.out


def test_train_prints_the_run_folder_and_the_accuracy(hwcli: Hwcli) -> None:
    make_dataset(Path("data/older"))
    make_dataset(Path("data/made-up"))
    result = hwcli("train", "lenet", *SHORT)
    assert result.code == 0, result.err
    folder, accuracy = result.out.rstrip("\n").split("\t")
    assert folder.startswith("runs/lenet-made-up-")
    assert 0 <= float(accuracy) <= 1
    assert "made-up" in result.err, "which dataset is said"
    assert Classifier(Path(folder) / "model.onnx").info.dataset == "made-up"
    assert latest_run() == Path(folder)
    config = json.loads((Path(folder) / "config.json").read_text())
    assert config["options"]["epochs"] == 1, "a flag overrides"
    assert config["options"]["augment"] == "rotate", "the model's own default"


def test_every_option_reaches_the_run(
    hwcli: Hwcli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.compile", lambda model: model)  # that takes half a minute
    make_dataset(tmp_path / "d")
    options = {
        "target": "script", "device": "cpu", "epochs": 2, "time_s": 60.0, "batch_size": 16,
        "lr": 0.01, "optimizer": "adamw", "weight_decay": 0.1, "schedule": "cosine",
        "label_smoothing": 0.05, "ema": 0.5, "patience": 9, "augment": "rotate+blur",
        "flip": "both", "balance": True, "precision": "fp32", "seed": 3, "threads": 1,
        "loss": "bce", "clip": 2.0, "stream": "always", "deterministic": True, "compile": True,
    }  # fmt: skip
    flags = []
    for name, value in options.items():
        flag = "--time" if name == "time_s" else f"--{name.replace('_', '-')}"
        flags += [flag] if value is True else [flag, "1m" if name == "time_s" else str(value)]
    result = hwcli("-q", "train", "glyphnet", "--data", tmp_path / "d", "--out", "run", *flags)
    assert result.code == 0, result.err
    assert result.err == ""
    recorded = json.loads(Path("run/config.json").read_text())["options"]
    assert recorded.pop("weights") == ""
    assert recorded == options


def test_options_of_the_model_reach_it_and_its_file(hwcli: Hwcli, tmp_path: Path) -> None:
    make_dataset(tmp_path / "d")
    flags = ("--hidden", "20,10", "--activation", "tanhexp", "--dropout", "0.1")
    args = ("train", "perceptron", "--data", tmp_path / "d", "--out", "run", *flags, *SHORT)
    assert hwcli(*args).code == 0
    wanted = {"hidden": "20,10", "activation": "tanhexp", "dropout": 0.1, "input_size": 0}
    config = json.loads(Path("run/config.json").read_text())
    assert config["model_options"] == wanted
    assert config["parameters"] == 784 * 20 + 20 + 20 * 10 + 10 + 10 * 5 + 5
    assert Classifier(Path("run/model.onnx")).info.options == wanted


def test_every_option_of_a_model_has_a_flag_or_is_inner(hwcli: Hwcli) -> None:
    told = hwcli("train", "--help").out
    for name in MODELS:
        for option in set(options_of(MODELS[name].architecture)) - INNER_OPTIONS:
            assert f"--{option.replace('_', '-')}" in told, (name, option)


def test_time_alone_lifts_the_limit_of_epochs(hwcli: Hwcli, tmp_path: Path) -> None:
    make_dataset(tmp_path / "d")
    result = hwcli("train", "lenet", "--data", tmp_path / "d", "--time", "0.5s", "--out", "run")
    assert result.code == 0
    options = json.loads(Path("run/config.json").read_text())["options"]
    assert (options["epochs"], options["time_s"]) == (0, 0.5)


def test_a_device_that_is_not_there_exits_10_in_one_line(
    hwcli: Hwcli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    make_dataset(tmp_path / "d")
    result = hwcli("-q", "train", "lenet", "--data", tmp_path / "d", "--device", "cuda")
    assert result.code == 10
    assert result.out == ""
    assert [line.split(": ")[1] for line in result.err.splitlines()] == ["error", "hint"]
    assert not Path("runs").exists(), "no empty run is left"


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        ((), 2, "--list"),
        (("lenett",), 2, "lenet"),
        (("lenet", "--lr", "0"), 2, "--lr"),
        (("lenet", "--time", "soon"), 2, "5m"),
        (("lenet", "--optimizer", "lion"), 2, "optimizer"),
        (("lenet", "--device", "tpu"), 2, "cuda"),
        (("lenet", "--device", "cpu:"), 2, "cuda"),
        (("lenet", "--threads", "99999999999"), 2, "1024"),
        (("lenet", "--batch-size", "9" * 30), 2, "--batch-size"),
        (("lenet", "--hidden", "64"), 2, "lenet has no --hidden"),
        (("perceptron", "--hidden", "64;32"), 2, "widths like 512,256"),
        (("perceptron", "--activation", "gelu"), 2, "tanhexp"),
        (("rnn", "--dropout", "1"), 2, "dropout"),
        (("svm", "--kernel", "cosine"), 2, "rbf, linear, poly"),
        (("svm", "--c", "-1"), 2, "c must be above 0"),
        (("lenet", "--weights", "w.pth"), 2, "no published weights"),
        (("vgg19", "--weights", "w.pth"), 7, "w.pth: no such weights"),
        (("torchvision:lenet",), 2, "torchvision has no model 'lenet'"),
        (("lenet", "--data", "nowhere"), 6, "nowhere"),
        (("lenet", "--out", "x" * 300), 7, "too long"),
        (("lenet", "--preview-augment", "none/x.png"), 3, "none/x.png: cannot be written"),
    ],
)
def test_what_cannot_be_is_told(args: tuple[str, ...], code: int, said: str, hwcli: Hwcli) -> None:
    make_dataset(Path("data/d"), rows=30)
    result = hwcli("train", *args)
    assert result.code == code
    assert said in result.err
    assert result.out == ""


def test_a_run_is_replaced_only_by_force(hwcli: Hwcli, tmp_path: Path) -> None:
    make_dataset(tmp_path / "d")
    args = ("train", "lenet", "--data", tmp_path / "d", "--out", "run", *SHORT)
    assert hwcli(*args).code == 0
    before = Path("run/model.onnx").read_bytes()
    refused = hwcli(*args)
    assert refused.code == 2 and "--force" in refused.err
    assert Path("run/model.onnx").read_bytes() == before
    assert hwcli(*args, "--force", "--seed", "5").code == 0
    assert Path("run/model.onnx").read_bytes() != before


def test_a_loss_that_is_not_finite_exits_7_with_the_hint(hwcli: Hwcli, tmp_path: Path) -> None:
    make_dataset(tmp_path / "d")
    result = hwcli("train", "lenet", "--data", tmp_path / "d", "--optimizer", "sgd",
                   "--lr", "1e12", *SHORT)  # fmt: skip
    assert result.code == 7
    assert "step" in result.err and "--lr" in result.err


def test_a_place_that_cannot_be_written_is_told(hwcli: Hwcli, tmp_path: Path) -> None:
    data = make_dataset(tmp_path / "d").folder
    Path("file").write_text("in the way")
    train = hwcli("train", "lenet", "--data", data, "--out", "file/run", *SHORT)
    assert train.code == 7 and "file/run: cannot be written" in train.err


def test_a_full_disk_is_told(hwcli: Hwcli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("hwcli.training.state.write_bytes", full)
    make_dataset(tmp_path / "d")
    result = hwcli("train", "lenet", "--data", tmp_path / "d", "--out", "run", *SHORT)
    assert result.code == 7
    assert "No space left" in result.err


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_ctrl_c_exits_130_and_keeps_the_best_model(tmp_path: Path) -> None:
    make_dataset(tmp_path / "d")
    command = [sys.executable, "-m", "hwcli", "train", "lenet", "--data", "d", "--out", "run",
               "--epochs", "100000", "--patience", "0", "--threads", "1"]  # fmt: skip
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None and process.stdout is not None
        while "epoch 2:" not in (line := process.stderr.readline()):
            assert line, "ended before it was interrupted"
        process.send_signal(signal.SIGINT)
        rest, out = process.stderr.read(), process.stdout.read()
    assert process.returncode == 130, rest
    assert out == ""
    assert "Traceback" not in rest
    assert Classifier(tmp_path / "run" / "model.onnx").info.architecture == "lenet"


def test_the_augmentation_sheet(hwcli: Hwcli, tmp_path: Path) -> None:
    make_dataset(tmp_path / "d")
    args = ("train", "glyphnet", "--data", tmp_path / "d", "--preview-augment", "sheet.png")
    assert hwcli(*args).code == 0
    sheet = cv2.imread("sheet.png", cv2.IMREAD_UNCHANGED)
    assert sheet.shape[0] > 24 * 28 and sheet.shape[1] > 20 * 28
    assert not Path("runs").exists()


def test_the_sheet_has_a_column_for_each_effect_by_itself(hwcli: Hwcli, tmp_path: Path) -> None:
    make_dataset(tmp_path / "d", noise=0)
    args = ("train", "lenet", "--data", tmp_path / "d", "--preview-augment", "sheet.png")
    assert hwcli(*args, "--augment", "erase", "--flip", "vertical").code == 0
    sheet = cv2.imread("sheet.png", cv2.IMREAD_UNCHANGED)
    as_it_is, erased, flipped = (sheet[16:-2, 2 + 58 * n : 58 + 58 * n] for n in range(3))
    rows = [slice(58 * row, 58 * row + 56) for row in range(24)]
    changed = sum(not np.array_equal(as_it_is[row], erased[row]) for row in rows)
    assert changed >= 20, "all of the column, but for blanks that were erased to paper"
    mirrored = sum(np.array_equal(as_it_is[row][::-1], flipped[row]) for row in rows)
    assert mirrored >= 12


def test_runs_of_the_same_second_do_not_share_a_folder() -> None:
    with ExitStack() as stack:
        new = [new_run("lenet", "d", out=None, force=False) for _ in range(3)]
        assert len({stack.enter_context(one) for one in new}) == 3


def test_the_latest_run_is_the_one_whose_model_is_newest() -> None:
    assert latest_run() is None
    for name in ("b", "a"):
        Path("runs", name).mkdir(parents=True)
        Path("runs", name, "model.onnx").write_bytes(b"x")
    Path("runs/unfinished").mkdir()
    assert latest_run() == Path("runs/a")


def test_the_help_of_train_and_eval_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from hwcli.cli import main\n"
        "assert main([sys.argv[1], '-h']) == 0\n"
        "heavy = {'torch', 'numpy', 'cv2', 'h5py', 'onnxruntime', 'matplotlib', 'rich'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    for command in ("train", "eval"):
        done = subprocess.run(
            [sys.executable, "-c", code, command], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "For example" in done.stdout


def test_curves_that_cannot_be_drawn_cost_no_model(
    hwcli: Hwcli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> bytes:
        raise ValueError("no such symbol\nin line 1")

    monkeypatch.setattr("hwcli.training.train.draw_curves", fail)
    make_dataset(tmp_path / "d")
    result = hwcli("train", "lenet", "--data", tmp_path / "d", "--out", "run", *SHORT)
    assert result.code == 0
    assert "curves.png: cannot be drawn (no such symbol)" in result.err
    assert Classifier(Path("run/model.onnx")).info.dataset == "d"
    assert json.loads(Path("run/config.json").read_text())["epochs"] == 1
