"""`hwcli train` with several models, and with --search, as a user meets it."""

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Result
from hwcli.classify import Classifier
from hwcli.training.runs import latest_run
from synthetic import make_dataset

Hwcli = Callable[..., Result]
SHORT = ("--epochs", "1", "--batch-size", "32", "--threads", "1")


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text("utf-8").splitlines()))


def test_several_models_are_compared_in_one_table(hwcli: Hwcli) -> None:
    make_dataset(Path("data/made-up"))
    result = hwcli("train", "lenet", "glyphnet", *SHORT, "--lr", "0.01")
    assert result.code == 0, result.err
    lines = [line.split() for line in result.out.splitlines() if line.strip()]
    assert lines[0] == ["model", "validation", "test", "parameters", "seconds", "images/s"]
    (folder,) = Path("runs").iterdir()
    assert folder.name.startswith("compare-made-up-")
    rows = rows_of(folder / "compare.csv")
    assert [row["model"] for row in rows] == [line[0] for line in lines[2:]]
    shares = [float(row["val_top1"]) for row in rows]
    assert shares == sorted(shares, reverse=True)
    assert (folder / "compare.png").exists()
    for name, augment in (("lenet", "rotate"), ("glyphnet", "photo")):
        options = json.loads((folder / name / "config.json").read_text())["options"]
        assert options["lr"] == 0.01 and options["augment"] == augment, (
            "flags for all, else its own"
        )
        assert Classifier(folder / name / "model.onnx").info.architecture == name
    assert latest_run() == folder / "glyphnet", "what eval takes"


def test_a_model_that_fails_is_a_row_and_the_others_go_on(hwcli: Hwcli, tmp_path: Path) -> None:
    make_dataset(tmp_path / "d", size=10)
    result = hwcli("train", "lenet", "glyphnet", "--data", tmp_path / "d", "--out", "c", *SHORT)
    assert result.code == 8
    last = result.out.strip().splitlines()[-1]
    assert last.split()[0] == "lenet" and "failed: lenet reads images of 12 px" in last
    assert "1 of 2 models could not be trained" in result.err
    assert Path("c/glyphnet/model.onnx").exists() and not Path("c/lenet/model.onnx").exists()
    again = hwcli("train", "lenet", "glyphnet", "--data", tmp_path / "d", "--out", "c", *SHORT)
    assert again.code == 2 and "--force" in again.err


def test_ctrl_c_keeps_what_has_been_compared(
    hwcli: Hwcli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hwcli.training import compare

    make_dataset(tmp_path / "d")
    real = compare.train

    def train(name: str, *args: object, **more: object):  # type: ignore[no-untyped-def]
        if name == "glyphnet":
            raise KeyboardInterrupt
        return real(name, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(compare, "train", train)
    result = hwcli("train", "lenet", "glyphnet", "--data", tmp_path / "d", "--out", "c", *SHORT)
    assert (result.code, result.out) == (130, "")
    assert [row["model"] for row in rows_of(Path("c/compare.csv"))] == ["lenet"]


def test_a_search_prints_its_trials_and_trains_the_best(hwcli: Hwcli, tmp_path: Path) -> None:
    make_dataset(tmp_path / "d")
    args = ("train", "lenet", "--data", tmp_path / "d", "--out", "s", *SHORT, "--augment", "none",
            "--search", "lr=1e-9,1e-2", "--trials", "5")  # fmt: skip
    result = hwcli(*args)
    assert result.code == 0, result.err
    *table, last = result.out.splitlines()
    rows = [line.split() for line in table if line.strip()]
    assert rows[0] == ["trial", "lr", "validation", "epochs", "seconds"]
    assert [row[1] for row in rows[2:]] == ["0.01", "1e-09"]
    folder, accuracy = last.split("\t")
    assert folder == "s" and f"{100 * float(accuracy):.2f}" == rows[2][2]
    assert json.loads(Path("s/config.json").read_text())["options"]["lr"] == 0.01
    assert Classifier(Path("s/model.onnx")).info.dataset == "d"
    assert {"search.csv", "search.png", "search.journal", "curves.png"} <= {
        p.name for p in Path("s").iterdir()
    }
    before = Path("s/model.onnx").stat().st_mtime_ns
    again = hwcli(*args)
    assert again.code == 0 and again.out == result.out, "what is done is not done again"
    assert Path("s/model.onnx").stat().st_mtime_ns == before
    other = hwcli(*args, "--search", "ema=0,0.5")
    assert other.code == 2 and "another search" in other.err and "--force" in other.err
    assert hwcli(*args, "--force", "--seed", "4").code == 0
    assert json.loads(Path("s/config.json").read_text())["options"]["seed"] == 4


def test_options_of_the_model_are_searched_too(hwcli: Hwcli, tmp_path: Path) -> None:
    make_dataset(tmp_path / "d")
    result = hwcli("train", "glyphnet", "--data", tmp_path / "d", "--out", "s", *SHORT,
                   "--search", "stem=1,2", "--search", "pool=1")  # fmt: skip
    assert result.code == 0, result.err
    kept = json.loads(Path("s/config.json").read_text())["model_options"]
    assert kept["stem"] in (1, 2) and kept["pool"] == 1 and kept["middle"] == 32


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("lenet", "lenett"), 2, "did you mean 'lenet'"),
        (("lenet", "lenet"), 2, "lenet: named twice"),
        (("lenet", "glyphnet", "--search", "lr=1,2"), 2, "--search takes one model"),
        (("lenet", "glyphnet", "--preview-augment", "x.png"), 2, "takes one model"),
        (("lenet", "--trials", "3"), 2, "--trials"),
        (("lenet", "--search", "lr=1,2", "--trials", "0"), 2, "--trials"),
        (("lenet", "--search", "lr=much"), 2, "'much' is not a number"),
        (("lenet", "--search", "lrr=1"), 2, "did you mean 'lr'"),
        (("lenet", "--augment", "rotate,blurr"), 2, "did you mean 'blur'"),
        (("lenet", "--flip", "up"), 2, "horizontal"),
    ],
)
def test_what_does_not_go_together_leaves_no_folder(
    args: tuple[str, ...], code: int, said: str, hwcli: Hwcli
) -> None:
    make_dataset(Path("data/d"), rows=30)
    result = hwcli("train", *args)
    assert (result.code, result.out) == (code, "")
    assert said in result.err
    assert not Path("runs").exists()


