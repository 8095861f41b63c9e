"""Desks around sheets: many kinds, the sheet whole on them, its glyphs where they are."""

import numpy as np

from hwcli.compose.desk import lay_down, make_desk


def test_desks_are_of_many_kinds() -> None:
    desks = [make_desk((90, 120), np.random.default_rng([1, n])) for n in range(40)]
    assert all(d.shape == (90, 120) and d.dtype == np.float32 for d in desks)
    assert all(d.min() >= 0 and d.max() <= 1 for d in desks)
    assert np.std([d.mean() for d in desks]) > 0.1
    even = sum(float(d.std()) < 1e-4 for d in desks)
    assert 1 <= even <= 20, "some are plain, most are not"


def test_a_desk_is_the_same_for_a_seed() -> None:
    one, two = (make_desk((70, 80), np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(one, two)


def test_the_sheet_lies_whole_on_the_desk() -> None:
    rng = np.random.default_rng(0)
    sheet = rng.random((50, 70)).astype(np.float32)
    ids = np.zeros((50, 70), np.int32)
    ids[10:20, 30:40] = 7
    for seed in range(20):
        around, own = lay_down(sheet, ids, np.random.default_rng(seed))
        assert around.shape == own.shape and (own == 7).sum() == 100
        y, x = (int(v.min()) for v in np.nonzero(own == 7))
        assert np.array_equal(around[y - 10 : y + 40, x - 30 : x + 40], sheet)


def test_a_very_large_sheet_lies_alone() -> None:
    sheet, ids = np.ones((1600, 1500), np.float32), np.zeros((1600, 1500), np.int32)
    around, own = lay_down(sheet, ids, np.random.default_rng(3))
    assert around is sheet and own is ids
