"""What was fetched, as files by name: what every archive does; a folder, and single files."""

import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from hwcli.errors import FetchError
from hwcli.shards import sha256_of

DAMAGE = (
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


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may hold at most."""

    max_expanded_gib: int = 64
    """GiB of all members together, unpacked."""
    max_members: int = 5_000_000
    """EMNIST as single images would have 0.8 million."""

    @property
    def max_expanded(self) -> int:
        """Bytes of all members together, unpacked."""
        return self.max_expanded_gib << 30

    def check(self, what: str, members: int, expanded: int) -> None:
        """Raise unless so many `members` with so many bytes `expanded` are within the limits.

        Raises:
            FetchError: naming `what`, and the option that raises the limit.
        """
        if members > self.max_members:
            raise FetchError(
                f"{what}: {members:,} members, at most {self.max_members:,} are read",
                hint=f"if it is to be trusted, give --max-members {members}",
            )
        if expanded > self.max_expanded:
            gib = -(-expanded >> 30)
            raise FetchError(
                f"{what}: claims {gib:,} GiB unpacked, at most {self.max_expanded_gib:,} are read",
                hint=f"if it is to be trusted, give --max-expanded {gib}",
            )


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

    def read(self, name: str, limit: int) -> bytes:
        """The file, or its first `limit` + 1 bytes if it has more.

        Raises:
            MissingError: there is none of that name.
            FetchError: it is damaged.
        """

    def some(self, names: Sequence[str]) -> "Members":
        """Some of the files, to be read in another process."""

    def digests(self) -> tuple[str, ...]:
        """`sha256:… file name` of what was read, as `dataset.json` lists it."""


class Members(Protocol):
    """Some files of an archive; may be sent to another process."""

    def __len__(self) -> int: ...

    def contents(self, limit: int) -> Iterator[bytes | FetchError]:
        """Each as `Archive.read` gives it, or why it cannot be read."""


@dataclass(frozen=True, slots=True)
class NamedMembers:
    """Files that are found by their names."""

    archive: Archive
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    def contents(self, limit: int) -> Iterator[bytes | FetchError]:
        """Each as `Archive.read` gives it, or why it cannot be read."""
        for name in self.names:
            data: bytes | FetchError
            try:
                data = self.archive.read(name, limit)
            except FetchError as error:
                data = error
            yield data


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
        return self.path_of(name).stat().st_size

    def open(self, name: str) -> IO[bytes]:
        """The file."""
        return self.path_of(name).open("rb")

    def read(self, name: str, limit: int) -> bytes:
        """The file, or its first `limit` + 1 bytes if it has more."""
        return read_file(self.path_of(name), limit)

    def some(self, names: Sequence[str]) -> Members:
        """Some of the files, to be read in another process."""
        return NamedMembers(self, tuple(names))

    def digests(self) -> tuple[str, ...]:
        """Nothing: a folder is not one file."""
        return ()

    def path_of(self, name: str) -> Path:
        """Where the file lies.

        Raises:
            MissingError: there is none of that name.
        """
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
        return self.path_of(name).stat().st_size

    def open(self, name: str) -> IO[bytes]:
        """The file."""
        return self.path_of(name).open("rb")

    def read(self, name: str, limit: int) -> bytes:
        """The file, or its first `limit` + 1 bytes if it has more."""
        return read_file(self.path_of(name), limit)

    def some(self, names: Sequence[str]) -> Members:
        """Some of the files, to be read in another process."""
        return NamedMembers(self, tuple(names))

    def digests(self) -> tuple[str, ...]:
        """Of each file."""
        return tuple(f"sha256:{sha256_of(p)} {name}" for name, p in self.paths.items())

    def path_of(self, name: str) -> Path:
        """Where the file lies.

        Raises:
            MissingError: there is none of that name.
        """
        if name in self.paths:
            return self.paths[name]
        if why := self.missing.get(name):
            raise MissingError(why.message, hint=why.hint)
        raise MissingError(f"{self.where}: has no file {name}")


def leads_out(name: str) -> bool:
    """Whether a member of that name is meant for a place outside of where it is unpacked.

    Nothing is unpacked under its name here, but no honest archive has such members.
    """
    if ".." not in name and name[:1] not in ("/", "\\") and name[1:2] != ":":
        return False
    return name[:1] in ("/", "\\") or ".." in re.split(r"[/\\]", name) or name[1:3] in (":/", ":\\")


def read_file(path: Path, limit: int) -> bytes:
    """The file at `path`, or its first `limit` + 1 bytes if it has more.

    Raises:
        FetchError: it cannot be read.
    """
    with reading(str(path)), path.open("rb") as file:
        return file.read(limit + 1)


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Faults of damaged data, met in the context, become one line about `what`.

    Raises:
        FetchError: instead of what zipfile, gzip and zlib raise.
    """
    try:
        yield
    except DAMAGE as error:
        text = " ".join(str(error).split()) or type(error).__name__
        raise FetchError(
            f"{what}: damaged ({text:.200})", hint="remove its archive, and it is fetched again"
        ) from error
