from collections.abc import Iterator

import pytest
import torch

from hwcli.models.lenet import Lenet
from hwcli.training.threads import ThreadWatch


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def make_watch(alone_s: float) -> ThreadWatch:
    model = Lenet().build(classes=3, size=28)
    watch = ThreadWatch(model, torch.rand(4, 1, 28, 28), torch.tensor([0, 1, 2, 0]), bf16=False)
    watch._alone_s = alone_s
    return watch


@pytest.mark.usefixtures("two_threads")
def test_threads_that_are_fast_stay() -> None:
    watch = make_watch(0.01)
    for _ in range(50):
        watch.took(0.02)
    assert torch.get_num_threads() == 2


@pytest.mark.usefixtures("two_threads")
def test_one_hiccup_changes_nothing() -> None:
    watch = make_watch(0.01)
    for seconds in [0.01] * 20 + [0.1] + [0.01] * 20:
        watch.took(seconds)
    assert torch.get_num_threads() == 2


@pytest.mark.usefixtures("two_threads")
def test_threads_that_are_slower_than_one_are_given_up(caplog: pytest.LogCaptureFixture) -> None:
    watch = make_watch(0.01)
    with caplog.at_level("WARNING", logger="hwcli"):  # whatever -q of another test has left
        for _ in range(20):
            watch.took(0.5)
    assert torch.get_num_threads() == 1
    assert [r.getMessage() for r in caplog.records if "--threads 1" in r.getMessage()]


@pytest.mark.usefixtures("two_threads")
def test_timing_leaves_model_threads_and_random_numbers_alone() -> None:
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 3), torch.nn.Dropout(0.5))
    torch.manual_seed(0)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    watch = ThreadWatch(model, torch.zeros(4, 1, 28, 28),
                        torch.zeros(4, dtype=torch.long), bf16=False)  # fmt: skip
    assert torch.equal(torch.rand(1), expected)
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())
    assert torch.get_num_threads() == 2
    assert watch._alone_s > 0
