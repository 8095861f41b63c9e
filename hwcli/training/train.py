"""One call from options to a run folder: data, model, loop, then all that is made of the best."""

import platform
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType

import torch
from torch import Tensor, nn

import hwcli
from hwcli.atomic import writing
from hwcli.checkpoint import save_onnx, save_weights
from hwcli.dataset import Dataset
from hwcli.errors import ModelError, UsageError
from hwcli.metrics import fit_temperature
from hwcli.model_info import ModelInfo
from hwcli.models.svm import Svm
from hwcli.models.table import (
    Entry,
    Option,
    entry_with,
    find_entry,
    frozen_count,
    options_of,
    parameter_count,
)
from hwcli.models.weights import begin_with
from hwcli.progress import Progress
from hwcli.report.curves import Point, draw_curves
from hwcli.report.picture import write_picture
from hwcli.structure import structure_or
from hwcli.training.crew import my_place
from hwcli.training.data import load_data
from hwcli.training.device import device_of, repeatable, threaded, uses_bf16, within_memory
from hwcli.training.distributed import Crew, check_batch, joined
from hwcli.training.initial import start_from
from hwcli.training.judging import logits_of
from hwcli.training.loop import Run
from hwcli.training.options import Init, TrainOptions
from hwcli.training.resume import SCHEMA, Earlier
from hwcli.training.runs import (
    CONFIG,
    CURVES,
    METRICS,
    ONNX,
    STATE,
    WEIGHTS,
    Epoch,
    clear,
    write_json,
)
from hwcli.training.state import State, load_state

_MOST_LOGITS = 1 << 26
"""Logits to which the temperature is fitted: 268 MB."""
_LOOKED_AT = 1024
"""Training glyphs for which batch norms are made that were folded away."""
COMPARED = 256
"""Validation glyphs on which ONNX Runtime has to agree with torch."""


@dataclass(frozen=True, slots=True)
class TrainResult:
    """A finished run."""

    folder: Path
    best: Epoch
    """The epoch whose weights were kept."""
    epochs: int
    """Epochs trained."""
    parameters: int
    seconds: float
    """Of training, without what is written afterwards."""


def train(
    name: str,
    dataset: Dataset,
    options: TrainOptions,
    folder: Path,
    *,
    progress: Progress,
    on_epoch: Callable[[Epoch], None],
    model_options: Mapping[str, Option] = MappingProxyType({}),
    init: Init | None = None,
    earlier: Earlier | None = None,
    export: bool = True,
) -> TrainResult:
    """Train the model called `name` on `dataset` and fill `folder`.

    Args:
        name: a name of `MODELS`.
        dataset: has a training split; without a validation split a tenth of it becomes one.
        options: of the run.
        folder: exists; what an earlier run left in it goes when this one has begun.
        progress: is told (steps done, steps in all).
        on_epoch: is told each epoch when it has been judged; what it raises ends the run.
        model_options: options of the model's architecture in place of its defaults.
        init: weights to begin with.
        earlier: what the run in `folder` was begun with, to go on with it.
        export: False leaves out what comes after training, for a run that is only measured.

    Raises:
        UsageError: no such model, it has no such option, batches smaller than there are
            processes, or several processes for an svm.
        FetchError: published weights that are not here and cannot be had.
        DatasetError: nothing to train on.
        ModelError: the model cannot read this size or has no room in memory, the loss is not
            finite (the best epoch so far is kept), `init` or the state to go on from is another
            model's, or `folder` cannot be written.
        DependencyError: the device is not there, or another process has gone.
        KeyboardInterrupt: after the best model so far was written.
    """
    entry, place = _entry(name, model_options, folder, earlier), my_place()
    if place.size > 1 and isinstance(entry.architecture, Svm):
        raise UsageError("an svm is fitted by one process, not by torchrun")
    device = device_of(options.device, place)
    options = replace(options, target=options.target or dataset.info.target)
    with (
        threaded(options.threads),
        repeatable(options.deterministic),
        within_memory(),
        joined(place, device) as crew,
    ):
        there = earlier is not None and (folder / STATE).is_file()
        state = load_state(folder / STATE) if there else None
        run = _prepare(entry, dataset, options, folder, crew, device)
        if state is None:
            _begin(run, entry, init)

        def on_start() -> None:
            if place.is_first:
                if earlier is None:
                    clear(folder)
                elif state is None:  # of an epoch that was not whole
                    (folder / METRICS).unlink(missing_ok=True)
                _write_config(run, dataset, init)

        with writing(folder, ModelError):
            try:
                _fit(run, entry, progress, on_epoch, state, on_start)
            except (KeyboardInterrupt, ModelError, torch.OutOfMemoryError):
                if run.epochs and export:
                    _finish(run, dataset, init, by_itself=False)
                raise
            return _finish(run, dataset, init, by_itself=True) if export else _result(run)


def _entry(
    name: str, model_options: Mapping[str, Option], folder: Path, earlier: Earlier | None
) -> Entry:
    """The model's entry with the options that were asked for, or that `earlier` has."""
    entry = find_entry(name)
    if earlier is None:
        return entry_with(entry, model_options)
    kind, where = type(entry.architecture), str(folder / CONFIG)
    architecture = structure_or(earlier.model_options, kind, where, ModelError)
    return replace(entry, architecture=architecture)


