"""What was fetched, read in place: a zip, a folder, or single files. Nothing is unpacked."""

import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import IO, Protocol

from hwcli.errors import FetchError
from hwcli.shards import sha256_of

MAX_MEMBERS = 5_000_000
"""Members a zip may list; EMNIST as single images would have 0.8 million."""
MAX_EXPANDED = 64 << 30
"""Bytes all members of a zip may claim together."""

_DAMAGE = (
    zipfile.BadZipFile,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    OSError,
    NotImplementedError,
    UnicodeDecodeError,  # of a name in a zip that says it is UTF-8
)
"""What zipfile, gzip, zlib and lzma raise on damaged data."""


class MissingError(FetchError):
    """What is asked for is not where it should be: an archive, or a member of one."""


class Archive(Protocol):
    """A source's files by name."""

    def names(self) -> list[str]:
        """Names of all files, `/` between folders, in the archive's order."""

    def size(self, name: str) -> int:
        """Bytes of the file as it is stored, so never more than what is on disk."""

    def open(self, name: str) -> IO[bytes]:
        """The file, for reading.

        Raises:
            MissingError: there is none of that name.
        """

    def digests(self) -> tuple[str, ...]:
        """`sha256:… file name` of what was read, as `dataset.json` lists it."""


@dataclass(frozen=True, slots=True)
class ZipArchive:
    """A zip file."""

    path: Path

    def names(self) -> list[str]:
        """Names of all files, in the order of the zip."""
        return [i.filename for i in _zip(self.path).infolist() if not i.is_dir()]

    def size(self, name: str) -> int:
        """Compressed size, bytes."""
        return self._info(name).compress_size

    def open(self, name: str) -> IO[bytes]:
        """The member, unpacked as it is read."""
        return _zip(self.path).open(self._info(name))

    def digests(self) -> tuple[str, ...]:
        """Of the zip itself."""
        return (f"sha256:{sha256_of(self.path)} {self.path.name}",)

    def _info(self, name: str) -> zipfile.ZipInfo:
        try:
            return _zip(self.path).getinfo(name)
        except KeyError:
            raise MissingError(f"{self.path.name}: has no member {name}") from None


def _zip(path: Path) -> zipfile.ZipFile:
    """The zip at `path`, checked, and kept open, since its directory takes long to read."""
    try:
        state = path.stat()
    except OSError as error:
        raise MissingError(f"{path}: {error.strerror}") from error
    return _open_zip(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=8)
def _open_zip(path: Path, _changed_ns: int, _size: int) -> zipfile.ZipFile:
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
    members = archive.infolist()
    fault = ""
    if len(members) > MAX_MEMBERS:
        fault = f"{len(members):,} members, at most {MAX_MEMBERS:,} are read"
    elif (claimed := sum(m.file_size for m in members)) > MAX_EXPANDED:
        fault = f"claims {claimed >> 30:,} GiB unpacked, at most {MAX_EXPANDED >> 30} are read"
    elif link := next((m for m in members if stat.S_ISLNK(m.external_attr >> 16)), None):
        fault = f"member {link.filename!r} is a link, which no dataset needs"
    elif locked := next((m for m in members if m.flag_bits & 1), None):
        fault = f"member {locked.filename!r} is encrypted"
    if fault:
        archive.close()
        raise FetchError(f"{path}: {fault}")
    return archive


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder on disk; links in it are not followed."""

    path: Path

    def names(self) -> list[str]:
        """Paths below the folder, sorted."""
        found = (p for p in self.path.rglob("*") if p.is_file() and not p.is_symlink())
        return sorted(p.relative_to(self.path).as_posix() for p in found)

    def size(self, name: str) -> int:
        """Size on disk, bytes."""
        return self._path(name).stat().st_size

    def open(self, name: str) -> IO[bytes]:
        """The file."""
        return self._path(name).open("rb")

    def digests(self) -> tuple[str, ...]:
        """Nothing: a folder is not one file."""
        return ()

    def _path(self, name: str) -> Path:
        path = self.path / name
        if not path.is_file() or path.is_symlink():
            raise MissingError(f"{self.path}: has no file {name}")
        return path


@dataclass(frozen=True, slots=True)
class Files:
    """Single files, wherever they lie."""

    where: str
    """What to call the place they come from."""
    paths: dict[str, Path]
    missing: dict[str, MissingError] = field(default_factory=dict)
    """Why a file could not be had."""

    def names(self) -> list[str]:
        """Names of the files that are there."""
        return list(self.paths)

    def size(self, name: str) -> int:
        """Size on disk, bytes."""
        return self._path(name).stat().st_size

    def open(self, name: str) -> IO[bytes]:
        """The file."""
        return self._path(name).open("rb")

    def digests(self) -> tuple[str, ...]:
        """Of each file."""
        return tuple(f"sha256:{sha256_of(p)} {name}" for name, p in self.paths.items())

    def _path(self, name: str) -> Path:
        if name in self.paths:
            return self.paths[name]
        if why := self.missing.get(name):
            raise MissingError(why.message, hint=why.hint)
        raise MissingError(f"{self.where}: has no file {name}")


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Faults of damaged data, met in the context, become one line about `what`.

    Raises:
        FetchError: instead of what zipfile, gzip and zlib raise.
    """
    try:
        yield
    except _DAMAGE as error:
        raise FetchError(
            f"{what}: damaged ({error})", hint="remove its archive, and it is fetched again"
        ) from error
