"""Finds a recipe by its name or file, and reads it."""

import difflib
import os
import tomllib
from dataclasses import replace
from pathlib import Path

import hwcli
from hwcli.errors import RecipeError
from hwcli.recipe.borrowed import did_you_mean, with_borrowed
from hwcli.recipe.model import Recipe, Source
from hwcli.structure import structure_or


def shipped() -> dict[str, Path]:
    """The recipes that come with hwcli, by name, in alphabetical order."""
    package = Path(hwcli.__file__).parent
    installed = package / "recipes"
    folder = installed if installed.is_dir() else package.parent / "recipes"  # in the checkout
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def load_recipe(which: str) -> Recipe:
    """The recipe called `which`: a shipped name, or the path of a `.toml` file.

    Raises:
        RecipeError: no such recipe, or one with a mistake in it; the message names the place.
    """
    path = Path(which) if which.endswith(".toml") or "/" in which else shipped().get(which)
    if path is None:
        close = difflib.get_close_matches(which, shipped(), n=1, cutoff=0.5)
        meant = f"did you mean {close[0]!r}? " if close else ""
        raise RecipeError(
            f"no recipe is called {which!r}", hint=f"{meant}`hwcli ingest --list` shows them all"
        )
    return _read(path, ())


def unverified(recipe: Recipe) -> Recipe:
    """`recipe` without its digests: for archives that were packed again, or made up."""
    bare = (replace(s, sha256={}, member_sha256={}) for s in recipe.source)
    return replace(recipe, source=tuple(bare))


def _read(path: Path, borrowers: tuple[Path, ...]) -> Recipe:
    """The recipe at `path`; `borrowers` are those that, one after the other, take from it."""
    try:
        if path.is_fifo():
            raise RecipeError(f"{path}: is a pipe, not a file")
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecipeError(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"{path}: not TOML ({error})") from error
    trail = (*borrowers, path.resolve())

    def lend(name: str, place: str) -> Recipe:
        lender = path.parent / name if name.endswith(".toml") else shipped().get(name)
        if lender is None:
            known = did_you_mean(name, list(shipped()))
            raise RecipeError(f"{place}: no recipe is called {name!r}{known}")
        if lender.resolve() in trail:
            raise RecipeError(f"{place}: {name} takes from this recipe, or is it")
        return _read(lender, trail)

    recipe = structure_or(with_borrowed(data, path, lend), Recipe, str(path), RecipeError)
    return replace(
        recipe,
        source=tuple(_anchored(s, path.parent) for s in recipe.source),
        corrections=tuple(_inside(name, path) for name in recipe.corrections),
    )


def _anchored(source: Source, folder: Path) -> Source:
    """`source` with a relative `file:` path taken from where the recipe lies."""
    scheme, _, path = source.url.partition(":")
    if scheme != "file":
        return source
    slash = "/" if path.endswith("/") else ""
    return replace(source, url=f"file:{(folder / path.removeprefix('//')).resolve()}{slash}")


def _inside(name: str, recipe: Path) -> str:
    """The path from the root of `name`, which must lie in the folder of `recipe`, links or not.

    Recipes are passed on: one must not have other files read than those that came with it.
    """
    folder = os.path.realpath(recipe.parent)
    path = os.path.realpath(recipe.parent / name)
    if not Path(path).is_relative_to(folder):
        raise RecipeError(
            f"{recipe}: corrections: {name!r:.200} is outside the recipe's folder",
            hint="--corrections takes files from anywhere",
        )
    return path
