"""Layers of neurons, each connected with all of the one before."""

from dataclasses import dataclass

from torch import nn

from hwcli.models.activations import ACTIVATIONS, check_activation, initialised
from hwcli.models.options import check_dropout, check_range, widths
from hwcli.models.scale import MAX_SIDE, scaled


@dataclass(frozen=True, slots=True)
class Mlp:
    """A perceptron with any number of hidden layers; initialised as Xavier or He by activation."""

    hidden: str = ""
    """Widths of the hidden layers, like `512,256`; empty for none."""
    activation: str = "relu"
    """Of the hidden layers: one for all, or one for each, like `elu,relu`."""
    dropout: float = 0.0
    """After each hidden layer."""
    input_size: int = 0
    """Side to which images are scaled first; 0 leaves them."""

    def __post_init__(self) -> None:
        layers, names = widths(self.hidden, "hidden"), self.activation.split(",")
        for name in names:
            check_activation(name)
        if len(names) not in (1, len(layers)):
            raise ValueError(f"{len(names)} activations for {len(layers)} hidden layers")
        check_dropout(self.dropout)
        check_range("input_size", self.input_size, 0, MAX_SIDE)

    def build(self, *, classes: int, size: int) -> nn.Module:
        """A network from float (N, 1, size, size) in [0, 1] to logits (N, classes)."""
        layers = widths(self.hidden, "hidden")
        names = self.activation.split(",")
        if len(names) == 1:
            names *= len(layers)
        before = (self.input_size or size) ** 2
        net = nn.Sequential(scaled(size, self.input_size), nn.Flatten())
        for width, name in zip(layers, names, strict=True):
            net.append(initialised(nn.Linear(before, width), name))
            net.append(ACTIVATIONS[name]())
            net.append(nn.Dropout(self.dropout))
            before = width
        return net.append(initialised(nn.Linear(before, classes), None))
