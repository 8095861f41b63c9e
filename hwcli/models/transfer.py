"""Networks that begin with published ImageNet weights: VGG19, and whatever torchvision has."""

import contextlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from hwcli.errors import UsageError
from hwcli.models.options import check_dropout, check_range
from hwcli.models.scale import MAX_SIDE, Grey, scaled

if TYPE_CHECKING:
    from torchvision.models import WeightsEnum

_VGG19 = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))
"""Channels and convolutions of each level (Simonyan & Zisserman 2015, configuration E)."""
_MAX_PARAMETERS = 500_000_000
"""ONNX keeps a network in one file of at most 2 GiB."""


class Transfer(nn.Module):
    """A network for ImageNet's images with a head for our classes, fed with glyphs.

    What is frozen neither learns nor follows `train()`: its norms keep their statistics.
    """

    def __init__(
        self, network: nn.Module, head: str, *, size: int, side: int, freeze: bool
    ) -> None:
        super().__init__()
        self.prepare = nn.Sequential(scaled(size, side), Grey(imagenet=True))
        self.network = network
        self.head = head
        """Name in `network` of the part that is not published."""
        self.freeze = freeze
        if freeze:
            network.requires_grad_(False)
            network.get_submodule(head).requires_grad_(True)

    def train(self, mode: bool = True) -> "Transfer":
        """Switch what is not frozen to training, or all back."""
        super().train(mode)
        if self.freeze:
            self.network.eval()
            self.network.get_submodule(self.head).train(mode)
        return self

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, classes) of float (N, 1, size, size) in [0, 1]."""
        out: Tensor = self.network(self.prepare(x))
        return out


@dataclass(frozen=True, slots=True)
class Vgg19:
    """VGG19's convolutions, then dropout and one dense layer: 20,024,384 parameters stay frozen."""

    dropout: float = 0.5
    """Before the dense layer."""
    freeze: bool = True
    """Keep the convolutions as they are published."""
    input_size: int = 224
    """Side to which images are scaled first."""

    def __post_init__(self) -> None:
        check_dropout(self.dropout)
        check_range("input_size", self.input_size, 32, MAX_SIDE)

    def build(self, *, classes: int, size: int) -> nn.Module:
        """A network from float (N, 1, size, size) in [0, 1] to logits (N, classes)."""
        features = nn.Sequential()
        before = 3
        for width, convolutions in _VGG19:
            for _ in range(convolutions):
                features.append(nn.Conv2d(before, width, 3, padding=1)).append(nn.ReLU())
                before = width
            features.append(nn.MaxPool2d(2))
        network = nn.Sequential()
        network.add_module("features", features)
        dense = nn.Linear(before * (self.input_size // 32) ** 2, classes)
        network.add_module("head", nn.Sequential(nn.Flatten(), nn.Dropout(self.dropout), dense))
        return Transfer(network, "head", size=size, side=self.input_size, freeze=self.freeze)

    def weights(self) -> "WeightsEnum":
        """The published weights."""
        return published("vgg19")


class _Counting(TorchFunctionMode):
    """Small tensors stay on the CPU, on the meta device too: RegNets read their widths off them."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """What `func` gives."""
        kwargs = kwargs or {}
        if func in (torch.arange, torch.tensor):
            kwargs = {"device": "cpu", **kwargs}
        return func(*args, **kwargs)


@dataclass(frozen=True, slots=True)
class Torchvision:
    """A classification model of torchvision, with its last layer made for our classes."""

    network: str
    """As torchvision calls it."""
    freeze: bool = False
    """Learn the last layer alone."""
    input_size: int = 224
    """Side to which images are scaled first."""

    def __post_init__(self) -> None:
        check_range("input_size", self.input_size, 32, MAX_SIDE)

    def build(self, *, classes: int, size: int) -> nn.Module:
        """A network from float (N, 1, size, size) in [0, 1] to logits (N, classes).

        Raises:
            UsageError: torchvision has none of that name, or it cannot take this input size, or is
                larger than a model file may be.
        """
        with torch.device("meta"):  # without memory and time: does it fit?
            probe = self._build(classes, size)
            try:
                probe(torch.zeros(2, 1, size, size))
            except (RuntimeError, ValueError, AssertionError) as error:
                raise UsageError(
                    f"torchvision:{self.network} cannot take images of {self.input_size} px",
                    hint="without --input-size it is given 224",
                ) from error
        if sum(p.numel() for p in probe.parameters()) > _MAX_PARAMETERS:
            raise UsageError(f"torchvision:{self.network} is larger than an ONNX file may be")
        return self._build(classes, size)

    def _build(self, classes: int, size: int) -> Transfer:
        from torchvision import models  # noqa: PLC0415 (2 s that only its own models cost)

        if self.network not in torchvision_names():
            raise UsageError(f"torchvision has no model {self.network!r:.60}")
        extra: dict[str, int | bool] = {}
        if self.network in ("googlenet", "inception_v3"):
            extra = {"aux_logits": False, "init_weights": False, "transform_input": True}
        elif self.network.startswith("vit_"):
            extra = {"image_size": self.input_size}
        try:
            regnet = self.network.startswith("regnet")
            with warnings.catch_warnings(), _Counting() if regnet else contextlib.nullcontext():
                warnings.simplefilter("ignore")
                network = models.get_model(self.network, weights=None, num_classes=classes, **extra)
        except (ValueError, RuntimeError, AssertionError) as error:
            raise UsageError(f"torchvision:{self.network}: {error!s:.200}") from error
        layers = [n for n, m in network.named_modules() if isinstance(m, nn.Linear | nn.Conv2d)]
        return Transfer(network, layers[-1], size=size, side=self.input_size, freeze=self.freeze)

    def weights(self) -> "WeightsEnum":
        """The published weights."""
        return published(self.network)


def torchvision_names() -> list[str]:
    """Names of torchvision's classification models."""
    from torchvision import models  # noqa: PLC0415 (2 s that only its own models cost)

    return list(models.list_models(module=models))


def published(network: str) -> "WeightsEnum":
    """Torchvision's best weights of its model called `network`."""
    from torchvision import models  # noqa: PLC0415 (2 s that only its own models cost)

    return models.get_model_weights(network).DEFAULT
