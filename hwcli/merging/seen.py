"""Tells which images of a merged dataset are there already, by a hash of their pixels."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from hwcli.shards import Split


class Seen:
    """The images written so far, to find exact duplicates by a hash of their pixels."""

    def __init__(self) -> None:
        self._first: dict[bytes, tuple[int, Split]] = {}
        self._others: set[tuple[bytes, int]] = set()

    def why_not(self, image: NDArray[np.uint8], label: int, split: Split) -> str:
        """Why `image` must not be written; empty, and remembered, if it may.

        Within one split, equal images under different characters are kept: which of the two is
        right cannot be told.
        """
        key = hashlib.blake2b(image.tobytes(), digest_size=16).digest()
        first = self._first.get(key)
        if first is None:
            self._first[key] = (label, split)
            return ""
        if first[0] == label or (key, label) in self._others:
            where = "" if first[1] is split else f" in {first[1].name}"
            return f"duplicate: the same image and character is there already{where}"
        if first[1] is not split:
            return f"duplicate: the same image is in {first[1].name} under another character"
        self._others.add((key, label))
        return ""
