"""Whether a model may have been trained on the very rows that it is judged on."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hwcli.dataset import DATA_FOLDER, Dataset, DatasetInfo, open_dataset
from hwcli.errors import DatasetError, RecipeError
from hwcli.model_info import ModelInfo
from hwcli.recipe import load_recipe, shipped
from hwcli.shards import Split


def doubt(model: ModelInfo, dataset: Dataset, split: Split) -> str | None:
    """Why rows of `split` of `dataset` may have been in the training of `model`, or None.

    A model file names the dataset it was trained on. What that was made of is known if it is still
    here, or by the shipped recipe of its name; where neither is, nothing is said.
    """
    name = dataset.info.name
    if not model.dataset_sha256:
        return None
    if dataset.sha256 == model.dataset_sha256:
        trained = f"the model was trained on the train split of {name}"
        return trained if split is Split.train else None
    if name == model.dataset:
        return (
            f"{name} was made anew since this model was trained: "
            f"its {split.name} rows may have been in training"
        )
    if model.dataset_sha256 in _merged_sha256(dataset.info):
        return (
            f"{name} was merged from {model.dataset}, on which the model was trained: "
            f"its {split.name} rows may have been in training"
        )
    if shared := _origins_of(dataset.info) & _trained_on(model):
        told = min(shared, key=lambda origin: (":" in origin, origin))  # a name before a sha256
        return (
            f"{name} shares {told} with {model.dataset}, on which the model was trained: "
            f"its {split.name} rows may have been in training"
        )
    return None


def _trained_on(model: ModelInfo) -> frozenset[str]:
    """Origins of the dataset that `model` was trained on; none where they cannot be known."""
    try:
        there = open_dataset(DATA_FOLDER / Path(model.dataset).name)
    except DatasetError:
        there = None
    if there and there.sha256 == model.dataset_sha256:
        return _origins_of(there.info)
    if model.dataset not in shipped():
        return frozenset()
    try:
        sources = load_recipe(model.dataset).source
    except RecipeError:
        return frozenset()
    return frozenset(s.name for s in sources) | _addresses(s.url for s in sources)


def _origins_of(info: DatasetInfo) -> frozenset[str]:
    """Names and addresses of the sources, and the sha256 of the archives that were read."""
    listed = (recipe.get("source") for recipe, _ in _recipes(info))
    tables = (s for entry in listed for s in _tables(entry))
    return (
        frozenset(s.name for s in info.sources)
        | frozenset(a.partition(" ")[0] for s in info.sources for a in s.archives)
        | _addresses(str(s.get("url", "")) for s in tables)
    )


def _merged_sha256(info: DatasetInfo) -> frozenset[str]:
    """Of the datasets that this one was merged from, and those that they were."""
    return frozenset(sha256 for _, sha256 in _recipes(info) if sha256)


def _recipes(info: DatasetInfo) -> Iterator[tuple[dict[str, Any], str]]:
    """The recipe of a dataset, and those of all that were merged to it, with their sha256."""
    waiting: list[tuple[dict[str, Any], str]] = [(info.recipe, "")]
    while waiting:
        recipe, sha256 = waiting.pop()
        yield recipe, sha256
        for part in _tables(recipe.get("merged")):
            inner = part.get("recipe")
            known = inner if isinstance(inner, dict) else {}
            waiting.append((known, str(part.get("sha256", ""))))


def _tables(listed: object) -> list[dict[str, Any]]:
    """The tables in a list that somebody may have edited."""
    return [t for t in listed if isinstance(t, dict)] if isinstance(listed, list | tuple) else []


def _addresses(urls: Iterable[str]) -> frozenset[str]:
    """Those of `urls` that mean the same thing everywhere."""
    return frozenset(u for u in urls if u.startswith(("https:", "kaggle:", "package:")))
