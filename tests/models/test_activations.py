import pytest
import torch

from hwcli.models.activations import ACTIVATIONS, initialised


def test_tanhexp_is_that_of_the_paper() -> None:
    x = torch.linspace(-8, 8, 101, dtype=torch.float64)
    found = ACTIVATIONS["tanhexp"]()(x)
    torch.testing.assert_close(found, x * torch.tanh(torch.exp(x)))
    assert found.min() == pytest.approx(-0.3532, abs=2e-3)  # the least value it takes


def test_swish_is_x_times_sigmoid() -> None:
    x = torch.linspace(-8, 8, 101)
    torch.testing.assert_close(ACTIVATIONS["swish"]()(x), x * torch.sigmoid(x))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_far_out_values_and_gradients_are_numbers(name: str) -> None:
    x = torch.tensor([-1e4, -100.0, 0.0, 100.0, 1e4], requires_grad=True)
    y = ACTIVATIONS[name]()(x)
    y.sum().backward()
    assert x.grad is not None
    assert torch.isfinite(y).all() and torch.isfinite(x.grad).all()


def test_weights_are_drawn_for_what_follows() -> None:
    """He: variance 2 / inputs. Xavier: 2 / (inputs + outputs)."""
    torch.manual_seed(0)
    for name in ACTIVATIONS:
        layer = initialised(torch.nn.Linear(400, 600), name)
        wanted = 2 / 1000 if name in ("sigmoid", "tanh") else 2 / 400
        assert layer.weight.var().item() == pytest.approx(wanted, rel=0.03), name
        assert not layer.bias.any()
