"""A zip read in place: any member as a stream, and small ones whole in a few microseconds."""

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

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

_LOCAL = struct.Struct("<4s2xHH16xHH")
"""Of a member's own header: signature, flags, method, lengths of name and extra field.
https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.7."""
_LOCAL_SIZE = 30
_ENCRYPTED = 0x1
_UTF8 = 0x800
_EXTRA = 64
"""Bytes read beyond what the directory says, for an extra field that only the member has."""
_SMALL = 4 << 20
"""Bytes of a packed member that is read in one go; larger ones go through zipfile."""


@dataclass(frozen=True, slots=True)
class ZipArchive:
    """A zip file. May be sent to another process, which opens it for itself."""

    path: Path
    limits: Limits = field(default_factory=Limits)

    def names(self) -> list[str]:
        """Names of all files, in the order of the zip."""
        return [i.filename for i in self._zip().file.infolist() if not i.is_dir()]

    def size(self, name: str) -> int:
        """Compressed size, bytes."""
        return self._zip().info(name).compress_size

    def open(self, name: str) -> IO[bytes]:
        """The member, unpacked as it is read."""
        found = self._zip()
        return found.file.open(found.info(name))

    def read(self, name: str, limit: int) -> bytes:
        """The member, or its first `limit` + 1 bytes if it has more; checked where it is whole."""
        try:
            return self._zip().read(name, limit)
        except DAMAGE as error:
            raise FetchError(f"{self.path.name}: {name}: damaged ({error})") from error

    def some(self, names: Sequence[str]) -> Members:
        """Some members, with where they lie: the directory need not be read again."""
        if not hasattr(os, "pread"):
            return NamedMembers(self, tuple(names))
        found = self._zip()
        infos = [found.info(n) for n in names]
        table = np.asarray([_numbers(i) for i in infos], np.int64).reshape(-1, 6)
        return ZipMembers(self, found.state, tuple(i.orig_filename for i in infos), table)

    def digests(self) -> tuple[str, ...]:
        """Of the zip itself."""
        return (f"sha256:{sha256_of(self.path)} {self.path.name}",)

    def _zip(self) -> "_OpenZip":
        """The open zip; kept open, since its directory takes long to read."""
        try:
            state = os.stat(self.path)  # noqa: PTH116  # half of what Path.stat() costs
        except OSError as error:
            raise MissingError(f"{self.path}: {error.strerror}") from error
        return _open_zip(self.path, self.limits, state.st_mtime_ns, state.st_size)


class _Place(NamedTuple):
    """Where a member lies in a zip, and what it must be."""

    name: str
    """As the directory has it."""
    offset: int
    packed: int
    size: int
    crc: int
    method: int
    extra: int
    """Bytes of the directory's extra field."""

    @classmethod
    def of(cls, info: zipfile.ZipInfo) -> "_Place":
        return cls(info.orig_filename, *_numbers(info))

    @property
    def is_plain(self) -> bool:
        """Whether it can be read in one go."""
        return self.packed <= _SMALL and self.method in (0, 8)


def _numbers(info: zipfile.ZipInfo) -> tuple[int, int, int, int, int, int]:
    """The fields of a `_Place` but for its name."""
    sizes = info.compress_size, info.file_size
    return info.header_offset, *sizes, info.CRC, info.compress_type, len(info.extra)


@dataclass(frozen=True, slots=True, eq=False)
class ZipMembers:
    """Some members of a zip."""

    archive: ZipArchive
    state: tuple[int, int]
    """Time (ns) and size of the zip in which the places were found."""
    names: tuple[str, ...]
    numbers: NDArray[np.int64]
    """(N, 6): of each the fields of its `_Place` but for the name; sent far sooner than those."""

    def __len__(self) -> int:
        return len(self.names)

    def read(self, at: int, limit: int) -> bytes:
        """As `Archive.read`."""
        place = _Place(self.names[at], *self.numbers[at].tolist())
        if not place.is_plain:
            return self.archive.read(place.name, limit)
        try:
            return _read(_descriptor(self.archive.path, self.state), place, limit)
        except DAMAGE as error:
            path = self.archive.path
            raise FetchError(f"{path.name}: {place.name}: damaged ({error})") from error


