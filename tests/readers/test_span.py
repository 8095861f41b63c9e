"""Parts of a file that holds several, and writers in arrays."""

from pathlib import Path

import numpy as np
import pytest

from archives import glyph, recipe_text
from hwcli.dataset import Dataset, open_dataset
from hwcli.errors import FetchError, RecipeError
from hwcli.ingest import IngestOptions, ingest
from hwcli.recipe import load_recipe

PART = """
[[source.part]]
images = "a.npz"
array = "images"
label_array = "label"
split = "{split}"
rows = [{first}, {end}]
"""
HOW = '[split]\nby = "official"\nval = 0\n'


def made(source: str) -> Dataset:
    np.savez(
        "a.npz",
        images=np.stack([glyph(k) for k in range(10)]),
        label=np.arange(10, dtype=np.int32) % 5,
        writer=np.asarray([-1, -1, 7, 7, 0, 0, 0, 12, 12, -3], np.int32),
        hand=np.asarray(["", "-", "-3", "x", "x", "y", "y", "y", "y", "y"]),
    )
    text = recipe_text(
        "file:a.npz", "numpy", 'alphabet = "abcde"\ninvert = false\n' + source, more=HOW
    )
    Path("r.toml").write_text(text)
    ingest(load_recipe("r.toml"), Path("d"), IngestOptions())
    return open_dataset(Path("d"))


def test_rows_outside_are_as_if_they_were_not_there() -> None:
    parts = PART.format(split="train", first=2, end=4) + PART.format(split="test", first=8, end=10)
    dataset = made(parts)
    rows = dataset.load()
    assert dataset.info.classes == ("c", "d", "e")
    assert dataset.info.dropped == ()
    told = {
        (rows.origins[i], dataset.info.classes[rows.label[i]], int(rows.split[i]))
        for i in range(len(rows))
    }
    assert told == {
        ("a.npz#2", "c", 0), ("a.npz#3", "d", 0), ("a.npz#8", "d", 2), ("a.npz#9", "e", 2),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("column", "groups"),
    [("writer", {(2, 3), (4, 5, 6), (7, 8)}), ("hand", {(1,), (3, 4), (5, 6, 7, 8, 9)})],
)
def test_writers_in_an_array(column: str, groups: set[tuple[int, ...]]) -> None:
    parts = PART.format(split="train", first=0, end=5) + PART.format(split="test", first=5, end=10)
    rows = made(f'label.writer_column = "{column}"\n' + parts).load()
    found = {
        tuple(sorted(int(o.partition("#")[2]) for o in rows.take(rows.writer == w).origins))
        for w in np.unique(rows.writer[rows.writer >= 0])
    }
    assert found == groups


def test_more_rows_than_there_are_is_damage() -> None:
    with pytest.raises(FetchError, match="has 10 rows, not 11"):
        made(PART.format(split="train", first=0, end=11))


@pytest.mark.parametrize("rows", [(3, 3), (4, 3), (-1, 3)])
def test_rows_that_are_no_span_are_refused(rows: tuple[int, int]) -> None:
    with pytest.raises(RecipeError, match="rows are a first number and a larger one"):
        made(PART.format(split="train", first=rows[0], end=rows[1]))
