"""Plain data (parsed TOML or JSON) into frozen dataclasses, strictly, and back.

Nothing is coerced, unknown keys are refused with the name that was probably meant, and every fault
is told with its place: `source[2].invert: expected true or false, not 'yes'`.
"""

import dataclasses
import difflib
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast, get_origin, get_type_hints

import cattrs
from cattrs.errors import BaseValidationError, ForbiddenExtraKeysError
from cattrs.gen import make_dict_structure_fn

from hwcli.errors import HwcliError

T = TypeVar("T")


class StructureError(ValueError):
    """Data that does not have the wanted shape; the text names every fault with its place."""


_DEEPEST = 64
"""Tables and lists in each other that JSON of ours may have; Python's own limit is near 300."""


def parse_json(raw: bytes) -> Any:
    """What stands in the JSON `raw`, as any other program could read it.

    Raises:
        StructureError: no JSON; NaN, half of a surrogate pair, or too deep for what comes after.
    """
    try:
        data = json.loads(raw, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise StructureError(f"not JSON ({error!s:.100})") from error
    _check_plain(data)
    return data


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _check_plain(data: object) -> None:
    level: list[object] = [data]
    for _ in range(_DEEPEST):
        inner: list[object] = []
        for value in level:
            if isinstance(value, dict):
                inner += value.keys()
                inner += value.values()
            elif isinstance(value, list):
                inner += value
            elif isinstance(value, str) and not value.isascii():
                _check_text(value)
        level = inner
        if not level:
            return
    raise StructureError(f"more than {_DEEPEST} tables and lists in each other")


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise StructureError(f"{text!r:.60} is no text") from error


def structure(data: object, cls: type[T]) -> T:
    """`data` as a `cls` (a dataclass of dataclasses, tuples, mappings, literals and primitives).

    Raises:
        StructureError: with one line for each fault.
    """
    try:
        return _converter.structure(data, cls)
    except (BaseValidationError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise StructureError("; ".join(_faults(error))) from error


def structure_or(data: object, cls: type[T], where: str, error: type[HwcliError]) -> T:
    """`structure`, raising `error` with `where` in front of the faults.

    Raises:
        HwcliError: of the given class.
    """
    try:
        return structure(data, cls)
    except StructureError as fault:
        raise error(f"{where}: {fault}") from fault


def unstructure(value: object) -> Any:
    """A dataclass as plain data for JSON; fields that are `None` are left out."""
    return _without_none(_converter.unstructure(value))


def _without_none(value: object) -> object:
    if isinstance(value, Mapping):
        return {k: _without_none(v) for k, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        return [_without_none(v) for v in value]
    return value


def _faults(error: BaseException) -> list[str]:
    lines = cattrs.transform_error(error, format_exception=_describe)
    return [_place(line) for line in lines]


def _place(line: str) -> str:
    text, _, path = line.rpartition(" @ ")
    path = path.removeprefix("$").removeprefix(".").replace("['", ".").replace("']", "")
    return f"{path}: {text}" if path else text


def _describe(error: BaseException, wanted: type | None) -> str:
    if isinstance(error, ForbiddenExtraKeysError):
        known = [f.name for f in dataclasses.fields(error.cl)]
        return "; ".join(_unknown(key, known) for key in sorted(error.extra_fields))
    if isinstance(error, KeyError):
        return f"{error.args[0]} is missing"
    if isinstance(error, ValueError | TypeError) and str(error):
        return str(error)
    return f"expected {getattr(wanted, '__name__', wanted)}"


def _unknown(key: str, known: list[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    return f"unknown key {key!r}" + (f", did you mean {close[0]!r}?" if close else "")


def _strict(kinds: tuple[type, ...], name: str) -> Callable[[object, object], Any]:
    def hook(value: object, _: object) -> Any:
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise ValueError(f"expected {name}, not {value!r:.60}")
        return value

    return hook


def _make_converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
    converter.register_structure_hook(str, _strict((str,), "text in quotes"))
    converter.register_structure_hook(bool, _strict((bool,), "true or false"))
    converter.register_structure_hook(int, _strict((int,), "a whole number"))
    converter.register_structure_hook(float, _strict((int, float), "a number"))

    converter.register_structure_hook(
        int | float | str | bool, _strict((int, float, str, bool), "a number, text, true or false")
    )

    def dataclass_hook(cls: type) -> Callable[[object, object], Any]:
        hints = get_type_hints(cls)
        lists = [f.name for f in dataclasses.fields(cls) if get_origin(hints[f.name]) is tuple]
        inner = make_dict_structure_fn(cast("Any", cls), converter, _cattrs_forbid_extra_keys=True)

        def hook(value: object, kind: object) -> Any:
            if not isinstance(value, Mapping):
                raise ValueError(f"expected a table, not {value!r:.60}")
            for name in lists:  # a text would be taken for a list of its characters
                if not isinstance(value.get(name, ()), list | tuple):
                    raise ValueError(f"{name}: expected a list, not {value[name]!r:.60}")
            return inner(cast("Any", value), cast("Any", kind))

        return hook

    converter.register_structure_hook_factory(dataclasses.is_dataclass, dataclass_hook)
    return converter


_converter = _make_converter()
