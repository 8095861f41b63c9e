"""`hwcli ingest` as a user meets it, and what it promises of a dataset."""

import errno
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

import hwcli as package
from archives import emnist_zip, folder_zip, glyph, png, recipe_text, write_zip
from conftest import Result
from hwcli.dataset import Dataset, open_dataset
from hwcli.errors import DatasetError
from hwcli.ingest import IngestOptions, ingest
from hwcli.ingest.verify import verify_dataset
from hwcli.recipe import load_recipe
from hwcli.shards import Rows, Split

Hwcli = Callable[..., Result]

FOLDERS = '[[source.part]]\nimages = "*.png"'
SMALL = "[image]\nstroke = 0\n"


def recipe(
    source: str = FOLDERS, *, url: str = "file:a.zip", format: str = "images", more: str = ""
) -> str:
    Path("r.toml").write_text(recipe_text(url, format, source, more=SMALL + more), encoding="utf-8")
    return "r.toml"


def made(source: str = FOLDERS, *, more: str = "", format: str = "images") -> Dataset:
    ingest(load_recipe(recipe(source, more=more, format=format)), Path("d"), IngestOptions())
    return open_dataset(Path("d"))


def shards(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.glob("*.h5")}


def characters(dataset: Dataset, rows: Rows) -> list[str]:
    return [dataset.info.classes[k] for k in rows.label]


def test_the_sample_in_full_and_offline(hwcli: Hwcli) -> None:
    result = hwcli("ingest", "sample", "--offline")
    assert result.code == 0, result.err
    assert "3,331 rows, 112 classes, 3 scripts" in result.out
    dataset = open_dataset(Path("data/sample"))
    rows = dataset.load()
    assert len(rows) == 3331
    assert dataset.info.counts["split"] == {"train": 2297, "val": 377, "test": 657}
    assert dataset.info.counts["class"]["A"] == 45
    assert dataset.info.counts["class"]["क"] == 16
    assert all(s.redistributable and s.license and s.citation for s in dataset.info.sources)
    assert all(s.archives[0].startswith("sha256:") for s in dataset.info.sources)
    assert rows.images.shape[1:] == (28, 28)
    assert (rows.images.reshape(len(rows), -1).max(1) == 255).all()
    assert hwcli("ingest", "--verify", "data/sample").code == 0


def test_the_samples_chinese_writers_are_each_in_one_split() -> None:
    ingest(load_recipe("sample"), Path("d"), IngestOptions())
    rows = open_dataset(Path("d")).load()
    known = rows.writer >= 0
    assert known.sum() == 300
    places = [set(rows.split[rows.writer == w]) for w in np.unique(rows.writer[known])]
    assert len(places) == 20
    assert all(len(p) == 1 for p in places)
    assert len(set.union(*places)) == 3


def test_the_samples_zip_is_what_its_script_and_readme_say() -> None:
    folder = Path(package.__file__).parent / "assets/sample"
    assert (folder / "glyphs.zip").stat().st_size < 1_500_000
    text = (folder / "README.md").read_text(encoding="utf-8")
    for source in load_recipe("sample").source:
        assert source.redistributable
        assert source.url == "package:sample/glyphs.zip"
    for word in ("MIT", "CC BY 4.0", "public domain", "3,331"):
        assert word in text


def test_one_job_and_two_give_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hwcli.ingest.build._FEW", 10)
    monkeypatch.setattr("hwcli.ingest.build._BLOCK_BYTES", 64 * 784)
    monkeypatch.setattr("hwcli.ingest.series.SHARD_ROWS", 1000)
    for jobs in (1, 2):
        ingest(load_recipe("sample"), Path(f"d{jobs}"), IngestOptions(jobs=jobs))
    assert len(shards(Path("d1"))) == 4
    assert shards(Path("d1")) == shards(Path("d2"))
    one, two = (Path(f"d{j}/dataset.json").read_text() for j in (1, 2))
    assert one == two


def test_shards_are_equal_blocks_and_named_by_their_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hwcli.ingest.series.SHARD_ROWS", 10)
    monkeypatch.setattr("hwcli.ingest.series.CHUNK_ROWS", 1)
    folder_zip(Path("a.zip"), each=12)
    dataset = made()
    assert [s.file for s in dataset.info.shards] == [f"test-{i:05}-of-00004.h5" for i in range(4)]
    assert [s.rows for s in dataset.info.shards] == [10, 10, 10, 6]
    assert len(dataset.load()) == 36


