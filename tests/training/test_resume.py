"""A run that was killed goes on as if nothing had happened."""

import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from conftest import Result
from hwcli.classify import Classifier
from hwcli.errors import ModelError
from hwcli.training.state import load_state
from synthetic import make_dataset

Hwcli = Callable[..., Result]
ARGS = ("train", "lenet", "--data", "d", "--epochs", "5", "--batch-size", "32", "--lr", "3e-3",
        "--schedule", "one-cycle", "--ema", "0.9", "--threads", "1", "--deterministic")  # fmt: skip

KILLED = """
import os, signal, sys
from pathlib import Path
from hwcli import atomic
from hwcli.cli import main
import hwcli.training.train  # once, for all that are forked

sys.path.insert(0, sys.argv[1])

def die():
    os.kill(os.getpid(), signal.SIGKILL)

class Dying:
    '''Dies when files have been written so often, before or after the last was renamed.'''
    def __init__(self, often, late):
        self.left, self.late, self.replace = often, late, Path.replace
    def __call__(self, path, target):
        if path.parent.name == "d":
            return self.replace(path, target)
        self.left -= 1
        if not self.left and not self.late:
            die()
        result = self.replace(path, target)
        if not self.left:
            die()
        return result

def run(folder, often, late, after_s):
    dying = Dying(often, late)
    Path.replace = lambda self, target: dying(self, target)
    if after_s:
        signal.setitimer(signal.ITIMER_REAL, after_s)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
    os._exit(main([*sys.argv[3:], "--out", folder]))

for n, (often, late, after_s) in enumerate(eval(sys.argv[2])):
    child = os.fork()
    if not child:
        run(f"run{n}", often, late, after_s)
    print(os.waitpid(child, 0)[1], flush=True)
"""


def losses(folder: Path) -> list[tuple[float, ...]]:
    lines = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    return [(e["epoch"], e["step"], e["loss"], e["val_loss"], e["lr"]) for e in lines]


def same_ends(one: Path, other: Path) -> bool:
    assert losses(one) == losses(other)
    return all(
        (one / name).read_bytes() == (other / name).read_bytes()
        for name in ("model.safetensors", "model.onnx")
    )


@pytest.fixture
def whole(hwcli: Hwcli) -> Path:
    """A run of five epochs without an interruption, and its dataset `d`."""
    make_dataset(Path("d"))
    assert hwcli(*ARGS, "--out", "whole").code == 0
    return Path("whole")


def test_the_same_seed_gives_the_same_bytes(hwcli: Hwcli, whole: Path) -> None:
    assert hwcli(*ARGS, "--out", "again").code == 0
    assert same_ends(whole, Path("again"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="SIGKILL as POSIX has it")
def test_killed_at_any_moment_a_run_ends_as_if_it_had_not_been(hwcli: Hwcli, whole: Path) -> None:
    """Between the files of an epoch, before and after each rename, and by the clock."""
    moments = [(often, late, 0) for often in (2, 3, 4, 5, 8) for late in (False, True)]
    moments += [(0, False, s) for s in (0.2, 0.35, 0.5)]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(Path(__file__).parents[1]), repr(moments), *ARGS],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    died = [int(line) != 0 for line in killed.stdout.split() if line.isdigit()]
    assert len(died) == len(moments) and all(died[:10]), killed.stderr
    stood = set()
    for n in range(len(moments)):
        run = Path(f"run{n}")
        if not (run / "config.json").exists():
            continue
        stood.add(len(losses(run)) if (run / "metrics.jsonl").exists() else 0)
        result = hwcli("train", "--resume", run)
        assert result.code == 0, result.err
        assert same_ends(whole, run), moments[n]
    assert len(stood) > 1, "they died in different epochs"


def test_lines_past_the_checkpoint_are_cut(hwcli: Hwcli, whole: Path) -> None:
    shutil.copytree(whole, "cut")
    keep_three = hwcli(*ARGS, "--out", "three", "--force").code
    assert keep_three == 0
    stopped = json.loads(Path("cut/config.json").read_text()) | {"finished": False}
    Path("cut/config.json").write_text(json.dumps(stopped))
    with Path("cut/metrics.jsonl").open("a") as file:
        file.write('{"epoch": 6, "half a li')
    assert hwcli("train", "--resume", "cut").code == 0
    assert same_ends(whole, Path("cut"))


def test_a_finished_run_says_so(hwcli: Hwcli, whole: Path) -> None:
    before = (whole / "model.onnx").stat().st_mtime_ns
    result = hwcli("train", "--resume", whole)
    assert result.code == 0 and "finished after 5 epochs" in result.err
    assert result.out.startswith(f"{whole}\t")
    assert (whole / "model.onnx").stat().st_mtime_ns == before


