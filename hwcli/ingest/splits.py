"""Which rows are drawn, and which split each goes to; deterministic for a seed."""

import zlib

import numpy as np
from numpy.typing import NDArray

from hwcli.recipe import Splitting
from hwcli.shards import Split

Index = NDArray[np.intp]
Codes = NDArray[np.int32]


def random_for(seed: int, name: str) -> np.random.Generator:
    """A generator of its own for `name`: adding a source changes nothing in the others."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def ranks(group: Codes, key: NDArray[np.float64]) -> Index:
    """Place of each row within its group, by ascending `key`, from 0: (N,)."""
    order = _ascending(key)
    order = order[np.argsort(group[order], kind="stable")]
    sorted_group = group[order]
    starts = np.flatnonzero(np.r_[True, sorted_group[1:] != sorted_group[:-1]][: len(group)])
    sizes = np.diff(np.r_[starts, len(group)])
    rank = np.empty(len(group), np.intp)
    rank[order] = np.arange(len(group)) - np.repeat(starts, sizes)
    return rank


def _ascending(key: NDArray[np.float64]) -> Index:
    """Places of the keys in ascending order, of equal ones the first first."""
    order = np.argsort(key)
    ordered = key[order]
    if (ordered[1:] == ordered[:-1]).any():  # rare, of numbers drawn at random
        return np.argsort(key, kind="stable")
    return order


def draw(label: Codes, key: NDArray[np.float64], limit: int) -> NDArray[np.bool_]:
    """Mask of at most `limit` rows, as evenly over the labels as they allow: (N,)."""
    chosen = np.zeros(len(label), np.bool_)
    chosen[np.lexsort((key, ranks(label, key)))[:limit]] = True
    return chosen


def split_randomly(label: Codes, rule: Splitting, random: np.random.Generator) -> NDArray[np.uint8]:
    """A `Split` for each row, every label in the shares of `rule`: (N,)."""
    rank = ranks(label, random.random(len(label)))
    size = np.bincount(label, minlength=1)[label] if len(label) else rank
    test = np.floor(size * rule.test + 0.5)
    val = np.floor(size * rule.val + 0.5)
    split = np.full(len(label), Split.train, np.uint8)
    split[rank < test + val] = Split.val
    split[rank < test] = Split.test
    return split


def split_by_writer(
    label: Codes, writer: Codes, rule: Splitting, random: np.random.Generator
) -> NDArray[np.uint8]:
    """A `Split` for each row, each writer whole in one: (N,).

    Writers are placed from the one with the most rows down, each where rows and people fall short
    most; so one who wrote half of a source is in train. Then some are moved, so that classes which
    few people wrote have rows in every split where that is possible. Rows without a writer (−1) are
    split randomly.
    """
    split = split_randomly(label, rule, random)
    known = writer >= 0
    people, who, rows = np.unique(writer[known], return_inverse=True, return_counts=True)
    shares = {Split.train: 1 - rule.val - rule.test, Split.test: rule.test, Split.val: rule.val}
    lacking_rows = {s: share for s, share in shares.items() if share}
    lacking_people = dict(lacking_rows)
    place = np.zeros(len(people), np.uint8)
    for i in np.lexsort((random.random(len(people)), -rows)):
        place[i] = max(lacking_rows, key=lambda s: lacking_rows[s] + lacking_people[s])
        lacking_rows[Split(place[i])] -= rows[i] / rows.sum()
        lacking_people[Split(place[i])] -= 1 / len(people)
    if len(people):
        wrote = np.zeros((len(people), int(label.max()) + 1), np.bool_)
        wrote[who, label[known]] = True
        _spread_classes(place, wrote, rows, shares)
        split[known] = place[who]
    return split


_WEIGHT = {Split.test: 2, Split.train: 2, Split.val: 1}
"""What it counts that a class has rows in a split."""
_MOST = 1.5
"""Times its share of the rows that a split may get for the sake of its classes."""


def _spread_classes(
    place: NDArray[np.uint8],
    wrote: NDArray[np.bool_],
    rows: NDArray[np.intp],
    shares: dict[Split, float],
) -> None:
    """Move people until no move lets more classes have rows in more splits.

    Args:
        place: (G,) the split of each person; changed.
        wrote: (G, C) whether the person wrote the class.
        rows: (G,) of each person.
        shares: of the rows that each split is to have.
    """
    splits = [s for s in _WEIGHT if shares[s]]
    while True:
        people = {s: wrote[place == s].sum(axis=0) for s in splits}  # who wrote each class
        lost = np.zeros(len(place), np.intp)
        for s in splits:
            mine = place == s
            lost[mine] = _WEIGHT[s] * (wrote[mine] & (people[s] == 1)).sum(axis=1)
        best, target = (0, 0, 0), None
        for s in splits:
            room = _MOST * shares[s] * rows.sum() - rows[place == s].sum()
            gain = _WEIGHT[s] * (wrote & (people[s] == 0)).sum(axis=1) - lost
            gain[(place == s) | (rows > room)] = 0
            i = int(np.lexsort((rows, -gain))[0])  # the most gained, then the fewest rows moved
            if (int(gain[i]), -int(rows[i]), i) > best and gain[i] > 0:
                best, target = (int(gain[i]), -int(rows[i]), i), s
        if target is None:
            return
        place[best[2]] = target


def cut_val(
    official: NDArray[np.uint8], label: Codes, rule: Splitting, random: np.random.Generator
) -> NDArray[np.uint8]:
    """The `official` split, with val cut from train where it has none: (N,)."""
    if (official == Split.val).any():
        return official
    split = official.copy()
    train = np.flatnonzero(official == Split.train)
    only_val = Splitting(by="random", val=rule.val, test=0.0, seed=rule.seed)
    split[train] = split_randomly(label[train], only_val, random)
    return split
