"""What cannot be read in place, such as a .tar.gz or a 7z, becomes a plain tar in the cache.

No name of a member ever becomes a path on disk.
"""

import bz2
import gzip
import hashlib
import lzma
import os
import re
import struct
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, cast

from hwcli.atomic import writing
from hwcli.errors import DependencyError, FetchError
from hwcli.fetch.archive import Limits, reading
from hwcli.fetch.tars import BLOCK, is_tar

if TYPE_CHECKING:
    from py7zr import FileInfo, SevenZipFile

_MAGIC: tuple[tuple[bytes, Callable[[Path], object]], ...] = (
    (b"\x1f\x8b", gzip.GzipFile),
    (b"BZh", bz2.BZ2File),
    (b"\xfd7zXZ\0", lzma.LZMAFile),
)
"""What compressed files begin with, and what unpacks them."""
_SEVEN_ZIP = b"7z\xbc\xaf\x27\x1c"
_PIECE = 1 << 20


def is_packed_tar(path: Path) -> bool:
    """Whether the file at `path` is a compressed tar."""
    with reading(str(path)), ExitStack() as opened:
        file = _unpacked(path, opened)
        return file is not None and is_tar(file.read(BLOCK))


def is_seven_zip(path: Path) -> bool:
    """Whether the file at `path` is a 7z."""
    with reading(str(path)), path.open("rb") as file:
        return file.read(len(_SEVEN_ZIP)) == _SEVEN_ZIP


def plain_tar(path: Path, cache: Path, limits: Limits) -> Path:
    """The compressed tar or 7z at `path` as a plain tar in `cache`; made if it is not there yet.

    Raises:
        FetchError: damaged, larger than `limits` allow, or the cache cannot be written.
        DependencyError: it is a 7z, and py7zr is not installed.
    """
    state = path.stat()
    identity = f"{path.resolve()}\0{state.st_mtime_ns}\0{state.st_size}"
    key = hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    target = cache / "unpacked" / key / "archive.tar"
    if target.exists():
        return target
    # A name of its own: another process may be unpacking the same file.
    partial = target.with_name(f"archive.{os.getpid()}.partial")
    with writing(target, FetchError), ExitStack() as cleaning:
        partial.parent.mkdir(parents=True, exist_ok=True)
        cleaning.callback(partial.unlink, missing_ok=True)
        with partial.open("wb") as out:
            if is_seven_zip(path):
                _from_seven_zip(path, out, limits)
            else:
                _from_packed_tar(path, out, limits)
        partial.replace(target)
    return target


def _unpacked(path: Path, opened: ExitStack) -> IO[bytes] | None:
    """The file at `path`, unpacked as it is read; None if it is not compressed."""
    with path.open("rb") as file:
        head = file.read(6)
    unpack = next((unpack for magic, unpack in _MAGIC if head.startswith(magic)), None)
    return None if unpack is None else opened.enter_context(cast("IO[bytes]", unpack(path)))


def _from_packed_tar(path: Path, out: IO[bytes], limits: Limits) -> None:
    done = 0
    with ExitStack() as opened:
        with reading(str(path)):
            file = _unpacked(path, opened)
        assert file is not None, "is_packed_tar has seen it compressed"
        while piece := _next(path, file):
            done += len(piece)
            limits.check(str(path), 0, done)
            out.write(piece)


def _next(path: Path, file: IO[bytes]) -> bytes:
    with reading(str(path)):
        return file.read(_PIECE)


def _from_seven_zip(path: Path, out: IO[bytes], limits: Limits) -> None:
    try:
        import py7zr  # noqa: PLC0415  # an extra
        from py7zr.exceptions import AbsolutePathError, ArchiveError  # noqa: PLC0415
    except ImportError as error:
        raise DependencyError(
            f"{path}: 7z archives are read by py7zr, which is not installed",
            hint="pip install 'hwcli[7z]'",
        ) from error
    from hwcli.fetch.seven_zip import TarFactory  # noqa: PLC0415  # needs py7zr

    try:
        with path.open("rb") as file, py7zr.SevenZipFile(file) as archive:
            members = _checked(path, archive, limits)
            sizes = {PurePosixPath(m.filename).as_posix(): m.uncompressed for m in members}
            factory = TarFactory(out, sizes)
            archive.extract(targets=[m.filename for m in members], factory=factory)
            factory.finish()
    except (ArchiveError, AbsolutePathError) as error:
        raise FetchError(f"{path}: not a 7z that can be read ({error})") from error
    except (lzma.LZMAError, zlib.error, struct.error, EOFError, MemoryError, *_PARSING) as error:
        raise FetchError(f"{path}: damaged ({type(error).__name__}: {error!s:.80})") from error


_PARSING = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, AssertionError)
"""What py7zr's parser raises of bytes that it did not expect."""


def _checked(path: Path, archive: "SevenZipFile", limits: Limits) -> "list[FileInfo]":
    """The files of `archive` that are plain ones, before a byte is unpacked."""
    if archive.needs_password():
        raise FetchError(f"{path}: is encrypted")
    members = [m for m in archive.list() if not m.is_directory]
    limits.check(str(path), len(members), sum(m.uncompressed for m in members))
    if odd := next((m for m in members if not m.is_file), None):
        raise FetchError(f"{path}: member {odd.filename!r} is a link, which no dataset needs")
    if odd := next((m for m in members if _leaves(m.filename)), None):
        raise FetchError(f"{path}: member {odd.filename!r} lies outside the archive")
    if len({m.filename for m in members}) < len(members):
        raise FetchError(f"{path}: two members of one name")
    return members


def _leaves(name: str) -> bool:
    return name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name) or ":" in name[1:2]
