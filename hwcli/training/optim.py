"""Optimisers, learning-rate schedules, averaged weights."""

import copy
import math

import torch
from torch import Tensor, nn

from hwcli.training.options import Schedule, TrainOptions

_MOMENTUM = 0.9
_WARM_UP = {"constant": 0.0, "one-cycle": 0.25, "cosine": 0.02}
"""Share of the run in which the learning rate rises (Smith & Topin 2018 for one-cycle)."""
_START = 0.04
"""Share of the highest learning rate that a rise begins with."""
_END = 0.001
"""Share of the highest learning rate that a fall ends with."""


def make_optimizer(model: nn.Module, options: TrainOptions) -> torch.optim.Optimizer:
    """The optimiser of `options` over `model`, with weight decay on its matrices alone."""
    matrices = [p for p in model.parameters() if p.ndim > 1]
    vectors = [p for p in model.parameters() if p.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": options.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    match options.optimizer:
        case "adam":
            return torch.optim.Adam(groups, lr=options.lr)
        case "adamw":
            return torch.optim.AdamW(groups, lr=options.lr)
        case "sgd":
            return torch.optim.SGD(groups, lr=options.lr, momentum=_MOMENTUM, nesterov=True)


def lr_share(schedule: Schedule, done: float) -> float:
    """Share of the highest learning rate when `done`, in [0, 1], of the run is over."""
    rise = _WARM_UP[schedule]
    if done < rise:
        return _START + (1 - _START) * done / rise
    fallen = min(1.0, (done - rise) / (1 - rise))
    match schedule:
        case "constant":
            return 1.0
        case "one-cycle":
            return 1 - (1 - _END) * fallen
        case "cosine":
            return _END + (1 - _END) * (1 + math.cos(math.pi * fallen)) / 2


class Average:
    """An exponential moving average of a model's weights, itself a model."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self._decay = decay
        self._updates = 0

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Move towards `model`; fast in the first steps, so that the start is forgotten."""
        self._updates += 1
        decay = min(self._decay, self._updates / (self._updates + 10))
        ours, theirs = self.model.state_dict(), model.state_dict()
        for name, value in ours.items():
            _move(value, theirs[name], 1 - decay)


def _move(value: Tensor, towards: Tensor, share: float) -> None:
    if value.is_floating_point():
        value.lerp_(towards, share)
    else:
        value.copy_(towards)
