"""Finds equal images by a hash of their pixels, in little memory, and says which of them goes."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hwcli.ingest.rows import Columns
from hwcli.shards import Split

Keys = NDArray[np.uint64]
"""(N,): 64 bits for each image."""

Kind = Literal["exact", "near", "conflict"]
Dedup = Literal["off", "exact", "near"]
"""Whether equal, or also nearly equal, images are looked for."""

_SEED = 0x9E3779B97F4A7C15
_MERGE_FROM = 1 << 12
"""Rows of the smallest sorted run."""


def image_keys(images: NDArray[np.uint8]) -> Keys:
    """A 64-bit key for each of `images`, uint8 (N, H, W): equal for equal pixels, else different.

    Two lanes of multilinear hashing, of each the upper 32 bits (Dietzfelbinger 1996; Lemire and
    Kaser 2014, doi:10.1093/comjnl/bxt070): two different images share a key with probability 2⁻⁶⁴,
    so any two of a million with 3 · 10⁻⁸. In NumPy this takes a quarter of the time of a
    cryptographic hash for each row.
    """
    count = len(images)
    flat = np.ascontiguousarray(images).reshape(count, math.prod(images.shape[1:]))
    if missing := -flat.shape[1] % 4:
        flat = np.pad(flat, ((0, 0), (0, missing)))
    words = flat.view(np.uint32).astype(np.uint64)
    start, factors = _multipliers(words.shape[1])
    lanes = (words @ factors + start) >> np.uint64(32)
    return np.asarray(lanes[:, 0] << np.uint64(32) | lanes[:, 1], np.uint64)


@lru_cache(maxsize=4)
def _multipliers(words: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    random = np.random.Generator(np.random.PCG64(_SEED))
    numbers = random.integers(0, 1 << 64, (words + 1, 2), np.uint64)
    return numbers[0], numbers[1:]


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """Keys in ascending order and whose they are."""

    key: Keys
    row: NDArray[np.int64]

    def ordered(self) -> "_Run":
        """The same in order; of two sorted halves this is a merge."""
        order = np.argsort(self.key, kind="stable")
        return _Run(self.key[order], self.row[order])


class SortedKeys:
    """The keys seen so far and the number of the row that had each first, 16 bytes a row.

    Kept as a few sorted runs, each at least twice as long as the next, so that adding is cheap and
    a look-up asks few of them.
    """

    def __init__(self) -> None:
        self._runs: list[_Run] = []

    def __len__(self) -> int:
        return sum(len(run.row) for run in self._runs)

    def find(self, keys: Keys) -> NDArray[np.int64]:
        """(N,) the row that had each of `keys` first, −1 for those not seen."""
        order = np.argsort(keys)  # in order, look-ups stay in the processor's cache
        wanted = keys[order]
        found = np.full(len(keys), -1, np.int64)
        for run in self._runs:
            at = run.key.searchsorted(wanted)
            at[at == len(run.key)] = 0
            hit = run.key[at] == wanted
            if hit.any():
                found[order[hit]] = run.row[at[hit]]
        return found

    def add(self, keys: Keys, rows: NDArray[np.int64]) -> None:
        """Remember `keys`, none of which was seen, and their rows."""
        if not len(keys):
            return
        self._runs.append(_Run(keys, rows).ordered())
        while len(self._runs) > 1 and self._must_merge():
            last, before = self._runs.pop(), self._runs.pop()
            both = np.concatenate([before.key, last.key]), np.concatenate([before.row, last.row])
            self._runs.append(_Run(*both).ordered())

    def _must_merge(self) -> bool:
        before, last = len(self._runs[-2].row), len(self._runs[-1].row)
        return before < max(2 * last, _MERGE_FROM)


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
        self._seen = SortedKeys()
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
        first = self._seen.find(keys)
        new = _firsts(keys) & (first < 0)
        self._seen.add(keys[new], rows[new])
        old = np.flatnonzero(~new)
        if len(old):
            first[old] = self._seen.find(keys[old])
        for i in map(int, old):
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


def _firsts(keys: Keys) -> NDArray[np.bool_]:
    """(N,) whether no row before it has the same key."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    result = np.ones(len(keys), np.bool_)
    result[order[1:]] = ordered[1:] != ordered[:-1]
    return result


def reason(pair: Pair, columns: Columns) -> str:
    """Why the row of `pair` was dropped, for `dataset.json`."""
    what = "nearly the same" if pair.kind == "near" else "the same"
    where = f" in {Split(int(columns.split[pair.of])).name}"
    if columns.label[pair.of] != columns.label[pair.row]:
        return f"duplicate: {what} image is{where} under another character"
    if columns.split[pair.of] == columns.split[pair.row]:
        where = ""
    return f"duplicate: {what} image and character is there already{where}"
