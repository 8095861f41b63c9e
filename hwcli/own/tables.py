"""Tables of labels beside the images: which columns they have, and which images they name."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from hwcli.errors import InputError
from hwcli.fetch.archive import Archive, reading
from hwcli.readers.pixel_table import separator_of
from hwcli.recipe import LabelRule

ENDINGS = (".csv", ".tsv")
"""Of tables."""
_MAX_TABLE = 256 << 20
"""Bytes of a table, as for the reader of images."""

PATHS = ("file_name", "filename", "file", "path", "filepath", "file_path", "image_path",
         "image_file", "image_name", "image", "img")  # fmt: skip
LABELS = ("label", "char", "character", "text", "class", "class_name", "target", "letter", "symbol")
WRITERS = ("writer", "writer_id", "author", "author_id", "user", "user_id")
SPLITS = ("split", "subset", "set", "partition")
"""What columns are called, the surest name first; spaces and capitals do not count. A
`fold` is a number for cross-validation, and no split."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of labels that names images."""

    rule: LabelRule
    named: int
    """Images that have a row."""
    rows: int
    unused: tuple[str, ...]
    """Paths in it of which there is no image."""
    nameless: tuple[str, ...]
    """Images without a row."""


def read_table(
    archive: Archive,
    member: str,
    images: Sequence[str],
    columns: tuple[str, str] | None = None,
) -> Table:
    """What the table `member` says of `images`.

    Raises:
        InputError: no table, or without a column of paths or of labels.
        FetchError: its archive is damaged.
    """
    with reading(member), archive.open(member) as file:
        data = file.read(_MAX_TABLE + 1)
    if len(data) > _MAX_TABLE:
        raise InputError(f"{member}: a table of more than {_MAX_TABLE >> 20} MiB")
    separator = separator_of(data[: 1 << 16].split(b"\n", 1)[0]).decode()
    try:
        rows = csv.DictReader(io.StringIO(data.decode("utf-8-sig")), delimiter=separator)
        header = [c for c in rows.fieldnames or () if c]
        rule = _rule(member, header, columns)
        paths = {r[rule.path_column] for r in rows if r[rule.path_column]}
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{member}: not a table in UTF-8 ({error})") from error
    used, nameless = set(), []
    for name in images:
        pieces = name.split("/")
        tail = next((t for k in range(len(pieces)) if (t := "/".join(pieces[k:])) in paths), None)
        if tail is None:
            nameless.append(name)
        else:
            used.add(tail)
    named = len(images) - len(nameless)
    return Table(rule, named, len(paths), tuple(sorted(paths - used)), tuple(nameless))


def _rule(member: str, header: list[str], columns: tuple[str, str] | None) -> LabelRule:
    """The label rule of a table with the columns `header`.

    Raises:
        InputError: a column is missing.
    """
    path, label = columns or (column_of(header, PATHS), column_of(header, LABELS))
    there = ", ".join(header)[:200] or "none"
    for column, what, known in ((path, "of paths", PATHS), (label, "of labels", LABELS)):
        if column not in header:
            sought = repr(column) if columns else f"{what} (such as {', '.join(known[:4])})"
            raise InputError(
                f"{member}: has no column {sought}; it has {there}",
                hint="name them: --labels csv:FILE:PATHCOLUMN:LABELCOLUMN",
            )
    rest = [c for c in header if c not in (path, label)]
    writer, split = column_of(rest, WRITERS), column_of(rest, SPLITS)
    return LabelRule(
        table=member,
        path_column=path,
        label_column=label,
        writer_column=writer,
        split_column=split,
    )


def column_of(header: list[str], known: Sequence[str]) -> str:
    """The column of `header` that is called by the first of the `known` names, or nothing."""
    plain = {c.strip().lower().replace(" ", "_").replace("-", "_"): c for c in reversed(header)}
    return next((plain[name] for name in known if name in plain), "")
