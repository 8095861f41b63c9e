"""Nearly equal images: found as comparing all with all would find them; strokes left out."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hwcli import near
from hwcli.near import (
    MAX_DISTANCE,
    directions,
    near_between,
    near_pairs,
    sorted_into_cells,
    telling,
    thumbnails,
)


def images_of(count: int, kinds: int, seed: int = 0) -> NDArray[np.uint8]:
    """`count` images of `kinds` shapes, two fifths equal, the others with more and more noise."""
    random = np.random.default_rng(seed)
    shapes = np.random.default_rng(1).integers(0, 2, (kinds, 7, 7)).astype(np.int16) * 200
    images = shapes[np.arange(count) % kinds].repeat(4, axis=1).repeat(4, axis=2)
    noisy = np.arange(count) % 5 > 1
    noise = random.uniform(-1, 1, images.shape) * (np.arange(count) * noisy)[:, None, None]
    images += (150 * noise / count).astype(np.int16)
    return np.clip(images, 0, 255).astype(np.uint8)


def distances(one: NDArray[np.uint8], two: NDArray[np.uint8]) -> NDArray[np.float64]:
    a, b = one.astype(np.float64), two.astype(np.float64)
    return 1 - 2 * a @ b.T / ((a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1))


@pytest.mark.parametrize("block", [7, 4096])
def test_near_pairs_are_those_that_comparing_all_with_all_finds(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near, "_ROWS", block)
    monkeypatch.setattr(near, "_OTHERS", block)
    small = thumbnails(images_of(400, 70))
    distance = distances(small, small)
    tells = np.isin(np.arange(400), telling(small))
    close = np.triu(distance <= MAX_DISTANCE, 1) & tells & tells[:, None]
    pairs = list(near_pairs(small))
    assert [(i, j) for i, j, _ in pairs] == list(map(tuple, np.argwhere(close).tolist()))
    assert 100 < len(pairs) < 2000
    assert max(d for *_, d in pairs) > 0.95 * MAX_DISTANCE
    assert np.allclose([d for *_, d in pairs], distance[close], atol=1e-6)


def test_pairs_at_the_very_limit_that_differ_in_one_spot_alone() -> None:
    """All of their difference then lies along the directions in which they are compared first."""
    small = np.zeros((250, 14, 14), np.uint8)
    small[:, 1:13, 1:13] = 200
    small[:, 3:11, 3:11] = 0
    small[:, 5:9, 5:9] = np.arange(250)[:, None, None]
    small = small.reshape(250, 196)
    close = np.triu(distances(small, small) <= MAX_DISTANCE, 1)
    assert [(i, j) for i, j, _ in near_pairs(small)] == list(map(tuple, np.argwhere(close)))
    assert 1000 < close.sum() < 20_000


@pytest.mark.parametrize("block", [7, 4096])
def test_near_rows_of_two_sets_are_those_that_comparing_all_with_all_finds(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near, "_ROWS", block)
    monkeypatch.setattr(near, "_OTHERS", block)
    one, two = thumbnails(images_of(150, 70, 2)), thumbnails(images_of(330, 70, 3))
    axes = directions(one)
    meetings = near_between(sorted_into_cells(one, axes), sorted_into_cells(two, axes))
    pairs = [pair for i, j, _ in meetings for pair in zip(i.tolist(), j.tolist(), strict=True)]
    close = distances(one, two) <= MAX_DISTANCE
    assert sorted(pairs) == list(map(tuple, np.argwhere(close).tolist()))
    assert len(pairs) > 100


def test_single_straight_strokes_and_dots_are_like_no_other() -> None:
    images = np.zeros((6, 28, 28), np.uint8)
    images[0, 3:25, 13:16] = 255
    images[1, 3:25, 10:18] = 120  # faint, thick, and blurred
    images[1] = cv2.GaussianBlur(images[1], (0, 0), 1.5)
    for k in range(22):
        images[2, 3 + k, 3 + k : 10 + k] = 255
    images[3, 2:26, 2:26] = 255
    images[4, 2:26, 2:26] = 255
    images[4, 9:19, 9:19] = 0
    images[5, 2:26, 8:20] = 255
    images[5, 8:20, 12:16] = 0
    twice = thumbnails(np.concatenate([images, images]))
    assert telling(twice).tolist() == [4, 5, 10, 11]
    assert [(i, j) for i, j, _ in near_pairs(twice)] == [(4, 10), (5, 11)]


def test_no_images_and_blank_ones_have_no_neighbours() -> None:
    blank = np.zeros((3, 28, 28), np.uint8)
    assert list(near_pairs(thumbnails(blank))) == []
    assert list(near_pairs(thumbnails(blank[:0]))) == []


@pytest.mark.parametrize("size", [8, 9, 14, 20, 28, 42, 64])
def test_a_thumbnail_is_the_same_alone_and_among_others(size: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (64, size, size)).astype(np.uint8)
    together = thumbnails(images)
    assert together.shape == (64, 196)
    assert (together == np.concatenate([thumbnails(i[None]) for i in images])).all()
