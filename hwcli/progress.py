"""How long work tells of its progress: a callable, so that core needs no terminal."""

from typing import Protocol


class Progress(Protocol):
    """`progress(done, total)`, or with a few words on how it goes `progress(done, total, note)`."""

    def __call__(self, done: int, total: int, note: str = "", /) -> None:
        """Tell of `done` of `total`; `total` 0 means not known yet."""


def silent(done: int, total: int, note: str = "") -> None:
    """Report to nobody."""
