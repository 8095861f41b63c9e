"""A recurrent network that reads an image row by row."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hwcli.models.activations import initialised
from hwcli.models.options import check_dropout


class SimpleRnn(nn.Module):
    """Keras's SimpleRNN with ReLU: float (N, T, F) to its states (N, T, units).

    One bias where `torch.nn.RNN` has two, and no slower: the inputs of all steps are multiplied at
    once. The recurrent matrix begins orthogonal, so that 28 steps neither fade nor grow.
    """

    def __init__(self, features: int, units: int) -> None:
        super().__init__()
        self.input = initialised(nn.Linear(features, units), None)
        self.recurrent = nn.Parameter(torch.empty(units, units))
        nn.init.orthogonal_(self.recurrent)

    def forward(self, x: Tensor) -> Tensor:
        """The state after each step."""
        first, *rest = self.input(x).unbind(1)
        states = [torch.relu(first)]
        for step in rest:
            states.append(torch.relu(torch.addmm(step, states[-1], self.recurrent)))
        return torch.stack(states, 1)


@dataclass(frozen=True, slots=True)
class Rnn:
    """Two layers of `SimpleRnn`; the rows of the image are the steps, its columns the features."""

    units: int = 28
    """Of each layer."""
    dropout: float = 0.2
    """After each layer."""

    def __post_init__(self) -> None:
        if not 1 <= self.units <= 4096:
            raise ValueError("units must be from 1 to 4096")
        check_dropout(self.dropout)

    def build(self, *, classes: int, size: int) -> nn.Module:
        """A network from float (N, 1, size, size) in [0, 1] to logits (N, classes)."""
        return nn.Sequential(
            nn.Flatten(1, 2),
            SimpleRnn(size, self.units),
            nn.Dropout(self.dropout),
            SimpleRnn(self.units, self.units),
            LastStep(),
            nn.Dropout(self.dropout),
            initialised(nn.Linear(self.units, classes), None),
        )


class LastStep(nn.Module):
    """Float (N, T, F) to what its last step is, (N, F)."""

    def forward(self, x: Tensor) -> Tensor:
        """The last step."""
        return x[:, -1]
