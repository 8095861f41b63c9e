"""The directory at the end of a zip, as columns: where each member lies and what it must be.

zipfile makes an object of every member, 4 µs each. So the ordinary zip is read here at a tenth of
that, and whatever is out of the ordinary is left to zipfile, which has the last word.
The format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.12 to 4.3.16.
"""

import os
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

PLACE = np.dtype(
    [
        ("offset", np.int64),  # of the member's own header in the file
        ("packed", np.int64),  # bytes as they are stored
        ("size", np.int64),
        ("crc", np.uint32),
        ("method", np.uint16),
        ("extra", np.uint16),  # bytes of the directory's extra field
    ]
)
"""Where a member lies, and what it must be."""
UTF8 = 0x800
"""Flag of a member whose name is UTF-8."""

_ENTRY = np.dtype(
    [
        ("signature", "S4"),
        ("made_by", "<u2"),
        ("version", "u1"),
        ("reserved", "u1"),
        ("flags", "<u2"),
        ("method", "<u2"),
        ("modified", "<u4"),
        ("crc", "<u4"),
        ("packed", "<u4"),
        ("size", "<u4"),
        ("name", "<u2"),
        ("extra", "<u2"),
        ("comment", "<u2"),
        ("disk", "<u2"),
        ("internal", "<u2"),
        ("attributes", "<u4"),
        ("offset", "<u4"),
    ]
)
"""An entry as it is stored; name, extra field and comment follow, of these lengths."""
_SIGNATURE = np.frombuffer(b"PK\1\2", "<u4")[0]
_END = struct.Struct("<4s4H2LH")
"""PK56, two numbers of disks, entries on this disk and in all, size and offset of the directory,
length of the comment."""
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_MAX_COMMENT = 0xFFFF
_FAR = 1 << 61
"""Byte beyond the end of any file; the sum of two is still an int64."""
_FIELD = 4
"""Bytes before each of the fields that an extra field is made of: a number and a length."""
_MAX_FIELDS = 16
"""Fields of one member; who has more is out of the ordinary."""
_TELLING_FIELDS = (0x0001, 0x7075)
"""They hold other sizes (zip64), or another name: some versions of zipfile read it."""


@dataclass(frozen=True, slots=True, eq=False)
class ZipDirectory:
    """The members of a zip, in the order of its directory."""

    names: list[str]
    stored: list[str]
    """Names as they stand in the zip, where they may go on behind a NUL."""
    places: NDArray[np.void]
    """(N,) `PLACE`."""
    flags: NDArray[np.uint16]
    """(N,)"""
    attributes: NDArray[np.uint32]
    """(N,) of the file, as the system has them that made the zip."""
    expanded: int
    """Bytes of all members together, unpacked."""
    start: int
    """Where the directory lies, behind all members."""


def read_directory(path: Path) -> ZipDirectory:
    """The directory of the zip at `path`, raising what zipfile raises."""
    with path.open("rb") as file:
        found = _plain_directory(file)
    if found is None:
        with zipfile.ZipFile(path) as archive:
            found = _directory_of(archive)
    return found


def _directory_of(archive: zipfile.ZipFile) -> ZipDirectory:
    """What zipfile has found."""
    infos = archive.infolist()
    rows = [
        (
            max(-_FAR, min(i.header_offset, _FAR)),
            min(i.compress_size, _FAR),
            min(i.file_size, _FAR),
            i.CRC,
            i.compress_type,
            len(i.extra),
        )
        for i in infos
    ]
    return ZipDirectory(
        [i.filename for i in infos],
        [i.orig_filename for i in infos],
        np.asarray(rows, PLACE),
        np.asarray([i.flag_bits for i in infos], np.uint16),
        np.asarray([i.external_attr for i in infos], np.uint32),
        sum(i.file_size for i in infos),
        archive.start_dir,
    )


