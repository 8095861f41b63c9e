"""Says of equal images, which are known by a hash of their pixels, which of them goes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hwcli.ingest.rows import Columns
from hwcli.ingest.seen import Keys, SeenKeys
from hwcli.shards import Split

Kind = Literal["exact", "near", "conflict"]
Dedup = Literal["off", "exact", "near"]
"""Whether equal, or also nearly equal, images are looked for."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two rows with equal, or nearly equal, images."""

    kind: Kind
    """`conflict`: equal images that are said to be different characters."""
    row: int
    of: int
    """The row that was there before."""
    dropped: bool
    """Whether `row` was left out; `of` is kept."""
    distance: float = 0.0
    """Share of the glyph's energy in which the two differ; 0 for equal images."""


class Duplicates:
    """Judges rows block by block against all that were kept before.

    Rows of test come first, so that of two equal images the one in train is dropped. Within one
    split, equal images under different characters are kept: which of the two is right cannot be
    told.
    """

    def __init__(self, label: NDArray[np.int32], split: NDArray[np.uint8]) -> None:
        """Args are columns of all rows of the plan."""
        self._label = label
        self._split = split
        self._seen = SeenKeys(len(label))
        self._others: dict[int, dict[int, int]] = {}

    def judge(self, keys: Keys, rows: NDArray[np.int64]) -> tuple[NDArray[np.bool_], list[Pair]]:
        """Which of `rows` may be kept, (N,) bool, and the pairs that were found.

        Those that may are remembered.
        """
        keep = np.ones(len(rows), np.bool_)
        pairs: list[Pair] = []
        for i, key, of in self._known(keys, rows):
            pair = self._against(key, int(rows[i]), of)
            keep[i] = not pair.dropped
            pairs.append(pair)
        return keep, pairs

    def recall(self, keys: Keys, rows: NDArray[np.int64]) -> None:
        """Remember `rows`, which an earlier run has kept."""
        for i, key, of in self._known(keys, rows):
            self._keep_other(key, int(rows[i]), of)

    def _known(self, keys: Keys, rows: NDArray[np.int64]) -> Iterator[tuple[int, int, int]]:
        """Place, key and first row of those that have been seen; the others are remembered."""
        first = self._seen.meet(keys, rows)
        for i in np.flatnonzero(first >= 0).tolist():
            yield i, int(keys[i]), int(first[i])

    def _against(self, key: int, row: int, of: int) -> Pair:
        """The pair of `row` and `of`, the first one kept with the same pixels."""
        label = int(self._label[row])
        same = self._others.get(key, {int(self._label[of]): of}).get(label)
        if same is not None:
            return Pair("exact", row, same, dropped=True)
        if self._split[of] != self._split[row]:
            return Pair("conflict", row, of, dropped=True)
        self._keep_other(key, row, of)
        return Pair("conflict", row, of, dropped=False)

    def _keep_other(self, key: int, row: int, of: int) -> None:
        known = self._others.setdefault(key, {int(self._label[of]): of})
        known[int(self._label[row])] = row


def reason(pair: Pair, columns: Columns) -> str:
    """Why the row of `pair` was dropped, for `dataset.json`."""
    what = "nearly the same" if pair.kind == "near" else "the same"
    where = f" in {Split(int(columns.split[pair.of])).name}"
    if columns.label[pair.of] != columns.label[pair.row]:
        return f"duplicate: {what} image is{where} under another character"
    if columns.split[pair.of] == columns.split[pair.row]:
        where = ""
    return f"duplicate: {what} image and character is there already{where}"
