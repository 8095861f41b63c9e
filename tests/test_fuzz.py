"""Spoilt inputs of every format through the command line: one line and a code, never a traceback.

`HWCLI_FUZZ=1000 pytest tests/test_fuzz.py` tries a thousand, drawn anew, of each format; without it
a few, the same each time.
"""

import io
import json
import os
import shutil
import warnings
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from hostile import SEEDS, Files, seed, spoilt
from hwcli.cli import main

_MANY = int(os.environ.get("HWCLI_FUZZ", "0"))
CODES = {0, 2, 3, 4, 5, 6, 8, 10, 11}
_MOST_LINES = 40
"""Of standard error: what is found in somebody's own images is told at length."""

tried: Counter[tuple[str, int]] = Counter()


def run(*args: str) -> tuple[int, str, str]:
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", "surrogateescape") for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err), warnings.catch_warnings():
        warnings.simplefilter("error")
        code = main(list(args))
    texts = []
    for stream in (out, err):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode("utf-8", "surrogateescape"))
    return code, *texts


def check(kind: str, args: tuple[str, ...]) -> int:
    """Run hwcli and hold it to its word; the exit code."""
    code, out, err = run(*args)
    tried[kind, code] += 1
    lines = err.split("\n")[:-1]
    told = [line for line in lines if line.startswith("hwcli: error: ")]
    assert code in CODES, (args, code, err)
    assert all(line.startswith("hwcli: ") for line in lines), (args, err)
    assert len(lines) <= _MOST_LINES, (args, err)
    assert len(told) == (code != 0), (args, err)
    assert "Traceback" not in err
    if code:
        assert out == "", (args, out)
    elif "--json" in args:
        json.loads(out)
    return code


@pytest.mark.parametrize("kind", SEEDS)
def test_what_is_not_spoilt_is_good(kind: str) -> None:
    one = seed(kind)
    put(one.fixed | one.pack(dict(one.files)))
    for args in one.commands:
        code, _, err = run(*args)
        assert code == 0, (args, err)


def put(files: Files) -> None:
    for name, data in files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


@pytest.mark.parametrize("kind", SEEDS)
@settings(
    max_examples=_MANY or 10, deadline=None, derandomize=not _MANY, database=None,
    suppress_health_check=list(HealthCheck), phases=[Phase.generate],
)  # fmt: skip
@given(data=st.data())
def test_whatever_is_spoilt_is_told_in_one_line(kind: str, data: st.DataObject) -> None:
    files = data.draw(spoilt(kind))
    home = Path.cwd()
    folder = home / "example"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    os.chdir(folder)
    try:
        put(files)
        for args in seed(kind).commands:
            code = check(kind, args)
            if code == 0 and args[-1] == "--json" and Path("out").is_dir():
                assert check(kind, ("ingest", "--verify", "out")) == 0
        written = {p.parts[0] for p in Path().rglob("*")} - {n.split("/")[0] for n in files}
        assert written <= {"out", "w.toml", "m", "e1", "e2", "e3"}, written
        assert {p.name for p in home.iterdir()} == {"example"}
    finally:
        os.chdir(home)
