"""Files that stand under their name only when whole."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hwcli.errors import HwcliError


@contextmanager
def growing(path: Path) -> Iterator[Path]:
    """The `.partial` beside `path` to write to; renamed to `path` when the context ends well.

    Whoever reads meanwhile, and whoever comes after a kill, finds the old file or the new one.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        yield partial
        partial.replace(path)
    except BaseException:
        with suppress(OSError):  # what stopped the writing is what is told
            partial.unlink(missing_ok=True)
        raise


@contextmanager
def growing_folder(folder: Path) -> Iterator[Path]:
    """The `.partial` beside `folder` to fill; it takes the place of `folder` if all ends well."""
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 (links stay what they are)
    partial = folder.with_name(folder.name + ".partial")
    old = folder.with_name(folder.name + ".old.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        yield partial
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)
            folder.replace(old)
        partial.replace(folder)
        shutil.rmtree(old, ignore_errors=True)
    except BaseException:  # also Ctrl-C: nothing half-made is left behind
        shutil.rmtree(partial, ignore_errors=True)
        raise


def check_writable(path: Path) -> None:
    """Raise OSError, as `growing` would in the end, where `path` cannot be written."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "it is a folder", str(path))
    partial = path.with_name(path.name + ".partial")
    new = not partial.exists()
    partial.open("ab").close()
    if new:
        partial.unlink()


def write_bytes(path: Path, data: bytes | memoryview) -> None:
    """Put `data` at `path`, whole or not at all."""
    with growing(path) as partial:
        partial.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Put `text` at `path` as UTF-8, as `write_bytes` does."""
    write_bytes(path, text.encode())


@contextmanager
def writing(place: Path, error: type[HwcliError]) -> Iterator[None]:
    """Turns a full disk, a missing right and the like into `error`, naming `place`.

    Raises:
        HwcliError: of the given class.
    """
    try:
        yield
    except OSError as fault:
        raise error(f"{place}: cannot be written ({fault.strerror or fault})") from fault
