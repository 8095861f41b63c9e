"""Images that stay as they are framed, and splits that stay as they are told."""

from pathlib import Path

import numpy as np
import pytest

from archives import glyph, png, recipe_text, write_zip
from hwcli.dataset import open_dataset
from hwcli.ingest import IngestOptions, ingest
from hwcli.recipe import load_recipe
from hwcli.shards import Rows

KEEP = '[image]\nframe = "keep"\n[split]\nby = "official"\nval = 0\ntest = 0\n'


def made(source: str, members: dict[str, bytes]) -> Rows:
    write_zip(Path("a.zip"), members)
    Path("r.toml").write_text(recipe_text("file:a.zip", "images", source, more=KEEP))
    ingest(load_recipe("r.toml"), Path("d"), IngestOptions())
    return open_dataset(Path("d")).load()


def part(split: str) -> str:
    return f'[[source.part]]\nimages = "{split}/*.png"\nsplit = "{split}"\n'


@pytest.mark.parametrize("dark", [False, True])
def test_not_a_grey_is_changed(dark: bool) -> None:
    faint = (glyph(1) // 3).astype(np.uint8)  # normalisation would stretch it to 255
    image = 255 - faint if dark else faint
    rows = made(f"invert = {str(dark).lower()}\n" + part("train"), {"train/a/0.png": png(image)})
    assert np.array_equal(rows.images[0], faint)


def test_another_size_is_scaled_and_what_has_no_ink_is_dropped() -> None:
    members = {"train/a/0.png": png(glyph(1, 56)), "train/a/1.png": png(np.zeros((28, 28), "u1"))}
    rows = made("invert = false\n" + part("train"), members)
    assert rows.images.shape == (1, 28, 28)


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_a_split_that_stands_alone_stays_where_no_share_is_to_be_drawn(split: str) -> None:
    members = {f"{split}/a/{k}.png": png(glyph(k)) for k in range(9)}
    rows = made(part(split), members)
    assert set(rows.split) == {("train", "val", "test").index(split)}
