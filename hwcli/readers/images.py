"""Reads single images (PNG, JPEG, …) in a zip or folder; label by table, name or folder."""

import csv
import fnmatch
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import FetchError
from hwcli.fetch.archive import Archive, MissingError, reading
from hwcli.glyph import Image
from hwcli.readers.picture import decode_all
from hwcli.readers.reader import Block, Listing, listing_of
from hwcli.recipe import LabelRule, Part, Source

_MAX_FILE = 64 << 20
"""Bytes of one image file."""
_MAX_TABLE = 256 << 20
"""Bytes of a table of labels."""


@dataclass(frozen=True, slots=True)
class FileBlock:
    """Members of an archive, each an image."""

    archive: Archive
    members: tuple[str, ...]

    def images(self) -> Iterator[Image | str]:
        """Each member decoded, or the reason why it cannot be."""
        return decode_all(map(self._file, self.members))

    def _file(self, name: str) -> bytes | str:
        try:
            data = self.archive.read(name, _MAX_FILE)
        except FetchError:
            return "corrupt in its archive"
        return data if len(data) <= _MAX_FILE else "file too large"


class ImagesReader:
    """All members that match the part's glob."""

    def __init__(self, source: Source, part: Part, archive: Archive) -> None:
        self._source = source
        self._archive = archive
        glob = re.compile(fnmatch.translate(part.images))
        self._members = [n for n in archive.names() if glob.match(n)]
        if not self._members:
            raise MissingError(f"{source.name}: no member matches {part.images}")

    def listing(self) -> Listing:
        """Label and writer of each member, as the source's label rule says."""
        rule = self._source.label
        pattern = re.compile(rule.pattern) if rule.pattern else None
        table = self._table(rule) if rule.table else None
        labels, writers = [], []
        for name in self._members:
            found = pattern.search(name) if pattern else None
            groups = found.groupdict() if found else {}
            writers.append((groups.get("writer") or "").strip())
            if table is not None:
                labels.append(table.get(name, ""))
            elif pattern and "label" in pattern.groupindex:
                labels.append(groups.get("label") or "")
            else:
                labels.append(PurePosixPath(name).parent.name)
        return listing_of(labels, writers)

    def origin(self, row: int) -> str:
        """The member's path; bytes in it that are no UTF-8 are written as escapes."""
        return self._members[row].encode("utf-8", "backslashreplace").decode()

    def blocks(self, rows: NDArray[np.intp], size: int) -> Iterator[Block]:
        """The images of `rows`, in whatever order."""
        for start in range(0, len(rows), size):
            chosen = rows[start : start + size]
            yield FileBlock(self._archive, tuple(self._members[int(r)] for r in chosen))

    def _table(self, rule: LabelRule) -> dict[str, str]:
        """From member to label; a path in the table may leave out leading folders."""
        what = f"{self._source.name}: {rule.table}"
        with reading(what), self._archive.open(rule.table) as file:
            data = file.read(_MAX_TABLE + 1)
        if len(data) > _MAX_TABLE:
            raise FetchError(f"{what}: a table of more than {_MAX_TABLE >> 20} MiB")
        try:
            rows = csv.DictReader(io.StringIO(data.decode("utf-8-sig")))
            given = {r[rule.path_column]: (r[rule.label_column] or "").strip() for r in rows}
        except (UnicodeDecodeError, csv.Error) as error:
            raise FetchError(f"{what}: not a CSV table ({error})") from error
        except KeyError as error:
            raise FetchError(f"{what}: has no column {error.args[0]!r}") from error
        return {name: label for name in self._members if (label := _lookup(given, name))}


def _lookup(given: dict[str, str], name: str) -> str:
    """The label of member `name`, by its path or the longest tail of it that is in the table."""
    parts = name.split("/")
    tails = ("/".join(parts[k:]) for k in range(len(parts)))
    return next((given[t] for t in tails if t in given), "")
