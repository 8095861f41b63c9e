"""Tables of labels: CSV or TSV with a row an image."""

import csv
import io
from collections.abc import Mapping
from typing import NamedTuple

from hwcli.errors import FetchError
from hwcli.fetch.archive import Archive, reading
from hwcli.readers.pixel_table import separator_of
from hwcli.readers.reader import only_member
from hwcli.readers.stream import opened
from hwcli.recipe import Source

_MAX_TABLE = 256 << 20
"""Bytes of a table of labels."""


class Row(NamedTuple):
    """What a table says of an image."""

    label: str = ""
    writer: str = ""
    split: str = ""


class LabelTable:
    """The table that the label rule of a source names."""

    def __init__(self, source: Source, archive: Archive) -> None:
        rule = source.label
        what = f"{source.name}: {rule.table}"
        member = only_member(archive, rule.table, source.name)
        with reading(what), opened(archive, member) as file:
            data = file.read(_MAX_TABLE + 1)
        if len(data) > _MAX_TABLE:
            raise FetchError(f"{what}: a table of more than {_MAX_TABLE >> 20} MiB")
        separator = separator_of(data[: 1 << 16].split(b"\n", 1)[0]).decode()
        columns = (rule.label_column, rule.writer_column, rule.split_column)
        try:
            rows = csv.DictReader(io.StringIO(data.decode("utf-8-sig")), delimiter=separator)
            self._rows = {r[rule.path_column]: Row(*(_cell(r, c) for c in columns)) for r in rows}
        except (UnicodeDecodeError, csv.Error) as error:
            raise FetchError(f"{what}: not a table ({error})") from error
        except KeyError as error:
            raise FetchError(f"{what}: has no column {error.args[0]!r}") from error

    def row(self, name: str) -> Row:
        """The row of member `name`, by its path or the longest tail of it that is in the table."""
        parts = name.split("/")
        tails = ("/".join(parts[k:]) for k in range(len(parts)))
        return next((self._rows[t] for t in tails if t in self._rows), Row())


def _cell(row: Mapping[str, str | None], column: str) -> str:
    return (row[column] or "").strip() if column else ""
