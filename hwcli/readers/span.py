"""Some rows of a reader as if there were no others: of a file that holds several parts."""

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import FetchError
from hwcli.readers.reader import Block, Listing, Reader


class SpanReader(Reader):
    """The rows from `first` up to, not with, `end` of another reader."""

    def __init__(self, base: Reader, first: int, end: int, what: str) -> None:
        self._base = base
        self.is_ink = base.is_ink
        self._first = first
        self._end = end
        self._what = what

    def listing(self) -> Listing:
        """Labels and writers of these rows, and only labels that occur in them."""
        whole = self._base.listing()
        if len(whole) < self._end:
            raise FetchError(f"{self._what}: has {len(whole):,} rows, not {self._end:,}")
        rows = slice(self._first, self._end)
        columns = {f.name: getattr(whole, f.name) for f in fields(whole)}
        cut: dict[str, Any] = {
            n: c[rows] if isinstance(c, np.ndarray) else c for n, c in columns.items()
        }
        used, label = np.unique(cut["label"], return_inverse=True)
        labels = tuple(whole.labels[k] for k in used)
        return replace(Listing(**cut), labels=labels, label=label.astype(np.int32))

    def origin(self, row: int) -> str:
        """As the other reader names it."""
        return self._base.origin(row + self._first)

    def origins(self, rows: NDArray[np.intp]) -> NDArray[np.bytes_]:
        """As the other reader names them."""
        return self._base.origins(rows + self._first)

    def blocks(self, rows: NDArray[np.intp], size: int) -> Iterator[Block]:
        """The images of `rows`, counted from the first of these."""
        return self._base.blocks(rows + self._first, size)
