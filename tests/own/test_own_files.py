"""Own images in tables, tars and MATLAB files, and with a split of their own."""

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from archives import glyph, png
from conftest import Result
from hwcli.dataset import open_dataset
from hwcli.recipe import load_recipe

Hwcli = Callable[..., Result]
COUNT = 30
LABELS = ["AB"[k % 2] for k in range(COUNT)]
SPLITS = [("train", "train", "test")[k % 3] for k in range(COUNT)]


def ingested(hwcli: Hwcli, what: str, name: str = "pics") -> tuple[dict[str, str], str]:
    """By origin, class and split of each row; what was said. A written recipe makes the same."""
    result = hwcli("ingest", what, "--force", "--jobs", 1)
    assert result.code == 0, result.err
    dataset = open_dataset(Path("data") / name)
    rows = dataset.load()
    assert hwcli("ingest", what, "--write-recipe", "again.toml", "--force").code == 0
    assert load_recipe("again.toml").name == name
    assert hwcli("ingest", "again.toml", "--out", "again", "--force").code == 0
    assert open_dataset(Path("again")).sha256 == dataset.sha256
    told = {str(o): dataset.info.classes[c] for o, c in zip(rows.origins, rows.label, strict=True)}
    return told, result.err


def table(
    folder: str, name: str, separator: str, column: str, splits: list[str], missing: int = 0
) -> None:
    lines = [["file_name", "label", column]]
    for k in range(COUNT):
        path = Path(folder) / f"x/{k}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(glyph(k)))
        if k >= missing:
            lines.append([f"x/{k}.png", LABELS[k], splits[k]])
    Path(folder, name).write_text("\n".join(map(separator.join, lines)))


@pytest.mark.parametrize("name", ["labels.csv", "labels.tsv", "LABELS.TSV"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_tables_of_any_separator_are_found(name: str, separator: str, hwcli: Hwcli) -> None:
    table("pics", name, separator, "note", ["x"] * COUNT)
    told, said = ingested(hwcli, "pics")
    assert [told[f"x/{k}.png"] for k in range(COUNT)] == LABELS
    assert f"labels: {name}, column 'label'" in said


@pytest.mark.parametrize("column", ["split", "Set", "subset"])
@pytest.mark.parametrize("missing", [0, 3])
def test_a_column_of_splits_is_the_official_split(column: str, missing: int, hwcli: Hwcli) -> None:
    table("pics", "t.tsv", "\t", column, SPLITS, missing)
    _, said = ingested(hwcli, "pics")
    assert f"splits by {column!r}" in said and "split: official" in said
    recipe = load_recipe("again.toml")
    assert (recipe.split.by, recipe.source[0].label.split_column) == ("official", column)
    rows = open_dataset(Path("data/pics")).load()
    tested = {o for o, s in zip(rows.origins, rows.split, strict=True) if s == 2}
    assert tested == {f"x/{k}.png" for k in range(missing, COUNT) if SPLITS[k] == "test"}


@pytest.mark.parametrize(
    ("column", "splits", "why"),
    [
        ("fold", [str(k % 5) for k in range(COUNT)], ""),
        ("set", [str(k % 5) for k in range(COUNT)], "is none of train, val and test"),
        ("split", ["train"] * COUNT, "it has no train and test"),
        ("split", ["train", "val"] * (COUNT // 2), "it has no train and test"),
    ],
)
def test_a_column_that_is_no_split_is_left_and_said(
    column: str, splits: list[str], why: str, hwcli: Hwcli
) -> None:
    table("pics", "t.csv", ",", column, splits)
    _, said = ingested(hwcli, "pics")
    assert "split: random" in said
    assert (f"{column!r} is not taken for the split" in said) == bool(why)
    assert why in said


@pytest.mark.parametrize("column", ["label", "character"])
@pytest.mark.parametrize("split", [False, True])
def test_a_parquet_file(column: str, split: bool, hwcli: Hwcli) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    images = [{"bytes": png(glyph(k)), "path": f"{k}.png"} for k in range(COUNT)]
    columns = {"image": images, column: LABELS, "writer": [f"w{k % 5}" for k in range(COUNT)]}
    parquet.write_table(arrow.table(columns | ({"split": SPLITS} if split else {})), "pics.parquet")
    told, said = ingested(hwcli, "pics.parquet")
    assert [told[f"pics.parquet#{k}"] for k in range(COUNT)] == LABELS
    assert "writers by the column 'writer'" in said
    assert ("split: official" if split else "split: by writer (5 people)") in said


def tar(name: str, files: dict[str, bytes]) -> None:
    mode = "w:gz" if name.endswith("gz") else "w"
    with tarfile.open(name, mode) as archive:  # type: ignore[call-overload]
        for path, data in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


@pytest.mark.parametrize("name", ["pics.tar", "pics.tar.gz", "pics.tgz"])
@pytest.mark.parametrize("ending", ["cls", "txt", "json", ""])
def test_a_tar(name: str, ending: str, hwcli: Hwcli) -> None:
    files: dict[str, bytes] = {}
    for k in range(COUNT):
        stem = f"{k:03}" if ending else f"{LABELS[k]}/{k:03}"
        files[f"{stem}.png"] = png(glyph(k))
        record = json.dumps({"char": LABELS[k], "split": SPLITS[k], "more": [1]})
        if ending:
            files[f"{stem}.{ending}"] = (record if ending == "json" else LABELS[k]).encode()
    tar(name, files)
    told, said = ingested(hwcli, name)
    assert list(told.values()).count("A") == COUNT / 2
    assert all(told[o] == LABELS[int(o[-7:-4])] for o in told)
    assert ("split: official" in said) == (ending == "json")
    assert (f"the .{ending} file beside each image" in said) == bool(ending)


def test_texts_beside_images_in_a_folder_are_no_labels(hwcli: Hwcli) -> None:
    for k in range(COUNT):
        path = Path(f"pics/{LABELS[k]}_{k}.png")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(png(glyph(k)))
        path.with_suffix(".txt").write_text("0 0.5 0.5 1 1")
        path.with_suffix(".json").write_text('{"boxes": []}')
    told, said = ingested(hwcli, "pics")
    assert told["A_0.png"] == "A" and "the file's name" in said


def matlab(name: str, variables: dict[str, np.ndarray]) -> None:
    with h5py.File(name, "w", userblock_size=512) as file:
        for key, value in variables.items():
            file.create_dataset(key, data=np.asarray(value).T)
    with Path(name).open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM")


def test_a_matlab_file_with_one_array_of_images(hwcli: Hwcli) -> None:
    images = np.stack([glyph(k) for k in range(COUNT)])
    labels = np.asarray([[k % 2] for k in range(COUNT)], float)
    matlab("pics.mat", {"X": images.reshape(COUNT, -1), "y": labels, "size": np.array([[28.0]])})
    told, said = ingested(hwcli, "pics.mat")
    assert [told[f"pics.mat/X#{k}"] for k in range(COUNT)] == ["0", "1"] * (COUNT // 2)
    assert "labels: y" in said


def test_a_matlab_file_of_which_it_cannot_be_told(hwcli: Hwcli) -> None:
    images = np.zeros((COUNT, 784))
    labels = np.zeros((COUNT, 1))
    matlab("pics.mat", {"X": images, "y": labels, "writer": labels})
    result = hwcli("ingest", "pics.mat")
    assert result.code == 3
    assert "there are: X, writer, y" in result.err
    Path("bad.mat").write_bytes(Path("pics.mat").read_bytes()[:700])
    assert hwcli("ingest", "bad.mat").code == 3
