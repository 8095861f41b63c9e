"""`hwcli ingest my-images/` as a user meets it."""

import gzip
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from archives import glyph, idx, png
from conftest import Result
from hwcli.dataset import Dataset, open_dataset
from hwcli.recipe import load_recipe
from own_images import letters, strokes

Hwcli = Callable[..., Result]


def made(hwcli: Hwcli, *args: object, name: str = "pics") -> tuple[Dataset, str]:
    result = hwcli("ingest", *args, "--force")
    assert result.code == 0, result.err
    return open_dataset(Path("data") / name), result.err


def test_a_folder_of_classes_becomes_a_dataset_and_all_that_was_found_is_said(
    hwcli: Hwcli,
) -> None:
    letters(Path("pics"), lambda image: 255 - image.T)
    dataset, said = made(hwcli, "pics/")
    assert len(dataset.load()) == dataset.info.counts["source"]["pics"] > 300
    assert dataset.info.classes[:3] == ("0", "1", "2")
    assert dataset.info.scripts == ("Latn",)
    for told in (
        "pics: 376 images, 47 classes",
        "47 read as code point: U+0030 = 0",
        "dark on light (376 of 376",
        "transposed, so rows and columns are swapped back",
        "size: all 28×28 px",
        "split: random, writers are not known",
    ):
        assert told in said
    assert all(line.startswith("hwcli: ") for line in said.splitlines())


def test_its_glyphs_are_those_of_upright_light_ones(hwcli: Hwcli) -> None:
    letters(Path("a/pics"), lambda image: 255 - image.T)
    letters(Path("b/pics"))
    one = made(hwcli, "a/pics")[0].load()
    two = made(hwcli, "b/pics")[0].load()
    assert sorted(one.origins) == sorted(two.origins)
    at = {origin: k for k, origin in enumerate(two.origins)}
    same = [
        np.array_equal(i, two.images[at[o]]) for i, o in zip(one.images, one.origins, strict=True)
    ]
    assert np.mean(same) > 0.95  # rounding differs where a box is one pixel off the middle


