"""Where a run computes, and in which precision."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from hwcli.errors import DependencyError, ModelError, UsageError
from hwcli.training.crew import Place
from hwcli.training.options import Precision


def pick_device(name: str) -> torch.device:
    """The device called `name`: `auto` (cuda, else mps, else cpu), `cpu`, `cuda`, `cuda:N`, `mps`.

    Raises:
        UsageError: no such kind of device.
        DependencyError: this machine, or this build of torch, has none.
    """
    if name == "auto":
        return torch.device(next(kind for kind in ("cuda", "mps", "cpu") if _count(kind)))
    kind, _, index = name.partition(":")
    if not re.fullmatch(r"(cpu|cuda|mps)(:[0-9]{1,4})?", name):
        raise UsageError(f"--device {name}: no such device", hint="auto, cpu, cuda, cuda:1, mps")
    there = _count(kind)
    if not there:
        raise DependencyError(
            f"--device {name}: torch {torch.__version__} finds no {kind} device here",
            hint="--device auto takes what there is",
        )
    if index and int(index) >= there:
        raise DependencyError(f"--device {name}: there are only {there}, counted from 0")
    return torch.device(kind, int(index)) if index else torch.device(kind)


def device_of(name: str, place: Place) -> torch.device:
    """The device called `name`, of the process at `place`: each has a GPU of its own.

    Raises:
        UsageError: no such kind of device, or a single one for several processes.
        DependencyError: this machine, or this build of torch, has none, or too few.
    """
    if place.size == 1:
        return pick_device(name)
    device = pick_device(name)
    if device.index is not None:
        raise UsageError(f"--device {name} is one device for {place.size} processes",
                         hint="--device cuda gives each its own")  # fmt: skip
    if device.type == "mps":
        return torch.device("cpu")
    return pick_device(f"cuda:{place.local}") if device.type == "cuda" else device


@contextmanager
def threaded(count: int) -> Iterator[None]:
    """Within it, torch uses `count` threads of the CPU, 0 for as many as before; after it, those.

    A run may also come down to one by itself, which must not be the next run's.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def within_memory() -> Iterator[None]:
    """Turns a GPU whose memory is full into one line.

    Raises:
        ModelError: instead of torch's.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise ModelError(
            "out of the GPU's memory", hint="a smaller --batch-size or --input-size needs less"
        ) from error


@contextmanager
def repeatable(wanted: bool) -> Iterator[None]:
    """Within it, if `wanted`, torch takes only algorithms that give the same bits every time."""
    if not wanted:
        yield
        return
    before = torch.are_deterministic_algorithms_enabled()
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read when CUDA starts
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)


def _count(kind: str) -> int:
    match kind:
        case "cuda":
            return torch.cuda.device_count() if torch.cuda.is_available() else 0
        case "mps":
            return int(torch.backends.mps.is_available())
        case _:
            return 1


def uses_bf16(precision: Precision, device: torch.device) -> bool:
    """Whether to run the passes in bfloat16: by `auto` where the hardware multiplies in it."""
    if precision != "auto":
        return precision == "bf16"
    match device.type:
        case "cuda":
            return bool(torch.cuda.is_bf16_supported(including_emulation=False))
        case "cpu":
            return _cpu_multiplies_bf16()
        case _:
            return False


def _cpu_multiplies_bf16() -> bool:
    """Whether the processor has AVX-512 BF16, AMX or Arm's BF16: elsewhere bf16 is emulated."""
    probe = getattr(torch.cpu, "get_capabilities", None)
    if probe is not None:
        return any(there is True for name, there in probe().items() if "bf16" in name)
    older = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, lambda: False)() for name in older)
