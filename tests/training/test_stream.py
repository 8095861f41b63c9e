"""Images read from the shards as they are needed."""

import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from hwcli.dataset import Dataset
from hwcli.errors import DatasetError
from hwcli.shards import Split
from hwcli.training import memory
from hwcli.training.data import Glyphs, load_data
from hwcli.training.stream import GlyphStream
from synthetic import make_dataset

CPU = torch.device("cpu")
ROWS = 3000


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Of 3,000 rows, 12 blocks, each of which has rows of all splits."""
    return make_dataset(tmp_path_factory.mktemp("data") / "d", rows=ROWS)


def streamed(dataset: Dataset, buffer_rows: int = 300) -> GlyphStream:
    """Its training rows, with a buffer of hardly more than a block; targets are row numbers."""
    rows = np.flatnonzero(dataset.columns(0).split == Split.train)
    numbers = torch.arange(len(rows))
    return GlyphStream([dataset.shard_path(0)], [rows], numbers, CPU, buffer_rows=buffer_rows)


def epoch(source: GlyphStream, seed: int, size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    parts = list(source.batches(size, classes=len(source), balance=False, generator=generator))
    assert {len(targets) for _, targets in parts[:-1]} == {size}
    return torch.cat([p[0] for p in parts]), torch.cat([p[1] for p in parts])


def test_every_row_comes_once_an_epoch_with_its_own_image(dataset: Dataset) -> None:
    images, rows = epoch(streamed(dataset), seed=0)
    assert torch.equal(rows.sort().values, torch.arange(len(rows)))
    expected = dataset.load(Split.train).images
    assert np.array_equal(images.numpy(), expected[rows.numpy()])


def test_the_order_is_the_seeds_and_differs_between_epochs(dataset: Dataset) -> None:
    orders = [epoch(streamed(dataset), seed)[1] for seed in (1, 1, 2)]
    assert torch.equal(orders[0], orders[1])
    assert not torch.equal(orders[0], orders[2])


def test_rows_of_many_blocks_are_mixed(dataset: Dataset) -> None:
    rows = epoch(streamed(dataset, buffer_rows=1000), seed=0)[1]
    blocks = [set((part // 154).tolist()) for part in rows.split(64)]  # 154 training rows a block
    assert sum(map(len, blocks)) / len(blocks) > 4
    assert (rows[1:] > rows[:-1]).float().mean() < 0.6


def test_balance_draws_rare_rows_more_often(dataset: Dataset) -> None:
    source = streamed(dataset)
    source.targets = (torch.arange(len(source)) >= len(source) * 0.9).long()
    generator = torch.Generator().manual_seed(0)
    parts = [
        t for _ in range(20)
        for _, t in source.batches(64, classes=2, balance=True, generator=generator)
    ]  # fmt: skip
    rare = torch.cat(parts).float()
    assert len(rare) == 20 * len(source)
    assert rare.mean().item() == pytest.approx(0.25, abs=0.02)


def test_an_epoch_that_is_left_early_leaves_no_thread(dataset: Dataset) -> None:
    before = threading.active_count()
    for _ in range(3):
        batches = streamed(dataset).batches(
            64, classes=5, balance=False, generator=torch.Generator().manual_seed(0)
        )
        next(batches)
        batches.close()
    assert threading.active_count() == before


def test_validation_in_order_and_the_first_rows(dataset: Dataset) -> None:
    source, expected = streamed(dataset), dataset.load(Split.train).images
    images = torch.cat([i for i, _ in source.in_order(500)])
    assert np.array_equal(images.numpy(), expected)
    assert np.array_equal(source.first(300)[0].numpy(), expected[:300])
    assert len(source.first(10_000)[1]) == len(expected)


def test_a_shard_that_is_cut_off_meanwhile_is_told(dataset: Dataset, tmp_path: Path) -> None:
    copy = make_dataset(tmp_path / "d", rows=ROWS)
    source = streamed(copy)
    path = copy.shard_path(0)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    with pytest.raises(DatasetError, match="cut off"):
        epoch(source, 0)
    path.unlink()
    with pytest.raises(DatasetError, match="no such shard"):
        epoch(source, 0)


@pytest.mark.parametrize(
    ("stream", "free", "kept"),
    [
        ("auto", 1 << 30, Glyphs),
        ("auto", 1 << 20, GlyphStream),
        ("never", 1 << 20, Glyphs),
        ("always", 1 << 30, GlyphStream),
    ],
)
def test_what_does_not_fit_is_streamed(
    stream, free: int, kept: type, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("hwcli.training.memory.available", lambda: free)
    data = load_data(dataset, "char", seed=0, device=CPU, stream=stream)
    assert type(data.train) is type(data.val) is kept
    assert (len(data.train), len(data.val)) == (1800, 600)


def test_streamed_rows_have_the_targets_of_those_in_memory(dataset: Dataset) -> None:
    one, other = (
        load_data(dataset, "char", seed=0, device=CPU, stream=s) for s in ("never", "always")
    )
    for name in ("train", "val"):
        a, b = getattr(one, name), getattr(other, name)
        assert torch.equal(a.targets, b.targets)
        assert torch.equal(a.images, torch.cat([i for i, _ in b.in_order(512)]))


def test_origins_and_test_images_are_not_read(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("the whole shard was read")

    monkeypatch.setattr("hwcli.dataset.read_shard", fail)
    assert len(load_data(dataset, "char", seed=0, device=CPU).train) == 1800


@pytest.mark.parametrize(
    ("meminfo", "limit", "used", "free"),
    [
        ("MemTotal: 9 kB\nMemAvailable:  2048 kB\n", "max\n", "1\n", 2048 * 1024),
        ("MemAvailable: 2048 kB\n", "1000\n", "400\n", 600),
        ("MemAvailable: 2048 kB\n", "1000\n", "4000\n", 0),
    ],
)
def test_free_memory_is_the_systems_or_the_containers(
    meminfo: str, limit: str, used: str, free: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("meminfo").write_text(meminfo)
    Path("memory.max").write_text(limit)
    Path("memory.current").write_text(used)
    monkeypatch.setattr(memory, "_MEMINFO", Path("meminfo"))
    monkeypatch.setattr(memory, "_GROUP", Path())
    assert memory.available() == free


def test_free_memory_where_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_MEMINFO", Path("none"))
    monkeypatch.setattr(memory, "_GROUP", Path("none"))
    assert memory.available() > 1 << 28