def test_torchrun_trains_one_model(hwcli: Hwcli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    make_dataset(Path("data/d"), rows=30)
    assert "one model" in hwcli("train", "lenet", "glyphnet").err


def test_a_flip_is_warned_of_once(hwcli: Hwcli, tmp_path: Path) -> None:
    make_dataset(tmp_path / "d")
    args = ("train", "lenet", "--data", tmp_path / "d", *SHORT)
    result = hwcli(*args, "--flip", "horizontal")
    assert result.code == 0
    assert result.err.count("warning: --flip horizontal") == 1
    assert "--flip" not in hwcli(*args).err


def test_tensorboard_files_lie_in_the_run_folder(hwcli: Hwcli, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    make_dataset(tmp_path / "d")
    args = ("train", "lenet", "--data", tmp_path / "d", "--out", "r", *SHORT, "--tensorboard")
    assert hwcli(*args).code == 0
    assert len(list(Path("r").glob("events.out.tfevents.*"))) == 1
    assert hwcli(*args, "--force").code == 0
    assert len(list(Path("r").glob("events.out.tfevents.*"))) == 1, "not those of the old run too"


def test_without_tensorboard_it_exits_10_before_all_training(
    hwcli: Hwcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    make_dataset(Path("data/d"), rows=30)
    result = hwcli("train", "lenet", "--tensorboard")
    assert result.code == 10 and "hwcli[tensorboard]" in result.err
    assert not Path("runs").exists()


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_ctrl_c_ends_a_search_that_goes_on_later(tmp_path: Path, hwcli: Hwcli) -> None:
    make_dataset(tmp_path / "d")
    args = ("train", "lenet", "--data", str(tmp_path / "d"), "--out", str(tmp_path / "s"),
            "--threads", "1", "--search", "lr=0.001,0.002,0.004")  # fmt: skip
    command = [sys.executable, "-m", "hwcli", *args, "--epochs", "12", "--patience", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None and process.stdout is not None
        while "trial 1 of 3" not in (line := process.stderr.readline()):
            assert line, "ended before it was interrupted"
        process.send_signal(signal.SIGINT)
        rest, out = process.stderr.read(), process.stdout.read()
    assert (process.returncode, out) == (130, ""), rest
    assert "of 3 trials are kept" in rest and "goes on" in rest and "Traceback" not in rest
    assert {p.name for p in (tmp_path / "s").iterdir()} == {
        "search.journal", "search.csv", "search.png",
    }  # fmt: skip
    done = hwcli(*args, "--epochs", "12", "--patience", "0")
    assert done.code == 0, done.err
    assert "goes on after" in done.err and "trial 3 of 3" in done.err
    assert "trial 1 of 3" not in done.err
