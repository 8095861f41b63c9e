"""What `--labels` says: where the label of an image stands."""

import re
from dataclasses import dataclass
from typing import Literal

from hwcli.errors import UsageError

Kind = Literal["detect", "folder", "csv", "pattern"]

THREE_WAYS = (
    "say where the labels are: --labels folder, --labels csv:FILE or --labels pattern:RE, "
    "such as 'pattern:^(?P<label>[^_]+)_'"
)


@dataclass(frozen=True, slots=True)
class LabelWish:
    """Where the user says the labels are."""

    kind: Kind = "detect"
    pattern: str = ""
    table: str = ""
    columns: tuple[str, str] | None = None
    """Of the paths and of the labels."""


def parse_labels(text: str) -> LabelWish:
    """The wish that `--labels` says in `text`; empty: find out.

    Raises:
        UsageError: it is none of the three, or its pattern is no regular expression.
    """
    kind, _, value = text.partition(":")
    if not text:
        return LabelWish()
    if text == "folder":
        return LabelWish("folder")
    if kind == "pattern" and value:
        return LabelWish("pattern", pattern=_with_label(value))
    if kind == "csv" and value:
        file, *columns = value.rsplit(":", 2)
        if not columns:
            return LabelWish("csv", table=file)
        if len(columns) == 2 and all((file, *columns)):
            return LabelWish("csv", table=file, columns=(columns[0], columns[1]))
    raise UsageError(
        f"--labels {text}: expected folder, csv:FILE, csv:FILE:PATHCOLUMN:LABELCOLUMN or pattern:RE"
    )


def _with_label(pattern: str) -> str:
    """`pattern` with a group `label`: its own, or the only one without a name.

    Raises:
        UsageError: it has neither.
    """
    try:
        compiled = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise UsageError(f"--labels pattern: {error} in {pattern!r}") from error
    if "label" in compiled.groupindex:
        return pattern
    unnamed = compiled.groups - len(compiled.groupindex)
    if unnamed != 1:
        raise UsageError(
            f"--labels pattern: {unnamed or 'no'} groups without a name in {pattern!r}",
            hint="mark what is the label: (?P<label>…), and who wrote it: (?P<writer>…)",
        )
    at = _first_group(pattern)
    named = f"{pattern[:at]}(?P<label>{pattern[at + 1 :]}"
    if at < 0 or set(re.compile(named).groupindex) != {*compiled.groupindex, "label"}:
        raise UsageError(f"--labels pattern: name the label's group (?P<label>…) in {pattern!r}")
    return named


def _first_group(pattern: str) -> int:
    """Where the first group without a name opens, −1 nowhere."""
    at, in_set = 0, False
    while at < len(pattern):
        c = pattern[at]
        if c == "\\":
            at += 1
        elif in_set:
            in_set = c != "]"
        elif c == "[":
            in_set = True
            at += pattern[at + 1 : at + 2] == "^"
            at += pattern[at + 1 : at + 2] == "]"  # a bracket that comes first stands for itself
        elif c == "(" and pattern[at + 1 : at + 2] != "?":
            return at
        at += 1
    return -1
