"""`hwcli ocr` where its output goes wrong: closed pipes, slow readers, full disks, no output."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import hwcli as package

CARD = Path(package.__file__).parent / "assets" / "photos" / "card-1.jpg"
COMMAND = [sys.executable, "-m", "hwcli", "ocr"]
pytestmark = pytest.mark.skipif(os.name != "posix", reason="a shell of POSIX")


@pytest.fixture(autouse=True)
def _photos() -> None:
    folder = Path("photos")
    folder.mkdir()
    for number in range(12):
        shutil.copy(CARD, folder / f"{number:02}.jpg")


def sh(line: str) -> subprocess.CompletedProcess[str]:
    """`line` in a shell, where `hwcli` is ours."""
    script = f'hwcli() {{ {sys.executable} -m hwcli "$@"; }}; {line}'
    return subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("form", ["jsonl", "tsv", "alto"])
def test_a_reader_that_goes_away_ends_it_quietly(jobs: int, form: str) -> None:
    run = sh(f"hwcli ocr photos --format {form} --jobs {jobs} | head -n 1; echo ${{PIPESTATUS[0]}}")
    assert run.stderr == "" and run.stdout.splitlines()[-1] == "0"
    assert len(run.stdout.splitlines()) == 2


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_slow_reader_holds_everything_up(jobs: int) -> None:
    """What is taken from the pipe of paths is no more than a few photos and what pipes hold."""
    long = "photos/" + "./" * 1900
    run = subprocess.Popen(
        [*COMMAND, "-", "--jobs", str(jobs)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert run.stdin and run.stdout
    paths, sent = run.stdin, [0]

    def send() -> None:
        for number in range(300):
            paths.write(f"{long}{number % 12:02}.jpg\n".encode())
            paths.flush()
            sent[0] += 1
        paths.close()

    sender = threading.Thread(target=send)
    sender.start()
    first = run.stdout.readline()
    before = -1
    while sent[0] != before:  # until nothing moves any more
        before = sent[0]
        time.sleep(2)
    assert before < 150
    rest = run.stdout.read().splitlines()
    sender.join()
    assert run.wait() == 0
    files = [json.loads(line)["file"][-6:] for line in (first, *rest)]
    assert files == [f"{number % 12:02}.jpg" for number in range(300)]
    run.stdout.close()


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("line", ["photos >&-", "photos >&- 2>&-", "photos/00.jpg >&-"])
def test_no_standard_output_is_told(line: str, jobs: int) -> None:
    run = sh(f"hwcli ocr --jobs {jobs} {line}; echo $?")
    assert run.stdout == "3\n"
    if "2>" not in line:
        assert run.stderr.startswith("hwcli: error: there is no standard output")
        assert len(run.stderr.splitlines()) == 2
    run = sh(f"hwcli ocr --jobs {jobs} --out read.jsonl {line}; echo $?")
    assert run.stdout == "3\n", "the next file opened would be taken for it"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux")
@pytest.mark.parametrize("form", ["jsonl", "hocr"])
def test_a_full_disk_behind_standard_output(form: str) -> None:
    run = sh(f"hwcli ocr photos --format {form} --jobs 2 > /dev/full; echo $?")
    assert run.stdout == "8\n" and len(run.stderr.splitlines()) == 1
    assert "standard output cannot be written" in run.stderr


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A folder on a disk of 48 KiB."""
    disk = Path("disk")
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=48k", "tmpfs", str(disk)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("out", ["read.jsonl", "read"])
def test_a_disk_that_fills_up_is_told_and_room_is_all_it_takes(out: str, small_disk: Path) -> None:
    run = sh(f"hwcli ocr photos --jobs 2 --topk 5 --out {small_disk / out}; echo $?")
    check_full(run)
    subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
    run = sh(f"hwcli ocr photos --topk 5 --out {small_disk / out} --resume; echo $?")
    assert run.stdout == "0\n" and "were read already" in run.stderr
    check_whole(small_disk / out)


@pytest.mark.parametrize("out", ["read.jsonl", "read"])
def test_a_file_that_may_not_grow_is_told_too(out: str) -> None:
    """As on a disk with quotas."""
    limit = "ulimit -f 20;" if out == "read.jsonl" else "ulimit -f 1;"
    run = sh(f"{limit} hwcli ocr photos --jobs 2 --topk 5 --out {out}; echo $?")
    check_full(run)
    assert sh(f"hwcli ocr photos --topk 5 --out {out} --resume; echo $?").stdout == "0\n"
    check_whole(Path(out))


def check_full(run: subprocess.CompletedProcess[str]) -> None:
    assert run.stdout == "3\n" and len(run.stderr.splitlines()) == 1, run.stderr
    assert "cannot be written" in run.stderr


def check_whole(out: Path) -> None:
    files = [out] if out.is_file() else sorted(out.glob("*.jsonl"))
    found = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    assert len(found) == 12 and len({r["file"] for r in found}) == 12
    assert not list(out.glob("*.partial")) if out.is_dir() else True