@pytest.mark.usefixtures("_made_up_archives")
def test_images_are_upright_where_the_source_is_transposed(hwcli: Hwcli) -> None:
    emnist_zip(Path("m/emnist/gzip.zip"), ("train", "test"))
    assert hwcli("ingest", "emnist-bymerge", "--mirror", "m", "--offline").code == 0
    rows = open_dataset(Path("data/emnist-bymerge")).load()
    for k in (0, 7):
        origin = f"gzip/emnist-bymerge-test-images-idx3-ubyte.gz#{k}"
        (at,) = np.flatnonzero(rows.origin == origin.encode())
        upright = cv2.resize(_cropped(glyph(1000 + k)), (28, 28))
        assert _alike(_cropped(rows.images[at]), upright) > 0.8
        assert _alike(_cropped(rows.images[at].T), upright) < 0.8


def _cropped(image: np.ndarray) -> np.ndarray:
    x, y, width, height = cv2.boundingRect((image > 80).astype(np.uint8))
    return image[y : y + height, x : x + width]


def _alike(a: np.ndarray, b: np.ndarray) -> float:
    a = cv2.resize(a, b.shape[::-1]).astype(float).ravel()
    return float(np.corrcoef(a, b.astype(float).ravel())[0, 1])


@pytest.mark.usefixtures("_made_up_archives")
def test_official_splits_are_kept_and_val_is_cut_from_train(hwcli: Hwcli) -> None:
    emnist_zip(Path("m/emnist/gzip.zip"), ("train", "test"))
    assert hwcli("ingest", "emnist-bymerge", "--mirror", "m").code == 0
    dataset = open_dataset(Path("data/emnist-bymerge"))
    rows = dataset.load()
    assert len(rows) == 80
    is_test = np.asarray(["-test-" in o for o in rows.origins])
    assert np.array_equal(is_test, rows.split == Split.test)
    assert dataset.info.counts["split"] == {"train": 36, "val": 4, "test": 40}
    assert dataset.info.recipe["missing"] == []


@pytest.mark.usefixtures("_made_up_archives")
def test_a_missing_half_is_refused_or_said_and_split_anew(hwcli: Hwcli) -> None:
    emnist_zip(Path("m/emnist/gzip.zip"), ("test",))
    refused = hwcli("ingest", "emnist-bymerge", "--mirror", "m")
    assert refused.code == 5
    assert "--allow-missing" in refused.err
    assert not Path("data").exists()
    result = hwcli("ingest", "emnist-bymerge", "--mirror", "m", "--allow-missing")
    assert result.code == 0
    assert "missing emnist-bymerge: gzip/emnist-bymerge-train" in result.out
    assert "split randomly" in result.err
    info = open_dataset(Path("data/emnist-bymerge")).info
    assert info.counts["split"] == {"train": 28, "val": 4, "test": 8}
    assert "train" in info.recipe["missing"][0]
    again = hwcli("ingest", "emnist-bymerge", "--mirror", "m")
    assert again.code == 6
    assert "was made without emnist-bymerge: gzip/emnist-bymerge-train" in again.err
    assert hwcli("ingest", "emnist-bymerge", "--mirror", "m", "--allow-missing").code == 0
    assert "split randomly" in info.recipe["notes"][0]


@pytest.mark.usefixtures("_made_up_archives")
def test_a_missing_source_is_left_out_if_allowed_and_nothing_at_all_is_not(hwcli: Hwcli) -> None:
    emnist_zip(Path("m/emnist/gzip.zip"), ("train", "test"))
    options = ("--mirror", "m", "--offline", "--allow-missing")
    result = hwcli("ingest", "latin", *options)
    assert result.code == 0
    assert "missing bhmsds" in result.out
    nothing = hwcli("ingest", "mnist", *options)
    assert nothing.code == 5
    assert "none of its sources" in nothing.err


