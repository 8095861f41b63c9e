"""Published weights: by torchvision's own loading code, or from a file. Never by pickle."""

import contextlib
import io
import logging
import pickle
import re
import struct
import warnings
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from hwcli.errors import FetchError, ModelError, UsageError
from hwcli.models.transfer import Transfer

if TYPE_CHECKING:
    from torchvision.models import WeightsEnum

logger = logging.getLogger(__name__)

_DAMAGE = (
    OSError, RuntimeError, ValueError, TypeError, AttributeError, LookupError, EOFError,
    SafetensorError, pickle.UnpicklingError, struct.error,
)  # fmt: skip
"""What torch and safetensors raise at files that are none of theirs."""


@runtime_checkable
class Pretrained(Protocol):
    """An architecture whose `build` gives a `Transfer` that has published weights."""

    def weights(self) -> "WeightsEnum":
        """The published weights."""
        ...


def begin_with(model: nn.Module, architecture: object, name: str, weights: str) -> None:
    """Put published weights into `model`, all but its head.

    Args:
        model: as `architecture` has just built it.
        architecture: of the model.
        name: as the user calls the model.
        weights: a .pth or .safetensors file; `none` for random ones; empty for torchvision's,
            which are fetched once and kept by torch.

    Raises:
        UsageError: weights are asked for that the model does not have.
        FetchError: torchvision's are not here and cannot be had.
        ModelError: the file is missing, damaged or another model's.
    """
    check_weights(architecture, name, weights)
    if not isinstance(architecture, Pretrained) or not isinstance(model, Transfer):
        return
    if weights == "none":
        return
    published = architecture.weights()
    state = _from_file(Path(weights)) if weights else _fetched(published, name)
    _take(model, state, weights or published.url)


def check_weights(architecture: object, name: str, weights: str) -> None:
    """Raise UsageError where published weights are asked for that the model does not have."""
    if weights not in ("", "none") and not isinstance(architecture, Pretrained):
        raise UsageError(
            f"{name} has no published weights to begin with",
            hint="--weights is for vgg19 and torchvision:NAME; --init takes a run's",
        )


def _fetched(weights: "WeightsEnum", name: str) -> Mapping[str, Tensor]:
    here = Path(torch.hub.get_dir(), "checkpoints", weights.url.rpartition("/")[2])
    if not here.exists():
        logger.warning("downloading %s (%.0f MB)", weights.url, weights.meta["_file_size"])
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # torch would say it once more
            state: Mapping[str, Tensor] = weights.get_state_dict(
                progress=False, check_hash=True, map_location="cpu", weights_only=True
            )
    except (*_DAMAGE, HTTPException) as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise FetchError(
            f"{name}: its weights cannot be had from {weights.url} ({reason})",
            hint=f"download {weights.url} and give it by --weights FILE; "
            "--weights none begins with random ones",
        ) from error
    return state


def _from_file(path: Path) -> Mapping[str, Tensor]:
    try:
        if not path.is_file():
            hint = "a .pth or .safetensors file, or none"
            raise ModelError(f"{path}: no such weights", hint=hint)
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        with warnings.catch_warnings():  # of another pickle protocol: it is refused or read
            warnings.simplefilter("ignore")
            state = torch.load(path, map_location="cpu", weights_only=True)
    except _DAMAGE as error:
        raise ModelError(f"{path}: weights that cannot be read ({type(error).__name__})") from error
    if not isinstance(state, Mapping) or not all(isinstance(v, Tensor) for v in state.values()):
        raise ModelError(f"{path}: not the weights of a network by themselves (a state dict)")
    return state


def _take(model: Transfer, state: Mapping[str, Tensor], where: str) -> None:
    """Copy `state` into the network of `model`, all but its head; nothing else may be missing."""
    # Torchvision's DenseNets were published with the names of an older torch.
    given = {re.sub(r"(\.denselayer\d+\.\w+)\.([12]\.)", r"\1\2", k): v for k, v in state.items()}
    wanted = model.network.state_dict()
    for name, value in wanted.items():
        if name.startswith(f"{model.head}."):
            continue
        found = given.get(name)
        if found is None and name.endswith(".num_batches_tracked"):
            continue  # older files have none
        if found is None or found.shape != value.shape:
            what = "is missing" if found is None else f"is {tuple(found.shape)}"
            raise ModelError(f"{where}: {name} {what}, the network wants {tuple(value.shape)}")
        wanted[name] = found
    model.network.load_state_dict(wanted)
