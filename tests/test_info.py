"""What `ingest --info` tells of a dataset."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conftest import Result
from hwcli.dataset import Dropped, write_info
from hwcli.errors import DatasetError
from hwcli.glyph import ink_box, stroke_width
from hwcli.image_stats import ImageTally
from hwcli.info import info_of
from hwcli.report.dataset import as_text
from hwcli.shards import Split
from small_datasets import Row, dataset_of
from synthetic import make_dataset

Hwcli = Callable[..., Result]
TRAIN, VAL, TEST = Split

ROWS = [
    Row(1, "A", TRAIN, 0, 0),
    Row(2, "A", TRAIN, 0, 0),
    Row(3, "A", TEST, 0, 0),
    Row(4, "क", VAL, 1, 1),
    Row(5, "　", TRAIN, 2),
]


def test_rows_by_all_that_counts() -> None:
    info = info_of(dataset_of(ROWS, Path("d"), shard_rows=2))
    assert info.schema == "hwcli.info/1"
    assert info.rows == 5
    assert info.splits == {"train": 3, "val": 1, "test": 1}
    assert info.by_source["one"] == {"train": 2, "val": 0, "test": 1}
    assert info.by_script == {
        "Deva": {"train": 0, "val": 1, "test": 0},
        "Latn": {"train": 3, "val": 0, "test": 1},
    }
    assert info.by_class["A"] == {"train": 2, "val": 0, "test": 1}
    assert (info.writers.people, info.writers.known) == (2, 0.8)
    assert info.writers.in_several_splits == 1
    balance = info.balance
    assert (balance.min, balance.median, balance.max, balance.imbalance) == (1, 1, 3, 3)
    assert balance.largest[0] == ("A", 3)
    assert balance.smallest[0][1] == 1
    assert info.bytes == sum(p.stat().st_size for p in Path("d").iterdir())


def test_image_statistics_are_those_of_the_glyphs_one_by_one() -> None:
    images = make_dataset(Path("s"), rows=60).load().images
    images[0] = 0
    images[1] = 0
    images[1, 3, 3] = 255
    tally = ImageTally(28)
    tally.add(images[:7])
    tally.add(images[7:])
    stats = tally.stats()
    boxes = [b for b in map(ink_box, images) if b]
    widths = [b[2] - b[0] for b in boxes]
    heights = [b[3] - b[1] for b in boxes]
    strokes = [w for w in map(stroke_width, images) if w]
    assert stats.mean_ink == pytest.approx(images.mean() / 255, abs=1e-4)
    assert (stats.blank, stats.near_blank) == (1 / 60, 2 / 60)
    assert stats.width.median == np.median(widths)
    assert stats.height.p95 == pytest.approx(np.percentile(heights, 95), abs=0.01)
    assert stats.stroke.median == pytest.approx(np.median(strokes), abs=0.01)


def test_as_json(hwcli: Hwcli) -> None:
    dataset_of(ROWS, Path("d"))
    told = json.loads(hwcli("ingest", "--info", "d", "--json").out)
    assert told["schema"] == "hwcli.info/1"
    assert told["by_class"]["　"]["train"] == 1
    assert told["sources"][0]["license"] == "CC0-1.0"
    assert set(told["images"]["stroke"]) == {"p5", "p25", "median", "p75", "p95"}


def test_the_text_says_whose_it_is_and_what_is_missing_in_80_columns() -> None:
    dataset = dataset_of(
        ROWS, Path("d"),
        dropped=(Dropped("one", "blank " * 30, 1234, ("a/very/long/" * 20,)),),
        recipe={"missing": ["the train files"], "notes": ["word " * 40]},
    )  # fmt: skip
    text = as_text(info_of(dataset))
    assert all(len(line) < 80 for line in text.splitlines() if "a/very" not in line)
    for told in (
        "d: A test", "one: CC0-1.0; may be passed on",
        "one.b: not stated; not known to be redistributable", "Dropped 1,234",
        "the train files", "Writers 2 known, of 80.0% of the rows; 1 in several splits",
        "U+3000 1", dataset.sha256,
    ):  # fmt: skip
        assert told in text, told
    assert not text.endswith("\n\n")


def test_hundreds_of_classes_are_listed_only_if_asked_for(hwcli: Hwcli) -> None:
    dataset_of([Row(k, chr(0x4E00 + k)) for k in range(600)], Path("d"), shard_rows=600)
    short = hwcli("ingest", "--info", "d").out
    assert len(short.splitlines()) < 40
    long = hwcli("ingest", "--info", "d", "-v").out
    assert len(long.splitlines()) > 600
    assert "U+5000" in long


def test_a_class_without_rows_is_told_and_no_rows_are_an_error(hwcli: Hwcli) -> None:
    make_dataset(Path("d"), rows=40, classes=("|", "-"), splits=(TRAIN,))
    info = info_of(make_dataset(Path("one"), rows=1, splits=(TRAIN,)))
    assert info.balance.empty == 4
    assert "without rows: 4" in as_text(info)
    dataset = dataset_of(ROWS, Path("e"))
    empty = replace(dataset.info, shards=())
    write_info(Path("e"), empty)
    with pytest.raises(DatasetError):
        info_of(replace(dataset, info=empty))
    assert hwcli("ingest", "--info", "e").code == 6
    assert hwcli("ingest", "--info", "nowhere").code == 6


def test_two_things_are_not_asked_at_once(hwcli: Hwcli) -> None:
    dataset_of(ROWS, Path("d"))
    for flags in (("--info", "--cite"), ("--export", "npz", "--verify"), ("merge", "d", "--info")):
        result = hwcli("ingest", "d", *flags) if flags[0] != "merge" else hwcli("ingest", *flags)
        assert result.code == 2
        assert "do not go together" in result.err
