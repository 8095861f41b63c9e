"""The format of a part: given, or told by the ending of its name."""

from dataclasses import replace
from pathlib import Path

import pytest

from archives import recipe_text
from hwcli.readers import READERS, format_of
from hwcli.recipe import load_recipe, shipped


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("x/train-images-idx3-ubyte.gz", "idx"),
        ("t10k-images-idx3-ubyte", "idx"),
        ("a.CSV", "csv"),
        ("*x/a.npz", "numpy"),
        ("a.npy", "numpy"),
        ("ocr.mat", "matlab"),
        ("*.png", "images"),
        ("*", "images"),
    ],
)
def test_a_format_that_is_not_given_is_told_by_the_name(name: str, format: str) -> None:
    text = recipe_text("file:x", "images", f'[[source.part]]\nimages = "{name}"')
    Path("r.toml").write_text(text.replace('format = "images"\n', ""))
    source = load_recipe("r.toml").source[0]
    assert source.format is None
    assert format_of(source, source.part[0]) == format


@pytest.mark.parametrize("name", shipped())
def test_what_shipped_recipes_say_is_what_would_be_told(name: str) -> None:
    for source in load_recipe(name).source:
        for part in source.part:
            assert format_of(source, part) in READERS
            assert format_of(replace(source, format=None), part) == source.format