def test_duplicates_go_and_test_keeps_its_own() -> None:
    images = [png(glyph(k)) for k in range(6)]
    members = {f"train/a/{k}.png": images[k] for k in range(6)}
    members |= {f"test/a/{k}.png": images[k] for k in (0, 1)}  # in train, too
    members |= {"train/b/other.png": images[1]}  # under another label, and in test
    members |= {"train/a/again.png": images[5], "train/b/rival.png": images[4]}
    write_zip(Path("a.zip"), members)
    parts = (
        '[[source.part]]\nsplit = "train"\nimages = "train/*"\n'
        '[[source.part]]\nsplit = "test"\nimages = "test/*"'
    )
    dataset = made(parts, more='[split]\nby = "official"\nval = 0\n')
    rows = dataset.load()
    assert sorted(rows.origins) == [
        "test/a/0.png", "test/a/1.png",
        "train/a/2.png", "train/a/3.png", "train/a/4.png", "train/a/5.png",
        "train/b/rival.png",  # which of two labels in train is right cannot be told
    ]  # fmt: skip
    dropped = {d.reason: (d.count, d.examples) for d in dataset.info.dropped}
    assert dropped == {
        "duplicate: the same image and character is there already in test": (
            2, ("train/a/0.png", "train/a/1.png")),
        "duplicate: the same image is in test under another character": (
            1, ("train/b/other.png",)),
        "duplicate: the same image and character is there already": (
            1, ("train/a/again.png",)),
    }  # fmt: skip


def test_no_row_of_train_is_in_val_or_test() -> None:
    random = np.random.default_rng(1)
    members = {
        f"{'ab'[int(random.integers(2))]}/{k}.png": png(glyph(int(random.integers(40))))
        for k in range(300)
    }
    write_zip(Path("a.zip"), members)
    rows = made().load()
    kept = [{i.tobytes() for i in rows.images[rows.split == s]} for s in Split]
    assert all(kept)
    assert not kept[0] & kept[1]
    assert not kept[0] & kept[2]
    assert not kept[1] & kept[2]


def test_bad_images_are_dropped_by_name_and_not_replaced() -> None:
    members = {f"a/{k}.png": png(glyph(k)) for k in range(8)}
    members |= {"a/blank.png": png(np.zeros((28, 28), np.uint8)), "a/text.png": b"no"}
    members |= {"a/cut.png": png(glyph(9))[:50], "a/empty.png": b""}
    write_zip(Path("a.zip"), members)
    dataset = made()
    assert len(dataset.load()) == 8
    dropped = {(d.reason, d.examples) for d in dataset.info.dropped}
    assert dropped == {
        ("blank", ("a/blank.png",)), ("not an image", ("a/text.png",)),
        ("corrupt", ("a/cut.png",)), ("empty file", ("a/empty.png",)),
    }  # fmt: skip


def test_labels_the_recipe_does_not_list_are_dropped_by_name_or_kept_as_unknown() -> None:
    folder_zip(Path("a.zip"), "abz", each=5)
    classes = '[source.classes]\na = "α"\nb = "β"\n' + FOLDERS
    dataset = made(classes)
    assert dataset.info.classes == ("α", "β")
    (dropped,) = dataset.info.dropped
    assert (dropped.reason, dropped.count) == ("label 'z' is not in the recipe", 5)
    ingest(load_recipe(recipe('unlisted = "�"\n' + classes)), Path("d"), IngestOptions(force=True))
    assert open_dataset(Path("d")).info.classes == ("α", "β", "�")


@pytest.mark.parametrize("invert", ["", "invert = true\n"])
def test_dark_ink_is_turned_to_255(invert: str) -> None:
    write_zip(Path("a.zip"), {f"a/{k}.png": png(255 - glyph(k)) for k in range(6)})
    for image in made(invert + FOLDERS).load().images:
        assert image.mean() < 128
        assert image.max() == 255
        assert image[0, 0] == 0


def test_writers_are_whole_and_their_aliases_one() -> None:
    members = {
        f"a/{person}-{k}.png": png(glyph(100 * i + k))
        for i, person in enumerate(["ann", "bob", "cy", "dee", "eve", "Bob ", "fay", "gus"])
        for k in range(10)
    }
    write_zip(Path("a.zip"), members)
    source = (
        '[source.writers]\n"Bob" = "bob"\n'
        "[source.label]\npattern = '(?P<writer>[^/]+)-[0-9]+'\n" + FOLDERS
    )
    rows = made(source, more='[split]\nby = "writer"\n').load()
    assert len(np.unique(rows.writer)) == 7
    for writer in np.unique(rows.writer):
        assert len(set(rows.split[rows.writer == writer])) == 1
    assert (rows.writer == np.bincount(rows.writer).argmax()).sum() == 20
    assert set(rows.split) == {0, 1, 2}


