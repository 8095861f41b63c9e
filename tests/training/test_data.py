from pathlib import Path

import numpy as np
import pytest
import torch

from hwcli.errors import DatasetError
from hwcli.shards import Split
from hwcli.training.data import Glyphs, as_input, held_out, load_data
from hwcli.training.sampling import draw
from synthetic import CLASSES, make_dataset

CPU = torch.device("cpu")


def test_splits_and_targets(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path / "d", rows=100)
    data = load_data(dataset, "char", seed=0, device=CPU)
    assert (len(data.train), len(data.val)) == (60, 20)
    assert data.classes == CLASSES
    assert data.scripts == ("Latn", "Latn", "Latn", "Latn", "Deva")
    assert data.train.images.dtype == torch.uint8
    rows = dataset.load(Split.train)
    assert np.array_equal(data.train.targets.numpy(), rows.label)
    script = load_data(dataset, "script", seed=0, device=CPU)
    assert script.classes == script.scripts == ("Latn", "Deva")
    assert np.array_equal(script.train.targets.numpy(), rows.script)


def test_without_a_validation_split_a_tenth_becomes_one(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path / "d", rows=200, splits=(Split.train,))
    data = load_data(dataset, "char", seed=0, device=CPU)
    assert (len(data.train), len(data.val)) == (180, 20)
    again = load_data(dataset, "char", seed=0, device=CPU)
    assert torch.equal(data.val.images, again.val.images)
    other = load_data(dataset, "char", seed=1, device=CPU)
    assert not torch.equal(data.val.images, other.val.images)


def test_no_writer_is_in_both_splits(tmp_path: Path) -> None:
    rows = make_dataset(tmp_path / "d", rows=200, splits=(Split.train,), writers=17).load()
    away = held_out(rows.writer, 0.1, seed=0)
    train, val = rows.take(~away), rows.take(away)
    assert not set(train.writer) & set(val.writer)
    assert len(train) + len(val) == 200
    assert 20 <= len(val) <= 32


@pytest.mark.parametrize("rows", [0, 1])
def test_too_few_rows_are_told(rows: int, tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path / "d", rows=rows, splits=(Split.train,))
    with pytest.raises(DatasetError, match="too few"):
        load_data(dataset, "char", seed=0, device=CPU)


def test_only_test_rows_are_nothing_to_train_on(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path / "d", rows=20, splits=(Split.test,))
    with pytest.raises(DatasetError, match="too few"):
        load_data(dataset, "char", seed=0, device=CPU)


def uneven() -> Glyphs:
    """900 of class 0, 100 of class 1, none of class 2."""
    targets = (torch.arange(1000) >= 900).long()
    return Glyphs(torch.zeros(1000, 2, 2, dtype=torch.uint8), targets)


def test_an_epoch_is_every_row_once() -> None:
    order = draw(uneven().targets, 3, balance=False, generator=torch.Generator().manual_seed(0))
    assert torch.equal(order.sort().values, torch.arange(1000))


def test_balance_draws_by_the_root_of_the_frequency() -> None:
    generator, data = torch.Generator().manual_seed(0), uneven()
    orders = [draw(data.targets, 3, balance=True, generator=generator) for _ in range(50)]
    rare = data.targets[torch.cat(orders)].float().mean().item()
    assert rare == pytest.approx(0.25, abs=0.01)  # 10 : 30, as √100 : √900
    assert all(len(order) == 1000 and order.max() < 1000 for order in orders)


def test_input_is_in_the_unit_range() -> None:
    images = torch.tensor([[[0, 51], [255, 102]]], dtype=torch.uint8)
    assert torch.allclose(as_input(images), torch.tensor([[[[0, 0.2], [1, 0.4]]]]))


def test_balance_leaves_out_classes_without_rows_and_draws_within_a_class_evenly() -> None:
    targets = torch.tensor([1] * 30 + [4] * 30)
    glyphs = Glyphs(torch.zeros(60, 2, 2, dtype=torch.uint8), targets)
    generator = torch.Generator().manual_seed(0)
    drawn = torch.cat(
        [draw(glyphs.targets, 6, balance=True, generator=generator) for _ in range(200)]
    )
    times = torch.bincount(drawn, minlength=60)
    assert len(times) == 60
    assert int(times.min()) > 140 and int(times.max()) < 265, "200 each, give or take"
