"""In which order classes stand in a picture: by script, and what is confused side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

_MOST_OPTIMAL = 1200
"""Classes of one script up to which the best order of the leaves is sought: 4 s, by their cube."""
_NATURAL = 1e-3
"""What being far apart in the order of the classes counts beside confusions, which are up to 1:
classes that are never confused stay as they were."""


@dataclass(frozen=True, slots=True)
class Block:
    """Neighbouring rows of a matrix that are of one script."""

    script: str
    start: int
    stop: int


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """Classes in the order of a picture."""

    classes: NDArray[np.intp]
    """(n,) index of each class that is shown."""
    blocks: tuple[Block, ...]


def ordered(confusion: NDArray[np.int64], scripts: Sequence[str], most: int | None = None) -> Order:
    """The classes that occur, a script after the other, clustered by confusion within it.

    Hierarchical clustering with average linkage, its leaves in the optimal order (Bar-Joseph et
    al. 2001), by the share of the rows of two classes that is taken for the other. Scripts are put
    in order in the same way.

    Args:
        confusion: (C, C), truth down, prediction across.
        scripts: of the C classes.
        most: how many to show; those that are confused most with each other.
    """
    shown = np.flatnonzero(confusion.sum(axis=0) + confusion.sum(axis=1))
    if most is not None and len(shown) > most:
        shown = shown[most_confused(confusion[np.ix_(shown, shown)], most)]
    if not len(shown):
        return Order(shown, ())
    own_scripts = [scripts[i] for i in shown.tolist()]
    names = sorted(set(own_scripts))
    code = np.array([names.index(s) for s in own_scripts])
    counts = confusion[np.ix_(shown, shown)]
    member = np.equal.outer(np.arange(len(names)), code).astype(np.int64)
    sequence = []
    for script in clustered(member @ counts @ member.T):
        own = np.flatnonzero(code == script)
        sequence.append(own[clustered(counts[np.ix_(own, own)])])
    classes = shown[np.concatenate(sequence)]
    return Order(classes, tuple(_blocks([scripts[i] for i in classes.tolist()])))


def _blocks(scripts: Sequence[str]) -> list[Block]:
    found, start = [], 0
    for script, rows in groupby(scripts):
        stop = start + sum(1 for _ in rows)
        found.append(Block(script, start, stop))
        start = stop
    return found


def clustered(counts: NDArray[np.int64]) -> NDArray[np.intp]:
    """An order of the n classes of a confusion matrix in which the confused are neighbours."""
    n = len(counts)
    if n < 3:
        return np.arange(n)
    # scikit-learn brings scipy; it takes a third of a second to import.
    from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering  # noqa: PLC0415
    from scipy.spatial.distance import squareform  # noqa: PLC0415

    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    # The square root: a mistake in a hundred is to bring two classes together as well.
    likeness = np.sqrt((shares + shares.T) / 2)
    apart = np.abs(np.subtract.outer(np.arange(n), np.arange(n))) / n
    distance = 1 - likeness + _NATURAL * apart
    np.fill_diagonal(distance, 0)
    condensed = squareform(distance, checks=False)
    tree = linkage(condensed, "average")
    if n <= _MOST_OPTIMAL:
        tree = optimal_leaf_ordering(tree, condensed)
    leaves: NDArray[np.intp] = leaves_list(tree).astype(np.intp)
    # Either direction is as good; the one is taken that is more like that of the classes.
    return leaves if np.corrcoef(leaves, np.arange(n))[0, 1] >= 0 else leaves[::-1]


def most_confused(counts: NDArray[np.int64], most: int) -> NDArray[np.intp]:
    """The `most` classes that are confused most with each other, in their order.

    The class with the fewest mistakes among those that are left is taken away until so many are
    left (Charikar 2000).
    """
    wrong = counts + counts.T
    np.fill_diagonal(wrong, 0)
    left = np.ones(len(wrong), np.bool_)
    # In the end of ties the more frequent class stays, so no mistakes at all show the largest.
    degree = wrong.sum(axis=1) + counts.sum(axis=1) / (counts.sum() + 1)
    for _ in range(len(wrong) - most):
        out = int(np.argmin(np.where(left, degree, np.inf)))
        left[out] = False
        degree -= wrong[out]
    return np.flatnonzero(left)