def test_stacks_are_made_of_glyphs_of_their_own_split() -> None:
    members = {}
    for k in range(40):
        bar = np.full((28, 28), 255, np.uint8)
        bar[12 : 14 + k % 3, 2 : 20 + k % 8] = 0
        dot = cv2.circle(np.full((28, 28), 255, np.uint8), (14, 14), 5 + k % 7, 0, -1)
        members |= {f"bar/{k}.png": png(bar), f"dot/{k}.png": png(dot)}
        members |= {f"x/{k}.png": png(255 - glyph(k))}
    write_zip(Path("a.zip"), members)
    source = (
        'invert = true\nstack_count = 60\n[source.stack]\n"÷" = [".", "-", "."]\n'
        '[source.classes]\nbar = "-"\ndot = "."\nx = "x"\n' + FOLDERS
    )
    dataset = made(source)
    rows = dataset.load()
    place = dict(zip(rows.origins, rows.split, strict=True))
    stacked = rows.take(rows.label == dataset.info.classes.index("÷"))
    assert len(stacked) > 50
    assert set(stacked.split) == {0, 1, 2}
    dropped = {e for d in dataset.info.dropped for e in d.examples}
    for origin, split, image in zip(stacked.origins, stacked.split, stacked.images, strict=True):
        parts = origin.split(" + ")
        assert [p[:3] for p in parts] == ["dot", "bar", "dot"]
        assert {place[p] for p in parts if p in place} <= {split}
        assert all(p in place or dropped for p in parts)
        count, _, boxes, _ = cv2.connectedComponentsWithStats((image > 100).astype(np.uint8))
        assert count == 4
        assert boxes[1:, cv2.CC_STAT_WIDTH].max() >= 15


def test_limit_draws_evenly_over_the_classes(hwcli: Hwcli) -> None:
    folder_zip(Path("a.zip"), "abc", each=30)
    assert hwcli("ingest", recipe(), "--limit", "9").code == 0
    info = open_dataset(Path("data/test")).info
    assert info.counts["class"] == {"a": 3, "b": 3, "c": 3}


@pytest.mark.parametrize(
    ("by", "most", "counts"),
    [
        ("class", 7, {"a": 7, "b": 7}),
        ("script", 7, {"a": 4, "b": 3}),
        ("class", 99, {"a": 20, "b": 20}),
    ],
)
def test_balance_caps_each_class_or_script(by: str, most: int, counts: dict[str, int]) -> None:
    folder_zip(Path("a.zip"), "ab", each=20)
    found = made(more=f'[balance]\nby = "{by}"\nmax = {most}\n').info.counts["class"]
    assert sorted(found.values()) == sorted(counts.values())


def test_proportions_take_what_is_there_and_say_so(hwcli: Hwcli) -> None:
    folder_zip(Path("a.zip"), "ab", each=10)
    path = recipe(more="[proportions.few]\none = 8\n[proportions.many]\none = 80\n")
    assert hwcli("ingest", path, "--proportions", "few").code == 0
    assert open_dataset(Path("data/test")).info.counts["class"] == {"a": 4, "b": 4}
    many = hwcli("ingest", path, "--proportions", "many", "--force")
    assert "80 rows are wanted, 20 are there" in many.err
    unknown = hwcli("ingest", path, "--proportions", "fw")
    assert unknown.code == 6  # another dataset is there, which is found first
    unknown = hwcli("ingest", path, "--proportions", "fw", "--out", "e")
    assert unknown.code == 4
    assert "few, many" in unknown.err


def test_the_same_again_is_verified_and_left_alone(hwcli: Hwcli) -> None:
    assert hwcli("ingest", "sample").code == 0
    path = Path("data/sample/dataset.json")
    os.utime(path, (100, 100))
    inode = path.stat().st_ino
    again = hwcli("ingest", "sample")
    assert again.code == 0
    assert "there already" in again.err
    assert path.stat().st_ino == inode
    assert path.stat().st_mtime > 1000  # it is the one ingested last now
    assert hwcli("ingest", "sample", "--force").code == 0
    assert path.stat().st_ino != inode


