"""Runs that are judged."""

from collections.abc import Callable
from pathlib import Path

from conftest import Result
from hwcli.dataset import Dataset


def trained(hwcli: Callable[..., Result], dataset: Dataset, model: str, *options: str) -> Path:
    """The folder of a run that `hwcli train` made of `dataset`."""
    args = ("train", model, "--data", dataset.folder, "--out", "run", "--threads", "1")
    result = hwcli(*args, *options)
    assert result.code == 0, result.err
    return Path("run")
