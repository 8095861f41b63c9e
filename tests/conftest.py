"""Fixtures for all rooms."""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import settings

from hwcli.cli import main

settings.register_profile("hwcli", deadline=None)  # how long an example takes is not what is tested
settings.load_profile("hwcli")


class Result(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def hwcli(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """`hwcli("ocr", "x.png")` in process: exit code, standard output, standard error."""

    def run(*args: object, stdin: bytes = b"") -> Result:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        code = main([str(a) for a in args])
        return Result(code, *capsys.readouterr())

    return run


@pytest.fixture
def _made_up_archives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Archives of a publisher's layout are taken for his, though not their bytes."""
    monkeypatch.setattr("hwcli.readers.check_members", lambda *_: None)
    monkeypatch.setattr("hwcli.fetch._check", lambda *_: None)


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the user's is read or written: cache and working directory are the test's own."""
    base: Path = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("XDG_CACHE_HOME", str(base / "cache"))
    (base / "work").mkdir()
    monkeypatch.chdir(base / "work")
