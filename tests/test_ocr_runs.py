"""Long runs of `hwcli ocr`: into files, gone on with, stopped by faults; and in shell pipelines."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import hwcli as package
from conftest import Result

Hwcli = Callable[..., Result]
BUNDLED = Path(package.__file__).parent / "assets" / "photos"
CARD = BUNDLED / "card-1.jpg"
COMMAND = [sys.executable, "-m", "hwcli"]


@pytest.fixture
def photos() -> Path:
    """Six photos, of which two cannot be read."""
    folder = Path("photos")
    folder.mkdir()
    for name in ("a.jpg", "b.jpg", "d.jpg", "f.jpg"):
        shutil.copy(CARD, folder / name)
    (folder / "c.jpg").write_bytes(b"")
    (folder / "e.jpg").write_bytes(CARD.read_bytes()[:5000])
    return folder


def records(path: Path) -> dict[str, bool]:
    """From the names of files to whether they were read."""
    found = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert len({r["file"] for r in found}) == len(found), "each once"
    return {Path(r["file"]).name: "error" not in r for r in found}


ALL = {"a.jpg": True, "b.jpg": True, "c.jpg": False, "d.jpg": True, "e.jpg": False, "f.jpg": True}


def test_into_a_file_and_on_with_it(hwcli: Hwcli, photos: Path) -> None:
    result = hwcli("ocr", photos, "--out", "read.jsonl")
    assert (result.code, result.out) == (8, "")
    assert "2 of 6 photos could not be read" in result.err
    assert records(Path("read.jsonl")) == ALL
    assert hwcli("ocr", photos, "--out", "read.jsonl").code == 2, "nothing is replaced unasked"
    result = hwcli("ocr", photos, "--out", "read.jsonl", "--resume")
    assert result.code == 8 and "4 of 6 photos were read already" in result.err
    assert records(Path("read.jsonl")) == ALL
    shutil.copy(CARD, photos / "c.jpg")
    shutil.copy(BUNDLED / "card-2.jpg", photos / "e.jpg")
    result = hwcli("ocr", photos, "--out", "read.jsonl", "--resume")
    assert result.code == 0 and "4 of 6" in result.err
    assert records(Path("read.jsonl")) == dict.fromkeys(ALL, True)
    before = Path("read.jsonl").read_bytes()
    shutil.copy(BUNDLED / "card-2.jpg", photos / "a.jpg")
    result = hwcli("ocr", photos, "--out", "read.jsonl", "--resume")
    assert "5 of 6" in result.err and Path("read.jsonl").read_bytes() != before
    result = hwcli("ocr", photos, "--out", "read.jsonl", "--resume", "--topk", "2")
    assert result.code == 0 and "already" not in result.err, "with other options all is read anew"
    assert len(json.loads(Path("read.jsonl").read_text().splitlines()[0])["glyphs"][0]["topk"]) == 2


def test_a_folder_of_several_formats(hwcli: Hwcli, photos: Path) -> None:
    result = hwcli("ocr", photos, "--out", "read", "--format", "jsonl,alto,text")
    assert result.code == 8
    names = {p.name for p in Path("read").iterdir()}
    assert {"a.jpg.jsonl", "a.jpg.alto.xml", "a.jpg.txt", "c.jpg.jsonl", "ocr.journal"} <= names
    assert "c.jpg.txt" not in names
    assert Path("read/a.jpg.txt").read_text() == "ABCDI\nKOLMR\nEHXWT\n"
    Path("read/b.jpg.txt").unlink()
    result = hwcli("ocr", photos, "--out", "read", "--format", "jsonl,alto,text", "--resume")
    assert "3 of 6 photos were read already" in result.err
    assert Path("read/b.jpg.txt").is_file()


def test_one_page_a_document_needs_a_folder(hwcli: Hwcli, photos: Path) -> None:
    result = hwcli("ocr", photos, "--format", "page")
    assert result.code == 2 and "--out DIR" in result.err
    assert hwcli("ocr", photos / "a.jpg", "--format", "page").code == 0
    assert hwcli("ocr", photos, "--format", "page", "--out", "read").code == 8
    assert len(list(Path("read").glob("*.page.xml"))) == 4


@pytest.mark.parametrize(
    ("options", "code", "read"),
    [
        (("--on-error", "stop"), 8, 2),
        (("--max-errors", "0"), 8, 2),
        (("--max-errors", "1"), 8, 3),
        (("--max-errors", "2"), 8, 4),
        (("--on-error", "skip"), 8, 4),
    ],
)
def test_stopped_by_too_many_errors(
    options: tuple[str, ...], code: int, read: int, hwcli: Hwcli, photos: Path
) -> None:
    """The records of those before, and of the last that failed, are there all the same."""
    result = hwcli("ocr", photos, "--jobs", "1", *options)
    assert result.code == code
    found = [json.loads(line) for line in result.out.splitlines()]
    assert sum("error" not in r for r in found) == read
    assert ("stopped" in result.err) == (read < 4)


def test_a_document_that_is_stopped_is_whole(hwcli: Hwcli, photos: Path) -> None:
    result = hwcli("ocr", photos, "--on-error", "stop", "--format", "alto")
    assert result.code == 8 and result.out.rstrip().endswith("</alto>")


@pytest.mark.parametrize(
    "options",
    [("--resume",), ("--force",), ("--out", "x", "--resume", "--force"), ("--format", "jsonl,csv"),
     ("--format", "docx"), ("--reject-char", "?"), ("--on-error", "stop", "--max-errors", "3"),
     ("--chars", ""), ("--script", "Latin"), ("--script", "Thai"), ("--chars", "ж"),
     ("--min-confidence", "nan"), ("--min-confidence", "2"), ("--device", "cuda")],
)  # fmt: skip
def test_options_that_make_no_sense(options: tuple[str, ...], hwcli: Hwcli) -> None:
    result = hwcli("ocr", CARD, *options)
    assert result.code == 2 and result.out == ""


def test_only_what_can_be_there(hwcli: Hwcli) -> None:
    found = json.loads(hwcli("ocr", CARD, "--chars", "0-9+-=", "--topk", "99").out)
    chars = {c["char"] for g in found["glyphs"] for c in g["topk"]}
    assert chars <= set("0123456789+-=") and len(found["glyphs"][0]["topk"]) == len(chars)
    for glyph in found["glyphs"]:
        assert 0.14 <= sum(c["p"] for c in glyph["topk"]) <= 1.002, "the rest is for being none"
    whole = json.loads(hwcli("ocr", CARD, "--script", "Latn").out)
    assert whole["text"] == "ABCDI\nKOLMR\nEHXWT"
    lower = json.loads(hwcli("ocr", CARD, "--chars", "a-z").out)
    assert lower["text"].replace("\n", "").islower()


def test_doubtful_characters_are_flagged_and_replaced(hwcli: Hwcli) -> None:
    plain = json.loads(hwcli("ocr", CARD).out)
    least = sorted(g["confidence"] for g in plain["glyphs"])[3]
    args = ("ocr", CARD, "--min-confidence", str(least))
    flagged = json.loads(hwcli(*args).out)
    doubtful = [g for g in flagged["glyphs"] if "doubtful" in g["flags"]]
    assert doubtful and all(g["confidence"] < least for g in doubtful)
    assert flagged["text"] == plain["text"]
    replaced = json.loads(hwcli(*args, "--reject-char", "?").out)
    assert replaced["text"].count("?") == len(doubtful)
    assert [g["topk"] for g in replaced["glyphs"]] == [g["topk"] for g in flagged["glyphs"]]
    assert {g["char"] for g in replaced["glyphs"] if "doubtful" in g["flags"]} == {"?"}


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
@pytest.mark.parametrize("out", ["read.jsonl", "read"])
def test_killed_at_any_moment_nothing_is_lost(out: str, hwcli: Hwcli) -> None:
    """kill -9 as soon as some are read, again and again; in the end all are there, each once."""
    folder = Path("photos")
    folder.mkdir()
    for i in range(30):
        shutil.copy(CARD, folder / f"{i:02}.jpg")
    reported: set[str] = set()
    for _ in range(3):
        command = [*COMMAND, "ocr", "photos", "--out", out, "--jobs", "2"]
        command += ["--resume"] * (Path("read.jsonl.journal").exists() or Path("read").exists())
        run = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
        journal = Path("read.jsonl.journal" if out == "read.jsonl" else "read/ocr.journal")
        before = len(done(journal))
        limit = time.monotonic() + 60
        while len(done(journal)) < before + 4 and run.poll() is None:
            assert time.monotonic() < limit
            time.sleep(0.01)
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        assert reported <= done(journal), "what was reported is still known"
        reported = done(journal)
    result = hwcli("ocr", "photos", "--out", out, "--resume")
    assert result.code == 0 and f"{len(reported)} of 30 photos were read already" in result.err
    if out == "read.jsonl":
        assert len(records(Path(out))) == 30
    else:
        files = sorted(Path(out).glob("*.jsonl"))
        assert len(files) == 30 and all(len(records(f)) == 1 for f in files)


def done(journal: Path) -> set[str]:
    if not journal.exists():
        return set()
    lines = journal.read_bytes().splitlines(keepends=True)[1:]
    return {json.loads(line)["file"] for line in lines if line.endswith(b"\n")}


SH = f'hwcli() {{ {sys.executable} -m hwcli "$@"; }}; set -o pipefail; '
LINES = {
    "find photos -name '*.jpg' -print0 | hwcli ocr - --from0 --topk 5 2>/dev/null |"
    " jq -r 'select(.glyphs) | .glyphs[] | [.char, .confidence] | @tsv' | head -n 5": 5,
    "hwcli ocr photos 2>/dev/null | jq -r 'select(.error) | .file'": 2,
    "hwcli ocr photos 2>/dev/null | jq -r '.text // empty' | sort | uniq -c": 3,
    "hwcli ocr photos --format csv 2>/dev/null |"
    " awk -F, 'NR > 1 && $NF == \"\" {n++} END {print n}'": 1,
    "hwcli ocr photos --format tsv 2>/dev/null | cut -f1 | sort -u | tail -n +2": 6,
    "hwcli ocr photos/a.jpg --format text | tr -d '\\n' | wc -c": 1,
    "ls photos/[ab].jpg | xargs -P 2 -n 1 sh -c '\"$0\" -m hwcli -q ocr \"$1\" | jq -r .file' "
    + sys.executable: 2,
    "cat photos/a.jpg | hwcli ocr - | jq -r .text": 3,
    "hwcli ocr photos/[ab].jpg --format hocr | grep -c ocrx_word": 1,
    "printf '%s\\n' photos/a.jpg photos/b.jpg | hwcli ocr - --format alto | grep -c '<Page '": 1,
    "hwcli ocr photos 2>/dev/null | tee copy.jsonl | jq -c .file | cat copy.jsonl - | wc -l": 1,
    "hwcli ocr photos/a.jpg --chars A-Z | jq -r '.glyphs | map(.char) | join(\"\")'": 1,
    "hwcli ocr photos/a.jpg | jq -r '.lines[].words[] | .box | @csv'": 3,
    f"parallel -j 2 '{sys.executable} -m hwcli -q ocr {{}} | jq .file' ::: photos/[ab].jpg": 2,
    "hwcli ocr --schema | jq -r '.\"$schema\"'": 1,
}  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_lines_as_people_type_them(line: str, photos: Path) -> None:
    tools = ("bash", "jq", "awk", "xargs", "parallel")
    missing = [t for t in tools if t in (*line.split(), "bash") and not shutil.which(t)]
    if missing:
        pytest.skip(f"no {' '.join(missing)} here")
    run = subprocess.run(
        ["bash", "-c", SH + line], capture_output=True, text=True, check=False, timeout=120
    )
    assert len(run.stdout.splitlines()) == LINES[line], (run.stdout, run.stderr)
    assert "Traceback" not in run.stderr
