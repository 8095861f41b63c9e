"""One download of a file at a time, whatever processes want it."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_log = logging.getLogger(__name__)


@contextmanager
def held(partial: Path, target: Path) -> Iterator[bool]:
    """Whether `partial` is ours to write to; if not, another process has finished `target`.

    Waits for a process that writes to it. The lock is the system's, so a killed process has none.
    """
    while True:
        file = partial.open("ab")
        try:
            _lock(file.fileno(), partial)
            if target.exists():
                if _is(partial, file.fileno()) and not file.tell():
                    partial.unlink()
                yield False
                return
            if _is(partial, file.fileno()):  # else it was renamed or removed while we waited
                yield True
                return
        finally:
            file.close()


def _lock(descriptor: int, path: Path) -> None:
    if sys.platform == "win32":
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _log.warning("%s: another process is downloading it, so this one waits", path)
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _is(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