def test_more_epochs_go_on_and_the_schedule_is_stretched(hwcli: Hwcli, whole: Path) -> None:
    first = losses(whole)
    result = hwcli("train", "lenet", "--resume", whole, "--epochs", "7")
    assert result.code == 0, result.err
    assert "one-cycle schedule is now stretched" in result.err
    assert len(losses(whole)) == 7 and losses(whole)[:5] == first
    config = json.loads((whole / "config.json").read_text())
    assert config["finished"] and config["options"]["epochs"] == 7
    assert Classifier(whole / "model.onnx").info.architecture == "lenet"


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        (("glyphnet",), 2, "a run of lenet"),
        (("--lr", "0.5"), 2, "--lr 0.5 contradicts"),
        (("--no-balance", "--seed", "3"), 2, "--seed 3 contradicts"),
        (("--stream", "always"), 2, "--stream"),
        (("--out", "x"), 2, "--out and --resume"),
        (("--init", "x"), 2, "--init and --resume"),
        (("--data", "other", "--epochs", "9"), 7, "is not the data"),
        (("--data", "nowhere", "--epochs", "9"), 6, "nowhere"),
    ],
)
def test_what_contradicts_the_run_is_refused(
    flags: tuple[str, ...], code: int, said: str, hwcli: Hwcli, whole: Path
) -> None:
    make_dataset(Path("other"), seed=1)
    before = {p: p.read_bytes() for p in whole.iterdir()}
    result = hwcli("train", *flags, "--resume", whole)
    assert result.code == code and said in result.err
    assert result.out == ""
    assert {p: p.read_bytes() for p in whole.iterdir()} == before


def test_flags_that_say_the_same_are_fine(hwcli: Hwcli, whole: Path) -> None:
    assert hwcli("train", "lenet", "--lr", "0.003", "--resume", whole, "--data", "d").code == 0


class _Exploit:
    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return os.mkdir, ("pickle-was-executed",)


def _saved(content: object) -> bytes:
    torch.save(content, "content.pt")
    return Path("content.pt").read_bytes()


HOSTILE: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "pickle": lambda: pickle.dumps(_Exploit()),
    "pickle in a zip": lambda: _saved({"standing": _Exploit()}),
    "text": lambda: b"PK\x03\x04" + b"no zip" * 99,
    "a list": lambda: _saved([1, 2]),
    "no JSON": lambda: _saved({"standing": "{"}),
    "odd JSON": lambda: _saved({"standing": '{"schema": "hwcli.state/1", "epochs": []}'}),
    "tensor": lambda: _saved(torch.zeros(3)),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_state_is_refused_in_one_line(content: Callable[[], bytes]) -> None:
    path = Path("state.pt")
    path.write_bytes(content())
    with pytest.raises(ModelError, match=r"^state\.pt: ") as caught:
        load_state(path)
    assert "\n" not in caught.value.message
    assert not Path("pickle-was-executed").exists()


@pytest.mark.parametrize("part", ["model", "optimizer", "best", "average"])
def test_the_state_of_another_model_is_refused(part: str, hwcli: Hwcli, whole: Path) -> None:
    raw = torch.load(whole / "state.pt", weights_only=True)
    wrong = {"x": torch.zeros(2)}
    raw[part] = {0: wrong} if part == "optimizer" else wrong
    torch.save(raw, whole / "state.pt")
    result = hwcli("train", "--resume", whole, "--epochs", "6")
    assert result.code == 7 and "state.pt" in result.err
    assert result.err.count("error") == 1


@pytest.mark.parametrize("text", ["{", "[]", '{"schema": "hwcli.run/1"}', None])
def test_a_folder_that_is_no_run(text: str | None, hwcli: Hwcli) -> None:
    Path("run").mkdir()
    if text is not None:
        Path("run/config.json").write_text(text)
    result = hwcli("train", "--resume", "run")
    assert result.code == 7 and "run" in result.err


def test_a_run_that_saw_no_epoch_begins_anew(hwcli: Hwcli, whole: Path) -> None:
    shutil.copytree(whole, "young")
    for name in ("state.pt", "metrics.jsonl", "model.onnx", "model.safetensors"):
        (Path("young") / name).unlink()
    config = json.loads(Path("young/config.json").read_text()) | {"finished": False}
    Path("young/config.json").write_text(json.dumps(config))
    assert hwcli("train", "--resume", "young").code == 0
    assert same_ends(whole, Path("young"))
