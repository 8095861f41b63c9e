"""Fetching: from a source's URL to an archive on this machine, by mirror, cache or network."""

import hashlib
import logging
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

import platformdirs

import hwcli
from hwcli.errors import FetchError
from hwcli.fetch import kaggle
from hwcli.fetch.archive import Archive, Files, Folder, Limits, MissingError
from hwcli.fetch.messages import shown
from hwcli.fetch.opened import open_archive
from hwcli.fetch.patience import Patience
from hwcli.progress import Progress, silent
from hwcli.recipe import Source
from hwcli.shards import sha256_of

_log = logging.getLogger(__name__)

ASSETS = Path(hwcli.__file__).parent / "assets"
"""What `package:` addresses stand below."""


def _download(
    url: str, target: Path, sha256: str | None, options: "FetchOptions", progress: Progress
) -> None:
    from hwcli.fetch.http import download  # noqa: PLC0415  # 40 ms, and most runs need none

    download(url, target, sha256=sha256, patience=options.patience, progress=progress)


def _cache() -> Path:
    return Path(platformdirs.user_cache_dir("hwcli", appauthor=False)) / "downloads"


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """Where archives may come from."""

    mirror: str = ""
    """Folder or `https:` address that holds archives as `<kind>/<owner>/<name>.zip`; asked
    first."""
    offline: bool = False
    """Never use the network."""
    patience: Patience = field(default_factory=Patience)
    cache: Path = field(default_factory=_cache)
    max_expanded_gib: int = 64
    """GiB that the members of an archive may have together, unpacked."""
    max_members: int = 5_000_000
    """Members that an archive may list."""

    @property
    def limits(self) -> Limits:
        """What an archive may hold at most."""
        return Limits(self.max_expanded_gib, self.max_members)


def fetch(source: Source, options: FetchOptions, progress: Progress = silent) -> Archive:
    """The files of `source`, on this machine.

    Raises:
        MissingError: not in the mirror, and not to be had otherwise.
        AuthError: the publisher wants credentials.
        FetchError: the download failed, is not what the recipe expects, or cannot be read here.
    """
    try:
        return _fetch(source, options, progress)
    except OSError as error:  # a folder without the right to look into it, a name too long, …
        where = error.filename or shown(source.url)
        raise FetchError(f"{where}: cannot be read ({error.strerror or error})") from error


def _fetch(source: Source, options: FetchOptions, progress: Progress) -> Archive:
    scheme, _, rest = source.url.partition(":")
    if scheme == "file":
        path = source.mirror_path and _from_mirror(source.mirror_path, options, None, progress)
        return _local(path or Path(rest.removeprefix("//")), source, options)
    if scheme == "package":
        return _local(ASSETS / rest, source, options)
    if source.url.endswith("/"):
        return _fetch_members(source, options, progress)
    where = mirror_path(source)
    found = _from_mirror(where, options, source.sha256.get(Path(where).name), progress)
    if found is None and scheme == "kaggle":
        _need_network(source.url, options)
        return Folder(kaggle.fetch(rest))
    if found is None:
        found = _from_network((source.url, *source.mirrors), source, options, progress)
    return open_archive(found, options.cache, options.limits)


def mirror_path(source: Source) -> str:
    """Where `source` lies in a mirror: as its recipe says, or `<kind>/<owner>/<name>.zip`."""
    if source.mirror_path:
        return source.mirror_path
    parts = urlsplit(source.url)
    if parts.scheme == "kaggle":
        return f"kaggle/{parts.path}.zip"
    return f"{parts.hostname}{parts.path}"


def _local(path: Path, source: Source, options: FetchOptions) -> Archive:
    if path.is_file():
        _check(path, source.sha256.get(path.name))
    elif not path.is_dir():
        hint = f"give a --mirror that holds {source.mirror_path}" if source.mirror_path else None
        raise MissingError(f"{path}: no such file or folder (source {source.name})", hint=hint)
    return open_archive(path, options.cache, options.limits)


def _fetch_members(source: Source, options: FetchOptions, progress: Progress) -> Files:
    """The members of a publisher who ships single files; those that are missing are left out."""
    found: dict[str, Path] = {}
    missing: dict[str, MissingError] = {}
    for name in member_files(source):
        sha256 = source.sha256.get(name)
        try:
            path = _from_mirror(mirror_path(source) + name, options, sha256, progress)
            if path is None:
                urls = tuple(base + quoted(name) for base in (source.url, *source.mirrors))
                path = _from_network(urls, source, options, progress)
            found[name] = path
        except MissingError as error:  # whoever wants the member is told then
            _log.info("%s", error.message)
            missing[name] = error
    return Files(shown(source.url), found, missing)


def member_files(source: Source) -> list[str]:
    """The files that are fetched one by one, of a source whose address ends in `/`."""
    return list(dict.fromkeys(n for p in source.part for n in (p.images, p.labels) if n))


def _from_mirror(
    where: str, options: FetchOptions, sha256: str | None, progress: Progress
) -> Path | None:
    """The file or folder at `where` in the mirror, or None if there is none."""
    if not options.mirror:
        return None
    if options.mirror.startswith(("https:", "http:")):
        url = f"{options.mirror.rstrip('/')}/{quoted(where)}"
        target = cached_path(url, options)
        if not target.exists():
            if options.offline:
                return None
            try:
                _download(url, target, sha256, options, progress)
            except MissingError:
                return None
        return target
    path = Path(options.mirror) / where
    if path.is_file():
        _check(path, sha256)
    return path if path.exists() else None


def _from_network(
    urls: tuple[str, ...], source: Source, options: FetchOptions, progress: Progress
) -> Path:
    """The file at the first of `urls` that gives it, or as an earlier run has left it."""
    sha256 = source.sha256.get(Path(urlsplit(urls[0]).path).name)
    cached = (cached_path(url, options) for url in urls)
    if path := next((p for p in cached if p.exists()), None):
        _check(path, sha256)
        return path
    _need_network(urls[0], options)
    fault: FetchError | None = None
    for url in urls:
        target = cached_path(url, options)
        try:
            _download(url, target, sha256, options, progress)
            return target
        except FetchError as error:
            _log.info("%s", error.message)
            fault = fault or error
    assert fault is not None, "a source has an address"
    raise fault


def quoted(path: str) -> str:
    """`path` as it stands in an address; `@` as it is, since npm's servers want it so."""
    return quote(path, safe="/@")  # RFC 3986, 3.3: paths may hold it


def cached_path(url: str, options: FetchOptions) -> Path:
    """Where the download of `url` lies in the cache, or will."""
    key = hashlib.sha256(url.encode()).hexdigest()[:16]
    return options.cache / key / (Path(urlsplit(url).path).name or "file")


def _need_network(url: str, options: FetchOptions) -> None:
    if options.offline:
        raise MissingError(
            f"{shown(url)}: neither in the mirror nor in the cache, and --offline is given",
            hint="run once without --offline, or give a --mirror that has it",
        )


def _check(path: Path, sha256: str | None) -> None:
    if sha256 and (found := sha256_of(path)) != sha256:
        raise FetchError(
            f"{path}: sha256 is {found}, expected {sha256}", hint="remove it and fetch it again"
        )
