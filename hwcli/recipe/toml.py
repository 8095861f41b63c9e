"""A recipe as TOML to read and edit: what differs from the defaults, with comments."""

import dataclasses
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from hwcli.errors import RecipeError
from hwcli.recipe.model import Recipe, Source
from hwcli.structure import unstructure

Comments = Mapping[str, Sequence[str]]
"""Lines of comment by the place they stand before: `""` the file, `"source.invert"` a key."""

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_ALWAYS = frozenset(("image", "split"))
"""Tables that are written out in full: they are what people edit first."""
_QUOTED = frozenset(("classes", "writers", "sha256", "stack"))
"""Tables whose keys are somebody's names and not words of the recipe."""
_FIRST = ("schema", "name", "title", "target", "image", "split")
"""What stands before the sources, which are long."""
_WIDE = 3
"""Folders up from the recipe above which a path is clearer from the root."""


def recipe_toml(
    recipe: Recipe, folder: Path | None = None, comments: Comments | None = None
) -> str:
    """`recipe` as TOML that reads back equal.

    Args:
        recipe: with paths from the root, as `load_recipe` gives them.
        folder: where the file will lie: `file:` addresses are written from there if it is near.
        comments: what to say before which key.

    Raises:
        RecipeError: it has corrections that would lie outside `folder`, where none may be.
    """
    if folder is not None:
        near = folder.resolve()
        sources = tuple(_relative(source, near) for source in recipe.source)
        below = tuple(_below(path, near) for path in recipe.corrections)
        recipe = replace(recipe, source=sources, corrections=below)
    said = _said(recipe)
    ordered = {
        k: said[k] for k in sorted(said, key=lambda k: _FIRST.index(k) if k in _FIRST else 9)
    }
    return toml_text(ordered, comments or {})


def _relative(source: Source, folder: Path) -> Source:
    scheme, _, path = source.url.partition(":")
    if scheme != "file":
        return source
    relative = os.path.relpath(path, folder)
    if Path(relative).parts.count("..") >= _WIDE:
        return source
    return replace(source, url=f"file:{relative}{'/' if path.endswith('/') else ''}")


def _below(path: str, folder: Path) -> str:
    if not Path(path).is_relative_to(folder):
        raise RecipeError(
            f"{path}: would be outside the folder of the recipe that names it",
            hint=f"copy it to {folder}, and let the recipe that is copied name it there",
        )
    return str(Path(path).relative_to(folder))


def _said(value: object) -> dict[str, object]:
    """The fields of a dataclass that are not at their defaults, in its order."""
    said: dict[str, object] = {}
    for field in dataclasses.fields(value):  # type: ignore[arg-type]
        given = getattr(value, field.name)
        default = field.default
        if field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        if given is None or (given == default and field.name not in _ALWAYS):
            continue
        if field.name in _ALWAYS:
            said[field.name] = unstructure(given)
        elif dataclasses.is_dataclass(given):
            said[field.name] = _said(given)
        elif isinstance(given, tuple) and given and dataclasses.is_dataclass(given[0]):
            said[field.name] = [_said(item) for item in given]
        else:
            said[field.name] = unstructure(given)
    return said


def toml_text(tree: Mapping[str, object], comments: Comments | None = None) -> str:
    """`tree` of tables, lists of tables, lists and plain values as TOML 1.0 (https://toml.io)."""
    said = comments or {}
    lines = [*_remarks(said, ""), *_table(tree, (), (), said)]
    return "\n".join(lines).strip("\n") + "\n"


def _table(
    table: Mapping[str, object], path: tuple[str, ...], place: tuple[str, ...], said: Comments
) -> Iterator[str]:
    """What stands in `table`: its values, then the tables in it; `path` is quoted, `place` not."""
    for key, value in table.items():
        if not _is_tables(value):
            yield from _remarks(said, ".".join((*place, key)))
            quoted = bool(place) and place[-1] in _QUOTED
            yield f"{_string(key) if quoted else _key(key)} = {_value(value)}"
    for key, value in table.items():
        inner, where = (*path, _key(key)), (*place, key)
        if isinstance(value, Mapping):
            yield ""
            yield from _remarks(said, ".".join(where))
            yield f"[{'.'.join(inner)}]"
            yield from _table(value, inner, where, said)
        elif isinstance(value, list | tuple) and _is_tables(value):
            for item in value:
                yield ""
                yield from _remarks(said, ".".join(where))
                yield f"[[{'.'.join(inner)}]]"
                yield from _table(item, inner, where, said)


def _is_tables(value: object) -> bool:
    if isinstance(value, list | tuple):
        return bool(value) and all(isinstance(item, Mapping) for item in value)
    return isinstance(value, Mapping)


def _remarks(said: Comments, place: str) -> list[str]:
    return [f"# {_one_line(line)}".rstrip() for line in said.get(place, ())]


def _one_line(text: str) -> str:
    """`text` without what a comment cannot hold: control codes, line ends, half code points."""
    safe = "".join(c if c.isprintable() else "�" for c in text)
    return safe.encode("utf-8", "replace").decode()


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _string(key)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_key(k)} = {_value(v)}' for k, v in value.items())}}}"
    return repr(value)


def _string(text: str) -> str:
    """A literal string where escapes would make a pattern hard to read, else a basic one."""
    if "\\" in text and "'" not in text and text.isprintable():
        return f"'{text}'"
    escaped = (_ESCAPES.get(c) or (f"\\u{ord(c):04x}" if _is_control(c) else c) for c in text)
    return f'"{"".join(escaped)}"'


def _is_control(c: str) -> bool:
    return ord(c) < 0x20 or ord(c) == 0x7F
