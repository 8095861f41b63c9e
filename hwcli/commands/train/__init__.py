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
    Init,
    InitClasses,
    Loss,
    Optimizer,
    Precision,
    Schedule,
    Stream,
    TrainOptions,
    parse_duration,
)

if TYPE_CHECKING:
    from hwcli.dataset import Dataset
    from hwcli.training.resume import Earlier
    from hwcli.training.runs import Epoch

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
    target: Annotated[
        Literal["char", "script"] | None,
        typer.Option(help="What to tell. Default: what the dataset is made for."),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(help="Where to compute. Default: auto.", metavar="auto|cpu|cuda[:N]|mps"),
    ] = None,
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
    schedule: Annotated[
        Schedule | None,
        typer.Option(help="Of the learning rate; step: a tenth at half and at three quarters."),
    ] = None,
    loss: Annotated[
        Loss | None, typer.Option(help="bce: a sigmoid and binary cross-entropy for each class.")
    ] = None,
    clip: Annotated[
        float | None, typer.Option(help="Scale gradients down to this norm; 0 for never.")
    ] = None,
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
    compile_: Annotated[
        bool | None,
        typer.Option("--compile", help="torch.compile first: for long runs on a GPU."),
    ] = None,
    stream: Annotated[
        Stream | None,
        typer.Option(help="Read images as they are needed. Default: if memory is too small."),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(help="Of the CPU; 0, the default: one a core while those are free, else one."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of all random numbers. Default: 0.")] = None,
    deterministic: Annotated[
        bool | None,
        typer.Option("--deterministic", help="Same seed, threads and machine: the same bytes."),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            help="Go on with a run that was broken off; --epochs, --time lengthen it.",
            metavar="RUN",
        ),
    ] = None,
    init: Annotated[
        Path | None,
        typer.Option(help="Begin with the weights of a run.", metavar="RUN|FILE.safetensors"),
    ] = None,
    init_classes: Annotated[
        InitClasses,
        typer.Option(help="map: take the classes that both have, let the others start fresh."),
    ] = "same",
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

    hwcli train --resume runs/lenet-emnist-bymerge-20260101-120000

    torchrun --nproc-per-node 4 -m hwcli train glyphnet
    """
    if list_:
        _list_models()
        return
    _only_first_speaks()
    earlier = None
    if resume is not None:
        earlier = _earlier(resume, model, other={"--out": out, "--force": force, "--init": init})
        model = earlier.model
    if model is None:
        raise UsageError("which model?", hint="`hwcli train --list` shows them")
    from hwcli.models.table import find_entry

    own = earlier.options if earlier else find_entry(model).training
    if epochs is None:  # the clock alone decides, unless both are given
        epochs = own.epochs if time is None or earlier else 0
    options = TrainOptions(
        epochs=epochs,
        time_s=own.time_s if time is None else parse_duration(time),
        target=_or(target, own.target),
        batch_size=_or(batch_size, own.batch_size),
        lr=_or(lr, own.lr),
        optimizer=_or(optimizer, own.optimizer),
        weight_decay=_or(weight_decay, own.weight_decay),
        schedule=_or(schedule, own.schedule),
        loss=_or(loss, own.loss),
        clip=_or(clip, own.clip),
        label_smoothing=_or(label_smoothing, own.label_smoothing),
        ema=_or(ema, own.ema),
        patience=_or(patience, own.patience),
        augment=_or(augment, own.augment),
        balance=_or(balance, own.balance),
        precision=_or(precision, own.precision),
        compile=_or(compile_, own.compile),
        seed=_or(seed, own.seed),
        deterministic=_or(deterministic, own.deterministic),
        stream=_or(stream, own.stream),
        device=_or(device, own.device),
        threads=_or(threads, own.threads),
    )
    if earlier:
        _go_on(earlier, options, data)
        return
    dataset = choose_dataset(data)
    if preview_augment is not None:
        _preview(dataset, options, preview_augment)
        return
    _train(
        model,
        dataset,
        options,
        out,
        force=force,
        init=None if init is None else Init(init, init_classes),
    )


def _or(given: T | None, default: T) -> T:
    """The flag where it was given, else the model's own default."""
    return default if given is None else given


def _only_first_speaks() -> None:
    """Of several processes that train together, the first alone tells what happens."""
    from hwcli.training.crew import my_place

    if not my_place().is_first:
        console.set_verbosity(-1)


def _earlier(folder: Path, model: str | None, other: dict[str, object]) -> "Earlier":
    from hwcli.training.resume import read_earlier

    for flag, value in other.items():
        if value:
            raise UsageError(f"{flag} and --resume do not go together")
    earlier = read_earlier(folder)
    if model not in (None, earlier.model):
        raise UsageError(f"{folder} is a run of {earlier.model}, not of {model}")
    return earlier


def _go_on(earlier: "Earlier", options: TrainOptions, data: str | None) -> None:
    from hwcli.training.resume import check_dataset, check_same, find_dataset

    check_same(earlier, options)
    longer = (options.epochs, options.time_s) != (earlier.options.epochs, earlier.options.time_s)
    if earlier.finished and not longer:
        console.notice(f"{earlier.folder}: finished after {earlier.epochs} epochs; --epochs or "
                       "--time lets it go on")  # fmt: skip
        with console.results() as stream:
            print(f"{earlier.folder}\t{earlier.val_accuracy:.4f}", file=stream)
        return
    dataset = find_dataset(earlier) if data is None else None
    dataset = dataset or choose_dataset(data or earlier.dataset.name)
    check_dataset(earlier, dataset)
    if longer and options.schedule != "constant":
        console.notice(f"the {options.schedule} schedule is now stretched over the new length")
    _train(earlier.model, dataset, options, earlier.folder, init=earlier.init, earlier=earlier)


def _train(
    model: str,
    dataset: "Dataset",
    options: TrainOptions,
    out: Path | None,
    *,
    force: bool = False,
    init: Init | None = None,
    earlier: "Earlier | None" = None,
) -> None:
    from hwcli.training.crew import my_place
    from hwcli.training.device import device_of
    from hwcli.training.distributed import in_turn
    from hwcli.training.runs import new_run
    from hwcli.training.train import train as run_training

    place = my_place()
    device_of(options.device, place)  # before there is a folder
    with in_turn(place), console.results() as stream:
        folder = out or Path()
        if place.is_first and not earlier:
            folder = new_run(model, dataset.info.name, out=out, force=force)
        with console.progress(f"train {model}", "step") as progress:
            result = run_training(
                model, dataset, options, folder,
                progress=progress, on_epoch=_tell, init=init, earlier=earlier,
            )  # fmt: skip
        if not place.is_first:
            return
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
    from hwcli.models.table import LISTED_CLASSES, MODELS, parameter_count

    rows = []
    for name, entry in MODELS.items():
        built = entry.architecture.build(classes=LISTED_CLASSES, size=entry.size)
        rows.append(
            (name, f"{parameter_count(built):,}", f"{entry.size}×{entry.size}",
             entry.summary, entry.source)
        )  # fmt: skip
    columns = ("model", f"#parameters at {LISTED_CLASSES} classes", "image", "what", "source")
    with console.results() as stream:
        print_table(stream, columns, rows)