def _plain_directory(file: IO[bytes]) -> ZipDirectory | None:
    """The directory of `file`, or nothing where anything about it is out of the ordinary."""
    end = _end_of(file)
    if end is None:
        return None
    count, size, start = end
    file.seek(start)
    raw = file.read(size)
    if len(raw) != size:
        return None
    places = _places(raw, count)
    if places is None:
        return None
    # Every byte could be where an entry begins.
    entries = np.ndarray(size - _ENTRY.itemsize + 1, _ENTRY, raw, strides=(1,))[places]
    name_start = places + _ENTRY.itemsize
    name_end = name_start + entries["name"]
    extra_end = name_end + entries["extra"]
    follows = np.append(places[1:], size)
    if (
        (extra_end + entries["comment"] != follows).any()
        or (entries["version"] > zipfile.MAX_EXTRACT_VERSION).any()
        or not _is_dull(raw, name_end, extra_end)
    ):
        return None
    names = _names(raw, name_start, name_end, entries["flags"])
    if names is None:
        return None
    found = np.empty(count, PLACE)
    for column in PLACE.names or ():
        found[column] = entries[column]
    expanded = int(found["size"].sum())
    return ZipDirectory(
        names, names, found, entries["flags"], entries["attributes"], expanded, start
    )


def _end_of(file: IO[bytes]) -> tuple[int, int, int] | None:
    """Entries, size and start of the directory if it lies just before its end record."""
    length = file.seek(0, os.SEEK_END)
    base = max(0, length - _MAX_COMMENT - _END.size - _END64_LOCATOR.size - _END64.size)
    file.seek(base)
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or at + _END.size > len(tail):
        return None
    _, *disks, here, count, size, start, comment = _END.unpack_from(tail, at)
    if at + _END.size + comment != len(tail):
        return None
    locator = at - _END64_LOCATOR.size
    if locator >= 0 and tail.startswith(b"PK\6\7", locator):
        at = locator - _END64.size
        if at < 0 or _END64_LOCATOR.unpack_from(tail, locator)[1:] != (0, base + at, 1):
            return None
        signature, _, _, _, *disks, here, count, size, start = _END64.unpack_from(tail, at)
        if signature != b"PK\6\6":
            return None
    if any(disks) or here != count or start + size != base + at:
        return None
    return (count, size, start) if 0 < count * _ENTRY.itemsize <= size else None


def _places(raw: bytes, count: int) -> NDArray[np.intp] | None:
    """(count,) where the signature of an entry stands in `raw`, the first at its start."""
    words = np.ndarray(len(raw) - 3, "<u4", raw, strides=(1,))
    places = np.flatnonzero(words == _SIGNATURE)
    # A signature within a name or comment makes one too many.
    if len(places) != count or places[0] != 0 or places[-1] + _ENTRY.itemsize > len(raw):
        return None
    return places


def _is_dull(raw: bytes, start: NDArray[np.intp], end: NDArray[np.intp]) -> bool:
    """Whether the extra fields from `start` to `end` are whole, and none needs to be read."""
    words = np.ndarray(len(raw) - 1, "<u2", raw, strides=(1,))
    for _ in range(_MAX_FIELDS):
        has_more = end - start >= _FIELD
        if not has_more.any():
            return True
        start, end = start[has_more], end[has_more]
        if np.isin(words[start], _TELLING_FIELDS).any():
            return False
        start = start + _FIELD + words[start + 2]
        if (start > end).any():
            return False
    return False


def _names(
    raw: bytes, start: NDArray[np.intp], end: NDArray[np.intp], flags: NDArray[np.uint16]
) -> list[str] | None:
    """The names from `start` to `end` of `raw`; nothing where zipfile would change one."""
    text = raw.decode("latin-1")  # of which ASCII is a part, whatever a name is coded in
    names = [text[a:b] for a, b in zip(start.tolist(), end.tolist(), strict=True)]
    together = "".join(names)
    if "\0" in together or (os.sep != "/" and os.sep in together):
        return None
    if together.isascii():
        return names
    coding = np.where(flags & UTF8, "utf-8", "cp437").tolist()
    try:
        return [n.encode("latin-1").decode(c) for n, c in zip(names, coding, strict=True)]
    except UnicodeDecodeError:
        return None
