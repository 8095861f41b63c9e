"""`hwcli train`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from hwcli import console
from hwcli.commands.data_choice import choose_dataset
from hwcli.commands.options import Quiet, Verbose
from hwcli.commands.tables import print_table
from hwcli.errors import InputError, UsageError
from hwcli.training.options import (
    Augment,
    Optimizer,
    Precision,
    Schedule,
    TrainOptions,
    parse_duration,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hwcli.dataset import Dataset
    from hwcli.models.table import Option
    from hwcli.training.loop import Epoch

T = TypeVar("T")


def train(
    model: Annotated[str | None, typer.Argument(help="A name that --list shows.")] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="A dataset's folder, or its name below data/. Default: the most recently "
            "ingested here, else the built-in sample.",
            metavar="NAME|DIR",
        ),
    ] = None,
    hidden: Annotated[
        str | None,
        typer.Option(help="Hidden layers of a perceptron, or none.", metavar="WIDTH,WIDTH,…"),
    ] = None,
    activation: Annotated[
        str | None,
        typer.Option(
            help="Of the hidden layers: sigmoid, tanh, relu, leaky_relu, swish, mish, tanhexp, elu."
        ),
    ] = None,
    dropout: Annotated[float | None, typer.Option(help="Share of neurons left out.")] = None,
    input_size: Annotated[
        int | None,
        typer.Option(help="Side in pixels to which the network scales glyphs, where it does."),
    ] = None,
    freeze: Annotated[
        bool | None,
        typer.Option("--freeze/--no-freeze", help="Keep published weights, learn the last layer."),
    ] = None,
    weights: Annotated[
        str,
        typer.Option(
            help="Published weights for vgg19 and torchvision:NAME: a .pth or .safetensors file, "
            "or none. Default: torchvision's, fetched once.",
            metavar="FILE|none",
        ),
    ] = "",
    kernel: Annotated[
        str | None, typer.Option(help="Of the svm.", metavar="rbf|linear|poly")
    ] = None,
    c: Annotated[float | None, typer.Option("--c", help="Of the svm: cost of a mistake.")] = None,
    gamma: Annotated[
        float | None, typer.Option(help="Of the svm. Default: 1 / (pixels × variance).")
    ] = None,
    grid: Annotated[
        bool | None,
        typer.Option("--grid", help="Choose the svm's C, gamma and kernel by cross-validation."),
    ] = None,
    max_glyphs: Annotated[
        int | None,
        typer.Option(help="Fit the svm on at most so many, evenly from the classes. [10000]"),
    ] = None,
    target: Annotated[
        Literal["char", "script"] | None,
        typer.Option(help="What to tell. Default: what the dataset is made for."),
    ] = None,
    device: Annotated[
        str, typer.Option(help="Where to compute.", metavar="auto|cpu|cuda[:N]|mps")
    ] = "auto",
    epochs: Annotated[int | None, typer.Option(help="Passes over the training split.")] = None,
    time: Annotated[
        str | None,
        typer.Option(
            help="How long to train, like 90s, 5m, 1h30m; the schedule follows the clock.",
            metavar="DURATION",
        ),
    ] = None,
    batch_size: Annotated[int | None, typer.Option(help="Glyphs a step.")] = None,
    lr: Annotated[float | None, typer.Option(help="Highest learning rate.")] = None,
    optimizer: Annotated[
        Optimizer | None, typer.Option(help="sgd has Nesterov momentum 0.9.")
    ] = None,
    weight_decay: Annotated[float | None, typer.Option(help="On weights, not on biases.")] = None,
    schedule: Annotated[Schedule | None, typer.Option(help="Of the learning rate.")] = None,
    label_smoothing: Annotated[
        float | None, typer.Option(help="Share of the target spread over all classes.")
    ] = None,
    ema: Annotated[
        float | None, typer.Option(help="Decay of averaged weights, like 0.999; 0 for none.")
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(help="Stop after so many epochs without a better one; 0 for never."),
    ] = None,
    augment: Annotated[
        Augment | None, typer.Option(help="Change training images: photo is for reading photos.")
    ] = None,
    balance: Annotated[
        bool | None,
        typer.Option("--balance/--no-balance", help="Draw rare classes more often (square root)."),
    ] = None,
    precision: Annotated[Precision | None, typer.Option(help="Of the passes.")] = None,
    threads: Annotated[
        int, typer.Option(help="Of the CPU; 0: one a core while those are free, else one.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="Same seed, threads and machine: same model.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Run folder. Default: runs/MODEL-DATASET-TIME.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the run in --out.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="Show the models, and end.")] = False,
    preview_augment: Annotated[
        Path | None,
        typer.Option(help="Write a sheet of augmented images, and end.", metavar="FILE.png"),
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Train a model; print its run folder and best validation accuracy, a tab between.

    The run folder holds model.safetensors, model.onnx, state.pt, metrics.jsonl, config.json and
    curves.png. Ctrl-C ends the run and keeps the best weights so far.

    For example:

    hwcli train lenet

    hwcli train lenet --device cuda --epochs 20

    hwcli train glyphnet --data emnist-bymerge --time 5m --balance

    hwcli train perceptron --hidden 512,256 --activation tanhexp
    """
    if list_:
        _list_models()
        return
    if model is None:
        raise UsageError("which model?", hint="`hwcli train --list` shows them")
    from hwcli.models.table import entry_with, find_entry

    flags = {
        "hidden": hidden, "activation": activation, "dropout": dropout, "input_size": input_size,
        "freeze": freeze, "kernel": kernel, "c": c, "gamma": gamma, "grid": grid,
        "max_glyphs": max_glyphs,
    }  # fmt: skip
    model_options = {name: value for name, value in flags.items() if value is not None}
    own = entry_with(find_entry(model), model_options).training
    if epochs is None:  # the clock alone decides, unless both are given
        epochs = own.epochs if time is None else 0
    options = TrainOptions(
        epochs=epochs,
        time_s=own.time_s if time is None else parse_duration(time),
        target=_or(target, own.target),
        batch_size=_or(batch_size, own.batch_size),
        lr=_or(lr, own.lr),
        optimizer=_or(optimizer, own.optimizer),
        weight_decay=_or(weight_decay, own.weight_decay),
        schedule=_or(schedule, own.schedule),
        label_smoothing=_or(label_smoothing, own.label_smoothing),
        ema=_or(ema, own.ema),
        patience=_or(patience, own.patience),
        augment=_or(augment, own.augment),
        balance=_or(balance, own.balance),
        precision=_or(precision, own.precision),
        weights=weights,
        seed=seed,
        device=device,
        threads=threads,
    )
    dataset = choose_dataset(data)
    if preview_augment is not None:
        _preview(dataset, options, preview_augment)
        return
    _train(model, model_options, dataset, options, out, force=force)


