"""`state.pt`: what a run needs to go on from the end of an epoch; no code in it is run."""

import io
import json
import math
import pickle
import warnings
from dataclasses import asdict, astuple, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from hwcli.atomic import write_bytes
from hwcli.errors import ModelError
from hwcli.structure import StructureError, parse_json, structure_or
from hwcli.training.optim import Average
from hwcli.training.runs import Epoch

SCHEMA = "hwcli.state/1"
Weights = dict[str, Tensor]

_FAULTS = (pickle.UnpicklingError, RuntimeError, ValueError, TypeError, KeyError, IndexError,
           AttributeError, EOFError, OverflowError, MemoryError, ImportError,
           AssertionError)  # fmt: skip
"""What torch.load and load_state_dict raise on files that are none."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a run stands, but for its tensors."""

    schema: str
    step: int
    best: int
    """The number of the best epoch."""
    updates: int
    """Of the averaged weights."""
    epochs: tuple[Epoch, ...]

    def __post_init__(self) -> None:
        numbers = [e.epoch for e in self.epochs]
        if not numbers or numbers != list(range(1, len(numbers) + 1)):
            raise ValueError("its epochs are not 1, 2, 3 …")
        if not 1 <= self.best <= len(numbers):
            raise ValueError(f"its best epoch, {self.best}, is none of its {len(numbers)}")
        if not all(map(math.isfinite, (n for e in self.epochs for n in astuple(e)))):
            raise ValueError("its numbers are not finite")
        if not len(numbers) <= self.step < 1 << 53 or self.updates < 0 or self.schema != SCHEMA:
            raise ValueError("its numbers do not fit together")


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """A run at the end of an epoch."""

    standing: Standing
    model: Weights
    optimizer: dict[int, dict[str, Tensor]]
    """By number of the parameter."""
    average: Weights | None
    best: Weights | None
    """Of the best epoch; None where that is the last one."""


def save_state(
    path: Path,
    standing: Standing,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    average: Average | None,
    best: Weights | None,
) -> None:
    """Write a run's state at `path`, whole or not at all."""
    buffer = io.BytesIO()
    state = {
        "standing": json.dumps(asdict(standing)),
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict()["state"],
        "average": average.model.state_dict() if average else None,
        "best": best,
    }
    torch.save(state, buffer)
    write_bytes(path, buffer.getbuffer())


def load_state(path: Path) -> State:
    """The state at `path`.

    Raises:
        ModelError: it is none, or it asks for more than tensors and plain values.
    """
    try:
        if path.is_fifo():
            raise ModelError(f"{path}: is a pipe")
        with warnings.catch_warnings():  # of pickles that torch does not write
            warnings.simplefilter("ignore")
            raw = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror or error})") from error
    except _FAULTS as error:
        raise ModelError(f"{path}: not the state of a run") from error
    if not isinstance(raw, dict) or not isinstance(raw.get("standing"), str):
        raise ModelError(f"{path}: not the state of a run")
    try:
        told = parse_json(raw["standing"].encode(errors="replace"))
    except StructureError as error:
        raise ModelError(f"{path}: {error}") from error
    standing = structure_or(told, Standing, str(path), ModelError)
    moments = raw.get("optimizer")
    if not isinstance(moments, dict) or not all(map(_is_weights, moments.values())):
        raise ModelError(f"{path}: not the state of a run (its optimiser)")
    parts = [raw.get(name) for name in ("model", "average", "best")]
    for name, part in zip(("model", "average", "best"), parts, strict=True):
        if not (_is_weights(part) or (part is None and name != "model")):
            raise ModelError(f"{path}: not the state of a run (its {name})")
    return State(standing, parts[0] or {}, moments, parts[1], parts[2])


def _is_weights(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(k, str) and isinstance(v, Tensor) and _is_plain(v) for k, v in value.items()
    )


def _is_plain(tensor: Tensor) -> bool:
    """Whether it has its numbers with it, one for each place."""
    return tensor.device.type == "cpu" and tensor.layout == torch.strided


def restore(
    state: State,
    path: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    average: Average | None,
) -> None:
    """Put `state`, which was read from `path`, into a run that was built as its own was.

    Raises:
        ModelError: it is the state of another run.
    """
    try:
        for given in (state.model, state.best, state.average if average else None):
            if given is not None:
                _check_alike(given, model.state_dict())
        _check_moments(state, optimizer)
        model.load_state_dict(state.model)
        if average is not None:
            average.model.load_state_dict(state.average or {})
            average.updates = state.standing.updates
        own = optimizer.state_dict()
        optimizer.load_state_dict({"state": state.optimizer, "param_groups": own["param_groups"]})
    except _FAULTS as error:
        raise ModelError(f"{path}: is the state of another model or optimiser") from error


def _check_alike(given: Weights, own: Weights) -> None:
    """Raise ValueError unless `given` has the names, shapes and types of `own`."""
    if {k: (v.shape, v.dtype) for k, v in given.items()} != {
        k: (v.shape, v.dtype) for k, v in own.items()
    }:
        raise ValueError("other weights")


def _check_moments(state: State, optimizer: torch.optim.Optimizer) -> None:
    """Raise ValueError unless every parameter has the optimiser's own numbers, in its shape."""
    sgd = isinstance(optimizer, torch.optim.SGD)
    names = {"momentum_buffer"} if sgd else {"step", "exp_avg", "exp_avg_sq"}
    learned = [p for group in optimizer.param_groups for p in group["params"]]
    if not set(state.optimizer) <= set(range(len(learned))):
        raise ValueError("more parameters")
    for number, moments in state.optimizer.items():
        shapes = {name: () if name == "step" else learned[number].shape for name in names}
        if {k: (tuple(v.shape), v.dtype) for k, v in moments.items()} != {
            k: (tuple(s), torch.float32) for k, s in shapes.items()
        }:
            raise ValueError("other moments")
