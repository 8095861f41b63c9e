"""Runs that are killed go on, and come to the same bytes; duplicates are found and listed."""

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archives import folder_zip, glyph, idx, png, recipe_text, write_zip
from conftest import Result
from hwcli.dataset import open_dataset
from hwcli.ingest.dedup import Duplicates
from hwcli.ingest.journal import Journal
from hwcli.ingest.seen import SeenKeys, image_keys
from hwcli.ingest.verify import verify_dataset
from hwcli.shards import Split

Hwcli = Callable[..., Result]

FOLDERS = "[[source.part]]\nimages = '*.png'"
SMALL = (
    "from hwcli.ingest import build, series\n"
    "build._BLOCK_BYTES = 16 * 784\n"
    "series.SHARD_ROWS = 40\n"
    "series.CHUNK_ROWS = 1\n"
)


@pytest.fixture
def recipe() -> str:
    """300 images, some of them more than once, that take several shards."""
    members = {
        f"letters/{c}/{k:03}.png": png(glyph((100 * i + k) % 260))
        for i, c in enumerate("abc")
        for k in range(100)
    }
    write_zip(Path("a.zip"), members)
    Path("test.toml").write_text(recipe_text("file:a.zip", "images", FOLDERS), "utf-8")
    return "test.toml"


def run(*more: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """`hwcli ingest test.toml` in a process of its own, with shards of 40 rows."""
    code = f"{SMALL}{before}\nimport sys\nfrom hwcli.cli import main\nsys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "ingest", "test.toml", "--jobs", "1", *more]
    return subprocess.run(command, capture_output=True, text=True)


def killed_at(shard: int) -> str:
    """Code that kills the process when so many shards are noted."""
    return (
        "import os\n"
        "from hwcli.ingest.journal import Journal\n"
        "add = Journal.add\n"
        "def dying(self, *args):\n"
        "    add(self, *args)\n"
        f"    if len(self.done) == {shard}:\n"
        "        os.kill(os.getpid(), 9)\n"
        "Journal.add = dying\n"
    )


def sums(folder: str) -> dict[str, str]:
    info = json.loads(Path(folder, "dataset.json").read_text("utf-8"))
    info["recipe"] = info["schema"]
    return info


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals of POSIX")
def test_a_killed_run_goes_on_from_its_last_whole_shard_and_comes_to_the_same(
    recipe: str,
) -> None:
    assert run("--out", "whole").returncode == 0
    for shard in (1, 3, 7):
        died = run("--out", "parts", before=killed_at(shard))
        assert died.returncode == -signal.SIGKILL
        assert Path("parts.partial").is_dir()
        again = run("--out", "parts")
        assert again.returncode == 0, again.stderr
        assert f"going on after the {40 * shard} rows" in again.stderr
        assert sums("parts") == sums("whole")
        assert (
            Path("parts/duplicates.csv").read_bytes() == Path("whole/duplicates.csv").read_bytes()
        )
        assert sorted(p.name for p in Path("parts").iterdir()) == sorted(
            p.name for p in Path("whole").iterdir()
        )
        assert not Path("parts.partial").exists()
        subprocess.run(["rm", "-r", "parts"], check=True)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals of POSIX")
def test_a_run_killed_when_all_but_done_goes_on(recipe: str) -> None:
    assert run("--out", "whole").returncode == 0
    dying = (
        "import os\n"
        "import hwcli.ingest as i\n"
        "i._put_in_place = lambda *_: os.kill(os.getpid(), 9)\n"
    )
    assert run("--out", "parts", before=dying).returncode == -signal.SIGKILL
    again = run("--out", "parts")
    assert "going on after the 287 rows" in again.stderr
    assert sums("parts") == sums("whole")


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals of POSIX")
def test_a_run_killed_when_it_clears_up_leaves_nothing_behind_for_good(hwcli: Hwcli) -> None:
    dying = "import os\nimport hwcli.ingest as i\ni.clear = lambda *_: os.kill(os.getpid(), 9)\n"
    code = f"{dying}\nfrom hwcli.cli import main\nmain(['ingest', 'sample', '--jobs', '1'])"
    died = subprocess.run([sys.executable, "-c", code], capture_output=True)
    assert died.returncode == -signal.SIGKILL
    assert Path("data/sample/progress.jsonl").is_file()
    assert hwcli("ingest", "sample").code == 0
    names = {p.name for p in Path("data/sample").iterdir()}
    assert names == {"dataset.json", "duplicates.csv", "sample-00000-of-00001.h5"}


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals of POSIX")
@pytest.mark.parametrize(
    "change", ["a shard", "its rows", "the source", "the options", "progress", "a line"]
)
def test_what_has_changed_since_is_not_taken_for_whole(change: str, recipe: str) -> None:
    assert run("--out", "parts", before=killed_at(3)).returncode == -signal.SIGKILL
    more: tuple[str, ...] = ()
    left = Path("parts.partial")
    told = "going on after the 40 rows"
    if change == "a shard":
        spoil(left / "test-00001.h5")
    elif change == "its rows":
        spoil(left / "test-00001.rows.npy")
    elif change == "the source":
        folder_zip(Path("a.zip"))
        told = ""
    elif change == "the options":
        more, told = ("--limit", "100"), ""
    elif change == "a line":  # killed while it was written
        path = left / "progress.jsonl"
        path.write_bytes(path.read_bytes()[:-9])
        told = "going on after the 80 rows"
    else:
        (left / "progress.jsonl").write_text('{"schema": "hwcli.progress/1"')
        told = ""
    again = run("--out", "parts", *more)
    assert again.returncode == 0, again.stderr
    assert told in again.stderr
    assert told or "going on" not in again.stderr
    assert run("--out", "whole", *more).returncode == 0
    assert sums("parts") == sums("whole")


def spoil(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="locks of POSIX")
def test_two_runs_in_one_folder_are_refused(recipe: str, hwcli: Hwcli) -> None:
    waiting = (
        "import time\n"
        "import hwcli.ingest as i\n"
        "prepare = i.prepare\n"
        "def slow(*args):\n"
        "    print('ready', flush=True, file=sys.__stderr__)\n"
        "    time.sleep(60)\n"
        "i.prepare = slow\n"
    )
    code = f"import sys\n{waiting}from hwcli.cli import main\nmain(sys.argv[1:])"
    command = [sys.executable, "-c", code, "ingest", recipe]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as first:
        assert first.stderr is not None
        assert first.stderr.readline() == "ready\n"
        refused = hwcli("ingest", recipe)
        first.kill()
    assert refused.code == 6
    assert "another hwcli is at work" in refused.err
    assert hwcli("ingest", recipe).code == 0  # the lock of a dead process is free
    assert [p.name for p in Path("data").iterdir()] == ["test"]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a folder that not even root can fill")
def test_a_place_where_nothing_can_be_written_is_called_so(recipe: str, hwcli: Hwcli) -> None:
    refused = hwcli("ingest", recipe, "--out", "/proc/mine")
    assert refused.code == 6
    assert "/proc/mine: nothing can be written there" in refused.err


def table(folder: str) -> list[dict[str, str]]:
    with Path(folder, "duplicates.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def official(hwcli: Hwcli, *more: str) -> list[dict[str, str]]:
    """Two files of images, in which some are equal; the list of the pairs."""
    train = [glyph(k) for k in (1, 2, 3, 3, 4)]
    test = [glyph(k) for k in (1, 5, 5, 6)]
    members = {
        "train-images-ubyte": idx(np.stack(train)),
        "train-labels-ubyte": idx(np.asarray([0, 1, 2, 2, 0], np.uint8)),
        "test-images-ubyte": idx(np.stack(test)),
        "test-labels-ubyte": idx(np.asarray([1, 1, 0, 2], np.uint8)),
    }
    write_zip(Path("o.zip"), members)
    parts = "".join(
        f'\n[[source.part]]\nsplit = "{s}"\nimages = "{s}-images-ubyte"\n'
        f'labels = "{s}-labels-ubyte"\n'
        for s in ("train", "test")
    )
    text = recipe_text(
        "file:o.zip", "idx", f'alphabet = "abc"\n{parts}', more='[split]\nby = "official"\nval = 0'
    )
    Path("o.toml").write_text(text, "utf-8")
    result = hwcli("ingest", "o.toml", *more)
    assert result.code == 0, result.err
    return table("data/test") if Path("data/test/duplicates.csv").exists() else []


def test_pairs_are_listed_with_what_became_of_them(hwcli: Hwcli) -> None:
    pairs = official(hwcli)
    told = [
        (p["kind"], p["dropped"], p["origin"], p["char"], p["of_origin"], p["of_char"])
        for p in pairs
    ]
    assert told == [
        ("conflict", "no", "test-images-ubyte#2", "a", "test-images-ubyte#1", "b"),
        ("conflict", "yes", "train-images-ubyte#0", "a", "test-images-ubyte#0", "b"),
        ("exact", "yes", "train-images-ubyte#3", "c", "train-images-ubyte#2", "c"),
    ]
    info = open_dataset(Path("data/test")).info
    assert info.duplicates is not None
    assert (info.duplicates.exact, info.duplicates.conflict) == (1, 2)
    assert info.counts["split"] == {"train": 3, "val": 0, "test": 4}
    assert {d.reason: d.count for d in info.dropped} == {
        "duplicate: the same image is in test under another character": 1,
        "duplicate: the same image and character is there already": 1,
    }


def test_duplicates_stay_where_they_are_not_looked_for(hwcli: Hwcli) -> None:
    assert official(hwcli, "--dedup", "off") == []
    info = open_dataset(Path("data/test")).info
    assert info.duplicates is None
    assert info.counts["split"] == {"train": 5, "val": 0, "test": 4}
    assert info.recipe["options"] == {"dedup": "off"}
    assert not info.dropped


def test_a_list_that_was_changed_is_found(hwcli: Hwcli) -> None:
    official(hwcli)
    verify_dataset(Path("data/test"))
    spoil(Path("data/test/duplicates.csv"))
    result = hwcli("ingest", "--verify", "data/test")
    assert result.code == 6
    assert "duplicates.csv" in result.err


def test_keys_differ_where_any_pixel_does() -> None:
    image = glyph(1)
    others = np.repeat(image[None], image.size, axis=0)
    others.reshape(len(others), -1)[np.arange(image.size), np.arange(image.size)] ^= 1
    keys = image_keys(np.concatenate([image[None], others]))
    for half in (keys >> np.uint64(32), keys & np.uint64(0xFFFFFFFF)):
        assert len(np.unique(half)) == len(keys)
    assert (image_keys(image[None]) == keys[0]).all()
    assert image_keys(np.zeros((0, 9, 9), np.uint8)).shape == (0,)
    assert len(np.unique(image_keys(np.eye(81, dtype=np.uint8).reshape(-1, 9, 9)))) == 81


@given(st.lists(st.lists(st.integers(0, 30), max_size=40), max_size=12))
def test_of_equal_keys_the_first_row_is_told(blocks: list[list[int]]) -> None:
    seen, known, row = SeenKeys(sum(map(len, blocks))), dict[int, int](), 0
    for block in blocks:
        rows = np.arange(row, row + len(block))
        wanted = [known.setdefault(n, r) for n, r in zip(block, rows.tolist(), strict=True)]
        found = seen.meet(key(block), rows)
        assert np.where(found < 0, rows, found).tolist() == wanted
        row += len(block)


def test_a_full_table_still_tells_all_keys_apart() -> None:
    keys = np.random.default_rng(0).integers(0, 1 << 64, 5000, np.uint64)
    seen = SeenKeys(10_000)
    assert (seen.meet(keys, np.arange(5000)) == -1).all()
    assert (seen.meet(keys[::-1], np.arange(5000, 10_000)) == np.arange(5000)[::-1]).all()


def key(numbers: list[int]) -> np.ndarray:
    return np.asarray(numbers, np.uint64)


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2), st.booleans()), max_size=40),
    st.integers(1, 9),
)
def test_duplicates_are_judged_as_one_by_one(rows: list[tuple[int, int, bool]], block: int) -> None:
    rows = sorted(rows, key=lambda r: r[2])  # test first
    image, label = np.asarray([r[0] for r in rows]), np.asarray([r[1] for r in rows], np.int32)
    split = np.asarray([Split.train if r[2] else Split.test for r in rows], np.uint8)
    kept: list[int] = []
    for i in range(len(rows)):
        same = [k for k in kept if image[k] == image[i]]
        if any(label[k] == label[i] for k in same) or (same and split[same[0]] != split[i]):
            continue
        kept.append(i)
    judge = Duplicates(label, split)
    found: list[int] = []
    for start in range(0, len(rows), block):
        numbers = np.arange(start, min(len(rows), start + block))
        keep, pairs = judge.judge(key(image[numbers].tolist()), numbers)
        found += numbers[keep].tolist()
        assert sum(p.dropped for p in pairs) == (~keep).sum()
    assert found == kept


