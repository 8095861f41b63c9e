"""Sources that a recipe takes from others: `from = "dhcd"`, `from = "latin/bhmsds"`."""

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwcli.errors import RecipeError
from hwcli.structure import unstructure

if TYPE_CHECKING:
    from hwcli.recipe.model import Recipe


def with_borrowed(
    data: dict[str, Any], path: Path, load: Callable[[str, str], "Recipe"]
) -> dict[str, Any]:
    """`data` of the recipe at `path` with each source that has a `from` written out.

    `from` names a recipe, and takes all of its sources, or one source of it after a `/`. What else
    stands in the source goes before what is taken; tables such as `classes` are joined key by key.

    Args:
        data: as parsed, so anything may be wrong with it; only what has a `from` is looked at.
        path: for messages.
        load: the recipe of a name, and what to call the place that names it.

    Raises:
        RecipeError: no such recipe or source, or what is taken is not good.
    """
    sources = data.get("source")
    if not isinstance(sources, list):
        return data
    written: list[object] = []
    for i, given in enumerate(sources):
        if isinstance(given, Mapping) and "from" in given:
            written += _borrowed(given, f"{path}: source[{i}].from", load)
        else:
            written.append(given)
    return {**data, "source": written}


def _borrowed(
    given: Mapping[str, Any], place: str, load: Callable[[str, str], "Recipe"]
) -> list[dict[str, Any]]:
    which = given["from"]
    if not isinstance(which, str):
        raise RecipeError(f"{place}: expected text in quotes, not {which!r:.60}")
    recipe_name, source_name = which, ""
    if not which.endswith(".toml"):
        recipe_name, _, source_name = which.partition("/")
        if ".toml/" in which:
            recipe_name, _, source_name = which.rpartition("/")
    recipe = load(recipe_name, place)
    taken = [s for s in recipe.source if source_name in ("", s.name)]
    if not taken:
        meant = did_you_mean(source_name, [s.name for s in recipe.source])
        raise RecipeError(f"{place}: {recipe_name} has no source {source_name!r}{meant}")
    own = {k: v for k, v in given.items() if k != "from"}
    if "name" in own and len(taken) > 1:
        raise RecipeError(f"{place}: {which!r} is {len(taken)} sources, which share no name")
    return [_joined(unstructure(source), own) for source in taken]


def _joined(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    result = {**base, **own}
    for key, value in own.items():
        if isinstance(value, Mapping) and isinstance(base.get(key), Mapping):
            result[key] = {**base[key], **value}
    return result


def did_you_mean(name: str, known: list[str]) -> str:
    """`, did you mean 'dhcd'?`, or nothing where no known name is close."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f", did you mean {close[0]!r}?" if close else ""
