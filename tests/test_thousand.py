"""A thousand files of which a hundred are broken, by one machine's processes and by Ray's."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from broken_photos import make

COUNT, BROKEN = 1000, 100


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[str]]:
    place = tmp_path_factory.mktemp("thousand") / "photos"
    return place, make(place, COUNT, BROKEN)


@pytest.fixture(scope="module")
def local(folder: tuple[Path, set[str]]) -> list[str]:
    """The records of the local engine, sorted."""
    done = subprocess.run(
        [sys.executable, "-m", "hwcli", "ocr", folder[0]], capture_output=True, text=True
    )
    assert done.returncode == 8
    assert done.stderr.splitlines()[-1] == "hwcli: error: 100 of 1,000 photos could not be read"
    return done.stdout.splitlines()


def test_a_record_for_each(local: list[str], folder: tuple[Path, set[str]]) -> None:
    records = [json.loads(line) for line in local]
    assert len(records) == COUNT
    assert sum("glyphs" in r for r in records) == COUNT - BROKEN
    assert {r["file"] for r in records if "error" in r} == folder[1]
    assert [r["file"] for r in records] == sorted(r["file"] for r in records), "in input order"
    text = [r["text"] for r in records if "glyphs" in r]
    assert sum(map(bool, text)) == len(text), "something is read on every good one"


def test_the_same_by_ray_and_when_a_worker_is_killed(
    local: list[str], folder: tuple[Path, set[str]]
) -> None:
    """Nothing but our own words on standard error, and no process left."""
    pytest.importorskip("ray")
    from ray_workers import running

    command = [sys.executable, "-m", "hwcli", "ocr", folder[0], "--engine", "ray", "--jobs", "2"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    said: list[str] = []
    assert process.stdout and process.stderr
    listener = threading.Thread(target=lambda: said.extend(process.stderr or ()))
    listener.start()
    lines = [process.stdout.readline() for _ in range(100)]
    victims = running()
    os.kill(victims[0], signal.SIGKILL)
    lines += process.stdout.readlines()
    assert process.wait(60) == 8
    listener.join()
    process.stdout.close(), process.stderr.close()
    assert sorted(line.rstrip("\n") for line in lines) == sorted(local)
    assert all(line.startswith("hwcli: ") for line in said), said
    assert said[-1] == "hwcli: error: 100 of 1,000 photos could not be read\n"


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_ctrl_c_ends_ray_and_all_its_processes(folder: tuple[Path, set[str]]) -> None:
    pytest.importorskip("ray")
    command = [sys.executable, "-m", "hwcli", "ocr", folder[0], "--engine", "ray", "--jobs", "2"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout and process.stderr
    process.stdout.readline()
    family = descendants(process.pid)
    assert len(family) > 5
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert all(line.startswith("hwcli: ") for line in err.splitlines()), err
    deadline = time.monotonic() + 20
    while (left := [pid for pid in family if alive(pid)]) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not left


def descendants(pid: int) -> list[int]:
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            found += map(int, task.read_text().split())
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
