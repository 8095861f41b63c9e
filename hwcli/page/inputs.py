"""Which photos to read: files, and folders looked through in natural order."""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from hwcli.errors import InputError
from hwcli.page.photo import SUFFIXES


def find_photos(paths: Sequence[Path]) -> list[Path]:
    """The photos that `paths` mean, in order; folders recursively, hidden files left out.

    A path that does not exist is kept, so that it becomes an error record among the others.

    Raises:
        InputError: none of the paths exists, or the folders hold no image.
    """
    if not paths:
        raise InputError("no paths on standard input")
    if not any(_is_there(p) for p in paths):
        missing = ", ".join(map(str, paths[:3]))
        raise InputError(f"{missing}: no such file or folder")
    photos = [photo for path in paths for photo in _photos_at(path)]
    if not photos:
        raise InputError(
            f"{', '.join(map(str, paths[:3]))}: no images found",
            hint=f"looked for {' '.join(sorted(SUFFIXES))}",
        )
    return photos


def _is_there(path: Path) -> bool:
    """Whether `path` exists, or cannot even be looked at: reading it will tell why."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError):
        return True
    return True


def _photos_at(path: Path) -> Iterator[Path]:
    if not os.path.isdir(path):  # noqa: PTH112 (Path.is_dir raises for names it cannot look up)
        yield path
        return
    unreadable: list[OSError] = []
    for folder, folders, files in os.walk(path, onerror=unreadable.append):
        folders[:] = sorted((f for f in folders if not f.startswith(".")), key=natural_key)
        for name in sorted(files, key=natural_key):
            file = Path(folder) / name
            if not name.startswith(".") and file.suffix.lower() in SUFFIXES and file.is_file():
                yield file
    # A folder that cannot be read becomes an error record, so that its photos are missed.
    yield from (Path(error.filename) for error in unreadable)


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Sorts `page2` before `page10`."""
    parts = re.split(r"(\d+)", name)
    return [(0, int(p), "") if p.isdecimal() else (1, 0, p.casefold()) for p in parts if p]
