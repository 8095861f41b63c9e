import pytest
import torch
from torch.nn import functional

from hwcli.models.scale import Scaled, eval_batch, scaled


@pytest.mark.parametrize(("size", "side"), [(28, 20), (28, 224), (64, 20), (20, 28), (1, 5)])
def test_images_are_scaled_as_torch_does_with_antialiasing(size: int, side: int) -> None:
    x = torch.rand(3, 1, size, size)
    expected = functional.interpolate(x, (side, side), mode="bilinear", antialias=True)
    torch.testing.assert_close(scaled(size, side)(x), expected, atol=1e-5, rtol=1e-5)


def test_images_of_the_right_size_are_left_alone() -> None:
    x = torch.rand(3, 1, 20, 20)
    assert scaled(20, 20)(x) is x and scaled(20, 0)(x) is x


def test_nothing_of_it_is_kept_in_the_weights() -> None:
    assert not Scaled(28, 20).state_dict()


def test_batches_shrink_where_the_network_sees_large_images() -> None:
    assert eval_batch(scaled(28, 20), 1024) == 1003
    assert eval_batch(scaled(28, 224), 1024) == 8
    assert eval_batch(scaled(28, 28), 1024) == 1024
    assert eval_batch(scaled(28, 1024), 1024) == 1
