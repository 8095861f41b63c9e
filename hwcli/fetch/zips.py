"""A zip read in place: any member as a stream, and small ones whole in a few microseconds."""

import os
import stat
import struct
import weakref
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import IO

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from hwcli.errors import FetchError
from hwcli.fetch.archive import (
    DAMAGE,
    Limits,
    Members,
    MissingError,
    NamedMembers,
    leads_out,
)
from hwcli.fetch.zip_directory import UTF8, ZipDirectory, read_directory
from hwcli.shards import sha256_of

_LOCAL = struct.Struct("<4s2xHH16xHH")
"""Of a member's own header: signature, flags, method, lengths of name and extra field.
https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.7."""
_LOCAL_SIZE = 30
_ENCRYPTED = 0x1
_EXTRA = 64
"""Bytes read beyond what the directory says, for an extra field that only the member has."""
_SMALL = 4 << 20
"""Bytes of a packed member that is read in one go; larger ones go through zipfile."""

_AHEAD = 64 << 10
"""Bytes that are read in one go where small members follow each other; as long as four reads."""
_GAP = _AHEAD // 4
"""Bytes between two members that follow each other all the same."""

_Place = tuple[int, int, int, int, int, int]
"""Where a member lies, and what it must be: the columns of `PLACE`."""


@dataclass(frozen=True, slots=True)
class ZipArchive:
    """A zip file. May be sent to another process, which opens it for itself."""

    path: Path
    limits: Limits = field(default_factory=Limits)

    def names(self) -> list[str]:
        """Names of all files, in the order of the zip."""
        return [n for n in self._zip().directory.names if not n.endswith("/")]

    def size(self, name: str) -> int:
        """Compressed size, bytes."""
        found = self._zip()
        return int(found.directory.places["packed"][found.row(name)])

    def open(self, name: str) -> IO[bytes]:
        """The member, unpacked as it is read."""
        found = self._zip()
        return found.open(found.row(name))

    def read(self, name: str, limit: int) -> bytes:
        """The member, or its first `limit` + 1 bytes if it has more; checked where it is whole."""
        try:
            found = self._zip()
            return found.read(found.row(name), limit)
        except DAMAGE as error:
            raise _damaged(self.path, name, error) from error

    def some(self, names: Sequence[str]) -> Members:
        """Some members, with where they lie: the directory need not be read again."""
        if not hasattr(os, "pread"):
            return NamedMembers(self, tuple(names))
        found = self._zip()
        rows = [found.row(n) for n in names]
        stored = tuple(found.directory.stored[r] for r in rows)
        return ZipMembers(self, found.state, stored, found.directory.places[rows])

    def digests(self) -> tuple[str, ...]:
        """Of the zip itself."""
        return (f"sha256:{sha256_of(self.path)} {self.path.name}",)

    def _zip(self) -> "_OpenZip":
        """The open zip; kept, since its directory takes long to read."""
        try:
            state = os.stat(self.path)  # noqa: PTH116  # half of what Path.stat() costs
        except OSError as error:
            raise MissingError(f"{self.path}: {error.strerror}") from error
        return _open_zip(self.path, self.limits, state.st_mtime_ns, state.st_size)


@dataclass(frozen=True, slots=True, eq=False)
class ZipMembers:
    """Some members of a zip."""

    archive: ZipArchive
    state: tuple[int, int]
    """Time (ns) and size of the zip in which the places were found."""
    names: tuple[str, ...]
    """As the directory has them."""
    places: NDArray[np.void]
    """(N,) `PLACE`."""

    def __len__(self) -> int:
        return len(self.names)

    def contents(self, limit: int) -> Iterator[bytes | FetchError]:
        """Each as `Archive.read` gives it, or why it cannot be read."""
        path = self.archive.path
        pieces: _Pieces | None = None
        data: bytes | FetchError
        for name, place in zip(self.names, self.places.tolist(), strict=True):
            try:
                if _is_plain(place):
                    pieces = pieces or _Pieces(_file(path, self.state))
                    data = _read(pieces, name, place, limit)
                else:
                    data = self.archive.read(name, limit)
            except FetchError as error:
                data = error
            except DAMAGE as error:
                data = _damaged(path, name, error)
            yield data


class _File:
    """A zip that is open for reading, until nobody holds this any more."""

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        weakref.finalize(self, os.close, self.descriptor)


@lru_cache(maxsize=8)
def _file(path: Path, state: tuple[int, int]) -> _File:
    """The zip at `path`, which must be in that state."""
    file = _File(path)
    now = os.fstat(file.descriptor)
    if (now.st_mtime_ns, now.st_size) != state:
        raise zipfile.BadZipFile("it was replaced meanwhile")
    return file


class _Pieces:
    """Pieces of a zip; where they follow each other, many are read at once."""

    def __init__(self, file: _File) -> None:
        self._file = file
        self._data = b""
        self._base = 0

    def at(self, offset: int, count: int) -> tuple[bytes, int]:
        """Some bytes, and where in them the `count` from `offset` on begin, or what there is."""
        start, there = offset - self._base, len(self._data)
        if not 0 <= start <= there - count:
            follows = 0 <= start <= there + _GAP
            count = max(count, _AHEAD) if follows else count
            self._data = os.pread(self._file.descriptor, count, offset)
            self._base, start = offset, 0
        return self._data, start


