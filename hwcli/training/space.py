"""What a search tries: values of options of the run and of the model."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Literal, get_args, get_origin, get_type_hints

from hwcli.errors import UsageError
from hwcli.models.svm import Svm
from hwcli.models.table import Entry, Option, entry_with
from hwcli.training.options import TrainOptions

Point = Mapping[str, Option]
"""One value for each option that is searched, by the name of its field."""

_FIXED = frozenset(
    {"epochs", "time_s", "seed", "deterministic", "compile", "stream", "device", "threads",
     "target", "weights"}
)  # fmt: skip
"""Options that say how much and where to compute, or what for: there is nothing to find."""
_FOUND = frozenset({"network", "fitted", "supports"})
"""Options of models that say what was made, not what to make."""
_LOG_RATIO = 10.0
"""A range whose ends are this far apart is searched by magnitude."""
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


@dataclass(frozen=True, slots=True)
class Choices:
    """A list of values."""

    name: str
    values: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """All numbers of a range, its ends included."""

    name: str
    low: float
    high: float
    whole: bool
    """Whole numbers only."""

    @property
    def log(self) -> bool:
        """By magnitude, so that 1e-4 to 1e-3 gets as much as 1e-3 to 1e-2."""
        return self.low > 0 and self.high / self.low >= _LOG_RATIO


Dimension = Choices | Span


def parse_space(texts: Sequence[str], entry: Entry, options: TrainOptions) -> tuple[Dimension, ...]:
    """The space of `lr=1e-2,1e-3`, `lr=1e-4..1e-1` and the like.

    Raises:
        UsageError: an unknown option, a value that it cannot have, or one option twice.
    """
    space = tuple(_dimension(text, entry, options) for text in texts)
    names = [dimension.name for dimension in space]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(f"--search {_flag(twice)} is given twice")
    return space


def applied(options: TrainOptions, point: Point) -> tuple[Point, TrainOptions]:
    """What `point` says of the model, and the options of the run with what it says of these.

    Raises:
        UsageError: a value out of range.
    """
    own = {name: value for name, value in point.items() if name in _searchable(options)}
    theirs = {name: value for name, value in point.items() if name not in own}
    changes: dict[str, Any] = own
    return theirs, replace(options, **changes)


def grid_size(space: Sequence[Dimension]) -> int | None:
    """How many points there are; None where a range is among them."""
    size = 1
    for dimension in space:
        if isinstance(dimension, Span):
            return None
        size *= len(dimension.values)
    return size


def _dimension(text: str, entry: Entry, options: TrainOptions) -> Dimension:
    flag, equals, values = text.partition("=")
    if not (flag and equals and values):
        raise UsageError(f"--search {text!r}: not OPTION=VALUES", hint="like lr=1e-2,1e-3")
    name = flag.removeprefix("--").replace("-", "_")
    kinds = {} if isinstance(entry.architecture, Svm) else _searchable(options)
    own = {n: k for n, k in _fields(entry.architecture).items() if n not in _FOUND}
    if name not in kinds and name not in own:
        _refuse(flag, [*kinds, *own])
    kind = kinds.get(name, own.get(name))
    dimension: Dimension
    if kind in (int, float) and (ends := re.fullmatch(r"(.+?)\.\.(.+)", values)):
        low, high = (_parsed(flag, kind, end) for end in ends.groups())
        if not float(low) < float(high):
            raise UsageError(f"--search {text}: a range goes from a number to a larger one")
        dimension, tried = Span(name, float(low), float(high), kind is int), [low, high]
    else:
        tried = [_parsed(flag, kind, value) for value in values.split(",")]
        dimension = Choices(name, tuple(dict.fromkeys(tried)))
    for value in tried:
        theirs, _ = applied(options, {name: value})
        entry_with(entry, theirs)  # both refuse what is out of range, before all training
    return dimension


def _parsed(flag: str, kind: object, text: str) -> Option:
    """`text` as a value of an option of type `kind`."""
    text = text.strip()
    if get_origin(kind) is Literal:
        if text in get_args(kind):
            return text
        wanted = f"one of {', '.join(get_args(kind))}"
    elif kind is bool:
        if text.lower() in _TRUE + _FALSE:
            return text.lower() in _TRUE
        wanted = "true or false"
    elif kind is str:
        return text if flag == "augment" else text.replace("+", ",")  # hidden=64,128+64
    else:
        wanted = "a whole number" if kind is int else "a number"
        try:
            return int(text) if kind is int else float(text)
        except ValueError:
            pass
    raise UsageError(f"--search {flag}: {text!r} is not {wanted}")


def _searchable(options: TrainOptions) -> dict[str, object]:
    return {name: kind for name, kind in _fields(options).items() if name not in _FIXED}


def _fields(record: object) -> dict[str, object]:
    """Names and types of the fields of a dataclass that a flag can give."""
    hints = get_type_hints(type(record))
    return {
        name: kind
        for name, kind in hints.items()
        if kind in (int, float, str, bool) or get_origin(kind) is Literal
    }


def _refuse(flag: str, known: Sequence[str]) -> None:
    flags = [_flag(name) for name in known]
    close = get_close_matches(flag, flags, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"from {', '.join(flags)}"
    raise UsageError(f"--search {flag}: not an option that can be searched", hint=hint)


def _flag(name: str) -> str:
    return name.replace("_", "-")
