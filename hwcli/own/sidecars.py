"""Images with a file of the same name beside each that holds its label, as in a webdataset."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import PurePosixPath

from hwcli.errors import FetchError
from hwcli.fetch.archive import Archive
from hwcli.fetch.tars import TarArchive
from hwcli.own.findings import Layout
from hwcli.own.layout import Tree
from hwcli.own.tables import LABELS, SPLITS, WRITERS, column_of
from hwcli.recipe import LabelRule, Part

_ENDINGS = ("cls", "json", "txt")
"""Of files of labels, the surest first. Texts beside images that are in no tar are taken for
notes, or for boxes of what is in a photo."""
_SHARE = 0.99
"""Of the images that must have such a file."""
_MAX_JSON = 1 << 20


def sidecar_layout(archive: Archive, tree: Tree) -> Layout | None:
    """The layout of images that have their labels beside them, None if these have not."""
    images = {_key(n) for n in tree.images}
    ends: Counter[str] = Counter()
    first: dict[str, str] = {}
    for name in tree.others:
        ending = PurePosixPath(name).name.partition(".")[2].lower()
        if ending in _ENDINGS and _key(name) in images:
            ends[ending] += 1
            first.setdefault(ending, name)
    for ending in _ENDINGS:
        if ends[ending] < _SHARE * len(images):
            continue
        if ending == "txt" and not isinstance(archive, TarArchive):
            continue
        keys = _keys(archive, first.get("json", ""))
        label = column_of(keys, LABELS)
        if ending == "json" and not label:
            continue
        rest = [k for k in keys if k != label]
        writer = column_of(rest, WRITERS)
        rule = LabelRule(writer_column=writer, split_column=column_of(rest, SPLITS))
        how = f"the .{ending} file beside each image"
        if ending == "json":
            rule = replace(rule, label_column=label)
            how += f", key {label!r}"
        return Layout(
            parts=(Part(images="*", labels=ending),),
            rule=rule,
            how=how,
            files=len(images),
            others=tuple(n for n in tree.others if _key(n) not in images),
            notes=(f"writers by the key {writer!r}",) if writer else (),
            format="webdataset",
        )
    return None


def _keys(archive: Archive, member: str) -> list[str]:
    """The keys of a JSON file that hold a text or a number; none where it is none."""
    if not member:
        return []
    try:
        told = json.loads(archive.read(member, _MAX_JSON))
    except (FetchError, ValueError, RecursionError):
        return []
    pairs = told.items() if isinstance(told, dict) else ()
    return [k for k, v in pairs if isinstance(v, str | int)]


def _key(name: str) -> str:
    path = PurePosixPath(name)
    return f"{path.parent}/{path.name.partition('.')[0]}"
