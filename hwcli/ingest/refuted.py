"""Images of which corrections say that they are not what their publisher says.

Of equal images a dataset has one, so a row that is corrected may stand for others that nobody saw.
If it is dropped, or becomes another character, they must not come back in its place.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwcli.ingest.seen import Keys

REASON = "duplicate: the same image and character was corrected"
"""Why a row that equals a corrected one, as both were published, is left out."""


@dataclass(frozen=True, slots=True, eq=False)
class Refuted:
    """Pairs of an image and a character that it is not."""

    keys: Keys
    """(M,) of the images, ascending, each once."""
    pairs: frozenset[tuple[int, int]]
    """Key and label."""

    @staticmethod
    def of(pairs: Iterable[tuple[int, int]]) -> "Refuted":
        """These `pairs` of key and label."""
        known = frozenset(pairs)
        return Refuted(np.unique(np.asarray([k for k, _ in known], np.uint64)), known)

    def among(self, keys: Keys, label: NDArray[np.int32]) -> NDArray[np.bool_]:
        """(N,) which of the images with these `keys` are said to be what they are not."""
        found = np.zeros(len(keys), np.bool_)
        if len(self.keys):
            at = np.minimum(self.keys.searchsorted(keys), len(self.keys) - 1)
            for i in np.flatnonzero(self.keys[at] == keys).tolist():
                found[i] = (int(keys[i]), int(label[i])) in self.pairs
        return found