@lru_cache(maxsize=8)
def _descriptor(path: Path, state: tuple[int, int]) -> int:
    """A descriptor of the zip at `path`, which must be in that state."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    now = os.fstat(descriptor)
    if (now.st_mtime_ns, now.st_size) != state:
        os.close(descriptor)
        raise zipfile.BadZipFile("it was replaced meanwhile")
    return descriptor


class _OpenZip:
    """A zip of which the directory has been read and found good."""

    def __init__(self, path: Path, file: zipfile.ZipFile, state: tuple[int, int]) -> None:
        self.file = file
        self.state = state
        self._path = path
        self._members = file.NameToInfo
        self._descriptor = file.fp.fileno() if file.fp and hasattr(os, "pread") else -1

    def info(self, name: str) -> zipfile.ZipInfo:
        try:
            return self._members[name]
        except KeyError:
            raise MissingError(f"{self._path.name}: has no member {name}") from None

    def read(self, name: str, limit: int) -> bytes:
        """As `ZipArchive.read`, raising what zipfile raises."""
        info = self.info(name)
        place = _Place.of(info)
        if self._descriptor < 0 or not place.is_plain:
            with self.file.open(info) as member:
                return member.read(limit + 1)
        return _read(self._descriptor, place, limit)


def _read(descriptor: int, place: _Place, limit: int) -> bytes:
    """The member at `place`, or its first `limit` + 1 bytes, raising what zipfile raises."""
    count = min(place.size, limit + 1)
    data = _packed(descriptor, place)
    if place.method == zipfile.ZIP_DEFLATED:
        unpacker = zlib.decompressobj(-15)
        # One byte more than is wanted, to see that there is none.
        data = unpacker.decompress(data, count + 1)
    if place.size > limit:
        return data[:count]
    if len(data) != count or zlib.crc32(data) != place.crc:
        raise zipfile.BadZipFile("its bytes are not those that the directory tells of")
    return data


def _packed(descriptor: int, place: _Place) -> bytes:
    """The bytes of `place` as they are stored."""
    at, count = place.offset, place.packed
    guess = _LOCAL_SIZE + len(place.name) + place.extra + _EXTRA + count
    piece = os.pread(descriptor, guess, at)
    signature, flags, method, name_size, extra_size = _LOCAL.unpack_from(piece)
    start = _LOCAL_SIZE + name_size + extra_size
    raw = piece[_LOCAL_SIZE : _LOCAL_SIZE + name_size]
    encoding = "utf-8" if flags & _UTF8 or raw.isascii() else "cp437"
    if (
        signature != b"PK\3\4"
        or flags & _ENCRYPTED
        or method != place.method
        or raw.decode(encoding) != place.name
    ):
        raise zipfile.BadZipFile("its header is not what the directory says")
    if start + count > len(piece):
        piece, start = os.pread(descriptor, count, at + start), 0
    if len(piece) < start + count:
        raise EOFError("ends early")
    return piece[start : start + count]


@lru_cache(maxsize=8)
def _open_zip(path: Path, limits: Limits, changed_ns: int, size: int) -> _OpenZip:
    """The zip at `path`; the other arguments tell one that was replaced from the one before.

    Raises:
        FetchError: not a whole zip, links in it, or more in it than a dataset can have.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise FetchError(
            f"{path}: not a whole zip file ({error})", hint="remove it, and it is fetched again"
        ) from error
    try:
        with reading(str(path)):
            _check(path, archive, limits)
    except FetchError:
        archive.close()
        raise
    return _OpenZip(path, archive, (changed_ns, size))


def _check(path: Path, archive: zipfile.ZipFile, limits: Limits) -> None:
    """Raise unless the members of `archive` are such as a dataset may have."""
    members = archive.infolist()
    limits.check(str(path), len(members), sum(m.file_size for m in members))
    fault = ""
    if link := next((m for m in members if stat.S_ISLNK(m.external_attr >> 16)), None):
        fault = f"member {link.filename!r} is a link, which no dataset needs"
    elif outside := next((m for m in members if leads_out(m.filename)), None):
        fault = f"member {outside.filename!r:.200} lies outside the archive"
    elif locked := next((m for m in members if m.flag_bits & _ENCRYPTED), None):
        fault = f"member {locked.filename!r} is encrypted"
    elif twice := _overlapping(members, archive.start_dir):
        fault = f"member {twice!r} lies in another's bytes"
    if fault:
        raise FetchError(f"{path}: {fault}")


def _overlapping(members: list[zipfile.ZipInfo], end: int) -> str:
    """Name of a member whose bytes reach into the next member or the directory, or nothing.

    Such a zip unpacks to millions of times its size: https://www.bamsoftware.com/hacks/zipbomb/.
    """
    ordered = sorted(members, key=lambda m: m.header_offset)
    starts = [*(m.header_offset for m in ordered[1:]), end]
    for member, limit in zip(ordered, starts, strict=False):
        if member.header_offset + _LOCAL_SIZE + member.compress_size > limit:
            return member.filename
    return ""
