"""Twins in other splits are those that comparing all with all finds, the nearest of each."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hwcli.dataset import Dataset
from hwcli.judging import twins
from hwcli.judging.twins import find_twins
from hwcli.near import MAX_DISTANCE, SIDE, telling, thumbnails
from hwcli.shards import Split
from synthetic import make_dataset

SPLITS = (Split.test, Split.train, Split.train, Split.val)


def small_of(dataset: Dataset, split: Split) -> tuple[NDArray[np.intp], NDArray[np.uint8]]:
    rows = dataset.load()
    places = np.flatnonzero(rows.split == split)
    return places, thumbnails(rows.images[places])


@pytest.mark.parametrize("split", [Split.test, Split.train])
@pytest.mark.parametrize("batch", [1 << 17, 300])
def test_twins_are_the_nearest_that_comparing_all_with_all_finds(
    split: Split, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(twins, "_BATCH", batch)
    dataset = make_dataset(Path("d"), rows=1200, splits=SPLITS, noise=20)
    rows = dataset.load()
    places, small = small_of(dataset, split)
    others = np.flatnonzero(rows.split != split)
    told = others[telling(thumbnails(rows.images[others]))]
    a, b = small.astype(np.float64), thumbnails(rows.images[told]).astype(np.float64)
    energy = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)
    distance = 1 - 2 * a @ b.T / energy
    distance[np.setdiff1d(np.arange(len(places)), telling(small))] = np.inf
    near = find_twins(dataset, split, small)
    assert set(near.row.tolist()) == set(
        np.flatnonzero((distance <= MAX_DISTANCE).any(axis=1)).tolist()
    )
    assert len(near.row) > 20
    assert np.allclose(near.distance, distance[near.row].min(axis=1), atol=1e-6)
    assert (rows.split[near.place] != split).all()
    assert (np.diff(near.distance) >= 0).all()
    at = told.searchsorted(near.place)
    assert np.allclose(distance[near.row, at], near.distance, atol=1e-6)


def test_of_equal_twins_the_first_is_told_and_all_of_the_way_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(twins, "_BATCH", 256)
    dataset = make_dataset(Path("d"), rows=1000, splits=SPLITS, noise=0, classes=("0", "×"))
    places, small = small_of(dataset, Split.test)
    rows = dataset.load()
    steps: list[tuple[int, int]] = []
    near = find_twins(
        dataset, Split.test, small, progress=lambda done, total, _="": steps.append((done, total))
    )
    assert steps[-1] == (1000, 1000)
    assert (near.distance == 0).all()
    for row, place in zip(near.row.tolist(), near.place.tolist(), strict=True):
        same = (rows.images == rows.images[places[row]]).all(axis=(1, 2)) & (rows.split != 2)
        equal = np.flatnonzero(same)
        assert len(equal) == 0 or place <= equal[0]


@pytest.mark.parametrize("splits", [(Split.test,), (Split.test, Split.val)])
def test_no_judged_rows_or_no_others_have_no_twins(splits: tuple[Split, ...]) -> None:
    dataset = make_dataset(Path("d"), rows=50, splits=splits)
    _, small = small_of(dataset, Split.test)
    assert len(find_twins(dataset, Split.test, small[:0]).row) == 0
    if len(splits) == 1:
        assert len(find_twins(dataset, Split.test, small).row) == 0


def test_other_splits_are_read_a_batch_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twins, "_BATCH", 512)
    dataset = make_dataset(Path("d"), rows=20_000, splits=(Split.train,) * 99 + (Split.test,))
    _, small = small_of(dataset, Split.test)
    tracemalloc.start()
    find_twins(dataset, Split.test, small)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3_000_000 < 20_000 * SIDE**2
