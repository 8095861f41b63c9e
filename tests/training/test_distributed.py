"""One run by several processes."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import distributed

from conftest import Result
from hwcli.errors import DependencyError, UsageError
from hwcli.training.crew import Place, my_place
from hwcli.training.device import device_of
from hwcli.training.distributed import Crew, check_batch
from synthetic import make_dataset

Hwcli = Callable[..., Result]
CPU = torch.device("cpu")
ARGS = ("train", "lenet", "--data", "d", "--epochs", "3", "--batch-size", "33", "--lr", "3e-3",
        "--augment", "none", "--schedule", "cosine", "--clip", "5", "--threads", "1",
        "--precision", "fp32")  # fmt: skip

needs_torchrun = pytest.mark.skipif(
    not distributed.is_available() or not distributed.is_gloo_available(), reason="needs gloo"
)


def torchrun(*args: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "-m",
               "hwcli", *map(str, args)]  # fmt: skip
    clean = {k: v for k, v in os.environ.items() if k not in ("RANK", "WORLD_SIZE", "MASTER_PORT")}
    return subprocess.run(
        [*command[:3], "--standalone", *command[3:]],
        capture_output=True, text=True, timeout=120, env=clean, check=False,
    )  # fmt: skip


def curve(folder: str) -> torch.Tensor:
    lines = map(json.loads, Path(folder, "metrics.jsonl").read_text().splitlines())
    return torch.tensor([[e["epoch"], e["step"], e["loss"], e["val_loss"]] for e in lines])


@needs_torchrun
def test_two_processes_learn_as_one_does(hwcli: Hwcli) -> None:
    """With batches of 33, that two cannot share evenly."""
    make_dataset(Path("d"))
    assert hwcli(*ARGS, "--out", "one").code == 0
    run = torchrun(*ARGS, "--out", "two")
    assert run.returncode == 0, run.stderr
    torch.testing.assert_close(curve("two"), curve("one"), rtol=2e-4, atol=2e-4)
    assert run.stdout.count("\n") == 1 and run.stdout.startswith("two\t")
    assert run.stderr.count("epoch 1:") == 1, "only the first process speaks"
    assert json.loads(Path("two/config.json").read_text())["processes"] == 2
    assert {p.name for p in Path("two").iterdir()} == {p.name for p in Path("one").iterdir()}


DIES = """
import os, signal, sys
from hwcli.cli import main
from hwcli.training import loop
step = loop.Run._step
def die(self, *args):
    if self.step == 10 and self.crew.place.rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return step(self, *args)
loop.Run._step = die
sys.exit(main(sys.argv[1:]))
"""


@needs_torchrun
def test_a_process_that_dies_ends_the_others_with_one_line() -> None:
    make_dataset(Path("d"))
    Path("dies.py").write_text(DIES)
    ports = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29513", "WORLD_SIZE": "2"}
    processes = [
        subprocess.Popen(
            [sys.executable, "dies.py", *ARGS, "--out", "run"], text=True, stderr=subprocess.PIPE,
            stdout=subprocess.PIPE, env={**os.environ, **ports, "RANK": str(rank)},
        )
        for rank in (0, 1)
    ]  # fmt: skip
    ends = [process.communicate(timeout=100) for process in processes]
    out, err = ends[0]
    assert [p.returncode for p in processes] == [10, -9], err
    said = [line for line in err.splitlines() if "error" in line]
    assert len(said) == 1 and "lost another one" in said[0]
    assert "Traceback" not in err and out == ""
    assert len(curve("run")) == 1, "the epoch before is kept"


@pytest.mark.parametrize(("rows", "size"), [(33, 2), (7, 3), (4, 4)])
def test_every_row_of_a_batch_is_in_one_share(rows: int, size: int) -> None:
    batch = torch.arange(rows)
    shares = [Crew(Place(rank, size), CPU).share(batch) for rank in range(size)]
    assert torch.equal(torch.cat(shares), batch)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_batches_smaller_than_the_crew_are_refused() -> None:
    check_batch(Place(0, 2), 2, 100)
    for batch_size, rows in ((1, 100), (100, 1)):
        with pytest.raises(UsageError, match="too small for 2 processes"):
            check_batch(Place(0, 2), batch_size, rows)


def test_the_place_is_what_torchrun_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    assert my_place() == Place(0, 1, 0) and my_place().is_first
    monkeypatch.setenv("RANK", "3")
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert my_place() == Place(3, 4, 1) and not my_place().is_first
    for rank in ("4", "-1", "x", ""):
        monkeypatch.setenv("RANK", rank)
        with pytest.raises(UsageError, match="RANK"):
            my_place()


def test_each_process_has_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    assert device_of("auto", Place(3, 4, 1)) == torch.device("cuda:1")
    assert device_of("cpu", Place(3, 4, 1)) == CPU
    assert device_of("cuda:1", Place()) == torch.device("cuda:1")
    with pytest.raises(UsageError, match="one device for 4"):
        device_of("cuda:0", Place(3, 4, 1))
    with pytest.raises(DependencyError, match="only 2"):
        device_of("cuda", Place(2, 4, 2))


@pytest.mark.parametrize(
    ("environment", "args"),
    [
        ({"RANK": "5", "WORLD_SIZE": "2"}, ()),
        ({"RANK": "0", "WORLD_SIZE": "2"}, ("--device", "cuda:0")),
    ],
)
def test_an_environment_that_does_not_fit_is_one_line(
    environment: dict[str, str], args: tuple[str, ...], hwcli: Hwcli, monkeypatch
) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    make_dataset(Path("d"))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    result = hwcli("train", "lenet", "--data", "d", *args)
    assert result.code == 2 and result.err.count("error") == 1
    assert not Path("runs").exists()
