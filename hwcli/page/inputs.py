"""Which photos to read: files, folders in natural order, lists and images on standard input."""

import os
import re
import stat
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from heapq import merge
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Protocol

from hwcli.errors import InputError
from hwcli.page.kinds import SUFFIXES, kind_of
from hwcli.page.source import Piped, Source

_STDIN = "-"
_ENOUGH = 32
"""Bytes that tell an image from a list."""
_LONGEST = 1 << 16
"""Bytes of a path in a list."""
_BOM = b"\xef\xbb\xbf"
_NUMBER = re.compile(r"\d+")
_FORM = dict.fromkeys(map(ord, string.digits), "0")
"""Makes all names of one form the same."""
_FORMS = 20
"""Forms of names in a folder, beyond which they are sorted at once."""


def find_photos(
    items: Sequence[str],
    *,
    globs: Sequence[str] = (),
    stdin: BinaryIO | None = None,
    from0: bool = False,
    elsewhere: "Elsewhere | None" = None,
) -> Iterator[Source]:
    """The photos that `items` mean, in order, each as soon as it is found.

    Of a folder those files, also in folders below it, whose names end as images do; hidden ones
    are left out and links to folders not followed. A path that does not exist is kept, so that it
    becomes an error record among the others.

    Args:
        items: paths of files and folders; `-` for what is on `stdin`.
        globs: only files in folders that match one of these are taken. A glob without `/` is
            about the name; with it, about the path below the folder, and `**` is any folders.
        stdin: an image, or paths of files and folders, one a line.
        from0: `stdin` has paths that end in NUL.
        elsewhere: finds the photos at what is no path but an address.

    Raises:
        InputError: none of the paths exists, or there is no photo at all.
    """
    far = elsewhere is not None and any(map(elsewhere.knows, items))
    if _STDIN not in items and items and not far and not any(map(_is_there, items)):
        raise InputError(f"{', '.join(items[:3])}: no such file or folder")
    search = _Search(tuple(tuple(glob.split("/")) for glob in globs), elsewhere)
    photos = _photos(items, search, stdin, from0=from0)
    first = next(photos, None)
    if first is not None:
        return chain((first,), photos)
    if not search.folders:
        raise InputError("no paths on standard input")
    like = f" that match {' or '.join(globs)}" if globs else ""
    raise InputError(
        f"{', '.join(search.folders)}: no images found{like}",
        hint=f"looked for {' '.join(sorted(SUFFIXES))}{like}",
    )


@dataclass(frozen=True, slots=True)
class _Search:
    """What is looked for in folders."""

    globs: tuple[tuple[str, ...], ...]
    """Each in its parts between `/`; none for all images."""
    elsewhere: "Elsewhere | None" = None
    """Finds what is no path."""
    folders: list[str] = field(default_factory=list)
    """The first few that were looked through, for the message if there is nothing in them."""

    def wants(self, entry: os.DirEntry[str], below: tuple[str, ...]) -> bool:
        """Whether `entry` is to be read; `below` are the folders it is in."""
        return is_wanted(entry.name, below, self.globs)


def _is_file(path: str) -> bool:
    """Whether it is a file or a link to one, not a pipe or a link to a folder.

    A link to nothing becomes an error record, and so does whatever cannot be looked at.
    """
    try:
        return stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116 (of millions)
    except OSError:
        return True


class Elsewhere(Protocol):
    """Finds photos that lie in no folder of this machine."""

    def knows(self, item: str) -> bool:
        """Whether `item` is such an address."""
        ...

    def photos(self, item: str, globs: Sequence[Sequence[str]]) -> Iterator[Source]:
        """The photos at `item`; of folders those that match one of `globs`, each in its parts."""
        ...


def is_wanted(name: str, below: tuple[str, ...], globs: Sequence[Sequence[str]]) -> bool:
    """Whether a file called `name` in the folders `below` is called as images are.

    And as one of `globs`, each in its parts between `/`, if there are any.
    """
    _, dot, suffix = name.rpartition(".")
    if f"{dot}{suffix}".lower() not in SUFFIXES:
        return False
    path = (*below, name)
    return not globs or any(_match(path if len(g) > 1 else path[-1:], g) for g in globs)


def _match(path: Sequence[str], glob: Sequence[str]) -> bool:
    if not glob:
        return not path
    if glob[0] == "**":
        return any(_match(path[skip:], glob[1:]) for skip in range(len(path) + 1))
    return bool(path) and fnmatchcase(path[0], glob[0]) and _match(path[1:], glob[1:])