def test_the_same_again_heals_a_damaged_one(hwcli: Hwcli) -> None:
    assert hwcli("ingest", "sample").code == 0
    (shard,) = Path("data/sample").glob("*.h5")
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-1])
    result = hwcli("ingest", "sample")
    assert result.code == 0
    assert "making it anew" in result.err
    assert shard.read_bytes() == whole


def test_another_dataset_or_folder_is_not_overwritten(hwcli: Hwcli) -> None:
    assert hwcli("ingest", "sample", "--limit", "50").code == 0
    refused = hwcli("ingest", "sample")
    assert refused.code == 6
    assert "--force" in refused.err
    Path("mine").mkdir()
    Path("mine/thesis.txt").write_text("x")
    refused = hwcli("ingest", "sample", "--out", "mine", "--force")
    assert refused.code == 6
    assert Path("mine/thesis.txt").read_text() == "x"


def test_ones_own_files_are_read_again_each_time() -> None:
    folder_zip(Path("a.zip"), "ab", each=4)
    assert len(made().load()) == 8
    folder_zip(Path("a.zip"), "ab", each=6)
    assert len(made().load()) == 12


def test_an_interrupted_run_leaves_what_was_there(
    monkeypatch: pytest.MonkeyPatch, hwcli: Hwcli
) -> None:
    assert hwcli("ingest", "sample").code == 0
    before = shards(Path("data/sample"))

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hwcli.ingest.build.decode_all", interrupt)
    assert hwcli("ingest", "sample", "--force").code == 130
    assert shards(Path("data/sample")) == before
    assert [p.name for p in Path("data").iterdir()] == ["sample"]


def test_a_full_disk_is_one_line(monkeypatch: pytest.MonkeyPatch, hwcli: Hwcli) -> None:
    write = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        write(path, data[:1000])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    result = hwcli("ingest", "sample")
    assert result.code == 6
    assert "No space left" in result.err
    assert result.err.count("\n") == 1
    assert not Path("data").exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="limits of POSIX")
def test_a_real_limit_on_the_disk_is_one_line() -> None:
    command = f"ulimit -f 1000; exec {sys.executable} -m hwcli ingest sample"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert result.returncode == 6
    assert "File too large" in result.stderr
    assert result.stderr.count("\n") == 1
    assert not Path("data").exists()


def test_verify_finds_every_kind_of_change() -> None:
    folder_zip(Path("a.zip"))
    made()
    (shard,) = Path("d").glob("*.h5")
    whole, text = shard.read_bytes(), Path("d/dataset.json").read_text()
    verify_dataset(Path("d"))
    shard.write_bytes(whole[:-9] + b"\x01" + whole[-8:])
    with pytest.raises(DatasetError, match="sha256"):
        verify_dataset(Path("d"))
    shard.unlink()
    with pytest.raises(DatasetError, match="cannot be read"):
        verify_dataset(Path("d"))
    shard.write_bytes(whole)
    data = json.loads(text)
    data["counts"]["class"]["a"] += 1
    Path("d/dataset.json").write_text(json.dumps(data))
    with pytest.raises(DatasetError, match="by class"):
        verify_dataset(Path("d"))


def test_a_truncated_archive_exits_5_with_one_line(hwcli: Hwcli) -> None:
    path = folder_zip(Path("a.zip"))
    path.write_bytes(path.read_bytes()[:-40])
    result = hwcli("ingest", recipe())
    assert result.code == 5
    assert "not a whole zip" in result.err
    assert not Path("data").exists()


def test_a_missing_archive_exits_5_and_a_missing_mirror_3(hwcli: Hwcli) -> None:
    assert hwcli("ingest", recipe()).code == 5
    result = hwcli("ingest", "mnist", "--mirror", "nowhere")
    assert result.code == 3
    assert "no such folder" in result.err


def test_nothing_good_at_all_is_one_line(hwcli: Hwcli) -> None:
    write_zip(Path("a.zip"), {"a/1.png": b"junk"})
    result = hwcli("ingest", recipe())
    assert result.code == 6
    assert "not one row" in result.err
    assert not Path("data").exists()


