"""What is in an export, by the eyes of the programs it is for."""

import csv
import hashlib
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from torchvision.datasets import ImageFolder

import hwcli.export.webdataset as webdataset_room
from conftest import Result
from hwcli.commands.ingest.combine import ExportFormat
from hwcli.dataset import Dataset, open_dataset
from hwcli.errors import DatasetError, DependencyError
from hwcli.export import EXPORTERS, export_dataset
from hwcli.export.imagefolder import folder_of
from hwcli.shards import Split
from small_datasets import SOURCES, Row, dataset_of, pixels

Hwcli = Callable[..., Result]

ROWS = [
    Row(1, "a", Split.train, 0, 3, "x/1.png"),
    Row(2, "A", Split.train, 0, -1, "x/2, or so.png"),
    Row(3, "/", Split.test, 1, 0),
    Row(4, "क्ष", Split.val, 2),
    Row(4, "A", Split.val, 2),
    Row(5, "a", Split.train, 2),
    Row(6, "a", Split.train, 0, 3),
]


@pytest.fixture
def dataset() -> Dataset:
    return dataset_of(ROWS, Path("small"), shard_rows=2)


def digests(folder: Path) -> dict[str, str]:
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def test_the_command_offers_what_there_is() -> None:
    assert [str(f) for f in ExportFormat] == list(EXPORTERS)


@pytest.mark.parametrize("kind", EXPORTERS)
def test_the_same_bytes_each_time_and_nothing_half_made(
    kind: str, dataset: Dataset, hwcli: Hwcli
) -> None:
    if kind == "parquet":
        pytest.importorskip("pyarrow")
    for out in ("one", "two"):
        result = hwcli("ingest", "--export", kind, "small", "--out", out)
        assert result.code == 0, result.err
    assert digests(Path("one")) == digests(Path("two"))
    assert {"CARD.md", "recipe.toml"} <= set(digests(Path("one")))
    assert not list(Path().glob("*.partial"))


def test_imagefolder_as_torchvision_reads_it(dataset: Dataset) -> None:
    export_dataset(dataset, "imagefolder", Path("out"))
    for split in Split:
        found = ImageFolder(Path("out", split.name), allow_empty=True)
        assert len(found) == sum(r.split == split for r in ROWS)
        seen = {
            (np.asarray(image.convert("L")).tobytes(), dataset.info.classes[target])
            for image, target in found
        }
        assert seen == {(pixels(r.image).tobytes(), r.char) for r in ROWS if r.split == split}


def test_metadata_csv_names_every_file_beside_it(dataset: Dataset) -> None:
    export_dataset(dataset, "imagefolder", Path("out"))
    with Path("out/train/metadata.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {r["file_name"] for r in rows} == {
        p.relative_to("out/train").as_posix() for p in Path("out/train").rglob("*.png")
    }
    [odd] = [r for r in rows if r["label"] == "A"]
    assert (odd["writer"], odd["origin"], odd["source"]) == ("", "x/2, or so.png", "one")


def test_folders_of_classes_are_safe_and_in_the_order_of_the_characters() -> None:
    names = ["+", "A", "a", "é", "क", "क्ष", "ख", "�", "🙂", "🙂" * 60, "🙂" * 61]
    folders = [folder_of(c) for c in names]
    assert folders[:-2] == sorted(folders[:-2])  # of the longest only the first code points tell
    assert len({f.casefold() for f in folders}) == len(names)
    assert all(len(f) < 256 and f.isascii() and "/" not in f for f in folders)