def test_a_journal_of_nothing_starts_anew(tmp_path: Path) -> None:
    folder = tmp_path / "x.partial"
    folder.mkdir()
    (folder / "stray").write_text("x")
    journal = Journal(folder, "0" * 64, 1)
    assert journal.done == ()
    assert not list(folder.iterdir())


def test_nearly_equal_images_leave_train_where_they_touch_test(hwcli: Hwcli) -> None:
    def noisy(k: int) -> np.ndarray:
        return np.where(glyph(k) > 0, 250, 0).astype(np.uint8) | np.uint8(k % 3)

    train = np.stack([glyph(7), glyph(2), noisy(2), glyph(3), glyph(4)])
    test = np.stack([glyph(6), glyph(5), noisy(5)])
    faint = glyph(6).copy()
    faint[faint > 0] = 240
    train[0] = faint
    members = {}
    for name, images in (("train", train), ("test", test)):
        members[f"{name}-images-ubyte"] = idx(images)
        members[f"{name}-labels-ubyte"] = idx(np.zeros(len(images), np.uint8))
    write_zip(Path("o.zip"), members)
    parts = "".join(
        f'\n[[source.part]]\nsplit = "{s}"\nimages = "{s}-images-ubyte"\n'
        f'labels = "{s}-labels-ubyte"\n'
        for s in ("train", "test")
    )
    image = '[image]\nframe = "keep"\n[split]\nby = "official"\nval = 0'
    text = recipe_text("file:o.zip", "idx", f'invert = false\nalphabet = "a"\n{parts}', more=image)
    Path("o.toml").write_text(text, "utf-8")
    assert hwcli("ingest", "o.toml", "--dedup", "near").code == 0
    pairs = [p for p in table("data/test") if p["kind"] == "near"]
    assert [(p["origin"], p["of_origin"], p["dropped"]) for p in pairs] == [
        ("train-images-ubyte#0", "test-images-ubyte#0", "yes"),
        ("test-images-ubyte#2", "test-images-ubyte#1", "no"),
        ("train-images-ubyte#2", "train-images-ubyte#1", "no"),
    ]
    assert all(0 < float(p["distance"]) <= 0.008 for p in pairs)
    info = verify_dataset(Path("data/test"))
    assert info.counts["split"] == {"train": 4, "val": 0, "test": 3}
    assert [d.reason for d in info.dropped] == [
        "duplicate: nearly the same image and character is there already in test"
    ]


def test_a_near_twin_under_another_character_is_not_said_to_be_of_the_same(hwcli: Hwcli) -> None:
    faint = glyph(6).copy()
    faint[faint > 0] = 240
    members = {}
    for name, images, label in (("train", [faint, glyph(2)], 0), ("test", [glyph(6)], 1)):
        members[f"{name}-images-ubyte"] = idx(np.stack(images))
        members[f"{name}-labels-ubyte"] = idx(np.full(len(images), label, np.uint8))
    write_zip(Path("o.zip"), members)
    parts = "".join(
        f'\n[[source.part]]\nsplit = "{s}"\nimages = "{s}-images-ubyte"\n'
        f'labels = "{s}-labels-ubyte"\n'
        for s in ("train", "test")
    )
    image = '[image]\nframe = "keep"\n[split]\nby = "official"\nval = 0'
    text = recipe_text("file:o.zip", "idx", f'invert = false\nalphabet = "ab"\n{parts}', more=image)
    Path("o.toml").write_text(text, "utf-8")
    assert hwcli("ingest", "o.toml", "--dedup", "near").code == 0
    assert [d.reason for d in verify_dataset(Path("data/test")).dropped] == [
        "duplicate: nearly the same image is in test under another character"
    ]
