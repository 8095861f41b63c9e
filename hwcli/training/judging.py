"""What the losses say: while a run trains, after each epoch, and of the weights it keeps."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from hwcli.errors import ModelError
from hwcli.models.scale import eval_batch
from hwcli.training.data import Source, as_input
from hwcli.training.distributed import Crew
from hwcli.training.optim import loss_of
from hwcli.training.options import TrainOptions

_BATCH = 1024
_LOOK_EVERY = 16
"""Steps after which the losses are looked at: on a GPU, each look waits for all that is queued."""


class Losses:
    """The training losses of an epoch, looked at every few steps, which must be finite."""

    def __init__(self, crew: Crew, step: int, fault: Callable[[str], ModelError]) -> None:
        """Begin after `step` steps; `fault` makes the error that is raised of what was found."""
        self._crew, self._step, self._fault = crew, step, fault
        self._waiting: list[Tensor] = []
        self._sum, self._seen = 0.0, 0

    def add(self, loss: Tensor) -> None:
        """Take note of a step's loss: this process's part of the mean over the batch.

        Raises:
            ModelError: one of the last losses was not finite.
        """
        self._waiting.append(loss)
        if len(self._waiting) == _LOOK_EVERY:
            self._look()

    def mean(self) -> float:
        """Of the losses that were looked at so far; 0 before the first look."""
        return self._sum / self._seen if self._seen else 0.0

    def sum(self) -> float:
        """Of all losses.

        Raises:
            ModelError: one of the last losses was not finite.
        """
        self._look()
        return self._sum

    def _look(self) -> None:
        values = self._crew.total(torch.stack(self._waiting)) if self._waiting else []
        self._waiting.clear()
        for value in values:
            self._step += 1
            if not math.isfinite(value):
                raise self._fault(f"the loss is {value} at step {self._step}")
        self._sum += math.fsum(values)
        self._seen += len(values)


@torch.no_grad()
def validate(
    judged: nn.Module, val: Source, options: TrainOptions, crew: Crew, device: torch.device
) -> tuple[float, float]:
    """Mean loss on `val`, by the run's own loss without smoothing, and top-1 accuracy."""
    judged.eval()
    loss, right = 0.0, 0
    for batch in val.in_order(eval_batch(judged, _BATCH)):
        images, targets = (crew.share(part.to(device)) for part in batch)
        if len(images):
            logits = _logits(judged, images)
            loss += loss_of(logits, targets, options.loss).item() * len(images)
            right += int((logits.argmax(1) == targets).sum())
    sums = [loss, float(right)]
    if crew.place.size > 1:
        sums = crew.total(torch.tensor(sums, device=device))
    return sums[0] / len(val), sums[1] / len(val)


@torch.no_grad()
def logits_of(
    model: nn.Module, source: Source, device: torch.device, *, at_most: int
) -> tuple[Tensor, Tensor]:
    """Logits, float32 (n, classes), and targets of `source`: of every k-th row if it has more."""
    model.eval()
    every = max(1, -(-len(source) // at_most))
    found: list[tuple[Tensor, Tensor]] = []
    seen = 0
    for images, targets in source.in_order(eval_batch(model, _BATCH)):
        rows = slice(-seen % every, None, every)
        if len(images[rows]):
            found.append((_logits(model, images[rows].to(device)), targets[rows].to(device)))
        seen += len(images)
    logits, numbers = zip(*found, strict=True)
    return torch.cat(logits), torch.cat(numbers)


def _logits(model: nn.Module, images: Tensor) -> Tensor:
    """In fp32, as ONNX Runtime will compute them."""
    inputs = as_input(images).contiguous(memory_format=torch.channels_last)
    logits: Tensor = model(inputs)
    return logits.float()