def test_npz_needs_no_pickle(dataset: Dataset) -> None:
    export_dataset(dataset, "npz", Path("out"))
    with zipfile.ZipFile("out/small.npz") as members:
        assert {m.date_time for m in members.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    with np.load("out/small.npz", allow_pickle=False) as data:
        assert set(data) == {
            "images", "label", "script", "source", "writer", "split", "origin",
            "classes", "scripts", "sources",
        }  # fmt: skip
        seen = {
            (data["images"][i].tobytes(), str(data["classes"][data["label"][i]]),
             int(data["split"][i]), str(data["sources"][data["source"][i]]),
             int(data["writer"][i]))
            for i in range(len(ROWS))
        }  # fmt: skip
    assert seen == {
        (pixels(r.image).tobytes(), r.char, r.split, SOURCES[r.source].name, r.writer) for r in ROWS
    }


def test_webdataset_samples(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webdataset_room, "TAR_ROWS", 2)
    export_dataset(dataset, "webdataset", Path("out"))
    tars = sorted(p.name for p in Path("out").glob("*.tar"))
    assert tars == [
        "small-test-000000.tar", "small-train-000000.tar", "small-train-000001.tar",
        "small-train-000002.tar", "small-val-000000.tar",
    ]  # fmt: skip
    seen = []
    for name in tars:
        with tarfile.open(Path("out", name)) as tar:
            members = tar.getmembers()
            assert {(m.mtime, m.uid, m.gid, m.uname) for m in members} == {(0, 0, 0, "")}
            samples: dict[str, dict[str, bytes]] = {}
            for m in members:
                key, _, ending = m.name.partition(".")
                file = tar.extractfile(m)
                assert file is not None
                samples.setdefault(key, {})[ending] = file.read()
        for sample in samples.values():
            assert set(sample) == {"png", "cls", "json"}
            image = cv2.imdecode(np.frombuffer(sample["png"], np.uint8), cv2.IMREAD_GRAYSCALE)
            told = json.loads(sample["json"])
            assert dataset.info.classes[int(sample["cls"])] == told["char"]
            seen.append((image.tobytes(), told["char"], told["split"], told["source"]))
            assert ("writer" in told) == (told["origin"] in ("x/1.png", "x/6.png", "x/3.png"))
    assert sorted(seen) == sorted(
        (pixels(r.image).tobytes(), r.char, r.split.name, SOURCES[r.source].name) for r in ROWS
    )


def test_parquet_says_what_its_columns_are(dataset: Dataset) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    export_dataset(dataset, "parquet", Path("out"))
    files = sorted(p.relative_to("out").as_posix() for p in Path("out").rglob("*.parquet"))
    assert files == [
        "data/test-00000-of-00001.parquet", "data/train-00000-of-00002.parquet",
        "data/train-00001-of-00002.parquet", "data/val-00000-of-00001.parquet",
    ]  # fmt: skip
    meaning = json.loads(parquet.read_schema(f"out/{files[0]}").metadata[b"huggingface"])
    features = meaning["info"]["features"]
    assert features["label"] == {"names": list(dataset.info.classes), "_type": "ClassLabel"}
    assert features["image"] == {"_type": "Image"}
    rows = [row for f in files for row in parquet.read_table(f"out/{f}").to_pylist()]
    assert {row["writer"] for row in rows} == {None, 0, 3}
    image = cv2.imdecode(np.frombuffer(rows[0]["image"]["bytes"], np.uint8), cv2.IMREAD_GRAYSCALE)
    assert np.array_equal(image, pixels(3))


def test_parquet_without_pyarrow_is_one_line(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(DependencyError, match="pyarrow") as caught:
        export_dataset(dataset, "parquet", Path("out"))
    assert caught.value.hint == "pip install 'hwcli[parquet]'"
    assert not Path("out").exists() and not Path("out.partial").exists()


def test_the_card_and_the_warning_tell_whose_it_is(dataset: Dataset, hwcli: Hwcli) -> None:
    result = hwcli("ingest", "--export", "npz", "small", "--json")
    told = json.loads(result.out)
    assert told["folder"] == "small-npz" and told["rows"] == len(ROWS) and told["format"] == "npz"
    assert "not known to be redistributable: one.b (not stated)" in result.err
    assert "redistributable: one (" not in result.err
    card = Path("small-npz/CARD.md").read_text(encoding="utf-8")
    assert "| one | Latn | 3 | 0 | 0 |" in card
    assert "Nobody (2024). Nothing." in card and "U+0915 U+094D U+0937" in card


def test_an_export_is_replaced_only_if_asked_and_nothing_else_ever(
    dataset: Dataset, hwcli: Hwcli
) -> None:
    assert hwcli("ingest", "--export", "npz", "small").code == 0
    assert hwcli("ingest", "--export", "npz", "small").code == 6
    again = hwcli("ingest", "--export", "imagefolder", "small", "--out", "small-npz", "--force")
    assert again.code == 0
    assert not Path("small-npz/small.npz").exists()
    Path("mine").mkdir()
    Path("mine/thesis.txt").write_text("x")
    assert hwcli("ingest", "--export", "npz", "small", "--out", "mine", "--force").code == 6
    assert hwcli("ingest", "--export", "npz", "small", "--out", "small", "--force").code == 6
    assert Path("mine/thesis.txt").exists() and open_dataset(Path("small"))


def test_a_damaged_dataset_leaves_nothing(dataset: Dataset) -> None:
    (dataset.folder / "s-1.h5").write_bytes(b"x")
    with pytest.raises(DatasetError):
        export_dataset(dataset, "imagefolder", Path("out"))
    assert not list(Path().glob("out*"))


def test_names_from_a_strange_dataset_json_stay_in_the_folder() -> None:
    from dataclasses import replace

    sources = tuple(
        replace(s, name=n) for s, n in zip(SOURCES, ("../up", "A/B", "a/b"), strict=True)
    )
    rows = [Row(k, "x", source=k) for k in range(3)]
    dataset = dataset_of(rows, Path("d"), sources=sources)
    export_dataset(dataset, "imagefolder", Path("deep/out"))
    names = {p.name for p in Path().rglob("*.png")}
    assert {n.partition("~")[0] for n in names} == {"up", "A-B", "a-b-2"}
    assert len(list(Path("deep/out/train").rglob("*.png"))) == 3