LAYOUTS: dict[str, tuple[list[str], tuple[str, ...]]] = {
    "folders": (["A", "U+0042", "slash"], ()),
    "splits": (["train/A", "train/B", "test/A", "test/B"], ()),
    "writers": ([f"{c}/writer{w}" for c in "AB" for w in range(6)], ()),
    "romanised": (["ka", "kha"], ()),
    "odd names": (["a b#?", "[x]*", "'\"\\", "é"], ("--labels", "folder")),
    "file names": ([""], ("--labels", r"pattern:(\d)\.png$")),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_recipe_it_writes_makes_the_very_same_dataset(layout: str, hwcli: Hwcli) -> None:
    names, options = LAYOUTS[layout]
    strokes(Path("pics"), names)
    dataset, _ = made(hwcli, "pics", *options)
    Path("sub").mkdir()
    result = hwcli("ingest", "pics", *options, "--write-recipe", "sub/mine.toml")
    assert (result.code, result.out) == (0, "sub/mine.toml: recipe pics\n")
    assert "no dataset is made" in result.err
    again = hwcli("ingest", "sub/mine.toml", "--out", "again/pics")
    assert again.code == 0, again.err
    same = open_dataset(Path("again/pics"))
    assert same.sha256 == dataset.sha256
    assert same.info == dataset.info
    assert 'url = "file:../pics/"' in Path("sub/mine.toml").read_text()


def test_official_splits_are_kept(hwcli: Hwcli) -> None:
    strokes(Path("pics"), LAYOUTS["splits"][0])
    dataset, said = made(hwcli, "pics")
    rows = dataset.load()
    assert {o.split("/")[0] for o in rows.take(rows.split == 2).origins} == {"test"}
    assert "test is test, train is train" in said


def test_writers_by_folder_are_each_in_one_split(hwcli: Hwcli) -> None:
    strokes(Path("pics"), LAYOUTS["writers"][0])
    dataset, said = made(hwcli, "pics")
    rows = dataset.load()
    assert set(rows.writer) == set(range(6))
    assert all(len(set(rows.split[rows.writer == w])) == 1 for w in range(6))
    assert "by writer (6 people)" in said


def test_writers_of_one_class_each_are_not_taken_for_people(hwcli: Hwcli) -> None:
    strokes(Path("pics"), [f"{'AB'[w % 2]}/writer{w}" for w in range(6)])
    assert "have one class only" in made(hwcli, "pics")[1]


def test_a_zip_and_what_a_mac_puts_into_it(hwcli: Hwcli) -> None:
    strokes(Path("pics"), ["A", "B"])
    with zipfile.ZipFile("my pics.zip", "w") as archive:
        for path in sorted(Path("pics").rglob("*.png")):
            archive.write(path)
            archive.writestr(f"__MACOSX/{path.parent}/._{path.name}", b"\0\5\x16\7")
    dataset, said = made(hwcli, "my pics.zip", name="my-pics")
    assert len(dataset.load()) == 12
    assert dataset.info.classes == ("A", "B")
    assert [d.reason for d in dataset.info.dropped] == ["no label"]
    assert "2 classes, 12 without a label" in said


def table(*rows: str) -> None:
    strokes(Path("pics"), [""], each=12)
    Path("pics/names.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def test_a_table_is_found_by_its_columns(hwcli: Hwcli) -> None:
    rows = [f"{k}.png,{'ab'[k // 6]},w{k % 6}" for k in range(11)]
    table("File Name,Label,Writer", *rows, "gone.png,a,w1")
    dataset, said = made(hwcli, "pics")
    assert dataset.info.classes == ("a", "b")
    assert dataset.info.dropped[0].examples == ("11.png",)
    for told in (
        "names.csv, column 'Label' (paths in 'File Name')",
        "1 image left out, having no row in names.csv: 11.png",
        "1 row of names.csv without an image: gone.png",
        "by writer (6 people, 1 images of nobody)",
    ):
        assert told in said


def test_columns_by_name(hwcli: Hwcli) -> None:
    table("x,y,z", *(f"{k}.png,0,{'ab'[k % 2]}" for k in range(12)))
    assert made(hwcli, "pics", "--labels", "csv:names.csv:x:z")[0].info.classes == ("a", "b")
    assert made(hwcli, "pics", "--labels", "csv:pics/names.csv:x:z")[0].info.classes == ("a", "b")


def test_idx_files_and_the_labels_beside_them(hwcli: Hwcli) -> None:
    for split, count in (("train", 40), ("t10k", 20)):
        images = np.stack([glyph(k + len(split)) for k in range(count)])
        Path("raw").mkdir(exist_ok=True)
        Path(f"raw/{split}-images-idx3-ubyte").write_bytes(idx(images))
        labels = gzip.compress(idx(np.arange(count, dtype=np.uint8) % 3))
        Path(f"raw/{split}-labels-idx1-ubyte.gz").write_bytes(labels)
    result = hwcli("ingest", "raw")
    assert result.code == 3 and "needs `labels`" in result.err  # of other endings
    for path in Path("raw").glob("*.gz"):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    dataset, said = made(hwcli, "raw", name="raw")
    assert "split by name: train-images-idx3-ubyte is train" in said
    assert dataset.info.counts["split"]["test"] <= 20
    only, _ = made(hwcli, "raw/t10k-images-idx3-ubyte", name="t10k-images")
    assert sum(only.info.counts["split"].values()) <= 20


def test_files_whose_labels_may_differ_are_not_taken_together(hwcli: Hwcli) -> None:
    images = np.stack([glyph(k) for k in range(12)])
    for name in ("train-0", "train-1", "test"):
        Path("sets").mkdir(exist_ok=True)
        np.savez(f"sets/{name}.npz", images=images + len(name), labels=np.arange(12) % 2)
    assert hwcli("ingest", "sets", "--dry-run").code == 0
    np.savez("sets/train-bangla.npz", images=images, labels=np.arange(12) % 2)
    result = hwcli("ingest", "sets", "--dry-run")
    assert result.code == 3
    assert "train-0.npz and of train-bangla.npz may stand for different" in result.err
    assert hwcli("ingest", "sets/train-bangla.npz", "--dry-run").code == 0


def test_arrays_of_an_npz(hwcli: Hwcli) -> None:
    images = np.stack([glyph(k) for k in range(30)])
    np.savez("set.npz", x_train=images[:20], y_train=np.arange(20) % 2, x_test=images[20:],
             y_test=np.arange(10) % 2)  # fmt: skip
    dataset, said = made(hwcli, "set.npz", name="set")
    assert "set.npz/x_test is test" in said
    assert dataset.info.classes == ("0", "1")
    assert dataset.info.counts["split"]["test"] == 10


def test_images_that_are_none_are_dropped_by_name(hwcli: Hwcli) -> None:
    strokes(Path("pics"), ["A", "B"])
    Path("pics/A/zero.png").write_bytes(b"")
    Path("pics/A/text.png").write_bytes(b"nothing")
    Path("pics/A/notes.txt").write_text("x")
    Path("pics/B/blank.png").write_bytes(png(np.zeros((28, 28), np.uint8)))
    Path("pics/loose.png").write_bytes(png(glyph(77)))
    dataset, said = made(hwcli, "pics")
    dropped = {d.reason: d.examples for d in dataset.info.dropped}
    assert dropped == {
        "empty file": ("A/zero.png",),
        "not an image": ("A/text.png",),
        "blank": ("B/blank.png",),
        "no label": ("loose.png",),
    }
    assert "will be dropped: 1 not an image, 1 empty file, 1 blank" in said
    assert "1 file left aside as no image by name: A/notes.txt" in said


def test_names_that_a_mac_takes_apart_are_put_together(hwcli: Hwcli) -> None:
    strokes(Path("pics"), ["A", "e\u0301"])
    dataset, said = made(hwcli, "pics")
    assert dataset.info.classes == ("A", "é")
    assert "1 read as composed" in said


def test_names_in_no_encoding_are_left_out(hwcli: Hwcli) -> None:
    strokes(Path("pics"), ["A", "B"])
    odd = os.fsencode(Path("pics").resolve()) + b"/\xe9"
    os.mkdir(odd)  # noqa: PTH102
    Path(os.fsdecode(odd) + "/1.png").write_bytes(png(glyph(5)))
    dataset, said = made(hwcli, "pics")
    assert dataset.info.classes == ("A", "B")
    assert r"1 no text in UTF-8, so left out: '\udce9'" in said
    assert hwcli("ingest", "pics", "--write-recipe", "r.toml").code == 0
    assert hwcli("ingest", "r.toml", "--dry-run").code == 0


def test_a_sample_is_looked_at_and_no_more(hwcli: Hwcli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hwcli.own.sample.SAMPLE", 60)
    for k in range(200):
        path = Path(f"pics/{'AB'[k % 2]}/{k}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(glyph(k, 28 + k) if k % 3 else 255 - glyph(k, 28 + k)))
    said = [hwcli("ingest", "pics", "--write-recipe", "-").err for _ in "12"]
    assert "200 images" in said[0] and "(60 looked at)" in said[0]
    assert said[0] == said[1]


BAD: dict[str, tuple[tuple[str, ...], int, str]] = {
    "a folder without images": (("none",), 3, "no images in it (1 file: .txt)"),
    "an empty folder": (("empty",), 3, "it is empty"),
    "a typo": (("flt/",), 3, "did you mean flat?"),
    "no labels": (("flat",), 3, "--labels folder, --labels csv:FILE or --labels pattern:RE"),
    "no folders of classes": (("flat", "--labels", "folder"), 3, "such as 0.png"),
    "a pattern that gives nothing": (("flat", "--labels", "pattern:(zzz)"), 3, "for none of 6"),
    "no regular expression": (("flat", "--labels", "pattern:("), 2, "unterminated"),
    "no such table": (("flat", "--labels", "csv:a.csv"), 3, "no such table in flat"),
    "a table elsewhere": (("flat", "--labels", "csv:far.csv"), 3, "is not in flat"),
    "a column that is not there": (
        ("tabled", "--labels", "csv:t.csv:image:char"), 3, "no column 'char'; it has image, label"),
    "a table of other images": (("tabled", "--labels", "csv:t.csv"), 3, "names none of the 6"),
    "labels for a recipe": (("dhcd", "--labels", "folder"), 2, "is for your own images"),
    "a dataset": (("data/d",), 2, "is a dataset already"),
    "a file that is no image": (("none/a.txt",), 3, "no images in it"),
    "images that are all broken": (("broken",), 3, "not one of 4 images can be read"),
    "a damaged zip": (("bad.zip",), 3, "not a whole zip"),
    "recurring classes": (("twice",), 3, "c1 is in new/ and in old/"),
    "a recipe that is no .toml": (("good", "--write-recipe", "r.txt"), 2, "end in .toml"),
    "a recipe that is there": (("good", "--write-recipe", "old.toml"), 2, "is there already"),
    "a recipe nowhere": (("good", "--write-recipe", "no/r.toml"), 4, "cannot be written"),
    "a recipe and a sheet": (
        ("good", "--write-recipe", "r.toml", "--preview", "s.png"), 2, "not go with --preview"),
    "over the images": (("good", "--out", "good"), 6, "is there, and no dataset"),
}  # fmt: skip


@pytest.mark.parametrize("why", BAD)
def test_what_cannot_be_done_is_told_in_a_line(why: str, hwcli: Hwcli) -> None:
    strokes(Path("flat"), [""])
    strokes(Path("tabled"), [""])
    strokes(Path("good"), ["A", "B"])
    strokes(Path("twice"), ["old/c1", "new/c1", "new/c2"])
    for folder in ("none", "empty", "broken/A", "broken/B", "data/d"):
        Path(folder).mkdir(parents=True)
    for k in range(4):
        Path(f"broken/{'AB'[k % 2]}/{k}.png").write_bytes(b"x")
    Path("tabled/t.csv").write_text("image,label\nx.png,a\n")
    for file in ("none/a.txt", "far.csv", "data/d/dataset.json", "old.toml", "bad.zip"):
        Path(file).write_text("x")
    args, code, told = BAD[why]
    result = hwcli("ingest", *args)
    assert result.code == code, result.err
    errors = [line for line in result.err.splitlines() if "error: " in line or "hint: " in line]
    assert told in "\n".join(errors)
    assert len(errors) <= 2 and not result.out
    assert Path("old.toml").read_text() == "x"
    assert not list(Path().glob("*.partial"))


def test_a_recipe_is_written_over_with_force_and_printed_with_a_dash(hwcli: Hwcli) -> None:
    strokes(Path("good"), ["A", "B"])
    Path("old.toml").write_text("x")
    assert hwcli("ingest", "good", "--write-recipe", "old.toml", "--force").code == 0
    printed = hwcli("ingest", "good", "--write-recipe", "-", "-q")
    assert (printed.code, printed.err) == (0, "")
    Path("printed.toml").write_text(printed.out)
    assert load_recipe("printed.toml") == load_recipe("old.toml")
    assert not Path("data").exists()


def test_a_shipped_recipe_is_copied_with_what_it_borrows(hwcli: Hwcli) -> None:
    assert hwcli("ingest", "multi-script", "--write-recipe", "mine.toml").code == 0
    assert load_recipe("mine.toml") == load_recipe("multi-script")
    assert "from =" not in Path("mine.toml").read_text()


def test_a_shipped_name_goes_before_a_folder_of_that_name(hwcli: Hwcli) -> None:
    strokes(Path("sample"), ["A", "B"])
    result = hwcli("ingest", "sample", "--show")
    assert "emnist-bymerge" in result.out and "is meant by ./sample" in result.err
    assert "Own images: sample" in hwcli("ingest", "./sample", "--show").out
