"""What every reader gives: first who wrote what, then, block by block, the images."""

import fnmatch
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import FetchError
from hwcli.fetch.archive import Archive, MissingError
from hwcli.glyph import Image

MAX_PIXELS = 1 << 26
"""Pixels of one image: 64 million, more than any camera's glyph."""
MAX_SIDE = 1 << 15
"""Longer side of one image, px."""


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """The rows of a part before a pixel of them is decoded."""

    labels: tuple[str, ...]
    """The different labels, as published."""
    label: NDArray[np.int32]
    """(N,) index into `labels`."""
    writers: tuple[str, ...]
    writer: NDArray[np.int32]
    """(N,) index into `writers`, −1 unknown."""
    words: tuple[str, ...] = ()
    """The different words that the characters stand in, where that is known."""
    word: NDArray[np.int32] | None = None
    """(N,) index into `words`."""

    def __len__(self) -> int:
        return len(self.label)


def listing_of(
    labels: list[str], writers: list[str] | None = None, words: list[str] | None = None
) -> Listing:
    """A listing of one label, and one writer (empty: unknown) and word, a row."""
    names, label = np.unique(np.asarray(labels, dtype=object), return_inverse=True)
    texts, word = np.unique(np.asarray(words or [], dtype=object), return_inverse=True)
    people, writer = np.unique(
        np.asarray(writers if writers is not None else [""] * len(labels), dtype=object),
        return_inverse=True,
    )
    known = tuple(map(str, people))
    writer = writer.astype(np.int32)
    if known and known[0] == "":
        known, writer = known[1:], writer - 1
    return Listing(
        tuple(map(str, names)),
        label.astype(np.int32),
        known,
        writer.astype(np.int32),
        tuple(map(str, texts)),
        word.astype(np.int32) if words else None,
    )


def only_member(archive: Archive, name: str, source: str) -> str:
    """`name`, or where it has a `*`, which crosses folders, the one member that it matches.

    Raises:
        MissingError: there is none.
        FetchError: there are several.
    """
    if "*" not in name:
        return name
    glob = re.compile(fnmatch.translate(name))
    found = [n for n in archive.names() if glob.match(n)]
    if not found:
        raise MissingError(f"{source}: no member matches {name}")
    if len(found) > 1:
        raise FetchError(f"{source}: {found[0]} and {found[1]} match {name}, one is wanted")
    return found[0]


class Block(Protocol):
    """Some images of a part; may be sent to another process and decoded there."""

    def images(self) -> Iterator[Image | str]:
        """One uint8 (H, W) a row, or the reason why there is none; decoded as it is asked for."""


class Reader(Protocol):
    """The rows of one part of a source."""

    def listing(self) -> Listing:
        """Labels and writers of all rows.

        Raises:
            FetchError: damaged, or not of the format.
            MissingError: not there.
        """

    def origin(self, row: int) -> str:
        """Path inside the source, with `#row` where a file holds many."""

    def blocks(self, rows: NDArray[np.intp], size: int) -> Iterator[Block]:
        """The images of `rows`, ascending, `size` at a time and in that order.

        Raises:
            FetchError: damaged.
        """