def test_dry_run_says_what_would_be_and_writes_nothing(hwcli: Hwcli) -> None:
    result = hwcli("ingest", "sample", "--dry-run", "--json")
    assert result.code == 0
    planned = json.loads(result.out)
    assert planned["rows"] == 3331
    assert planned["split"]["test"] == 657
    assert not list(Path().iterdir())
    assert "3,331 rows planned" in hwcli("ingest", "sample", "--dry-run").out


def test_list_and_show(hwcli: Hwcli) -> None:
    listed = hwcli("ingest", "--list")
    assert "multi-script" in listed.out
    assert {r["name"] for r in json.loads(hwcli("ingest", "--list", "--json").out)} >= {"latin"}
    shown = hwcli("ingest", "multi-script", "--show")
    assert "kaggle:mloey1/ahcd1" in shown.out
    assert "CC BY 4.0" in shown.out
    assert "proportions: original" in shown.out
    assert json.loads(hwcli("ingest", "mnist", "--show", "--json").out)["name"] == "mnist"


def test_no_recipe_is_a_usage_error(hwcli: Hwcli) -> None:
    result = hwcli("ingest")
    assert result.code == 2
    assert "--list" in result.err


def test_json_is_the_whole_of_dataset_json_and_its_folder(hwcli: Hwcli) -> None:
    result = hwcli("ingest", "sample", "--json", "-q")
    record = json.loads(result.out)
    assert record.pop("folder") == "data/sample"
    assert record == json.loads(Path("data/sample/dataset.json").read_text())
    assert result.err == ""


def test_preview_shows_every_class(hwcli: Hwcli) -> None:
    result = hwcli("ingest", "sample", "--preview", "sheet.png")
    assert result.code == 0
    sheet = cv2.imread("sheet.png", cv2.IMREAD_GRAYSCALE)
    assert sheet is not None
    rows = -(-112 // 3)
    assert sheet.shape[0] == rows * 36
    assert (sheet == 0).sum() > 112 * 12 * 300  # the dark paper of the glyphs
    bad = hwcli("ingest", "sample", "--preview", "no/such/folder.png")
    assert bad.code == 3


def test_offline_without_a_mirror_says_so(hwcli: Hwcli) -> None:
    result = hwcli("ingest", "mnist", "--offline")
    assert result.code == 5
    assert "--offline is given" in result.err
    assert "--mirror" in result.err


@pytest.mark.parametrize("args", [(), ("--force",)])
def test_a_place_that_must_not_be_looked_into_is_one_line(
    args: tuple[str, ...], hwcli: Hwcli
) -> None:
    folder_zip(Path("a.zip"))
    result = hwcli("-q", "ingest", recipe(), "--out", "x" * 300, *args)
    assert result.code == 6
    assert "too long" in result.err
    assert result.err.count("\n") == 1
    assert hwcli("ingest", recipe(), "--mirror", "x" * 5000).code == 3


def test_damaged_pictures_are_counted_and_nothing_is_printed_of_them(tmp_path: Path) -> None:
    """By a process, since libpng writes to the descriptor; with jobs, by theirs too."""
    whole = png(glyph(1))
    flipped = whole[:60] + bytes([whole[60] ^ 255]) + whole[61:]
    members = {f"a/{k}.png": png(glyph(k)) for k in range(3)}
    members |= {"a/cut.png": whole[:-20], "a/short.png": whole[:60], "a/flip.png": flipped}
    write_zip(tmp_path / "a.zip", members)
    code = (
        "from pathlib import Path\n"
        "from hwcli.ingest import IngestOptions, build, ingest\n"
        "from hwcli.recipe import load_recipe\n"
        "build._FEW = 0\n"
        "if __name__ == '__main__':\n"
        "    for jobs in (1, 2):\n"
        "        options = IngestOptions(jobs=jobs)\n"
        "        info = ingest(load_recipe('r.toml'), Path(f'd{jobs}'), options)\n"
        "        print([(d.reason, d.count) for d in info.dropped])\n"
    )
    (tmp_path / "run.py").write_text(code)
    text = recipe_text("file:a.zip", "images", FOLDERS, more=SMALL)
    (tmp_path / "r.toml").write_text(text)
    done = subprocess.run(
        [sys.executable, "run.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout == "[('corrupt', 3)]\n" * 2
    assert done.stderr == ""
