"""What can be chosen about a training run."""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hwcli.errors import UsageError
from hwcli.training.effects import effects_of

Optimizer = Literal["adam", "adamw", "sgd"]
"""`sgd` has Nesterov momentum 0.9."""
Schedule = Literal["constant", "one-cycle", "cosine", "step"]
Loss = Literal["cross-entropy", "bce"]
"""`bce`: a sigmoid and binary cross-entropy for each class, as the classic perceptrons have it."""
Stream = Literal["auto", "always", "never"]
Flip = Literal["none", "horizontal", "vertical", "both"]
Precision = Literal["auto", "fp32", "bf16"]

InitClasses = Literal["same", "map"]

MAX_THREADS = 1024
MAX_BATCH = 1_000_000


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """One training run. A model's own defaults stand in the table of models."""

    epochs: int = 30
    """Passes over the training split at most; 0 for as many as `time_s` allows."""
    time_s: float = 0.0
    """Seconds of training; 0 for no limit. The schedule then follows the clock."""
    batch_size: int = 128
    """Glyphs a step."""
    lr: float = 1e-3
    """The highest learning rate of the schedule."""
    optimizer: Optimizer = "adam"
    weight_decay: float = 0.0
    """On weights of two and more dimensions; biases and norms are left alone."""
    schedule: Schedule = "constant"
    loss: Loss = "cross-entropy"
    clip: float = 0.0
    """Norm of all gradients together above which they are scaled down to it; 0 for never."""
    label_smoothing: float = 0.0
    """0 keeps the confidence honest: 0.1 costs a calibration error of nine points."""
    ema: float = 0.0
    """Decay of the averaged weights that are judged and kept, a step; 0 for none."""
    patience: int = 0
    """Epochs without a better validation accuracy after which to stop; 0 for never."""
    augment: str = "none"
    """Names of presets and effects, as `effects.py` has them, with `,` or `+` between."""
    flip: Flip = "none"
    """Mirror half of the images: never by default, since it makes other characters of many."""
    balance: bool = False
    """Draw classes by the square root of their frequency instead of their frequency."""
    precision: Precision = "auto"
    """Of the forward and backward pass; weights stay fp32."""
    weights: str = ""
    """Published weights to begin with: a file, or `none`; empty for what the model has."""
    compile: bool = False
    """`torch.compile` first; 10 to 30 s, for long runs on a GPU."""
    seed: int = 0
    deterministic: bool = False
    """Only algorithms that give the same bits every time, on this machine and build of torch."""
    stream: Stream = "auto"
    """Read images from the shards in shuffled blocks; by `auto` where they do not fit in memory."""
    device: str = "auto"
    """`auto`, `cpu`, `cuda`, `cuda:N` or `mps`."""
    threads: int = 0
    """Of the CPU; 0 for one a core, and a single one once others use the cores too."""
    target: Literal["char", "script"] | None = None
    """What to tell; None for what the dataset is made for."""

    def __post_init__(self) -> None:
        _require(self.epochs >= 0, "epochs", self.epochs, "0 or more")
        _require(_at_least(self.time_s, 0), "time", self.time_s, "0 or more seconds")
        _require(self.epochs > 0 or self.time_s > 0, "epochs", 0, "1 or more without a time")
        _require(1 <= self.batch_size <= MAX_BATCH, "batch-size", self.batch_size,
                 f"1 to {MAX_BATCH:,}")  # fmt: skip
        _require(_at_least(self.lr, 0) and self.lr > 0, "lr", self.lr, "above 0")
        _require(_at_least(self.weight_decay, 0), "weight-decay", self.weight_decay, "0 or more")
        _require(
            0 <= self.label_smoothing < 1, "label-smoothing", self.label_smoothing, "in [0, 1)"
        )
        _require(_at_least(self.clip, 0), "clip", self.clip, "0 or more")
        effects_of(self.augment)
        _require(0 <= self.ema < 1, "ema", self.ema, "in [0, 1)")
        _require(self.patience >= 0, "patience", self.patience, "0 or more")
        _require(0 <= self.threads <= MAX_THREADS, "threads", self.threads, f"0 to {MAX_THREADS}")
        _require(0 <= self.seed < 2**63, "seed", self.seed, "0 or more")


@dataclass(frozen=True, slots=True)
class Init:
    """Weights that a new run begins with."""

    weights: Path
    """A `model.safetensors` or `model.onnx`."""
    classes: InitClasses = "same"
    """`map` takes the rows of the last layer for the classes that both have; the rest is fresh."""


def _at_least(value: float, low: float) -> bool:
    return math.isfinite(value) and value >= low


def _require(holds: bool, name: str, value: float, wanted: str) -> None:
    if not holds:
        raise UsageError(f"--{name} must be {wanted}, not {value}")


_UNITS = {"s": 1, "m": 60, "h": 3600}


def parse_duration(text: str) -> float:
    """Seconds of `90`, `90s`, `5m`, `1h30m`.

    Raises:
        UsageError: something else, or nothing at all.
    """
    if re.fullmatch(r"\d+(\.\d+)?", text):
        seconds = float(text)
    else:
        parts = re.findall(r"(\d+(?:\.\d+)?)([smh])", text)
        seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
        if "".join(number + unit for number, unit in parts) != text:
            seconds = 0.0
    if not seconds:
        raise UsageError(f"--time {text!r}: not a duration", hint="like 90s, 5m, 1h30m")
    return seconds
