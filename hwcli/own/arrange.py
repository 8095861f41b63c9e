"""Decides where the labels of somebody's own images stand: as they say, or as can be found out."""

import re
from collections.abc import Sequence
from pathlib import Path

from hwcli.errors import InputError, UsageError
from hwcli.fetch.archive import Archive
from hwcli.own.arrays import array_parts, column_rule, strangers
from hwcli.own.findings import Layout, counted
from hwcli.own.labels import THREE_WAYS, LabelWish
from hwcli.own.layout import (
    Tree,
    folder_rule,
    is_all_characters,
    name_rules,
    parts_of,
    recurring,
    tree_of,
)
from hwcli.own.sidecars import sidecar_layout
from hwcli.own.tables import ENDINGS, Table, read_table
from hwcli.recipe import LabelRule, Part, Source

_MANY_TABLES = 5
"""Tables beside the images above which none of them is looked at."""
_NAMED = 0.5
"""Share of the images that a table must name to be taken for theirs."""


def arrange(
    place: Path, archive: Archive, names: Sequence[str], wish: LabelWish, stub: Source
) -> Layout:
    """The layout of the files `names` of `archive`.

    Raises:
        InputError: there are no images, or their labels are nowhere.
        UsageError: the labels of arrays are asked for elsewhere.
        FetchError: the archive is damaged.
    """
    tree = tree_of(names)
    if not tree.images:
        return _arrays(place, archive, names, wish, stub)
    if wish.kind == "pattern":
        return _by_pattern(place, tree, wish.pattern)
    if wish.kind == "csv":
        member = _member(place, wish.table, names)
        table = read_table(archive, member, tree.images, wish.columns)
        if not table.named:
            raise InputError(
                f"{place}: {member} names none of the {len(tree.images):,} images; "
                f"it has {table.unused[0] if table.unused else 'no paths'}, "
                f"they are called {tree.images[0]}"
            )
        return _by_table(tree, table)
    by_folder = folder_rule(tree)
    if wish.kind == "folder":
        if by_folder is None:
            raise InputError(
                f"{place}: its images are not in folders of classes ({_seen(tree)})",
                hint=THREE_WAYS,
            )
        return _layout(tree, by_folder[0], "the folder's name", notes=by_folder[2])
    return _detect(place, archive, tree, by_folder)


def _detect(
    place: Path,
    archive: Archive,
    tree: Tree,
    by_folder: tuple[LabelRule, list[str], list[str]] | None,
) -> Layout:
    """Folders that are characters, else files of labels, a table, any folders, names of files."""
    if by_folder and is_all_characters(by_folder[1]):
        return _layout(tree, by_folder[0], "the folder's name", notes=by_folder[2])
    if beside := sidecar_layout(archive, tree):
        return beside
    tables = _tables(archive, tree)
    if len(tables) == 1:
        return _by_table(tree, tables[0])
    if len(tables) > 1:
        found = " and ".join(t.rule.table for t in tables[:2])
        raise InputError(f"{place}: {found} both name the images", hint="--labels csv:FILE")
    if by_folder and not by_folder[0].pattern and (doubt := recurring(tree)):
        raise InputError(
            f"{place}: {doubt}",
            hint="one class: --labels folder; two: --labels 'pattern:([^/]+/[^/]+)/[^/]+$'",
        )
    if by_folder:
        return _layout(tree, by_folder[0], "the folder's name", notes=by_folder[2])
    rules = name_rules(tree)
    if len(rules) == 1:
        rule, _ = rules[0]
        return _layout(tree, rule, f"the file's name, by {rule.pattern}")
    if rules:
        both = "; ".join(f"{r.pattern} gives {', '.join(names[:4])} …" for r, names in rules[:2])
        raise InputError(f"{place}: file names can be read in two ways: {both}", hint=THREE_WAYS)
    seen = f"{_seen(tree)}{_why_no_table(archive, tree)}"
    raise InputError(f"{place}: no labels found ({seen})", hint=THREE_WAYS)


def _why_no_table(archive: Archive, tree: Tree) -> str:
    """What keeps the first table beside the images from being their table of labels."""
    member = next((n for n in tree.others if n.lower().endswith(ENDINGS)), None)
    if member is None:
        return ""
    try:
        table = read_table(archive, member, tree.images)
    except InputError as error:
        return f"; {error.message}"
    return f"; {member} names {table.named:,} of them"


