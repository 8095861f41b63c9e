"""Standard error shut while native libraries work, which have no other way to be quiet."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Muting:
    """How many threads want standard error shut, and where it leads otherwise."""

    lock = threading.Lock()
    depth = 0
    kept = -1


@contextmanager
def muted() -> Iterator[None]:
    """Nothing written to file descriptor 2 is seen: libpng, libjpeg and libtiff tell it their news.

    Other threads are not heard either for the while.
    """
    with _Muting.lock:
        if _Muting.depth == 0:
            _Muting.kept = _shut_stderr()
        _Muting.depth += 1
    try:
        yield
    finally:
        with _Muting.lock:
            _Muting.depth -= 1
            if _Muting.depth == 0 and _Muting.kept >= 0:
                os.dup2(_Muting.kept, 2)
                os.close(_Muting.kept)


def _shut_stderr() -> int:
    """Lead file descriptor 2 into nothing; a descriptor of where it led, −1 if it was closed."""
    try:
        kept = os.dup(2)
    except OSError:
        return -1
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    os.close(nothing)
    return kept
