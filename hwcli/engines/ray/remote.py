"""Photos at addresses such as `s3://bucket/a.jpg`: found, and fetched where they are read."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from hwcli.engines.ray.cluster import first_line
from hwcli.errors import DependencyError, HwcliError, InputError
from hwcli.page.inputs import in_order, is_wanted
from hwcli.page.photo import Piped, Source

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+(?:::|://)")


@dataclass(frozen=True, slots=True, eq=False)
class Remote(Piped):
    """A photo at an address; `data` is empty until it is fetched."""

    url: str = ""

    def __str__(self) -> str:
        return self.url


class Addresses:
    """Finds photos at the addresses that fsspec knows."""

    def knows(self, item: str) -> bool:
        """Whether `item` is an address rather than a path."""
        return is_url(item)

    def photos(self, item: str, globs: Sequence[Sequence[str]]) -> Iterator[Source]:
        """The photo at `item`, or those below it if it is a folder, folder by folder.

        What is called as images are is a photo, so that a list of millions needs no question for
        each whether it is one.

        Raises:
            DependencyError: what such addresses need is not installed.
            InputError: there is no such kind of address, or what is there cannot be listed.
        """
        with faults(item):
            files, path = opened(item)
            if is_wanted(path.rsplit("/", 1)[-1], (), ()) or not files.isdir(path):
                yield Remote(b"", item)
                return
            yield from _below(files, path, globs)


def is_url(path: str) -> bool:
    """Whether `path` is an address rather than a path."""
    return _ADDRESS.match(path) is not None


def fetch(source: Source) -> Source | HwcliError:
    """`source` with its data if it is at an address, or what went wrong."""
    if not isinstance(source, Remote):
        return source
    try:
        with faults(source.url):
            files, path = opened(source.url)
            return replace(source, data=files.cat_file(path))
    except HwcliError as error:
        return error


def _below(files: Any, path: str, globs: Sequence[Sequence[str]]) -> Iterator[Source]:
    todo: list[tuple[str, tuple[str, ...]]] = [(path, ())]
    while todo:
        folder, below = todo.pop()
        entries = {
            e["name"].rstrip("/").rsplit("/", 1)[-1]: e for e in files.ls(folder, detail=True)
        }
        seen = [name for name in in_order(list(entries)) if not name.startswith(".")]
        folders = [name for name in seen if entries[name]["type"] == "directory"]
        for name in seen:
            if name not in folders and is_wanted(name, below, globs):
                yield Remote(b"", files.unstrip_protocol(entries[name]["name"]))
        todo += ((entries[name]["name"], (*below, name)) for name in reversed(folders))


def opened(url: str) -> tuple[Any, str]:
    """The file system of `url`, and the path in it."""
    from fsspec.core import url_to_fs  # noqa: PLC0415 (an extra)

    files, path = url_to_fs(url)
    return files, path


@contextmanager
def faults(url: str) -> Iterator[None]:
    """Turns what goes wrong at `url` into an InputError or DependencyError.

    Raises:
        HwcliError: one of these.
    """
    try:
        yield
    except HwcliError:
        raise
    except ImportError as error:
        raise DependencyError(f"{url}: {first_line(error)}") from error
    except FileNotFoundError as error:
        raise InputError(f"{url}: no such file or folder") from error
    except Exception as error:  # each kind of address has a library of its own, with its own errors
        raise InputError(f"{url}: {first_line(error)}") from error
