"""Official splits that are told row by row, and those that only look so."""

from collections.abc import Callable
from pathlib import Path

import pytest

from archives import glyph, png, recipe_text, write_zip
from conftest import Result
from hwcli.dataset import open_dataset
from hwcli.errors import RecipeError
from hwcli.recipe import load_recipe
from hwcli.shards import Split

OFFICIAL = '[split]\nby = "official"\nval = 0.0'


def write(label: str, part: str = "") -> None:
    rows = [f"{k}.png\t{'abc'[k % 3]}\t{'test' if k % 4 == 0 else 'train'}" for k in range(24)]
    members = {f"x/{k}.png": png(glyph(k)) for k in range(24)}
    members["x/t.tsv"] = "\n".join(["image\tlabel\tset", *rows]).encode()
    path = write_zip(Path("a.zip"), members)
    more = f'[source.label]\ntable = "t.tsv"\n{label}\n[[source.part]]\nimages = "*.png"\n{part}'
    Path("r.toml").write_text(recipe_text(f"file:{path}", "images", more, more=OFFICIAL))


def test_rows_go_where_the_table_says(hwcli: Callable[..., Result]) -> None:
    write('split_column = "set"')
    result = hwcli("ingest", "r.toml", "--out", "out")
    assert result.code == 0, result.err
    rows = open_dataset(Path("out")).load()
    assert len(rows.split) == 24
    for origin, split in zip(rows.origins, rows.split, strict=True):
        number = int(Path(str(origin)).stem)
        assert split == (Split.test if number % 4 == 0 else Split.train)


def test_a_split_that_nobody_tells_is_a_fault_of_the_recipe() -> None:
    write("")
    with pytest.raises(RecipeError, match="an official split, but a part without one"):
        load_recipe("r.toml")
    write("", 'split = "train"')
    load_recipe("r.toml")
