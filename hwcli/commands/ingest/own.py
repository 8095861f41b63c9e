"""Your own images instead of a recipe: told apart, looked at, and the recipe written out."""

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

from hwcli import console
from hwcli.errors import InputError, RecipeError, UsageError

if TYPE_CHECKING:
    from hwcli.own import Findings
    from hwcli.recipe import Recipe


def recipe_of(which: str, labels: str) -> "Recipe":
    """The recipe called `which`, or one drafted from the images in the place of that name.

    What was found in images is said on standard error.
    """
    from hwcli.recipe import load_recipe

    place = _place(which)
    if place is None:
        _refuse_labels(which, labels)
        return load_recipe(which)
    from hwcli.own import draft

    return draft(_looked(place, labels))


def write(
    which: str, labels: str, target: Path, force: bool, clash: list[str], review: "Recipe | None"
) -> None:
    """Write the recipe that `recipe_of` gives, or that of a review, to `target`.

    As a target `-` is standard output.
    """
    from hwcli.atomic import write_text, writing
    from hwcli.recipe.toml import recipe_toml

    if clash:
        raise UsageError(f"--write-recipe makes no dataset, so it does not go with {clash[0]}")
    printed = str(target) == "-"
    if not printed and target.suffix != ".toml":
        raise UsageError(f"--write-recipe {target}: recipes are files that end in .toml")
    with writing(target, RecipeError):
        if not printed and target.exists() and not force:
            raise UsageError(f"{target}: is there already", hint="--force writes over it")
    recipe, said = (review, {}) if review else _with_comments(which, labels)
    with console.results() as stdout:
        if printed:
            stdout.write(recipe_toml(recipe, None, said))
            return
        with writing(target, RecipeError):
            write_text(target, recipe_toml(recipe, target.parent, said))
        print(f"{target}: recipe {recipe.name}", file=stdout)
    console.notice(f"no dataset is made: `hwcli ingest {target}` makes it")


def _with_comments(which: str, labels: str) -> "tuple[Recipe, dict[str, list[str]]]":
    from hwcli.recipe import load_recipe

    place = _place(which)
    if place is None:
        _refuse_labels(which, labels)
        return load_recipe(which), {"": [f"A copy of the recipe {which}, to edit."]}
    from hwcli.own import comments, draft

    found = _looked(place, labels)
    return draft(found), {k: list(v) for k, v in comments(found).items()}


def _looked(place: Path, labels: str) -> "Findings":
    """What is in `place`, told to the user."""
    from hwcli.own import lines, look, parse_labels

    wish = parse_labels(labels)
    with console.results(), console.progress("look", "image") as progress:
        found = look(place, wish, progress)
    for line in lines(found):
        console.notice(line)
    return found


def _refuse_labels(which: str, labels: str) -> None:
    if labels:
        raise UsageError(f"--labels is for your own images, and {which} is no folder or file")


def _place(which: str) -> Path | None:
    """The folder or file of images that `which` means; None where it means a recipe.

    Raises:
        UsageError: it is a dataset.
        InputError: it can only be a place, and there is none.
    """
    from hwcli.dataset import FILE_NAME
    from hwcli.recipe import shipped
    from hwcli.review.record import FILE as REVIEW

    if which.endswith(".toml"):
        return None
    place = Path(which)
    try:
        if which in shipped():
            if place.is_dir():
                console.notice(f"{which} is a shipped recipe; the folder is meant by ./{which}")
            return None
        if place.is_dir():
            if (place / FILE_NAME).is_file():
                raise UsageError(f"{which}: is a dataset already", hint="--verify checks it")
            if (place / REVIEW).is_file():
                raise UsageError(f"{which}: is a review", hint=f"--from-review {which} takes it")
            return place
        if place.is_file():
            return place
        beside = sorted(p.name for p in place.parent.iterdir()) if place.parent.is_dir() else []
    except OSError as error:
        raise InputError(f"{which[:200]}: {error.strerror}") from error
    except ValueError:  # a name no file can have
        return None
    if "/" not in which and not place.suffix:
        return None
    close = difflib.get_close_matches(place.name, beside, n=1, cutoff=0.6)
    meant = f"did you mean {place.parent / close[0]}?" if close else None
    raise InputError(f"{which}: no such folder or file", hint=meant)
