"""`hwcli eval` over several models and datasets: what is said, written and left."""

import html
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Result
from hwcli.dataset import Dataset
from synthetic import make_dataset
from test_eval import make_model

Hwcli = Callable[..., Result]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "made-up.onnx")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_dataset(tmp_path_factory.mktemp("data") / "made-up")


def command_of(page: Path) -> list[str]:
    """The command with which a page says it can be made again."""
    text = page.read_text(encoding="utf-8").split("To make this page again")[1]
    found = re.search("<code>(.*?)</code>", text, re.DOTALL)
    assert found
    return shlex.split(html.unescape(found[1]))


def test_bad_groups_are_told_once_before_any_model_is_opened(hwcli: Hwcli) -> None:
    result = hwcli("eval", "no-such-model", "latin", "--equiv", "0Oo,x")
    assert result.code == 2
    assert result.err.count("is not two characters or more") == 1 and "no-such" not in result.err


def test_the_report_names_what_was_the_default(hwcli: Hwcli, model: Path, dataset: Dataset) -> None:
    run = Path("runs/lenet-made-up-1")
    run.mkdir(parents=True)
    (run / "model.onnx").write_bytes(model.read_bytes())
    (run / "config.json").write_text("{}")
    data = make_dataset(Path("data/made-up"), rows=40).folder
    wanted = ("--want", "0.9,0.9999999", "--out", "o", "--device", "cpu", "--report", "r")
    assert hwcli("eval", *wanted).code == 0
    again = command_of(Path("r/index.html"))
    assert again[:5] == ["hwcli", "eval", str(run), "--data", str(data)]
    for flag, value in zip(wanted[::2], wanted[1::2], strict=True):
        assert again[again.index(flag) + 1] == value
    assert hwcli(*again[1:]).code == 0
    assert command_of(Path("r/index.html")) == again


@pytest.mark.parametrize(("gate", "code"), [((), 0), (("--min-accuracy", "1"), 11)])
def test_a_reader_who_has_seen_enough_still_gets_the_report_and_the_gate(
    gate: tuple[str, ...], code: int, model: Path, dataset: Dataset, tmp_path: Path
) -> None:
    words = ["eval", str(model), "--data", str(dataset.folder), "--report", "r"]
    command = [sys.executable, "-m", "hwcli", *words, *gate]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as job:
        assert job.stdout and job.stderr
        job.stdout.close()
        said = job.stderr.read().decode()
    assert job.returncode == code and "Traceback" not in said
    assert (tmp_path / "r/index.html").is_file()


@pytest.mark.parametrize(("writers", "few"), [(3, True), (60, False)])
def test_few_writers_are_said_to_tell_little(
    writers: int, few: bool, hwcli: Hwcli, model: Path, tmp_path: Path
) -> None:
    made = make_dataset(tmp_path / "made-up", rows=1500, writers=writers)
    result = hwcli("eval", model, "--data", made.folder, "--report", "r")
    assert result.code == 0
    assert "writers of these rows" in result.out
    assert ("too few to tell for sure" in result.out) is few
    page = Path("r/index.html").read_text(encoding="utf-8")
    assert ("So few people tell little" in page) is few
    assert "one in ten at most" in result.out and "one in ten with at most" in page
