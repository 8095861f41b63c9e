"""What of a source is on this machine already; nothing is fetched to know it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from hwcli.errors import FetchError
from hwcli.fetch import (
    ASSETS,
    FetchOptions,
    cached_path,
    kaggle,
    member_files,
    mirror_path,
    quoted,
)
from hwcli.recipe import Source

Place = Literal["mirror", "cache", "package", "local"]


@dataclass(frozen=True, slots=True)
class Here:
    """Files that need not be fetched any more."""

    place: Place
    bytes: int
    files: int
    of: int
    """Files of the source; fewer are here where it is fetched file by file."""


def find_here(source: Source, options: FetchOptions) -> Here | None:
    """What of `source` is in the mirror (a remote one is not asked) or the cache.

    Raises:
        FetchError: a folder cannot be looked into.
    """
    try:
        if source.url.endswith("/") and urlsplit(source.url).scheme not in ("file", "package"):
            return _members(source, options)
        return _one(source, options)
    except OSError as error:
        raise FetchError(f"{error.filename}: cannot be read ({error.strerror})") from error


def _one(source: Source, options: FetchOptions) -> Here | None:
    scheme, _, rest = source.url.partition(":")
    if scheme == "package":
        return _told("package", [ASSETS / rest], 1)
    if scheme != "file" or source.mirror_path:
        where = source.mirror_path or mirror_path(source)
        if found := _in_mirror(where, options):
            return _told("mirror", [found], 1)
    if scheme == "file":
        return _told("local", [Path(rest.removeprefix("//"))], 1)
    if scheme == "kaggle":
        return _told("cache", [p for p in (kaggle.cached(rest),) if p], 1)
    cached = (cached_path(url, options) for url in (source.url, *source.mirrors))
    return _told("cache", [p for p in cached if p.exists()][:1], 1)


def _members(source: Source, options: FetchOptions) -> Here | None:
    names = member_files(source)
    found: list[Path] = []
    mirrored = False
    for name in names:
        path = _in_mirror(mirror_path(source) + name, options)
        mirrored = mirrored or path is not None
        bases = (source.url, *source.mirrors)
        cached = (cached_path(base + quoted(name), options) for base in bases)
        path = path or next((p for p in cached if p.exists()), None)
        found += [path] if path else []
    return _told("mirror" if mirrored else "cache", found, len(names))


def _in_mirror(where: str, options: FetchOptions) -> Path | None:
    if not options.mirror:
        return None
    if options.mirror.startswith(("https:", "http:")):
        path = cached_path(f"{options.mirror.rstrip('/')}/{quoted(where)}", options)
    else:
        path = Path(options.mirror) / where
    return path if path.exists() else None


def _told(place: Place, paths: list[Path], of: int) -> Here | None:
    there = [p for p in paths if p.exists()]
    return Here(place, sum(map(_bytes, there)), len(there), of) if there else None


def _bytes(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    files = (p for p in path.rglob("*") if p.is_file() and not p.is_symlink())
    return sum(p.stat().st_size for p in files)
