"""Datasets joined to one: what is one, what stays apart, and what is dropped."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import Result
from hwcli.dataset import Dataset, open_dataset
from hwcli.errors import DatasetError
from hwcli.ingest.verify import verify_dataset
from hwcli.lock import only_one
from hwcli.merging import merge_datasets
from hwcli.merging.texts import Texts
from hwcli.shards import Split
from small_datasets import HOW, SOURCES, Row, dataset_of, facts, row_lists, writers

Hwcli = Callable[..., Result]
TRAIN, VAL, TEST = Split


def merged(*datasets: Dataset, out: str = "m", force: bool = False) -> Dataset:
    merge_datasets(datasets, Path(out), force=force)
    verify_dataset(Path(out))
    return open_dataset(Path(out))


def made(name: str, *rows: Row, **more: object) -> Dataset:
    return dataset_of(list(rows), Path(name), **more)  # type: ignore[arg-type]


def splits(dataset: Dataset) -> dict[str, str]:
    """By character, where its one row is."""
    return {char: told[0].name for (_, char), told in facts(dataset).items()}  # type: ignore[attr-defined]


def test_one_class_a_character_and_one_source_a_publisher() -> None:
    a = made("a", Row(1, "B"), Row(2, "क", source=1))
    b = made("b", Row(3, "A"), Row(4, "B", source=0), Row(5, "B", TEST, source=2))
    both = merged(a, b)
    assert both.info.classes == ("A", "B", "क")
    assert [s.name for s in both.info.sources] == ["one", "one.b", "b"]
    assert [s.rows for s in both.info.sources] == [3, 1, 1]
    assert facts(both) == facts(a) | facts(b)
    assert both.info.counts["split"] == {"train": 4, "val": 0, "test": 1}
    assert both.info.name == "m"


@pytest.mark.parametrize(
    ("here", "there", "kept"),
    [
        (TRAIN, TEST, "test"),
        (TEST, TRAIN, "test"),
        (TRAIN, VAL, "val"),
        (VAL, TEST, "test"),
        (TRAIN, TRAIN, "train"),
    ],
)
def test_of_equal_images_the_one_to_judge_on_is_kept(here: Split, there: Split, kept: str) -> None:
    both = merged(made("a", Row(1, "A", here)), made("b", Row(1, "A", there)))
    assert splits(both) == {"A": kept}
    [dropped] = both.info.dropped
    assert (dropped.source, dropped.count) == ("one", 1)
    loser = "a" if kept == there.name != here.name else "b"
    assert dropped.examples == (f"{loser}: x/1.png",)


def test_what_equals_a_test_image_is_not_in_train_under_another_character_either() -> None:
    both = merged(made("a", Row(1, "O"), Row(2, "A")), made("b", Row(1, "0", TEST)))
    assert splits(both) == {"0": "test", "A": "train"}


def test_a_source_of_the_same_name_that_is_another_keeps_its_licence() -> None:
    other = (replace(SOURCES[0], license="all rights reserved"), *SOURCES[1:])
    both = merged(made("a", Row(1, "A")), made("b", Row(2, "A"), sources=other))
    told = {s.name: s.license for s in both.info.sources}
    assert told == {"one": "CC0-1.0", "one.b": "all rights reserved"}
    assert any("one of b is called one.b" in n for n in both.info.recipe["notes"])


def test_writers_are_one_where_an_image_shows_it_and_else_apart() -> None:
    a = made("a", Row(1, "A", writer=0), Row(2, "A", writer=0), Row(3, "A", writer=1))
    b = made("b", Row(1, "A", writer=7), Row(4, "A", writer=7), Row(5, "A", writer=0))
    both = merged(a, b)
    assert sorted(len(group) for group in writers(both)) == [1, 1, 3]
    assert both.info.recipe["notes"] == [
        "one: 1 writers are known to be in several datasets, "
        "2 are counted as different and may not be"
    ]


def test_an_equal_image_of_another_origin_shows_nothing() -> None:
    a = made("a", Row(1, "A", writer=0, origin="p"), Row(2, "A", writer=0))
    b = made("b", Row(1, "B", writer=0, origin="q"), Row(3, "A", writer=0))
    assert len(writers(merged(a, b))) == 2


def test_a_person_in_train_and_test_is_told() -> None:
    a = made("a", Row(1, "A", TRAIN, writer=0), Row(2, "A", TRAIN, writer=0))
    b = made("b", Row(1, "A", TEST, writer=5), Row(3, "A", TEST, writer=5))
    notes = merged(a, b).info.recipe["notes"]
    assert any("1 writers are in train and also in val or test" in n for n in notes)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"size": 9}, "size is 8 and 9"),
        ({"fit": 5}, "fit is 6 and 5"),
        ({"centre": "box"}, "centre is mass and box"),
        ({"stroke": 0.0}, "stroke is 1.5 and 0.0"),
        ({"frame": "keep"}, "frame is fit and keep"),
    ],
)
def test_what_is_not_normalised_alike_is_refused(
    change: dict[str, object], told: str, hwcli: Hwcli
) -> None:
    made("a", Row(1, "A"))
    made("b", Row(2, "A"), normalisation=replace(HOW, **change))  # type: ignore[arg-type]
    result = hwcli("ingest", "merge", "a", "b", "--out", "m")
    assert result.code == 6
    assert told in result.err
    assert not Path("m").exists()


def test_images_as_published_differ_only_in_how_photos_are_fitted() -> None:
    how = replace(HOW, frame="keep")
    a = made("a", Row(1, "A"), normalisation=how)
    b = made("b", Row(2, "B"), normalisation=replace(how, fit=7))
    both = merged(a, b)
    assert both.info.normalisation == how
    assert "fit of the normalisation: as a has it" in both.info.recipe["notes"]


def test_images_as_published_of_two_sizes_are_refused() -> None:
    a = made("a", Row(1, "A"), normalisation=replace(HOW, frame="keep"))
    b = made("b", Row(2, "B"), normalisation=replace(HOW, frame="keep", size=9))
    with pytest.raises(DatasetError, match="size is 8 and 9"):
        merged(a, b)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(row_lists(), row_lists(), row_lists())
def test_merging_is_sound(one: list[Row], two: list[Row], three: list[Row]) -> None:
    import shutil

    for name in ("a", "b", "c", "m", "ab", "aa", "left"):
        shutil.rmtree(name, ignore_errors=True)
    a, b, c = made("a", *one), made("b", *two), made("c", *three)
    itself = merged(a, a, out="aa")
    assert facts(itself) == facts(a)
    assert writers(itself) == writers(a)
    all_three = facts(merged(a, b, c))
    test = {pixels for (pixels, _), told in all_three.items() if told[0] is TEST}
    train = {pixels for (pixels, _), told in all_three.items() if told[0] is not TEST}
    assert not test & train
    given_ = facts(a) | facts(b) | facts(c)
    assert {k[0] for k in all_three} == {k[0] for k in given_}
    assert set(all_three) <= set(given_)
    left = facts(merged(merged(a, b, out="ab"), c, out="left"))
    assert {k: v[0] for k, v in left.items()} == {k: v[0] for k, v in all_three.items()}


def test_what_was_merged_is_told(hwcli: Hwcli) -> None:
    a = made("a", Row(1, "A"), recipe={"missing": ["x"], "notes": ["y"]})
    made("b", Row(2, "A"))
    result = hwcli("ingest", "merge", "a", "b", "--out", "m", "--json")
    assert result.code == 0, result.err
    recipe = json.loads(result.out)["recipe"]
    assert [(m["name"], m["rows"]) for m in recipe["merged"]] == [("a", 1), ("b", 1)]
    assert recipe["merged"][0]["sha256"] == a.sha256
    assert (recipe["missing"], recipe["notes"]) == (["a: x"], ["a: y"])
    info = hwcli("ingest", "--info", "m")
    assert "merged from a, 1 rows" in info.out
    assert hwcli("ingest", "--verify", "m").code == 0


def test_shards_are_equal_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hwcli.ingest.series.SHARD_ROWS", 5)
    monkeypatch.setattr("hwcli.ingest.series.CHUNK_ROWS", 1)
    a, b = made("a", *[Row(k, "A") for k in range(8)]), made("b", *[Row(k, "B") for k in range(4)])
    both = merged(a, b)
    assert [(s.file, s.rows) for s in both.info.shards] == [
        ("m-00000-of-00003.h5", 5), ("m-00001-of-00003.h5", 5), ("m-00002-of-00003.h5", 2),
    ]  # fmt: skip
    assert facts(both) == facts(a) | facts(b)


def test_the_same_bytes_each_time() -> None:
    a, b = made("a", *[Row(k, "A") for k in range(9)]), made("b", *[Row(k, "B") for k in range(9)])
    one = merged(a, b).sha256
    assert merged(a, b, force=True).sha256 == one


def test_nothing_is_replaced_unless_asked_and_only_datasets(hwcli: Hwcli) -> None:
    made("a", Row(1, "A"))
    made("b", Row(2, "A"))
    merge = ("ingest", "merge", "a", "b", "--out")
    assert hwcli(*merge, "m").code == 0
    assert hwcli(*merge, "m").code == 6
    assert hwcli(*merge, "m", "--force").code == 0
    assert hwcli(*merge, "a", "--force").code == 0
    assert len(open_dataset(Path("a")).load()) == 2
    Path("mine").mkdir()
    Path("mine/x").write_text("x")
    assert hwcli(*merge, "mine", "--force").code == 6
    assert Path("mine/x").exists()
    assert hwcli(*merge, "a b").code == 6
    assert hwcli(*merge[:3], "--out", "n").code == 2
    assert hwcli(*merge[:4]).code == 2
    assert not list(Path().glob("*.partial"))


def test_a_damaged_dataset_leaves_nothing() -> None:
    a, b = made("a", Row(1, "A")), made("b", Row(2, "A"))
    (b.folder / "s-0.h5").write_bytes(b"x")
    with pytest.raises(DatasetError):
        merged(a, b)
    assert not list(Path().glob("m*"))


def test_what_was_equal_is_listed() -> None:
    a = made("a", Row(1, "A", origin="p"), Row(2, "O", source=1), Row(3, "B"))
    b = made("b", Row(1, "A", TEST, origin="q"), Row(2, "0"), Row(3, "B", source=2))
    both = merged(a, b)
    with (both.folder / "duplicates.csv").open(encoding="utf-8", newline="") as file:
        lines = sorted(csv.DictReader(file), key=lambda line: line["char"])
    told = [tuple(line.values()) for line in lines]
    assert list(lines[0])[3:] == [
        "origin", "source", "split", "char", "of_origin", "of_source", "of_split", "of_char",
    ]  # fmt: skip
    assert told == [
        ("conflict", "no", "", "x/2.png", "one", "train", "0", "x/2.png", "one.b", "train", "O"),
        ("exact", "yes", "", "p", "one", "train", "A", "q", "one", "test", "A"),
        ("exact", "yes", "", "x/3.png", "b", "train", "B", "x/3.png", "one", "train", "B"),
    ]
    listed = both.info.duplicates
    assert listed is not None
    assert (listed.file, listed.exact, listed.near, listed.conflict) == ("duplicates.csv", 2, 0, 1)
    names = {p.name for p in both.folder.iterdir()}
    assert names == {"dataset.json", "duplicates.csv", "m-00000-of-00001.h5"}


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(st.text(max_size=9), max_size=4), min_size=1, max_size=5), st.data())
def test_texts_are_found_by_their_number(pieces: list[list[str]], data: st.DataObject) -> None:
    flat = [t for piece in pieces for t in piece]
    with Texts(Path()) as texts:
        for piece in pieces:
            texts.extend(piece)
        assert [texts[i] for i in range(len(flat))] == flat
        some = sorted(data.draw(st.sets(st.sampled_from(range(len(flat)))))) if flat else []
        assert texts.some(np.asarray(some, np.int64)) == [flat[i] for i in some]


@pytest.mark.parametrize(
    "command",
    [
        ("ingest", "merge", "a", "b", "--out", "m"),
        ("ingest", "--export", "npz", "a", "--out", "m"),
    ],
)
def test_one_at_a_time_works_on_a_folder(command: tuple[str, ...], hwcli: Hwcli) -> None:
    made("a", Row(1, "A"))
    made("b", Row(2, "A"))
    with only_one(Path("m")):
        result = hwcli(*command)
    assert (result.code, "m: another hwcli is at work on it" in result.err) == (6, True)
    assert hwcli(*command).code == 0
    assert not list(Path().glob(".*.lock"))


def test_the_folder_we_are_in_can_be_written_to(
    hwcli: Hwcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    made("a", Row(1, "A"))
    made("b", Row(2, "A"))
    Path("m").mkdir()
    here = Path("m").absolute()
    monkeypatch.chdir("m")
    assert hwcli("ingest", "merge", "../a", "../b", "--out", ".").code == 0
    assert (here / "dataset.json").is_file()
    monkeypatch.chdir(here)
    assert hwcli("ingest", "sample", "--out", ".", "--force").code == 0
    assert open_dataset(here).info.name == "sample"
