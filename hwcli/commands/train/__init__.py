"""`hwcli train`."""

from typing import TYPE_CHECKING

from hwcli import console
from hwcli.commands.data_choice import choose_dataset
from hwcli.commands.options import Quiet, Verbose
from hwcli.commands.train import flags
from hwcli.commands.train.compare import compare
from hwcli.commands.train.finder import NAME as FINDER
from hwcli.commands.train.finder import check_flags, run_finder
from hwcli.commands.train.look import list_models, preview
from hwcli.commands.train.one import only_first_speaks, run_one
from hwcli.commands.train.resume import go_on
from hwcli.commands.train.search import DEFAULT_TRIALS
from hwcli.commands.train.search import search as search_with
from hwcli.errors import UsageError
from hwcli.training.options import Init, InitClasses

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hwcli.dataset import Dataset
    from hwcli.models.table import Option
    from hwcli.training.compare import Contender


def train(
    models: flags.Models = None,
    data: flags.Data = None,
    hidden: flags.Hidden = None,
    activation: flags.Activation = None,
    dropout: flags.Dropout = None,
    input_size: flags.InputSize = None,
    freeze: flags.Freeze = None,
    weights: flags.Weights = "",
    kernel: flags.Kernel = None,
    c: flags.C = None,
    gamma: flags.Gamma = None,
    grid: flags.Grid = None,
    max_glyphs: flags.MaxGlyphs = None,
    target: flags.Target = None,
    device: flags.Device = None,
    epochs: flags.Epochs = None,
    time: flags.Time = None,
    batch_size: flags.BatchSize = None,
    lr: flags.Lr = None,
    optimizer: flags.OptimizerFlag = None,
    weight_decay: flags.WeightDecay = None,
    schedule: flags.ScheduleFlag = None,
    loss: flags.LossFlag = None,
    clip: flags.Clip = None,
    label_smoothing: flags.LabelSmoothing = None,
    ema: flags.Ema = None,
    patience: flags.Patience = None,
    augment: flags.Augment = None,
    flip: flags.FlipFlag = None,
    balance: flags.Balance = None,
    precision: flags.PrecisionFlag = None,
    compile_: flags.Compile = None,
    stream: flags.StreamFlag = None,
    threads: flags.Threads = None,
    seed: flags.Seed = None,
    deterministic: flags.Deterministic = None,
    resume: flags.Resume = None,
    init: flags.InitFrom = None,
    init_classes: flags.InitClassesFlag = "same",
    search: flags.Search = None,
    trials: flags.Trials = None,
    out: flags.Out = None,
    force: flags.Force = False,
    tensorboard: flags.Tensorboard = False,
    list_: flags.List = False,
    preview_augment: flags.PreviewAugment = None,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Train a model; print its run folder and best validation accuracy, a tab between.

    The run folder holds model.safetensors, model.onnx, state.pt, metrics.jsonl, config.json and
    curves.png. Ctrl-C ends the run and keeps the best weights so far.

    Several models are trained one after another on the same split, each with its own defaults
    where no flag says otherwise, and a table is printed: best on the validation split first, with
    the accuracy on the test split, which nothing is chosen by. compare.csv and compare.png have it
    too. If some could not be trained the others are, and the exit code is 8.

    With --search the table is that of the trials, from which the best is trained once more. Values
    are a list (lr=1e-2,1e-3) or a range (lr=1e-4..1e-1, by magnitude where its ends are ten times
    apart); + joins what belongs together (augment=none,rotate+blur or hidden=64,128+64). The same
    command with --out goes on where a search was stopped.

    For example:

    hwcli train lenet

    hwcli train lenet --device cuda --epochs 20

    hwcli train glyphnet --data emnist-bymerge --time 5m --balance

    hwcli train perceptron --hidden 512,256 --activation tanhexp

    hwcli train lenet glyphnet --time 2m

    hwcli train --resume runs/lenet-emnist-bymerge-20260101-120000

    torchrun --nproc-per-node 4 -m hwcli train glyphnet

    hwcli train finder --data everything --time 1h    # for ocr --finder

    hwcli train lenet --search lr=1e-4..1e-1 --search optimizer=adam,sgd --trials 8 --out found
    """
    given = flags.Flags(
        epochs=epochs, time=time, target=target, batch_size=batch_size, lr=lr, optimizer=optimizer,
        weight_decay=weight_decay, schedule=schedule, loss=loss, clip=clip, ema=ema,
        label_smoothing=label_smoothing, patience=patience, augment=augment, flip=flip,
        balance=balance, precision=precision, compile=compile_, stream=stream, weights=weights,
        seed=seed, deterministic=deterministic, device=device, threads=threads,
    )  # fmt: skip
    model_flags = {
        "hidden": hidden, "activation": activation, "dropout": dropout, "input_size": input_size,
        "freeze": freeze, "kernel": kernel, "c": c, "gamma": gamma, "grid": grid,
        "max_glyphs": max_glyphs,
    }  # fmt: skip
    model_options = {name: value for name, value in model_flags.items() if value is not None}
    other = {"--out": out, "--force": force, "--init": init, "--search": search,
             "--init-classes": init_classes != "same", "--trials": trials is not None,
             "--preview-augment": preview_augment}  # fmt: skip
    with only_first_speaks() as is_first:
        if list_:
            if is_first:
                list_models()
            return
        if resume is not None:
            other |= {f"--{name.replace('_', '-')}": True for name in model_options}
            go_on(resume, models or [], given, data, other, tensorboard=tensorboard)
            return
        if models == [FINDER]:
            other |= {f"--{name.replace('_', '-')}": True for name in model_options}
            check_flags(given, other)
            run_finder(given, choose_dataset(data), out, init=init, force=force)
            return
        contenders = _contenders(models or [], model_options, given)
        _check(contenders, other, trials, weights, tensorboard=tensorboard)
        dataset = choose_dataset(data)
        _warn_of_flip(dataset, contenders)
        if preview_augment is not None:
            if is_first:
                preview(dataset, contenders[0].options, preview_augment)
            return
        begin = None if init is None else _begin(init, init_classes)
        _start(contenders, dataset, out, force, tensorboard, begin, search, trials)


def _begin(init: str, classes: InitClasses) -> Init:
    from hwcli.classify import find_weights

    return Init(find_weights(init), classes)


def _start(
    contenders: list["Contender"],
    dataset: "Dataset",
    out: "Path | None",
    force: bool,
    tensorboard: bool,
    begin: Init | None,
    search: list[str] | None,
    trials: int | None,
) -> None:
    """Compare, search or train."""
    from hwcli.training.crew import my_place
    from hwcli.training.device import device_of

    first = contenders[0]
    device_of(first.options.device, my_place())  # before there is a folder
    if len(contenders) > 1:
        compare(contenders, dataset, out, force=force, tensorboard=tensorboard)
    elif search:
        from hwcli.models.table import entry_with, find_entry
        from hwcli.training.search import Searched
        from hwcli.training.space import parse_space

        entry = entry_with(find_entry(first.name), first.model_options)
        space = parse_space(search, entry, first.options)
        searched = Searched(first.name, first.model_options, dataset, first.options, space)
        most = DEFAULT_TRIALS if trials is None else trials
        search_with(searched, out, trials=most, force=force, tensorboard=tensorboard)
    else:
        run_one(first, dataset, out, force=force, init=begin, tensorboard=tensorboard)


def _contenders(
    models: list[str], model_options: "Mapping[str, Option]", given: flags.Flags
) -> list["Contender"]:
    """The models that were named, with what the flags make of their own defaults."""
    if not models:
        raise UsageError("which model?", hint="`hwcli train --list` shows them")
    from hwcli.models.table import entry_with, find_entry
    from hwcli.models.weights import check_weights
    from hwcli.training.compare import Contender

    entries = [entry_with(find_entry(name), model_options) for name in models]
    for entry in entries:
        check_weights(entry.architecture, entry.name, given.weights)
    return [
        Contender(name, model_options, given.over(entry.training))
        for name, entry in zip(models, entries, strict=True)
    ]


def _check(
    contenders: list["Contender"],
    other: "Mapping[str, object]",
    trials: int | None,
    weights: str,
    *,
    tensorboard: bool,
) -> None:
    """Refuse what does not go together, before anything is read or made."""
    from hwcli.training.crew import my_place

    several = len(contenders) > 1
    for flag in ("--search", "--preview-augment", "--init"):
        if several and other[flag]:
            raise UsageError(f"{flag} takes one model")
    for flag in ("--init", "--preview-augment"):
        if other["--search"] and other[flag]:
            raise UsageError(f"{flag} and --search do not go together")
    if other["--init"]:
        if contenders[0].name == "svm":
            raise UsageError("--init: an svm is fitted, it does not begin with weights")
        if weights:
            raise UsageError("--init and --weights do not go together")
    elif other["--init-classes"]:
        raise UsageError("--init-classes goes with --init")
    if trials is not None and (not other["--search"] or trials < 1):
        raise UsageError("--trials must be 1 or more, and goes with --search")
    if (other["--search"] or several) and my_place().size > 1:
        raise UsageError("torchrun trains one model at a time, without --search")
    if tensorboard:
        from hwcli.training.board import check_tensorboard

        check_tensorboard()


def _warn_of_flip(dataset: "Dataset", contenders: list["Contender"]) -> None:
    from hwcli.training.flip import warning

    for flip in sorted({contender.options.flip for contender in contenders}):
        target = contenders[0].options.target or dataset.info.target
        if why := warning(dataset.info.classes if target == "char" else (), flip):
            console.notice(f"warning: {why}")
