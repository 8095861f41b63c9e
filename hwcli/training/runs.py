"""The run folder: where it is, and the files in it that are not the model."""

import datetime
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from hwcli.atomic import write_text, writing
from hwcli.errors import ModelError, UsageError

RUNS_FOLDER = Path("runs")
"""Where `train` puts runs, below the working directory."""
WEIGHTS, ONNX, STATE = "model.safetensors", "model.onnx", "state.pt"
METRICS, CONFIG, CURVES = "metrics.jsonl", "config.json", "curves.png"
COMPARISON, JOURNAL = "compare.csv", "search.journal"
"""Of a folder with the runs of several models, and of a search."""
_EVENTS = "events.out.tfevents.*"

_MARKS = (WEIGHTS, ONNX, CONFIG, COMPARISON, JOURNAL)
"""Files that say that a folder is in use."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """A line of `metrics.jsonl`."""

    epoch: int
    step: int
    """Steps since the start of the run."""
    loss: float
    """Mean training loss, nats."""
    lr: float
    """At the end of the epoch."""
    val_loss: float
    val_accuracy: float
    seconds: float
    """Since the start of the run."""
    images_per_s: float
    """Of the training part of the epoch."""


@contextmanager
def new_run(model: str, dataset: str, *, out: Path | None, force: bool) -> Iterator[Path]:
    """The folder of a new run, made: `out`, or `runs/MODEL-DATASET-TIME`.

    A start that is refused leaves nothing: at the end of the context, what was made and is still
    empty is taken away. What an earlier run left there stays until `clear`.

    Raises:
        UsageError: `out` holds a run already and `force` does not hold.
        ModelError: the folder cannot be made.
    """
    now = datetime.datetime.now().astimezone()
    folder = out or _free(RUNS_FOLDER / f"{plain_name(model)}-{dataset}-{now:%Y%m%d-%H%M%S}")
    with writing(folder, ModelError):
        if not force and any((folder / name).exists() for name in _MARKS):
            raise UsageError(f"{folder} holds a run already", hint="--force replaces it")
        new = [path for path in (folder, *folder.parents) if not path.exists()]
        folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    finally:
        with suppress(OSError):  # something is in it
            for path in new:
                path.rmdir()


def plain_name(model: str) -> str:
    """`model` as part of a folder's name: not every system has colons in those."""
    return model.replace(":", "-")


def clear(folder: Path) -> None:
    """Take away the files of the run in `folder`, but for the record of a search."""
    for name in (WEIGHTS, ONNX, STATE, METRICS, CURVES, CONFIG):
        (folder / name).unlink(missing_ok=True)
    for path in folder.glob(_EVENTS):
        path.unlink()


def _free(folder: Path) -> Path:
    """`folder`, or with a number behind it if two runs begin in the same second."""
    tries = (folder.with_name(f"{folder.name}-{n}") for n in range(2, 1000))
    return folder if not folder.exists() else next(f for f in tries if not f.exists())


def latest_run(below: Path = RUNS_FOLDER) -> Path | None:
    """The folder below `below` whose model was written last, or None."""
    models = [*below.glob(f"*/{ONNX}"), *below.glob(f"compare-*/*/{ONNX}")]
    found = sorted(models, key=lambda p: (p.stat().st_mtime_ns, p))
    return found[-1].parent if found else None


def append_epoch(folder: Path, epoch: Epoch) -> None:
    """Add `epoch` to the metrics in `folder`."""
    with (folder / METRICS).open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(epoch)) + "\n")


def write_epochs(folder: Path, epochs: Sequence[Epoch]) -> None:
    """Make `epochs` all that is in the metrics in `folder`."""
    write_text(folder / METRICS, "".join(json.dumps(asdict(e)) + "\n" for e in epochs))


def write_json(path: Path, record: dict[str, object]) -> None:
    """Write `record` at `path`, atomically."""
    write_text(path, json.dumps(record, ensure_ascii=False, indent=1) + "\n")
