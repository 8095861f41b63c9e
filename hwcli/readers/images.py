"""Reads single images (PNG, JPEG, …) in a zip or folder; label by table, name or folder."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import FetchError
from hwcli.fetch.archive import Archive, Members
from hwcli.glyph import Image
from hwcli.readers.label_table import LabelTable, Row
from hwcli.readers.picture import decode_all
from hwcli.readers.reader import Block, Listing, Reader, listing_of, matching
from hwcli.recipe import Part, Source

_MAX_FILE = 64 << 20
"""Bytes of one image file."""


@dataclass(frozen=True, slots=True)
class FileBlock:
    """Members of an archive, each an image."""

    members: Members

    def images(self) -> Iterator[Image | str]:
        """Each member decoded, or the reason why it cannot be."""
        return decode_all(map(_file, self.members.contents(_MAX_FILE)))


def _file(data: bytes | FetchError) -> bytes | str:
    """The file, or the reason why there is none."""
    if isinstance(data, FetchError):
        return "corrupt in its archive"
    return data if len(data) <= _MAX_FILE else "file too large"


class ImagesReader(Reader):
    """All members that match the part's glob."""

    def __init__(self, source: Source, part: Part, archive: Archive) -> None:
        self._source = source
        self._archive = archive
        self._members = matching(archive, part.images, source.name)

    def listing(self) -> Listing:
        """Label, writer and split of each member, as the source's label rule says."""
        rule = self._source.label
        pattern = re.compile(rule.pattern) if rule.pattern else None
        by_name = "label" in pattern.groupindex if pattern else False
        table = LabelTable(self._source, self._archive) if rule.table else None
        if not (pattern or table):
            return listing_of(_folders_of(self._members))
        labels, writers, splits = [], [], []
        for name in self._members:
            found = pattern.search(name) if pattern else None
            groups = found.groupdict() if found else {}
            row = table.row(name) if table else Row()
            folder = "" if table or by_name else _folder_of(name)
            labels.append(row.label or ("" if table else groups.get("label") or folder))
            writers.append(row.writer or (groups.get("writer") or "").strip())
            splits.append(row.split or groups.get("split") or "")
        return listing_of(labels, writers, splits=splits if rule.tells_split else None)

    def origin(self, row: int) -> str:
        """The member's path; bytes in it that are no UTF-8 are written as escapes."""
        return self._members[row].encode("utf-8", "backslashreplace").decode()

    def blocks(self, rows: NDArray[np.intp], size: int) -> Iterator[Block]:
        """The images of `rows`, in whatever order."""
        for start in range(0, len(rows), size):
            chosen = rows[start : start + size]
            yield FileBlock(self._archive.some([self._members[int(r)] for r in chosen]))


def _folder_of(name: str) -> str:
    """The name of the folder that the member is in."""
    return name.rpartition("/")[0].rpartition("/")[2]


def _folders_of(names: list[str]) -> list[str]:
    """`_folder_of` each of `names`, one and the same text for all that are in one folder."""
    paths = [name.rpartition("/")[0] for name in names]
    folder = {path: path.rpartition("/")[2] for path in set(paths)}
    return [folder[path] for path in paths]
