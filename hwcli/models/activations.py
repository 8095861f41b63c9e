"""Activation functions by name, and the initialisation that goes with each."""

import torch
from torch import Tensor, nn


class TanhExp(nn.Module):
    """x·tanh(eˣ) (Liu & Di 2020, arXiv 2003.09855)."""

    def forward(self, x: Tensor) -> Tensor:
        """Of float of any shape, the same shape."""
        # tanh(e²⁰) is 1 already, while e⁸⁹ would be infinite and its gradient no number.
        return x * torch.tanh(torch.exp(x.clamp(max=20)))


ACTIVATIONS: dict[str, type[nn.Module]] = {
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "swish": nn.SiLU,  # x·sigmoid(x)
    "mish": nn.Mish,
    "tanhexp": TanhExp,
    "elu": nn.ELU,
}
_XAVIER = ("sigmoid", "tanh")
"""Those that saturate on both sides; the others are ReLU's kin, which He et al. 2015 is for."""


def check_activation(name: str) -> None:
    """Raise unless there is an activation called `name`.

    Raises:
        ValueError: there is none.
    """
    if name not in ACTIVATIONS:
        raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}, not {name!r:.40}")


def initialised(layer: nn.Linear | nn.Conv2d, activation: str | None) -> nn.Linear | nn.Conv2d:
    """`layer` with weights drawn for what follows it; None for the last layer. Biases are 0."""
    if activation is None or activation in _XAVIER:
        nn.init.xavier_uniform_(layer.weight)
    else:
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
