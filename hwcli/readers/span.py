"""Some rows of a reader as if there were no others: of a file that holds several parts."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import FetchError
from hwcli.readers.reader import Block, Listing, Reader


class SpanReader:
    """The rows from `first` up to, not with, `end` of another reader."""

    def __init__(self, base: Reader, first: int, end: int, what: str) -> None:
        self._base = base
        self._first = first
        self._end = end
        self._what = what

    def listing(self) -> Listing:
        """Labels and writers of these rows, and only labels that occur in them."""
        whole = self._base.listing()
        if len(whole) < self._end:
            raise FetchError(f"{self._what}: has {len(whole):,} rows, not {self._end:,}")
        rows = slice(self._first, self._end)
        used, label = np.unique(whole.label[rows], return_inverse=True)
        return Listing(
            tuple(whole.labels[k] for k in used),
            label.astype(np.int32),
            whole.writers,
            whole.writer[rows],
            whole.words,
            None if whole.word is None else whole.word[rows],
        )

    def origin(self, row: int) -> str:
        """As the other reader names it."""
        return self._base.origin(row + self._first)

    def blocks(self, rows: NDArray[np.intp], size: int) -> Iterator[Block]:
        """The images of `rows`, counted from the first of these."""
        return self._base.blocks(rows + self._first, size)
