"""`--resume`: a run goes on where it was broken off, as if nothing had happened."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from hwcli.dataset import FILE_NAME, Dataset, open_dataset
from hwcli.errors import ModelError, UsageError
from hwcli.models.table import find_entry
from hwcli.structure import StructureError, parse_json, structure_or
from hwcli.training.options import Init, TrainOptions
from hwcli.training.runs import COMPARISON, CONFIG, JOURNAL

SCHEMA = "hwcli.run/1"
FREE = ("epochs", "time_s", "device", "threads")
"""Options that may be others when a run goes on."""


@dataclass(frozen=True, slots=True)
class EarlierData:
    """The dataset of a run, as `config.json` has it."""

    name: str
    sha256: str
    classes: int = 0
    train: int = 0
    val: int = 0
    folder: str = ""
    """Where it was."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a run was begun with."""

    folder: Path
    model: str
    model_options: dict[str, int | float | str | bool]
    options: TrainOptions
    dataset: EarlierData
    init: Init | None
    finished: bool
    """It ended by itself and all its files were written."""
    epochs: int
    best_epoch: int
    val_accuracy: float


def read_earlier(folder: Path) -> Earlier:
    """What the run in `folder` was begun with.

    Raises:
        ModelError: no `config.json`, or not a run's.
    """
    path = folder / CONFIG
    try:
        if not path.is_file():
            raise ModelError(f"{folder}: no run to go on with", hint=_missing(folder))
        told = parse_json(path.read_bytes())
    except StructureError as error:
        raise ModelError(f"{path}: {error}") from error
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror or error})") from error
    if not isinstance(told, dict) or told.get("schema") != SCHEMA:
        raise ModelError(f"{path}: not the config of a run")
    wanted: dict[str, Any] = {
        f.name: told[f.name] for f in fields(Earlier) if told.get(f.name) is not None
    }
    late = {"finished": False, "best_epoch": 0, "val_accuracy": 0.0, "init": None}
    try:
        earlier = structure_or(
            {**late, **wanted, "folder": str(folder)}, Earlier, str(path), ModelError
        )
        find_entry(earlier.model)
    except UsageError as error:  # an option out of its range, no such model
        raise ModelError(f"{path}: {error.message}") from error
    return earlier


def _missing(folder: Path) -> str:
    """What to do about a folder without the records of a run."""
    if (folder / COMPARISON).is_file():
        return "it is a comparison: --resume takes one of the runs in it"
    if (folder / JOURNAL).is_file():
        return "it is a search: the same --search with --out goes on"
    return f"it has no {CONFIG}"


def check_same(earlier: Earlier, options: TrainOptions) -> None:
    """Raise UsageError where `options` are others than the run was begun with.

    Its length, the device and the threads may be.
    """
    for field in fields(TrainOptions):
        old, new = (getattr(o, field.name) for o in (earlier.options, options))
        if field.name not in FREE and old != new:
            flag = field.name.replace("_", "-")
            raise UsageError(
                f"--{flag} {new} contradicts {earlier.folder}, which was begun with {old}",
                hint=f"leave --{flag} out, or start a new run",
            )


def find_dataset(earlier: Earlier) -> Dataset | None:
    """The dataset of the run where it was when that began; None if none is there any more."""
    folder = Path(earlier.dataset.folder)
    try:
        there = (folder / FILE_NAME).is_file()
    except OSError:  # no right to look, a name too long
        there = False
    return open_dataset(folder) if there else None


def check_dataset(earlier: Earlier, dataset: Dataset) -> None:
    """Raise ModelError unless `dataset` holds the very rows that the run was begun with."""
    if dataset.sha256 != earlier.dataset.sha256:
        raise ModelError(
            f"{dataset.folder}: is not the data that {earlier.folder} was begun with "
            f"(sha256 {dataset.sha256[:12]}…, not {earlier.dataset.sha256[:12]}…)",
            hint="--data says where that data is; --init begins a new run with its weights",
        )
