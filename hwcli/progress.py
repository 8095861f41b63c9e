"""How long work tells of its progress: a callable, so that core needs no terminal."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""`progress(done, total)`; `total` 0 means not known yet."""


def silent(done: int, total: int) -> None:
    """Report to nobody."""
