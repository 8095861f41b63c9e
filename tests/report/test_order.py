"""The order of classes in a confusion matrix."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hwcli.report.order import clustered, most_confused, ordered


@st.composite
def matrices(draw: st.DrawFn) -> np.ndarray:
    n = draw(st.integers(1, 12))
    cells = st.integers(0, 3) | st.just(0) | st.integers(0, 10**6)
    return np.array(draw(st.lists(cells, min_size=n * n, max_size=n * n))).reshape(n, n)


@given(matrices(), st.data())
def test_every_class_that_occurs_stands_once_in_a_block_of_its_script(
    confusion: np.ndarray, data: st.DataObject
) -> None:
    n = len(confusion)
    scripts = data.draw(st.lists(st.sampled_from("xyz"), min_size=n, max_size=n))
    order = ordered(confusion, scripts)
    occurring = np.flatnonzero(confusion.sum(0) + confusion.sum(1))
    assert sorted(order.classes.tolist()) == occurring.tolist()
    seen = [scripts[i] for i in order.classes]
    told = [b.script for b in order.blocks for _ in range(b.start, b.stop)]
    assert told == seen and len({b.script for b in order.blocks}) == len(order.blocks)


@given(matrices(), st.integers(1, 12))
def test_so_many_and_no_more(confusion: np.ndarray, most: int) -> None:
    occurring = np.count_nonzero(confusion.sum(0) + confusion.sum(1))
    order = ordered(confusion, ["x"] * len(confusion), most)
    assert len(order.classes) == min(most, occurring)


def test_what_is_confused_stands_together() -> None:
    confusion = np.diag(np.full(30, 100))
    for group in ((2, 17, 25), (4, 29), (9, 11, 20, 28)):
        for a in group:
            for b in group:
                if a != b:
                    confusion[a, b] = 20
    place = {c: k for k, c in enumerate(clustered(confusion).tolist())}
    for group in ((2, 17, 25), (4, 29), (9, 11, 20, 28)):
        at = [place[c] for c in group]
        assert max(at) - min(at) == len(group) - 1, group


def test_classes_that_are_never_confused_stay_in_their_order() -> None:
    assert clustered(np.diag(np.arange(1, 40))).tolist() == list(range(39))


def test_a_rare_class_counts_as_much_as_a_frequent_one() -> None:
    confusion = np.diag([10_000, 10_000, 10, 10_000])
    confusion[2, 0], confusion[3, 1] = 8, 8
    place = {c: k for k, c in enumerate(clustered(confusion).tolist())}
    assert abs(place[2] - place[0]) == 1


def test_scripts_that_are_confused_are_neighbours() -> None:
    confusion = np.diag(np.full(8, 100))
    confusion[0, 7] = confusion[7, 0] = 50
    order = ordered(confusion, ["a", "a", "b", "b", "c", "c", "d", "d"])
    names = [b.script for b in order.blocks]
    assert abs(names.index("a") - names.index("d")) == 1


def test_the_most_confused_are_those_of_each_other() -> None:
    confusion = np.diag(np.full(9, 50))
    confusion[[1, 2, 4], [2, 4, 1]] = 10
    confusion[0, 5:] = 6
    assert most_confused(confusion, 3).tolist() == [1, 2, 4]
    assert most_confused(np.diag([1, 9, 5]), 2).tolist() == [1, 2], "else the most frequent"
    before = confusion.copy()
    most_confused(confusion, 2)
    assert (confusion == before).all()
