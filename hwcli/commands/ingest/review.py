"""A review instead of a recipe: what a person has told of doubtful glyphs becomes a dataset."""

from pathlib import Path
from typing import TYPE_CHECKING

from hwcli import console
from hwcli.errors import UsageError

if TYPE_CHECKING:
    from hwcli.recipe import Recipe


_GOES = ("--show", "--dry-run", "--write-recipe")


def check_alone(chosen: list[str], what: list[str], labels: str) -> None:
    """Refuse what does not go with `--from-review`, such as another of the flags `chosen`."""
    clash = [name for name in chosen if name not in _GOES]
    clash += ["--labels"] * bool(labels) + [repr(name)[:60] for name in what]
    if clash:
        raise UsageError(f"--from-review and {clash[0]} do not go together")
    if len(chosen) > 1:
        raise UsageError(f"{chosen[0]} and {chosen[1]} do not go together")


def recipe_of(folder: Path, corrections: list[Path], writer: str, force: bool) -> "Recipe":
    """The recipe of the review in `folder`; what was decided is said on standard error."""
    from hwcli.review.draft import classes_of, draft, open_reviewed

    if len(corrections) > 1:
        raise UsageError("--from-review takes one file of --corrections")
    reviewed = open_reviewed(folder, corrections[0] if corrections else None, force=force)
    recipe = draft(reviewed, writer)
    if reviewed.copied:
        console.notice(f"{corrections[0]}: copied to {folder / reviewed.table}")
    folded = [c for c, name in classes_of(reviewed).items() if c != name]
    if folded:
        console.notice(f"of either case, as the model has them: {' '.join(folded)}")
    return recipe
