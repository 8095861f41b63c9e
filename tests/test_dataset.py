"""dataset.json and the way back to the rows."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conftest import Result
from hwcli.dataset import (
    DATA_FOLDER,
    DatasetInfo,
    ShardEntry,
    SourceEntry,
    latest_dataset,
    open_dataset,
    write_info,
)
from hwcli.errors import DatasetError
from hwcli.glyph import Normalisation
from hwcli.shards import Split, sha256_of
from test_shards import TABLES, rows_of, write

Hwcli = Callable[..., Result]


def make(folder: Path, *counts: int) -> DatasetInfo:
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for i, count in enumerate(counts):
        path = write(folder / f"d-{i}.h5", rows_of(count, seed=i))
        entries.append(ShardEntry(path.name, count, sha256_of(path)))
    info = DatasetInfo(
        name="d",
        title="A dataset",
        target="char",
        normalisation=Normalisation(size=8, fit=8, stroke=0),
        classes=TABLES.classes,
        scripts=TABLES.scripts,
        sources=tuple(SourceEntry(n, "Latn", "CC0", "Nobody") for n in TABLES.sources),
        shards=tuple(entries),
        counts={},
    )
    write_info(folder, info)
    return info


def test_round_trip() -> None:
    info = make(Path("d"), 30, 20)
    dataset = open_dataset(Path("d"))
    assert dataset.info == info
    assert len(dataset.load()) == 50
    parts = [len(dataset.load(s)) for s in Split]
    assert sum(parts) == 50
    assert min(parts) > 0
    assert len(dataset.load(Split.train, Split.val)) == parts[0] + parts[1]
    assert dataset.targets("script") == TABLES.scripts


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{",
        "[" * 100_000,
        '{"schema": "hwcli.dataset/2"}',
        '{"schema": "hwcli.dataset/1"}',
        '{"schema": "hwcli.dataset/1", "nmae": "d"}',
    ],
)
def test_what_is_no_dataset_json_is_one_line(text: str) -> None:
    Path("d").mkdir()
    Path("d/dataset.json").write_text(text)
    with pytest.raises(DatasetError):
        open_dataset(Path("d"))


def test_a_shard_outside_the_folder_is_refused() -> None:
    make(Path("d"), 5)
    data = json.loads(Path("d/dataset.json").read_text())
    data["shards"][0]["file"] = "../d/d-0.h5"
    Path("d/dataset.json").write_text(json.dumps(data))
    with pytest.raises(DatasetError, match=r"shard.*outside"):
        open_dataset(Path("d"))


def test_a_shard_of_another_dataset_is_refused() -> None:
    make(Path("d"), 5)
    data = json.loads(Path("d/dataset.json").read_text())
    data["classes"] = ["x", "y", "z"]
    Path("d/dataset.json").write_text(json.dumps(data))
    with pytest.raises(DatasetError, match="tables"):
        open_dataset(Path("d")).load()


def test_a_shard_with_other_rows_than_listed_is_refused() -> None:
    make(Path("d"), 5)
    write(Path("d/d-0.h5"), rows_of(6))
    with pytest.raises(DatasetError, match="6 rows"):
        open_dataset(Path("d")).load()


def test_the_latest_is_the_one_ingested_last() -> None:
    assert latest_dataset() is None
    for i, name in enumerate(("one", "two", "three")):
        make(DATA_FOLDER / name, 1)
        os.utime(DATA_FOLDER / name / "dataset.json", (100 + i % 2, 100 + i % 2))
    assert latest_dataset() == DATA_FOLDER / "two"


def test_verify_exits_6_where_there_is_no_dataset(hwcli: Hwcli) -> None:
    result = hwcli("ingest", "--verify", "nowhere")
    assert result.code == 6
    assert "hwcli ingest RECIPE" in result.err


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", "../../x"),
        ("name", "a/b"),
        ("name", ".."),
        ("name", ""),
        ("name", "a\nb"),
        ("name", "x" * 200),
        ("shards", [{"file": "..", "rows": 5, "sha256": ""}]),
        ("shards", [{"file": "a\\b", "rows": 5, "sha256": ""}]),
        ("shards", [{"file": "", "rows": 5, "sha256": ""}]),
        ("recipe", {"missing": 5}),
        ("recipe", {"missing": "text"}),
        ("recipe", {"notes": [5]}),
    ],
)
def test_values_that_would_do_harm_later_are_refused(key: str, value: object) -> None:
    make(Path("d"), 5)
    data = json.loads(Path("d/dataset.json").read_text())
    data[key] = value
    Path("d/dataset.json").write_text(json.dumps(data))
    with pytest.raises(DatasetError, match=r"d/dataset\.json: "):
        open_dataset(Path("d"))


def test_images_of_another_size_than_it_says_are_refused() -> None:
    make(Path("d"), 5)
    write(Path("d/d-0.h5"), rows_of(5, size=9), size=9)
    with pytest.raises(DatasetError, match="8 px"):
        open_dataset(Path("d")).load()


def test_verify_does_without_counts_that_are_not_there(hwcli: Hwcli) -> None:
    info = make(Path("d"))
    assert info.counts == {}
    assert hwcli("ingest", "--verify", "d").code == 0


@pytest.mark.parametrize("command", ["train", "eval"])
def test_a_name_too_long_for_the_disk_is_one_line(command: str, hwcli: Hwcli) -> None:
    arguments = ["lenet"] if command == "train" else ["latin"]
    result = hwcli(command, *arguments, "--data", "x" * 300)
    assert result.code == 6
    assert "too long" in result.err


def test_a_cache_that_cannot_be_written_is_one_line(
    hwcli: Hwcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/x")
    result = hwcli("-q", "train", "lenet", "--data", "sample")
    assert result.code == 6
    assert "cannot be written" in result.err
    assert result.err.count("\n") == 1


def test_a_dataset_is_named_by_its_rows_alone() -> None:
    first = replace(make(Path("d"), 30), title="Another title")
    before = open_dataset(Path("d")).sha256
    write_info(Path("d"), first)
    assert open_dataset(Path("d")).sha256 == before
    make(Path("d"), 29)
    assert open_dataset(Path("d")).sha256 != before


def test_images_and_origins_of_some_rows_in_any_order() -> None:
    make(Path("d"), 30, 1, 300)
    dataset = open_dataset(Path("d"))
    rows = dataset.load()
    assert len(rows) == 331
    for places in ([], [330], [5, 30, 5, 0, 331 - 1, 29, 31, 31, 287], list(range(330, -1, -1))):
        at = np.asarray(places, np.intp)
        assert np.array_equal(dataset.images_at(at), rows.images[at])
        assert dataset.origins_at(at) == [rows.origins[i] for i in places]


@pytest.mark.parametrize("places", [[331], [-1, 3]])
def test_rows_that_are_not_there_are_refused(places: list[int]) -> None:
    make(Path("d"), 30, 1, 300)
    dataset = open_dataset(Path("d"))
    for read in (dataset.images_at, dataset.origins_at):
        with pytest.raises(IndexError, match="from 0 to 330"):
            read(np.asarray(places))


def test_some_rows_of_a_shard_that_is_not_the_listed_one() -> None:
    make(Path("d"), 30, 20)
    write(Path("d/d-1.h5"), rows_of(19, seed=1))
    dataset = open_dataset(Path("d"))
    assert len(dataset.images_at(np.asarray([29]))) == 1
    with pytest.raises(DatasetError, match="19 rows"):
        dataset.images_at(np.asarray([30]))
    with pytest.raises(DatasetError, match=r"d-1\.h5"):
        dataset.origins_at(np.asarray([49]))
