import pytest
import torch

from hwcli.models.glyphnet import Glyphnet


@pytest.mark.parametrize("pool", [1, 2, 3])
@pytest.mark.parametrize("size", [8, 10, 20, 28, 33, 64])
def test_the_head_fits_any_image(size: int, pool: int) -> None:
    net = Glyphnet(stem=2, middle=3, top=4, pool=pool).build(classes=5, size=size).eval()
    assert net(torch.rand(2, 1, size, size)).shape == (2, 5)


def test_the_head_sees_the_whole_image() -> None:
    """No row or column at the far edge falls out of the pooling windows."""
    for pool in (1, 2, 3):
        net = Glyphnet(stem=2, middle=3, top=4, pool=pool).build(classes=5, size=28).eval()
        image = torch.zeros(1, 1, 28, 28, requires_grad=True)
        net(image + torch.rand(1, 1, 28, 28)).sum().backward()
        assert image.grad is not None
        assert image.grad[..., -4:, :].any() and image.grad[..., :, -4:].any()


@pytest.mark.parametrize(
    "options", [{"stem": 0}, {"top_blocks": -1}, {"pool": 4}, {"dropout": 1.0}]
)
def test_options_out_of_range_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        Glyphnet(**options)  # type: ignore[arg-type]