def _seen(tree: Tree) -> str:
    where = f"all in {'/'.join(tree.prefix)}/, " if tree.prefix else ""
    return f"{counted(len(tree.images), 'image')}, {where}such as {tree.images[0]}"


def _layout(tree: Tree, rule: LabelRule, how: str, *, notes: Sequence[str] = ()) -> Layout:
    said = list(notes)
    if tree.split_level is not None:
        named = ", ".join(f"{folder} is {split}" for folder, split in tree.splits.items())
        said.insert(0, f"splits by folder: {named}")
    others = tuple(n for n in tree.others if n != rule.table)
    return Layout(parts_of(tree), rule, how, len(tree.images), others, tuple(said))


def _by_pattern(place: Path, tree: Tree, pattern: str) -> Layout:
    compiled = re.compile(pattern)
    matches = [m for n in tree.images if (m := compiled.search(n)) and m["label"]]
    if not matches:
        raise InputError(
            f"{place}: the pattern {pattern!r} gives a label for none of "
            f"{len(tree.images):,} images, such as {tree.images[0]}"
        )
    return _layout(tree, LabelRule(pattern=pattern), f"the pattern {pattern}")


def _by_table(tree: Tree, table: Table) -> Layout:
    rule = table.rule
    notes = []
    if table.nameless:
        notes.append(
            f"{counted(len(table.nameless), 'image')} left out, having no row in {rule.table}: "
            f"{table.nameless[0]}"
        )
    if table.unused:
        notes.append(
            f"{counted(len(table.unused), 'row')} of {rule.table} without an image: "
            f"{table.unused[0]}"
        )
    if rule.writer_column:
        notes.append(f"writers by the column {rule.writer_column!r}")
    how = f"{rule.table}, column {rule.label_column!r} (paths in {rule.path_column!r})"
    return _layout(tree, rule, how, notes=notes)


def _tables(archive: Archive, tree: Tree) -> list[Table]:
    """The tables beside the images that name most of them."""
    members = [n for n in tree.others if n.lower().endswith(ENDINGS)]
    found = []
    for member in members if len(members) <= _MANY_TABLES else []:
        try:
            table = read_table(archive, member, tree.images)
        except InputError:  # it is another kind of table
            continue
        if table.named >= _NAMED * len(tree.images):
            found.append(table)
    return found


def _member(place: Path, file: str, names: Sequence[str]) -> str:
    """What the table `file` is called within `place`: its path there, or from here.

    Raises:
        InputError: it is not there.
    """
    if file in names:
        return file
    ends = [n for n in names if n.endswith("/" + file)]
    if len(ends) == 1:
        return ends[0]
    path = Path(file)
    if path.is_file() and path.resolve().is_relative_to(place.resolve()):
        return path.resolve().relative_to(place.resolve()).as_posix()
    if path.is_file():
        raise InputError(f"{file}: is not in {place}", hint=f"move it into {place}")
    raise InputError(f"{file}: no such table in {place}")


def _arrays(
    place: Path, archive: Archive, names: Sequence[str], wish: LabelWish, stub: Source
) -> Layout:
    parts = array_parts(archive, names, stub)
    if not parts:
        endings = sorted({"." + n.rpartition(".")[2] for n in names if "." in n})[:5]
        seen = f"{counted(len(names), 'file')}: {', '.join(endings)}" if names else "it is empty"
        raise InputError(f"{place}: no images in it ({seen})")
    if wish.kind != "detect":
        raise UsageError(
            f"--labels {wish.kind} is for single images; the labels of {parts[0].images} stand "
            "in arrays"
        )
    if two := strangers(parts):
        raise InputError(
            f"{place}: the labels of {two[0]} and of {two[1]} may stand for different characters",
            hint="ingest one file at a time, or write a recipe with a source for each",
        )
    labels = " and ".join(dict.fromkeys(p.labels or p.label_array for p in parts)).strip(" and")
    how = labels or "the file itself"
    taken = {n for p in parts for n in (p.images, p.labels)}
    others = tuple(n for n in names if n not in taken)
    notes = []
    if any(p.split for p in parts):
        notes += [f"split by name: {_what(p)} is {p.split}" for p in parts]
    elif len(parts) > 1:
        notes += [f"taken together: {_what(p)}" for p in parts]
    rule = column_rule(archive, parts)
    if rule.writer_column:
        notes.append(f"writers by the column {rule.writer_column!r}")
    return Layout(parts, rule, how, len(parts), others, tuple(notes))


def _what(part: Part) -> str:
    return f"{part.images}/{part.array}" if part.array else part.images
