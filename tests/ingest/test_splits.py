"""Draws and splits: shares, wholeness, and the same answer twice."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwcli.ingest.splits import (
    cut_val,
    draw,
    random_for,
    ranks,
    split_by_writer,
    split_randomly,
)
from hwcli.recipe import Splitting
from hwcli.shards import Split

RULE = Splitting(val=0.1, test=0.2)
labels = st.lists(st.integers(0, 6), max_size=300).map(lambda v: np.asarray(v, np.int32))


@settings(max_examples=60, deadline=None)
@given(labels, st.integers(0, 99))
def test_ranks_count_each_group_from_zero(group: np.ndarray, seed: int) -> None:
    rank = ranks(group, np.random.default_rng(seed).random(len(group)))
    for value in np.unique(group):
        own = rank[group == value]
        assert sorted(own) == list(range(len(own)))


@settings(max_examples=60, deadline=None)
@given(labels, st.integers(1, 400))
def test_a_draw_takes_what_it_may_and_as_evenly_as_it_can(label: np.ndarray, limit: int) -> None:
    chosen = draw(label, np.random.default_rng(0).random(len(label)), limit)
    assert chosen.sum() == min(limit, len(label))
    there = np.bincount(label, minlength=7)
    taken = np.bincount(label[chosen], minlength=7)
    short = taken[taken < there]  # those that could have given more give about the same
    assert not len(short) or taken.max() - short.min() <= 1


def test_every_class_has_its_shares() -> None:
    label = np.repeat(np.arange(5, dtype=np.int32), [100, 50, 10, 200, 1000])
    split = split_randomly(label, RULE, random_for(0, "x"))
    for k, size in enumerate([100, 50, 10, 200, 1000]):
        counts = np.bincount(split[label == k], minlength=3)
        assert list(counts) == [size * 0.7, size * 0.1, size * 0.2]
    again = split_randomly(label, RULE, random_for(0, "x"))
    other = split_randomly(label, RULE, random_for(1, "x"))
    assert np.array_equal(split, again)
    assert not np.array_equal(split, other)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=40), st.integers(0, 99))
def test_writers_are_whole(sizes: list[int], seed: int) -> None:
    writer = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
    split = split_by_writer(np.zeros_like(writer), writer, RULE, np.random.default_rng(seed))
    assert all(len(set(split[writer == w])) == 1 for w in range(len(sizes)))


def test_many_equal_writers_meet_the_shares() -> None:
    writer = np.repeat(np.arange(100, dtype=np.int32), 15)
    split = split_by_writer(np.zeros_like(writer), writer, RULE, random_for(0, "x"))
    assert np.bincount(split, minlength=3).tolist() == [1050, 150, 300]


def test_one_who_wrote_half_is_in_train_and_test_has_several_people() -> None:
    sizes = [500, 200] + [15] * 20
    writer = np.repeat(np.arange(22, dtype=np.int32), sizes)
    split = split_by_writer(np.zeros_like(writer), writer, RULE, random_for(0, "x"))
    assert set(split[writer == 0]) == {Split.train}
    assert len(np.unique(writer[split == Split.test])) >= 3
    assert len(np.unique(writer[split == Split.val])) >= 2


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 30), st.sets(st.integers(0, 9), min_size=1)), min_size=5))
def test_classes_that_several_wrote_are_in_train_and_test(
    hands: list[tuple[int, set[int]]],
) -> None:
    writer = np.repeat(np.arange(len(hands), dtype=np.int32), [len(c) * n for n, c in hands])
    label = np.concatenate([np.repeat(sorted(c), n) for n, c in hands]).astype(np.int32)
    split = split_by_writer(label, writer, RULE, random_for(0, "x"))
    before = missing(label, old_place(writer, label)[writer])
    assert missing(label, split) <= before
    sizes = np.bincount(split, minlength=3) / len(split)
    largest = max(len(c) * n for n, c in hands) / len(split)
    assert sizes[Split.test] <= max(1.5 * RULE.test, RULE.test + largest) + 1e-9


def missing(label: np.ndarray, split: np.ndarray) -> int:
    splits = ((Split.train, 2), (Split.test, 2), (Split.val, 1))
    return sum(
        weight * (len(np.unique(label)) - len(np.unique(label[split == s]))) for s, weight in splits
    )


def old_place(writer: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Where each writer goes when all classes are taken for one."""
    split = split_by_writer(np.zeros_like(label), writer, RULE, random_for(0, "x"))
    return np.asarray([split[writer == w][0] for w in range(writer.max() + 1)])


def test_a_class_of_two_writers_is_in_train_and_in_test() -> None:
    writer = np.repeat(np.arange(40, dtype=np.int32), 10)
    label = np.tile(np.arange(10, dtype=np.int32), 40)
    for k, (one, two) in enumerate(((0, 1), (2, 3), (4, 5), (6, 7))):
        label[(label == k) & (writer != one) & (writer != two)] = 9
    split = split_by_writer(label, writer, RULE, random_for(0, "x"))
    for k in range(10):
        assert {Split.train, Split.test} <= set(split[label == k].tolist()), k
    assert abs((split == Split.test).mean() - 0.2) < 0.11


def test_rows_without_a_writer_are_split_randomly() -> None:
    writer = np.full(100, -1, np.int32)
    split = split_by_writer(np.zeros(100, np.int32), writer, RULE, random_for(0, "x"))
    assert np.bincount(split).tolist() == [70, 10, 20]


@pytest.mark.parametrize("has_val", [False, True])
def test_val_is_cut_from_train_alone_and_only_where_there_is_none(has_val: bool) -> None:
    official = np.repeat(np.asarray([Split.train, Split.test], np.uint8), [100, 50])
    if has_val:
        official[0] = Split.val
    split = cut_val(official, np.zeros(150, np.int32), RULE, random_for(0, "x"))
    assert (split[official == Split.test] == Split.test).all()
    assert (split == Split.val).sum() == (1 if has_val else 10)