def _or(given: T | None, default: T) -> T:
    """The flag where it was given, else the model's own default."""
    return default if given is None else given


def _train(
    model: str,
    model_options: "Mapping[str, Option]",
    dataset: "Dataset",
    options: TrainOptions,
    out: Path | None,
    *,
    force: bool,
) -> None:
    from hwcli.training.device import pick_device
    from hwcli.training.runs import new_run
    from hwcli.training.train import train as run_training

    pick_device(options.device)  # before there is a folder
    with console.results() as stream:
        folder = new_run(model, dataset.info.name, out=out, force=force)
        with console.progress(f"train {model}", "step") as progress:
            result = run_training(
                model, dataset, options, folder, progress=progress, on_epoch=_tell,
                model_options=model_options,
            )  # fmt: skip
        console.notice(
            f"kept epoch {result.best.epoch} of {result.epochs}, "
            f"{result.parameters:,} parameters, {result.seconds:.0f} s"
        )
        print(f"{folder}\t{result.best.val_accuracy:.4f}", file=stream)


def _tell(epoch: "Epoch") -> None:
    console.notice(
        f"epoch {epoch.epoch}: loss {epoch.loss:.4f}, validation loss {epoch.val_loss:.4f}, "
        f"accuracy {epoch.val_accuracy:.4f}, {epoch.images_per_s:,.0f} images/s"
    )


def _preview(dataset: "Dataset", options: TrainOptions, path: Path) -> None:
    from hwcli.atomic import write_bytes, writing
    from hwcli.training.preview import preview

    sheet = preview(dataset, options.augment, options.seed)
    with writing(path, InputError):  # as `ingest --preview` has it
        write_bytes(path, sheet)
    console.notice(f"{path}: {options.augment}; the first column is unchanged")


def _list_models() -> None:
    import torch

    from hwcli.models.table import MODELS, TORCHVISION, frozen_count, parameter_count

    rows = []
    for name, entry in MODELS.items():
        with torch.device("meta"):  # counted, not made
            built = entry.architecture.build(classes=entry.classes, size=entry.size)
        frozen = frozen_count(built)
        rows.append(
            (
                name,
                f"{parameter_count(built):,}" if list(built.parameters()) else "as fitted",
                f"{frozen:,}" if frozen else "",
                f"{entry.classes}",
                f"{entry.size}×{entry.size}",
                entry.summary,
                entry.source,
            )
        )
    rows.append((f"{TORCHVISION}NAME", "", "", "", "224×224",
                 "any of torchvision's classifiers, from ImageNet weights",
                 "pytorch.org/vision/stable/models"))  # fmt: skip
    columns = ("model", "#parameters", "#frozen", "#classes", "image", "what", "source")
    with console.results() as stream:
        print_table(stream, columns, rows, title="Parameters with the original work's classes")
