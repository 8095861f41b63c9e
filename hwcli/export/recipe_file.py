"""The recipe in an export: of its files `ingest` makes the same dataset again."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from hwcli.errors import DatasetError
from hwcli.export.layout import Job, Layout
from hwcli.recipe import SCHEMA, Recipe
from hwcli.structure import structure_or, unstructure

_HEAD = """\
# Made by hwcli beside the files of an export. `hwcli ingest recipe.toml` makes the same dataset of
# them again: images and splits are taken as they are. It was {name}, sha256
# {sha256}

"""


def recipe_file(job: Job, layout: Layout) -> bytes:
    """The recipe that reads `layout` back, as TOML in UTF-8.

    Raises:
        DatasetError: the dataset has what no recipe can say, such as a control code as a class.
    """
    info = job.info
    data = {
        "schema": SCHEMA,
        "name": info.name,
        "title": info.title,
        "target": info.target,
        "image": {**unstructure(info.normalisation), "frame": "keep"},
        "split": {"by": "official", "val": 0.0, "test": 0.0},
        "source": [_source(job, layout, *key) for key in job.names],
    }
    structure_or(data, Recipe, f"{job.grouped.dataset.folder}: as a recipe", DatasetError)
    head = _HEAD.format(name=info.name, sha256=job.grouped.dataset.sha256)
    return (head + "\n".join(_lines(data))).encode("utf-8", "replace")


def _source(job: Job, layout: Layout, source: int, script: int) -> dict[str, Any]:
    info, entry = job.info, job.info.sources[source]
    groups = [g for g in job.grouped.sizes if (g.source, g.script) == (source, script)]
    classes = dict(zip(layout.labels, info.classes, strict=True))
    own = {
        "name": job.names[source, script],
        "script": info.scripts[script],
        "url": "file:./",
        "format": layout.format,
        "invert": False,
        "license": entry.license or "not stated",
        "citation": entry.citation or "not stated",
        "homepage": entry.homepage,
        "bibtex": entry.bibtex,
        "redistributable": entry.redistributable,
        "label": layout.rule,
        "classes": classes if layout.labels != info.classes else None,
        "part": [{**part, "split": g.split.name} for g in groups for part in layout.parts[g]],
    }
    return {key: value for key, value in own.items() if value is not None}


def _lines(table: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """`table` as lines of TOML: first its values, then its tables."""
    for key, value in table.items():
        if not _is_table(value):
            yield f"{_key(key)} = {_value(value)}"
    for key, value in table.items():
        name = f"{path}.{key}" if path else key
        if isinstance(value, Mapping):
            yield from ("", f"[{name}]", *_lines(value, name))
        elif _is_table(value):
            for each in value:
                yield from ("", f"[[{name}]]", *_lines(each, name))
    if not path:
        yield ""


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping) or (
        isinstance(value, list) and bool(value) and isinstance(value[0], Mapping)
    )


def _key(key: str) -> str:
    return key if key.isascii() and key.replace("_", "").isalnum() else _value(key)


def _value(value: object) -> str:
    """Text, a number, true, false, or a list of them; JSON writes them as TOML does but for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
