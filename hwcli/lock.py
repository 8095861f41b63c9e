"""A folder that one process at a time works on."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock

from hwcli.errors import DatasetError


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Holds the lock of `folder` until the context ends; the system frees it if we are killed.

    The lock is a file beside the folder, since the folder itself is replaced as a whole.

    Raises:
        DatasetError: another process holds it, or nothing can be written there.
    """
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 (`.` has no name to put a dot before)
    new = not folder.parent.exists()
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder.with_name(f".{folder.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        if not Path(lock.lock_file).exists():  # filelock takes it so where no file can be made
            raise DatasetError(f"{folder}: nothing can be written there") from error
        raise DatasetError(
            f"{folder}: another hwcli is at work on it",
            hint="wait until it is done, or choose another --out",
        ) from error
    try:
        yield
    finally:
        with suppress(OSError):  # Windows keeps open files
            Path(lock.lock_file).unlink()
        lock.release()
        if new:
            with suppress(OSError):  # something is in it
                folder.parent.rmdir()
