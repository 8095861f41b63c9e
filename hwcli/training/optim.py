"""Losses, optimisers, learning-rate schedules, averaged weights."""

import copy
import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from hwcli.training.options import Loss, Schedule, TrainOptions

_MOMENTUM = 0.9
_WARM_UP = {"constant": 0.0, "step": 0.0, "one-cycle": 0.25, "cosine": 0.02}
"""Share of the run in which the learning rate rises (Smith & Topin 2018 for one-cycle)."""
_START = 0.04
"""Share of the highest learning rate that a rise begins with."""
_END = 0.001
"""Share of the highest learning rate that a fall ends with."""


_STEPS_AT = (0.5, 0.75)
"""Shares of the run at which `step` lowers the learning rate to a tenth (as He et al. 2016)."""


def loss_of(logits: Tensor, targets: Tensor, kind: Loss, smoothing: float = 0.0) -> Tensor:
    """Mean loss of float32 logits (N, classes) and int64 targets (N,), nats.

    `bce` takes each logit through a sigmoid of its own, and the mean over rows and classes.
    """
    if kind == "cross-entropy":
        return functional.cross_entropy(logits, targets, label_smoothing=smoothing)
    classes = logits.shape[1]
    wanted = torch.full_like(logits, smoothing / classes)
    wanted.scatter_(1, targets.unsqueeze(1), 1 - smoothing + smoothing / classes)
    return functional.binary_cross_entropy_with_logits(logits, wanted)


def make_optimizer(model: nn.Module, options: TrainOptions) -> torch.optim.Optimizer:
    """The optimiser of `options` over what `model` learns, with weight decay on matrices alone.

    All parameters are moved by one fused kernel where the device has it: a third of the time.
    """
    learned = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in learned if p.ndim > 1], "weight_decay": options.weight_decay},
        {"params": [p for p in learned if p.ndim <= 1], "weight_decay": 0.0},
    ]
    fused = True if all(p.device.type in ("cpu", "cuda") for p in learned) else None
    match options.optimizer:
        case "adam":
            return torch.optim.Adam(groups, lr=options.lr, fused=fused)
        case "adamw":
            return torch.optim.AdamW(groups, lr=options.lr, fused=fused)
        case "sgd":
            return torch.optim.SGD(
                groups, lr=options.lr, momentum=_MOMENTUM, nesterov=True, fused=fused
            )


def lr_share(schedule: Schedule, done: float) -> float:
    """Share of the highest learning rate when `done`, in [0, 1], of the run is over."""
    rise = _WARM_UP[schedule]
    if done < rise:
        return _START + (1 - _START) * done / rise
    fallen = min(1.0, (done - rise) / (1 - rise))
    match schedule:
        case "constant":
            return 1.0
        case "step":
            return float(0.1 ** sum(done >= at for at in _STEPS_AT))
        case "one-cycle":
            return 1 - (1 - _END) * fallen
        case "cosine":
            return _END + (1 - _END) * (1 + math.cos(math.pi * fallen)) / 2


class Average:
    """An exponential moving average of a model's weights, itself a model."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        """Begin with a copy of `model`, whose weights must stay where they lie in memory."""
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self.updates = 0
        """How often it was moved."""
        self._decay = decay
        ours, theirs = self.model.state_dict(), model.state_dict()
        pairs = [(value, theirs[name]) for name, value in ours.items()]
        self._moved = [pair for pair in pairs if pair[0].is_floating_point()]
        self._copied = [pair for pair in pairs if not pair[0].is_floating_point()]

    @torch.no_grad()
    def update(self) -> None:
        """Move towards the model; fast in the first steps, so that the start is forgotten."""
        self.updates += 1
        decay = min(self._decay, self.updates / (self.updates + 10))
        if self._moved:
            ours, theirs = zip(*self._moved, strict=True)
            torch._foreach_lerp_(ours, theirs, 1 - decay)
        for our, their in self._copied:
            our.copy_(their)
