"""What a recipe says of its sources, and what of them is on this machine."""

from dataclasses import dataclass

from hwcli.fetch import FetchOptions
from hwcli.fetch.here import Here, find_here
from hwcli.readers import format_of
from hwcli.recipe import Format, Recipe, Source, SplitBy


@dataclass(frozen=True, slots=True)
class Digests:
    """How many checksums a recipe knows."""

    files: int
    """Of files that are fetched."""
    members: int
    """Of members of an archive."""


@dataclass(frozen=True, slots=True)
class About:
    """What can be said of a source before it is fetched."""

    formats: tuple[Format, ...]
    """Of its parts, by what they are called."""
    classes: int | None
    """Characters that its labels can stand for; None where every label is its own character."""
    split_by: SplitBy
    digests: Digests
    here: Here | None
    """None where all of it would be fetched."""


def about(recipe: Recipe, source: Source, options: FetchOptions) -> About:
    """What is known of `source` of `recipe`; nothing is fetched.

    Raises:
        FetchError: a folder of the mirror or cache cannot be looked into.
    """
    return About(
        formats=tuple(dict.fromkeys(format_of(source, part) for part in source.part)),
        classes=_classes(source),
        split_by=source.split_by or recipe.split.by,
        digests=Digests(len(source.sha256), len(source.member_sha256)),
        here=find_here(source, options),
    )


def _classes(source: Source) -> int | None:
    listed = {*source.classes.values(), *source.alphabet}
    if not listed:
        return None
    return len(listed | set(source.stack) | ({source.unlisted} - {""}))
