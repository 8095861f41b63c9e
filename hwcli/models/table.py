"""The table of models: a new one is its file and an entry here."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Protocol

from torch import nn

from hwcli.errors import UsageError
from hwcli.models.glyphnet import Glyphnet
from hwcli.models.lenet import Lenet
from hwcli.structure import unstructure
from hwcli.training.options import TrainOptions

LISTED_CLASSES = 30
"""Parameter counts are shown for this many classes, as the original works give them."""


class Architecture(Protocol):
    """A frozen dataclass of a network's own options that can build it."""

    def build(self, *, classes: int, size: int) -> nn.Module:
        """A network from float (N, 1, size, size) in [0, 1] to logits (N, classes)."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """A model as `train --list` shows it."""

    architecture: Architecture
    """With its default options."""
    summary: str
    source: str
    size: int
    """Side of the image it was made for, px; it takes at least `smallest`."""
    smallest: int
    training: TrainOptions
    """Its own defaults, which flags override."""


MODELS: Mapping[str, Entry] = {
    "lenet": Entry(
        architecture=Lenet(),
        summary="LeNet-5 with ReLU and average pooling",
        source="LeCun et al. 1998",
        size=28,
        smallest=12,
        training=TrainOptions(epochs=60, lr=1e-3, ema=0.998, augment="rotate", patience=6),
    ),
    "glyphnet": Entry(
        architecture=Glyphnet(stem=12, middle=32, top=48, middle_blocks=2, top_blocks=3, pool=2),
        summary="small, fast and accurate: what the bundled model is",
        source="hwcli",
        size=28,
        smallest=8,
        training=TrainOptions(
            epochs=20,
            lr=0.1,
            optimizer="sgd",
            weight_decay=5e-4,
            schedule="one-cycle",
            ema=0.999,
            augment="photo",
        ),
    ),
}


def find_entry(name: str) -> Entry:
    """The entry of the model called `name`.

    Raises:
        UsageError: no such model.
    """
    if name not in MODELS:
        close = get_close_matches(name, MODELS, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(MODELS)}"
        raise UsageError(f"no model {name!r}", hint=hint)
    return MODELS[name]


def options_of(architecture: Architecture) -> dict[str, int | float | str | bool]:
    """The architecture's own options as a model file keeps them."""
    return dict(unstructure(architecture))


def parameter_count(model: nn.Module) -> int:
    """How many numbers `model` learns."""
    return sum(p.numel() for p in model.parameters())
