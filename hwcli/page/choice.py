"""Which characters a photo may hold, where the user knows: `--chars` and `--script`."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwcli.characters import NO_CHARACTER, OF_ALL_SCRIPTS, UNKNOWN
from hwcli.errors import UsageError

"""Scripts of what every script uses, such as digits and signs."""
_SHOWN = 20
"""Characters or scripts that a message names."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What was asked for; empty is everything."""

    chars: frozenset[str] = frozenset()
    scripts: frozenset[str] = frozenset()
    """ISO 15924 codes."""


def parse_chars(text: str) -> frozenset[str]:
    """The characters of `0-9+-=`: `-` between two digits or two letters of one case is a range.

    Blanks part characters of several code points; a blank itself is none.

    Raises:
        UsageError: nothing, or a range that runs backwards.
    """
    chars: set[str] = set()
    for word in text.split():
        at = 0
        while at < len(word):
            first, last = word[at], word[at + 2 : at + 3]
            if (
                word[at + 1 : at + 2] == "-"
                and last
                and _kind(first)
                and _kind(first) == _kind(last)
            ):
                if first > last:
                    raise UsageError(f"--chars {text!r}: {first}-{last} runs backwards")
                chars |= set(map(chr, range(ord(first), ord(last) + 1)))
                at += 3
                continue
            end = at + 1
            while end < len(word) and _joins(word[end]):
                end += 1
            chars.add(word[at:end])
            at = end
    if not chars:
        raise UsageError(f"--chars {text!r}: no characters")
    return frozenset(chars)


def parse_scripts(text: str) -> frozenset[str]:
    """The ISO 15924 codes of `Latn,Arab`; none for `auto`, so that the writing tells.

    Raises:
        UsageError: something else.
    """
    if text.strip().lower() == "auto":
        return frozenset()
    codes = [code.strip().capitalize() for code in text.split(",")]
    if not all(re.fullmatch(r"[A-Z][a-z]{3}", code) for code in codes):
        raise UsageError(
            f"--script {text!r}: not a list of ISO 15924 codes", hint="like Latn,Arab, or auto"
        )
    return frozenset(codes)


def allowed_classes(
    choice: Choice, classes: Sequence[str], scripts: Sequence[str], merged: Collection[str]
) -> NDArray[np.bool_] | None:
    """(classes,) which of a model's classes may be read; None for all.

    A character of which nobody says which it is (`�`) is read only if it is asked for.

    Args:
        choice: what was asked for.
        classes: the characters that the model tells; that a piece is none may always be.
        scripts: of each class.
        merged: those that stand for both cases.

    Raises:
        UsageError: the model knows none of the characters, or not all of the scripts.
    """
    known = np.array([c != UNKNOWN or c in choice.chars for c in classes])
    if not choice.chars and not choice.scripts:
        return None if known.all() or not known.any() else known
    there = {s for c, s in zip(classes, scripts, strict=True) if c != NO_CHARACTER}
    if unknown := choice.scripts - there:
        told = " ".join(sorted(there)[:_SHOWN])
        raise UsageError(f"--script {','.join(sorted(unknown))}: not of this model",
                         hint=f"it knows {told}")  # fmt: skip
    mask = known.copy()
    none = np.array([c == NO_CHARACTER for c in classes])
    if choice.scripts:
        mask &= [script in choice.scripts | OF_ALL_SCRIPTS for script in scripts]
    if choice.chars:
        mask &= [
            c in choice.chars or (c in merged and {c.lower(), c.upper()} & choice.chars != set())
            for c in classes
        ]
    mask &= ~none
    if not mask.any():
        raise UsageError(
            "the model knows none of the characters of --chars and --script",
            hint=f"it knows {' '.join(classes[:_SHOWN])}{' …' if len(classes) > _SHOWN else ''}",
        )
    return np.asarray(mask | none, np.bool_)


def as_allowed(char: str, choice: Choice) -> str:
    """`char`, or its other case where that alone was asked for."""
    if not choice.chars or char in choice.chars:
        return char
    return next((c for c in (char.lower(), char.upper()) if c in choice.chars), char)


def _kind(char: str) -> str:
    """What a range may run over: digits, or letters of one case; empty for all else."""
    if char.isdecimal():
        return "digit"
    if not char.isalpha():
        return ""
    return "lower" if char.islower() else "upper" if char.isupper() else "other"


def _joins(char: str) -> bool:
    """Whether `char` belongs to the character before it: a mark, or what joins two."""
    return unicodedata.category(char).startswith("M") or char == "\N{ZERO WIDTH JOINER}"
