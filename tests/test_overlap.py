"""Whether a model may know what it is judged on, where datasets were merged."""

from pathlib import Path
from typing import Any

import pytest

from hwcli.dataset import Dataset
from hwcli.model_info import ModelInfo
from hwcli.overlap import doubt
from hwcli.shards import Split
from small_datasets import HOW, SOURCES, Row, dataset_of

URL = "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip"
RECIPE = {"source": [{"name": "other", "url": URL}, 5]}


def model_of(dataset: str, sha256: str) -> ModelInfo:
    return ModelInfo("lenet", {}, "char", ("A",), ("Latn",), HOW, dataset, sha256)


def data(name: str, recipe: dict[str, Any]) -> Dataset:
    return dataset_of([Row(1, "A")], Path("data") / name, sources=SOURCES[:1], recipe=recipe)


def merged(*recipes: dict[str, Any], sha256: str = "1" * 64) -> dict[str, Any]:
    return {"merged": [{"name": "x", "sha256": sha256, "recipe": r} for r in recipes]}


@pytest.mark.parametrize(
    "recipe",
    [RECIPE, merged(RECIPE), merged({}, RECIPE), merged(merged(RECIPE))],
    ids=["made", "merged", "of two", "twice"],
)
def test_addresses_are_found_however_often_it_was_merged(recipe: dict[str, Any]) -> None:
    told = doubt(model_of("latin", "0" * 64), data("m", recipe), Split.test)
    assert told is not None and f"m shares {URL} with latin" in told


def test_what_a_merged_dataset_was_trained_on_is_known_while_it_is_here() -> None:
    trained = data("both", merged(RECIPE))
    other = dataset_of([Row(2, "A", source=1)], Path("data/other"), recipe=RECIPE)
    told = doubt(model_of("both", trained.sha256), other, Split.test)
    assert told is not None and f"other shares {URL} with both" in told


@pytest.mark.parametrize("recipe", [merged({}), merged(merged({}))], ids=["once", "twice"])
def test_the_very_dataset_is_known_among_those_that_were_merged(recipe: dict[str, Any]) -> None:
    told = doubt(model_of("gone", "1" * 64), data("m", recipe), Split.test)
    assert told is not None and "m was merged from gone, on which the model was trained" in told
    assert doubt(model_of("gone", "2" * 64), data("n", recipe), Split.test) is None


@pytest.mark.parametrize("odd", [{"merged": 5}, {"merged": [5, {"recipe": 5}]}, {"source": "x"}])
def test_recipes_that_somebody_edited_are_no_fault(odd: dict[str, Any]) -> None:
    assert doubt(model_of("latin", "0" * 64), data("m", odd), Split.test) is None