def _is_there(path: str) -> bool:
    """Whether `path` exists, or cannot even be looked at: reading it will tell why."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError):
        return True
    return True


def _photos(
    items: Sequence[str], search: _Search, stdin: BinaryIO | None, *, from0: bool
) -> Iterator[Source]:
    for item in items:
        if item != _STDIN:
            yield from _photos_at(item, search)
        elif stdin is None:
            raise InputError("there is no standard input to read")
        else:
            for found in _piped(stdin, from0=from0):
                if isinstance(found, Piped):
                    yield found
                else:
                    yield from _photos_at(found, search)


def _photos_at(path: str, search: _Search) -> Iterator[Source]:
    if search.elsewhere is not None and search.elsewhere.knows(path):
        if len(search.folders) < 3:
            search.folders.append(path)
        yield from search.elsewhere.photos(path, search.globs)
        return
    if not os.path.isdir(path):  # noqa: PTH112 (Path.is_dir raises for names it cannot look up)
        yield Path(path)
        return
    if len(search.folders) < 3:
        search.folders.append(path)
    todo: list[tuple[str, tuple[str, ...]]] = [(path, ())]
    while todo:
        folder, below = todo.pop()
        files: list[str] = []
        folders: list[str] = []
        others: set[str] = set()  # what links lead to is looked at when it is their turn
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.name)
                    elif search.wants(entry, below):
                        files.append(entry.name)
                        if not entry.is_file(follow_symlinks=False):
                            others.add(entry.name)
        except OSError:  # becomes an error record, so that its photos are missed
            yield Path(folder)
            continue
        for name in _one_by_one(files):
            if name not in others or _is_file(os.path.join(folder, name)):  # noqa: PTH118
                yield Path(folder, name)
        todo += ((os.path.join(folder, f), (*below, f)) for f in reversed(in_order(folders)))  # noqa: PTH118


def _one_by_one(names: list[str]) -> Iterator[str]:
    """`names` in natural order, the first as soon as may be.

    Names that differ in their digits alone, place by place, are in natural order as they are. Where
    there are few such groups, their members' turns are found as they come.
    """
    names.sort()
    groups: dict[str, list[str]] = {}
    forms = "/".join(names).translate(_FORM).split("/") if names else ()
    for name, form in zip(names, forms, strict=True):
        groups.setdefault(form, []).append(name)
        if len(groups) > _FORMS:
            names.sort(key=natural_key)
            return iter(names)
    return merge(*groups.values(), key=lambda name: (natural_key(name), name))


def in_order(names: list[str]) -> list[str]:
    """`names` sorted naturally; what is alike but for case or zeros, as its characters come."""
    return list(_one_by_one(names))


def natural_key(name: str) -> str:
    """Sorts `page2` before `page10`, and numbers before letters."""
    return _NUMBER.sub(_number, name.casefold())


def _number(digits: re.Match[str]) -> str:
    """Sorts by length first, which is what numbers without leading zeros do."""
    number = str(int(digits[0]))
    return f"\1{chr(len(number))}{number}"


def _piped(stdin: BinaryIO, *, from0: bool) -> Iterator[str | Piped]:
    """The image on `stdin`, or the paths on it, each as soon as it is there."""
    head = b""
    while len(head) < _ENOUGH and b"\n" not in head and (more := _some(stdin)):
        head += more
    if kind_of(head) and (not from0 or not Path(os.fsdecode(head.split(b"\0")[0])).exists()):
        if from0:
            raise InputError(
                "standard input is an image, not a list of paths", hint="leave out --from0"
            )
        yield Piped(head + stdin.read())
        return
    end = b"\0" if from0 else b"\n"
    rest = head if from0 else head.removeprefix(_BOM)
    while True:
        *whole, rest = rest.split(end)
        yield from (_path(item, from0=from0) for item in whole if item.strip(b"\r"))
        if len(rest) > _LONGEST:
            raise InputError("standard input is neither an image nor a list of paths")
        more = _some(stdin)
        if not more:
            break
        rest += more
    if rest.strip(b"\r"):
        yield _path(rest, from0=from0)


def _some(stdin: BinaryIO) -> bytes:
    """What is there; empty at the end."""
    read1 = getattr(stdin, "read1", stdin.read)  # `read` would wait for more
    return bytes(read1(_LONGEST))


def _path(item: bytes, *, from0: bool) -> str:
    return os.fsdecode(item if from0 else item.removesuffix(b"\r"))