def _begin(run: Run, entry: Entry, init: Init | None) -> None:
    """Put the weights into `run` that it was asked to begin with."""
    if init:
        start_from(init, run.model, run.info, _some_images(run))
    else:
        begin_with(run.model, entry.architecture, entry.name, run.options.weights)


def _some_images(run: Run) -> Tensor:
    """A batch of the training split, uint8 (N, S, S)."""
    generator = torch.Generator().manual_seed(run.options.seed)
    batches = run.data.train.batches(
        _LOOKED_AT, classes=len(run.info.classes), balance=False, generator=generator
    )
    with closing(batches):
        return next(batches)[0]


def _fit(
    run: Run,
    entry: Entry,
    progress: Progress,
    on_epoch: Callable[[Epoch], None],
    state: State | None,
    on_start: Callable[[], None],
) -> None:
    if not isinstance(entry.architecture, Svm):
        run.fit(progress, on_epoch, state, on_start)
        return
    from hwcli.training.svm import fit_machine  # noqa: PLC0415 (1 s for all others)

    on_epoch(fit_machine(run, entry.architecture, progress, on_start))


def _prepare(
    entry: Entry,
    dataset: Dataset,
    options: TrainOptions,
    folder: Path,
    crew: Crew,
    device: torch.device,
) -> Run:
    size = dataset.info.normalisation.size
    if size < entry.smallest:
        raise ModelError(f"{entry.name} reads images of {entry.smallest} px and more, not {size}")
    target = options.target or dataset.info.target
    data = load_data(dataset, target, seed=options.seed, device=device, stream=options.stream)
    check_batch(crew.place, options.batch_size, len(data.train))
    info = ModelInfo(
        architecture=entry.name,
        options=options_of(entry.architecture),
        target=target,
        classes=data.classes,
        scripts=data.scripts,
        normalisation=dataset.info.normalisation,
        dataset=dataset.info.name,
        dataset_sha256=dataset.sha256,
        hwcli=hwcli.__version__,
    )
    torch.manual_seed(options.seed)
    model = _built(entry, len(data.classes), size)
    bf16 = uses_bf16(options.precision, device)
    return Run(model, info, data, options, device, bf16, folder, crew)


def _built(entry: Entry, classes: int, size: int) -> nn.Module:
    try:
        return entry.architecture.build(classes=classes, size=size)
    except (RuntimeError, ValueError, MemoryError) as error:
        reason = (str(error).splitlines() or ["too little memory"])[0][:200]
        raise ModelError(f"{entry.name}: its options make no network ({reason})") from error


def _finish(run: Run, dataset: Dataset, init: Init | None, *, by_itself: bool) -> TrainResult:
    """Calibrate the best weights on the validation split and write all files.

    The probabilities are softmax of the logits over the temperature, whatever the training's loss.
    """
    assert run.best is not None
    result = _result(run)
    if not run.crew.place.is_first:
        return result
    some = max(1000, _MOST_LOGITS // len(run.info.classes))
    logits, targets = logits_of(run.model, run.data.val, run.device, at_most=some)
    temperature = fit_temperature(logits.cpu().numpy(), targets.cpu().numpy())
    info = replace(run.info, temperature=round(temperature, 4))
    save_weights(run.folder / WEIGHTS, run.model, info)
    save_onnx(run.folder / ONNX, run.model, info, run.data.val.first(COMPARED)[0])
    title = f"{info.architecture} on {info.dataset}"
    points = [Point(e.loss, e.val_loss, e.val_accuracy, e.lr) for e in run.epochs]
    kept = run.best.epoch
    write_picture(run.folder / CURVES, lambda: draw_curves(points, kept, title))
    _write_config(run, dataset, init, seconds=run.epochs[-1].seconds, finished=by_itself)
    return result


def _result(run: Run) -> TrainResult:
    assert run.best is not None
    seconds = run.epochs[-1].seconds
    return TrainResult(run.folder, run.best, len(run.epochs), parameter_count(run.model), seconds)


def _write_config(
    run: Run,
    dataset: Dataset,
    init: Init | None,
    *,
    seconds: float | None = None,
    finished: bool = False,
) -> None:
    """Write `config.json`: what was asked for, on which data, by which versions, how it ended."""
    best = run.best
    write_json(
        run.folder / CONFIG,
        {
            "schema": SCHEMA,
            "model": run.info.architecture,
            "model_options": run.info.options,
            "parameters": parameter_count(run.model),
            "frozen": frozen_count(run.model),
            "options": asdict(run.options),
            "init": init and {"weights": str(init.weights), "classes": init.classes},
            "dataset": {
                "folder": str(dataset.folder),
                "name": dataset.info.name,
                "sha256": dataset.sha256,
                "classes": len(run.data.classes),
                "train": len(run.data.train),
                "val": len(run.data.val),
            },
            "device": str(run.device),
            "processes": run.crew.place.size,
            "threads": torch.get_num_threads(),
            "bf16": run.bf16,
            "versions": {
                "hwcli": hwcli.__version__,
                "torch": torch.__version__,
                "python": platform.python_version(),
            },
            "finished": finished,
            "seconds": seconds,
            "epochs": len(run.epochs),
            "best_epoch": best.epoch if best else None,
            "val_accuracy": best.val_accuracy if best else None,
        },
    )
