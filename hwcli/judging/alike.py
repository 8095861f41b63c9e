"""Characters that count as one: by what the user says, and by case."""

import re
from collections.abc import Iterable, Sequence

from hwcli.errors import UsageError

Groups = tuple[tuple[str, ...], ...]


def parse_groups(text: str) -> Groups:
    """Groups such as `0Oo,1lI|,5S`; each has its members in a row or, with blanks between, words.

    `U+002C` stands for a comma, `U+0928+093F` for a character of several code points.

    Raises:
        UsageError: a group of fewer than two, or what is no code point.
    """
    groups = []
    for part in text.split(","):
        words = part.split()
        members = list(words[0]) if len(words) == 1 and "U+" not in part else words
        group = tuple(dict.fromkeys(map(_character, members)))
        if len(group) < 2:
            raise UsageError(
                f"--equiv {text!r}: {part.strip()!r} is not two characters or more",
                hint='like 0Oo,1lI| or "U+002C U+002E"',
            )
        groups.append(group)
    return tuple(groups)


def _character(word: str) -> str:
    if not re.fullmatch(r"U(\+[0-9A-Fa-f]{4,6})+", word):
        return word
    numbers = [int(code, 16) for code in word[2:].split("+")]
    if any(n > 0x10FFFF or 0xD800 <= n < 0xE000 for n in numbers):
        raise UsageError(f"--equiv: {word} is no code point")
    return "".join(map(chr, numbers))


def case_groups(characters: Iterable[str]) -> Groups:
    """Those of `characters` that differ in case alone, by Unicode's full case folding."""
    by_fold: dict[str, list[str]] = {}
    for character in characters:
        by_fold.setdefault(character.casefold(), []).append(character)
    return tuple(tuple(group) for group in by_fold.values() if len(group) > 1)


def group_numbers(classes: Sequence[str], groups: Groups) -> list[int]:
    """For each of `classes` the number of what it counts as; groups that share a member are one."""
    leader = {name: name for name in (*classes, *(c for group in groups for c in group))}

    def find(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    for first, *others in groups:
        for other in others:
            leader[find(other)] = find(first)
    numbers: dict[str, int] = {}
    return [numbers.setdefault(find(name), len(numbers)) for name in classes]
