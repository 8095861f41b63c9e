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
from hwcli.shards import Split, coded

MAX_PIXELS = 1 << 26
"""Pixels of one image: 64 million, more than any camera's glyph."""
_POWERS = 10 ** np.arange(1, 18)
_LONG_NAME = 900
"""Bytes of a name from which `coded` may have to cut what is made of it."""
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
    split: NDArray[np.uint8] | None = None
    """(N,) `Split` of each row, where the rows themselves say it."""
    notes: tuple[str, ...] = ()
    """What is to be known of the rows, such as why there are no more."""

    def __len__(self) -> int:
        return len(self.label)


def listing_of(
    labels: list[str],
    writers: list[str] | None = None,
    words: list[str] | None = None,
    splits: list[str] | None = None,
    notes: tuple[str, ...] = (),
) -> Listing:
    """A listing of one label, and one writer (empty: unknown), word and split, a row.

    Raises:
        FetchError: a split is none.
    """
    names, label = _coded(labels)
    texts, word = _coded(words or [])
    people, writer = _coded(writers) if writers is not None else ((), label * 0 - 1)
    if people and people[0] == "":
        people, writer = people[1:], writer - 1
    return Listing(
        names,
        label,
        people,
        writer,
        texts,
        word if words else None,
        None if splits is None else _splits(splits, labels),
        notes,
    )


def _coded(texts: list[str]) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """The different ones of `texts` in order, and (N,) the index of each."""
    known = tuple(sorted(set(texts)))
    index = {text: i for i, text in enumerate(known)}
    return known, np.fromiter(map(index.__getitem__, texts), np.int32, len(texts))


_SPLITS = {
    "train": Split.train,
    "training": Split.train,
    "val": Split.val,
    "valid": Split.val,
    "validation": Split.val,
    "dev": Split.val,
    "test": Split.test,
    "testing": Split.test,
    "eval": Split.test,
}
"""What publishers call them."""


def _splits(names: list[str], labels: list[str]) -> NDArray[np.uint8]:
    """(N,) the splits called `names`; rows without a label, which are left out, need none."""
    codes: dict[str, Split] = dict.fromkeys(names, Split.train)
    for name in {n for n, label in zip(names, labels, strict=True) if label}:
        split = _SPLITS.get(name.strip().lower())
        if split is None:
            raise FetchError(
                f"split {name[:60]!r} is none of train, val and test",
                hint="name another split_column, or leave it out of the recipe",
            )
        codes[name] = split
    return np.asarray([codes[n] for n in names], np.uint8)


def only_member(archive: Archive, name: str, source: str) -> str:
    """The one member called `name`, which may have a `*`, which crosses folders.

    Where there is none of that very name, folders may stand before it, as an archive of a release
    puts them: `gzip/x` finds `emnist-master/gzip/x`.

    Raises:
        MissingError: there is none.
        FetchError: there are several.
    """
    if "*" not in name:
        try:
            archive.size(name)
        except MissingError:
            found = [n for n in archive.names() if n.endswith(f"/{name}")]
            if not found:
                raise
        else:
            return name
    else:
        found = matching(archive, name, source)
    if len(found) > 1:
        raise FetchError(f"{source}: {found[0]} and {found[1]} match {name}, one is wanted")
    return found[0]


def numbered(member: str, rows: NDArray[np.intp]) -> NDArray[np.bytes_]:
    """`member#row` of each of `rows`, as `coded` has it; digits are made for all rows at once."""
    prefix = f"{member}#".encode()
    if not len(rows) or len(prefix) > _LONG_NAME:
        return coded(f"{member}#{row}" for row in rows.tolist())
    counts = np.searchsorted(_POWERS, rows, side="right") + 1
    text = np.zeros((len(rows), len(prefix) + int(counts.max())), np.uint8)
    text[:, : len(prefix)] = np.frombuffer(prefix, np.uint8)
    for count in range(int(counts.min()), int(counts.max()) + 1):
        here = counts == count
        left = rows[here]
        for place in reversed(range(len(prefix), len(prefix) + count)):
            rest = left // 10
            text[here, place] = left - rest * 10 + ord("0")
            left = rest
    return text.view(f"S{text.shape[1]}").ravel()


def matching(archive: Archive, glob: str, source: str) -> list[str]:
    """The members that match `glob`, in the archive's order; below any folder if not at the top.

    Raises:
        MissingError: there is none.
    """
    names = archive.names()
    for pattern in (glob, f"*/{glob}"):
        if found := _matching(names, pattern):
            return found
    raise MissingError(f"{source}: no member matches {glob}")


def _matching(names: list[str], glob: str) -> list[str]:
    """Those of `names` that match `glob`, as fnmatch has it on systems that tell `a` from `A`."""
    if any(c in glob for c in "?[") or glob.count("*") not in (1, 2):
        wanted = re.compile(fnmatch.translate(glob))
        return [n for n in names if wanted.match(n)]
    # Most globs are a beginning, perhaps a piece between, and an end: a third of a pattern's time.
    first, *between, last = glob.split("*")
    left, right = len(first), len(last)
    if first:
        names = [n for n in names if n.startswith(first)]
    names = [n for n in names if n.endswith(last, left)]
    if piece := "".join(between):
        names = [n for n in names if n.find(piece, left, len(n) - right) >= 0]
    return names


class Block(Protocol):
    """Some images of a part; may be sent to another process and decoded there."""

    def images(self) -> Iterator[Image | str]:
        """One uint8 (H, W) a row, or the reason why there is none; decoded as it is asked for."""


class Reader(Protocol):
    """The rows of one part of a source; readers inherit it for what they share."""

    is_ink: bool = False
    """Whether the images are ink already, 255 on 0, and upright."""

    def listing(self) -> Listing:
        """Labels and writers of all rows.

        Raises:
            FetchError: damaged, or not of the format.
            MissingError: not there.
        """

    def origin(self, row: int) -> str:
        """Path inside the source, with `#row` where a file holds many."""

    def origins(self, rows: NDArray[np.intp]) -> NDArray[np.bytes_]:
        """`origin` of each of `rows`, as a shard has it."""
        return coded(map(self.origin, rows.tolist()))

    def blocks(self, rows: NDArray[np.intp], size: int) -> Iterator[Block]:
        """The images of `rows`, ascending, `size` at a time and in that order.

        Raises:
            FetchError: damaged.
        """
