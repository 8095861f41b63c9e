"""A tar read in place: indexed once, then any member by its offset.

The format: POSIX.1-2017 pax, "ustar Interchange Format", and GNU's long names. Python's tarfile
takes 100 µs and a kilobyte for a member, and reads a header of any size that the file claims.
"""

import io
import os
import weakref
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import IO

from hwcli.errors import FetchError
from hwcli.fetch.archive import (
    DAMAGE,
    Limits,
    Members,
    MissingError,
    NamedMembers,
    leads_out,
    reading,
)
from hwcli.shards import sha256_of

BLOCK = 512
_FILES = b"07\0"
_HARD_LINK = b"1"
_LINKS = b"2346"
"""Symbolic links, devices, pipes."""
_LONG_NAME, _PAX = b"L", b"x"
_SPARSE = b"S"
_MAX_HEADER = 1 << 20
"""Bytes of a long name or of a member's pax header; names of real files have 4096 at most."""


def is_tar(head: bytes) -> bool:
    """Whether `head`, the first 512 bytes of a file, are a tar's."""
    return len(head) >= BLOCK and head[257:262] == b"ustar" and _checksum(head)


@dataclass(frozen=True, slots=True)
class TarArchive:
    """A tar that is not compressed. Folders in it are not listed; a link or device is refused."""

    path: Path
    limits: Limits = field(default_factory=Limits)
    origin: Path | None = None
    """The file that was fetched, where the tar was made of it."""

    def names(self) -> list[str]:
        """Names of all files, in the order of the tar."""
        return list(self._index().rows)

    def size(self, name: str) -> int:
        """Bytes of the member."""
        return self._index().place(name)[1]

    def open(self, name: str) -> IO[bytes]:
        """The member."""
        start, size = self._index().place(name)
        return io.BufferedReader(_Window(self.path, start, size))

    def read(self, name: str, limit: int) -> bytes:
        """The member, or its first `limit` + 1 bytes if it has more."""
        index = self._index()
        start, size = index.place(name)
        count = min(size, limit + 1)
        try:
            if hasattr(os, "pread"):  # needs no seek, which threads would disturb
                data = os.pread(index.file.fileno(), count, start)
            else:
                index.file.seek(start)
                data = index.file.read(count)
        except DAMAGE as error:
            raise FetchError(f"{self.path.name}: {name}: damaged ({error})") from error
        if len(data) < count:
            raise FetchError(f"{self.path.name}: {name}: ends early")
        return data

    def some(self, names: Sequence[str]) -> Members:
        """Some of the files, to be read in another process."""
        return NamedMembers(self, tuple(names))

    def digests(self) -> tuple[str, ...]:
        """Of the file that was fetched."""
        fetched = self.origin or self.path
        return (f"sha256:{sha256_of(fetched)} {fetched.name}",)

    def _index(self) -> "_Index":
        try:
            state = os.stat(self.path)  # noqa: PTH116  # half of what Path.stat() costs
        except OSError as error:
            raise MissingError(f"{self.path}: {error.strerror}") from error
        return _index_of(self.path, self.limits, state.st_mtime_ns, state.st_size)


class _Window(io.RawIOBase):
    """Some bytes of a file, as a file."""

    def __init__(self, path: Path, start: int, size: int) -> None:
        self._file = path.open("rb", buffering=0)
        self._start, self._size, self._at = start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("before the start of the member")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]  # typeshed: WriteableBuffer
        self._file.seek(self._start + self._at)
        count = self._file.readinto(view[: max(0, min(len(view), self._size - self._at))]) or 0
        self._at += count
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


