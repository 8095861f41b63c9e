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
    order = np.lexsort((key, group))
    sorted_group = group[order]
    starts = np.flatnonzero(np.r_[True, sorted_group[1:] != sorted_group[:-1]][: len(group)])
    sizes = np.diff(np.r_[starts, len(group)])
    rank = np.empty(len(group), np.intp)
    rank[order] = np.arange(len(group)) - np.repeat(starts, sizes)
    return rank


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
    most; so one who wrote half of a source is in train. Rows without a writer (−1) are split
    randomly.
    """
    split = split_randomly(label, rule, random)
    people, rows = np.unique(writer[writer >= 0], return_counts=True)
    shares = {Split.train: 1 - rule.val - rule.test, Split.test: rule.test, Split.val: rule.val}
    lacking_rows = {s: share for s, share in shares.items() if share}
    lacking_people = dict(lacking_rows)
    for i in np.lexsort((random.random(len(people)), -rows)):
        place = max(lacking_rows, key=lambda s: lacking_rows[s] + lacking_people[s])
        split[writer == people[i]] = place
        lacking_rows[place] -= rows[i] / rows.sum()
        lacking_people[place] -= 1 / len(people)
    return split


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
