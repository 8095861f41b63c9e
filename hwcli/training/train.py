"""One call from options to a run folder: data, model, loop, then all that is made of the best."""

import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType

import torch

import hwcli
from hwcli.atomic import writing
from hwcli.checkpoint import save_onnx, save_weights
from hwcli.dataset import Dataset
from hwcli.errors import ModelError
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
from hwcli.training.data import TrainingData, load_data
from hwcli.training.device import pick_device, uses_bf16
from hwcli.training.loop import Epoch, Run, logits_of
from hwcli.training.options import TrainOptions
from hwcli.training.runs import CONFIG, CURVES, ONNX, WEIGHTS, write_json

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
    export: bool = True,
) -> TrainResult:
    """Train the model called `name` on `dataset` and fill `folder`.

    Args:
        name: a name of `MODELS`.
        dataset: has a training split; without a validation split a tenth of it becomes one.
        options: of the run.
        folder: exists.
        progress: is told (steps done, steps in all).
        on_epoch: is told each epoch when it has been judged; what it raises ends the run.
        model_options: options of the model's architecture in place of its defaults.
        export: False leaves out what comes after training, for a run that is only measured.

    Raises:
        UsageError: no such model, or it has no such option.
        FetchError: published weights that are not here and cannot be had.
        DatasetError: nothing to train on.
        ModelError: the model cannot read this size, the loss is not finite, or `folder` cannot
            be written.
        DependencyError: the device is not there.
        KeyboardInterrupt: after the best model so far was written.
    """
    entry = entry_with(find_entry(name), model_options)
    device = pick_device(options.device)
    if options.threads:
        torch.set_num_threads(options.threads)
    options = replace(options, target=options.target or dataset.info.target)
    data = load_data(
        dataset, options.target or dataset.info.target, seed=options.seed, device=device
    )
    run = _prepare(name, entry, dataset, data, options, device, folder)
    with writing(folder, ModelError):
        _write_config(run, dataset, seconds=None)
        try:
            if isinstance(entry.architecture, Svm):
                from hwcli.training.svm import fit_machine  # noqa: PLC0415 (1 s for all others)

                on_epoch(fit_machine(run, entry.architecture, progress))
            else:
                run.fit(progress, on_epoch)
        except KeyboardInterrupt:
            if run.best and export:
                _finish(run, dataset)
            raise
        return _finish(run, dataset) if export else _result(run)


def _prepare(
    name: str,
    entry: Entry,
    dataset: Dataset,
    data: TrainingData,
    options: TrainOptions,
    device: torch.device,
    folder: Path,
) -> Run:
    size = dataset.info.normalisation.size
    if size < entry.smallest:
        raise ModelError(f"{name} reads images of {entry.smallest} px and more, not {size}")
    info = ModelInfo(
        architecture=name,
        options=options_of(entry.architecture),
        target=options.target or dataset.info.target,
        classes=data.classes,
        scripts=data.scripts,
        normalisation=dataset.info.normalisation,
        dataset=dataset.info.name,
        dataset_sha256=dataset.sha256,
        hwcli=hwcli.__version__,
    )
    torch.manual_seed(options.seed)
    model = entry.architecture.build(classes=len(data.classes), size=size)
    begin_with(model, entry.architecture, name, options.weights)
    bf16 = uses_bf16(options.precision, device)
    return Run(model, info, data, options, device, bf16, folder)


def _finish(run: Run, dataset: Dataset) -> TrainResult:
    """Calibrate the best weights on the validation split and write all files."""
    assert run.best is not None
    seconds = run.epochs[-1].seconds
    logits = logits_of(run.model, run.data.val, run.device).cpu().numpy()
    temperature = fit_temperature(logits, run.data.val.targets.cpu().numpy())
    info = replace(run.info, temperature=round(temperature, 4))
    save_weights(run.folder / WEIGHTS, run.model, info)
    save_onnx(run.folder / ONNX, run.model, info, run.data.val.images[:COMPARED])
    title = f"{info.architecture} on {info.dataset}"
    _write_config(run, dataset, seconds=seconds)
    points = [Point(e.loss, e.val_loss, e.val_accuracy, e.lr) for e in run.epochs]
    kept = run.best.epoch
    write_picture(run.folder / CURVES, lambda: draw_curves(points, kept, title))
    return _result(run)


def _result(run: Run) -> TrainResult:
    assert run.best is not None
    seconds = run.epochs[-1].seconds
    return TrainResult(run.folder, run.best, len(run.epochs), parameter_count(run.model), seconds)


def _write_config(run: Run, dataset: Dataset, *, seconds: float | None) -> None:
    """Write `config.json`: what was asked for, on which data, by which versions, how it ended."""
    best = run.best
    write_json(
        run.folder / CONFIG,
        {
            "schema": "hwcli.run/1",
            "model": run.info.architecture,
            "model_options": run.info.options,
            "parameters": parameter_count(run.model),
            "frozen": frozen_count(run.model),
            "options": asdict(run.options),
            "dataset": {
                "name": dataset.info.name,
                "sha256": dataset.sha256,
                "classes": len(run.data.classes),
                "train": len(run.data.train),
                "val": len(run.data.val),
            },
            "device": str(run.device),
            "threads": torch.get_num_threads(),
            "bf16": run.bf16,
            "versions": {
                "hwcli": hwcli.__version__,
                "torch": torch.__version__,
                "python": platform.python_version(),
            },
            "seconds": seconds,
            "epochs": len(run.epochs),
            "best_epoch": best.epoch if best else None,
            "val_accuracy": best.val_accuracy if best else None,
        },
    )