class _Index:
    """Where the members of a tar lie."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self.rows: dict[str, int] = {}
        self.file = file
        self._path = path
        self._starts, self._sizes = array("Q"), array("Q")
        weakref.finalize(self, file.close)

    def add(self, name: str, start: int, size: int) -> None:
        """The file `name`; one of the same name before it is replaced, as tar does."""
        self.rows[name] = len(self._starts)
        self._starts.append(start)
        self._sizes.append(size)

    def place(self, name: str) -> tuple[int, int]:
        """Offset and size.

        Raises:
            MissingError: there is none of that name.
        """
        row = self.rows.get(name)
        if row is None:
            raise MissingError(f"{self._path.name}: has no member {name}")
        return self._starts[row], self._sizes[row]


@lru_cache(maxsize=8)
def _index_of(path: Path, limits: Limits, _changed_ns: int, size: int) -> _Index:
    """The index of the tar at `path`; the other arguments tell it from one that was before.

    Raises:
        FetchError: not a whole tar, or more in it than a dataset can have.
    """
    with reading(str(path)):
        index = _Index(path, path.open("rb"))
        try:
            _fill(index, size, limits, str(path))
        except (OSError, FetchError, ValueError) as error:
            index.file.close()
            if isinstance(error, ValueError):
                raise FetchError(f"{path}: not a whole tar file ({error})") from error
            raise
    return index


def _fill(index: _Index, end: int, limits: Limits, what: str) -> None:
    """Add every file of the tar.

    Raises:
        ValueError: damaged; the text says how.
    """
    file, at, count = index.file, 0, 0
    name, claimed = "", -1
    while at < end:
        file.seek(at)
        head = file.read(BLOCK)
        if not head.strip(b"\0"):
            return  # the end of the tar, or of what there is of it
        if len(head) < BLOCK or not _checksum(head):
            raise ValueError(f"byte {at:,} is no member's header")
        kind = head[156:157]
        size = _number(head[124:136]) if kind in (_LONG_NAME, _PAX) or claimed < 0 else claimed
        start, at = at + BLOCK, at + BLOCK + size + -size % BLOCK
        if size < 0 or start + size > end:
            raise ValueError(f"the member at byte {start - BLOCK:,} ends behind the file")
        count += 1
        limits.check(what, count, 0)
        if kind in (_LONG_NAME, _PAX):
            if size > _MAX_HEADER:
                raise ValueError(f"a header of {size:,} bytes")
            name, claimed = _told(kind, file.read(size), name, claimed)
            continue
        if kind == _SPARSE:
            raise ValueError("a sparse file, which no dataset needs")
        own = name or _own_name(head)
        if kind in _LINKS:
            raise ValueError(f"member {own!r:.200} is a link or device, which no dataset needs")
        if leads_out(own):
            raise ValueError(f"member {own!r:.200} lies outside the archive")
        if kind in _FILES and own and not own.endswith("/"):
            index.add(own, start, size)
        elif kind == _HARD_LINK and own:
            target = index.rows.get(_text(head[157:257]))
            if target is not None:
                index.rows[own] = target
        name, claimed = "", -1


def _told(kind: bytes, data: bytes, name: str, size: int) -> tuple[str, int]:
    """Name and size of the next member as its extra header `data` gives them."""
    if kind == _LONG_NAME:
        return _text(data), size
    at = 0
    while at < len(data):
        length, _, _ = data[at : at + 20].partition(b" ")
        if not length.isdigit() or not len(length) < int(length) <= len(data) - at:
            raise ValueError("a pax header whose lengths are wrong")
        key, _, value = data[at + len(length) + 1 : at + int(length) - 1].partition(b"=")
        if key == b"path":
            name = _text(value)
        elif key == b"size":
            if not value.isdigit() or len(value) > 19:
                raise ValueError("a pax header with a size that is none")
            size = int(value)
        elif key.startswith(b"GNU.sparse"):
            raise ValueError("a sparse file, which no dataset needs")
        at += int(length)
    return name, size


def _own_name(head: bytes) -> str:
    prefix = _text(head[345:500]) if head[257:265] == b"ustar\00000" else ""
    own = _text(head[:100])
    return f"{prefix}/{own}" if prefix else own


def _text(raw: bytes) -> str:
    text = raw.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")
    while text.startswith("./"):
        text = text[2:].lstrip("/")
    return text


def _number(field: bytes) -> int:
    """Octal digits, or as GNU writes what has too many: the rest of the field, big-endian."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    number = _octal(digits)
    if number < 0:
        raise ValueError("a size that is no number")
    return number


def _octal(digits: bytes) -> int:
    """The number, −1 if it is none."""
    return int(digits, 8) if digits and not digits.strip(b"01234567") else -1


def _checksum(head: bytes) -> bool:
    digits = head[148:156].strip(b" \0")
    return _octal(digits) == sum(head) - sum(head[148:156]) + 8 * 32  # as if it were blanks
