"""A zip read in place: any member as a stream, and small ones whole in a few microseconds."""

import os
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import IO

from hwcli.errors import FetchError
from hwcli.fetch.archive import DAMAGE, Limits, MissingError, reading
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


class _OpenZip:
    """A zip of which the directory has been read and found good."""

    def __init__(self, path: Path, file: zipfile.ZipFile) -> None:
        self.file = file
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
        packed, count = info.compress_size, min(info.file_size, limit + 1)
        if self._descriptor < 0 or packed > _SMALL or info.compress_type not in (0, 8):
            with self.file.open(info) as member:
                return member.read(limit + 1)
        data = self._packed(info, packed)
        if info.compress_type == zipfile.ZIP_DEFLATED:
            unpacker = zlib.decompressobj(-15)
            # One byte more than is wanted, to see that there is none.
            data = unpacker.decompress(data, count + 1)
        if info.file_size > limit:
            return data[:count]
        if len(data) != count or zlib.crc32(data) != info.CRC:
            raise zipfile.BadZipFile("its bytes are not those that the directory tells of")
        return data

    def _packed(self, info: zipfile.ZipInfo, count: int) -> bytes:
        """The bytes of `info` as they are stored."""
        at = info.header_offset
        guess = _LOCAL_SIZE + len(info.orig_filename) + len(info.extra) + _EXTRA + count
        piece = os.pread(self._descriptor, guess, at)
        signature, flags, method, name_size, extra_size = _LOCAL.unpack_from(piece)
        start = _LOCAL_SIZE + name_size + extra_size
        raw = piece[_LOCAL_SIZE : _LOCAL_SIZE + name_size]
        encoding = "utf-8" if flags & _UTF8 or raw.isascii() else "cp437"
        if (
            signature != b"PK\3\4"
            or flags & _ENCRYPTED
            or method != info.compress_type
            or raw.decode(encoding) != info.orig_filename
        ):
            raise zipfile.BadZipFile("its header is not what the directory says")
        if start + count > len(piece):
            piece, start = os.pread(self._descriptor, count, at + start), 0
        if len(piece) < start + count:
            raise EOFError("ends early")
        return piece[start : start + count]


@lru_cache(maxsize=8)
def _open_zip(path: Path, limits: Limits, _changed_ns: int, _size: int) -> _OpenZip:
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
    return _OpenZip(path, archive)


def _check(path: Path, archive: zipfile.ZipFile, limits: Limits) -> None:
    """Raise unless the members of `archive` are such as a dataset may have."""
    members = archive.infolist()
    limits.check(str(path), len(members), sum(m.file_size for m in members))
    fault = ""
    if link := next((m for m in members if stat.S_ISLNK(m.external_attr >> 16)), None):
        fault = f"member {link.filename!r} is a link, which no dataset needs"
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