class _OpenZip:
    """A zip of which the directory has been read and found good."""

    def __init__(self, path: Path, directory: ZipDirectory, state: tuple[int, int]) -> None:
        self.directory = directory
        self.state = state
        self._path = path

    def row(self, name: str) -> int:
        """Where in the directory the member stands; the last one of several of that name."""
        try:
            return self._rows[name]
        except KeyError:
            raise MissingError(f"{self._path.name}: has no member {name}") from None

    def open(self, row: int) -> IO[bytes]:
        """As `ZipArchive.open`, raising what zipfile raises."""
        return self._slow.open(self._slow.infolist()[row])

    def read(self, row: int, limit: int) -> bytes:
        """As `ZipArchive.read`, raising what zipfile raises."""
        place = self.directory.places[row].item()
        if not hasattr(os, "pread") or not _is_plain(place):
            with self.open(row) as member:
                return member.read(limit + 1)
        pieces = _Pieces(_file(self._path, self.state))
        return _read(pieces, self.directory.stored[row], place, limit)

    @cached_property
    def _rows(self) -> dict[str, int]:
        names = self.directory.names
        return dict(zip(names, range(len(names)), strict=True))

    @cached_property
    def _slow(self) -> zipfile.ZipFile:
        """The zip as zipfile has it, for members that are large or packed in another way."""
        archive = zipfile.ZipFile(self._path)
        now = self._path.stat()
        if (now.st_mtime_ns, now.st_size) != self.state:
            archive.close()
            raise zipfile.BadZipFile("it was replaced meanwhile")
        return archive


def _is_plain(place: _Place) -> bool:
    """Whether the member can be read in one go."""
    _, packed, _, _, method, _ = place
    return packed <= _SMALL and method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def _read(pieces: _Pieces, name: str, place: _Place, limit: int) -> bytes:
    """The member at `place`, or its first `limit` + 1 bytes, raising what zipfile raises."""
    _, _, size, crc, method, _ = place
    count = min(size, limit + 1)
    data = _packed(pieces, name, place)
    if method == zipfile.ZIP_DEFLATED:
        unpacker = zlib.decompressobj(-15)
        # One byte more than is wanted, to see that there is none.
        data = unpacker.decompress(data, count + 1)
    if size > limit:
        return data[:count]
    if len(data) != count or isal_zlib.crc32(data) != crc:
        raise zipfile.BadZipFile("its bytes are not those that the directory tells of")
    return data


def _packed(pieces: _Pieces, name: str, place: _Place) -> bytes:
    """The bytes at `place` as they are stored."""
    offset, count, _, _, its_method, extra = place
    data, at = pieces.at(offset, _LOCAL_SIZE + len(name) + extra + _EXTRA + count)
    signature, flags, method, name_size, extra_size = _LOCAL.unpack_from(data, at)
    name_end = at + _LOCAL_SIZE + name_size
    start = name_end + extra_size
    if (
        signature != b"PK\3\4"
        or flags & _ENCRYPTED
        or method != its_method
        or not _is_called(name, data[at + _LOCAL_SIZE : name_end], flags)
    ):
        raise zipfile.BadZipFile("its header is not what the directory says")
    if start + count > len(data):
        data, start = pieces.at(offset + start - at, count)
    if len(data) < start + count:
        raise EOFError("ends early")
    return data[start : start + count]


def _is_called(name: str, raw: bytes, flags: int) -> bool:
    """Whether `raw`, in a header with these flags, is that name."""
    if name.isascii():
        return raw == name.encode()
    return raw.decode("utf-8" if flags & UTF8 else "cp437") == name


def _damaged(path: Path, name: str, error: Exception) -> FetchError:
    return FetchError(f"{path.name}: {name}: damaged ({error})")


@lru_cache(maxsize=8)
def _open_zip(path: Path, limits: Limits, changed_ns: int, size: int) -> _OpenZip:
    """The zip at `path`; the other arguments tell one that was replaced from the one before.

    Raises:
        FetchError: not a whole zip, links in it, or more in it than a dataset can have.
    """
    try:
        directory = read_directory(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise FetchError(
            f"{path}: not a whole zip file ({error})", hint="remove it, and it is fetched again"
        ) from error
    _check(path, directory, limits)
    return _OpenZip(path, directory, (changed_ns, size))


def _check(path: Path, directory: ZipDirectory, limits: Limits) -> None:
    """Raise unless the members are such as a dataset may have."""
    names = directory.names
    limits.check(str(path), len(names), directory.expanded)
    is_link = (directory.attributes >> 16) & 0o170000 == stat.S_IFLNK
    if (link := _first(names, is_link)) is not None:
        fault = f"member {link!r} is a link, which no dataset needs"
    elif (outside := next(filter(leads_out, names), None)) is not None:
        fault = f"member {outside!r:.200} lies outside the archive"
    elif (locked := _first(names, directory.flags & _ENCRYPTED != 0)) is not None:
        fault = f"member {locked!r} is encrypted"
    elif (twice := _overlapping(directory)) is not None:
        fault = f"member {twice!r} lies in another's bytes"
    else:
        return
    raise FetchError(f"{path}: {fault}")


def _first(names: list[str], mask: NDArray[np.bool_]) -> str | None:
    """The first of `names` that `mask` marks."""
    marked = np.flatnonzero(mask)
    return names[marked[0]] if len(marked) else None


def _overlapping(directory: ZipDirectory) -> str | None:
    """Name of a member whose bytes reach into the next member or the directory.

    Such a zip unpacks to millions of times its size: https://www.bamsoftware.com/hacks/zipbomb/.
    """
    places = directory.places
    order = places["offset"].argsort(kind="stable")
    starts = places["offset"][order]
    limits = np.append(starts[1:], directory.start)
    reaching = np.flatnonzero(starts + _LOCAL_SIZE + places["packed"][order] > limits)
    return directory.names[order[reaching[0]]] if len(reaching) else None
