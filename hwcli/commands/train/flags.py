"""The flags of `hwcli train`, and how they become the options of a model's run."""

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from hwcli.training.effects import AUGMENT_METAVAR
from hwcli.training.options import (
    Flip,
    InitClasses,
    Loss,
    Optimizer,
    Precision,
    Schedule,
    Stream,
    TrainOptions,
    parse_duration,
)

Models = Annotated[
    list[str] | None,
    typer.Argument(help="A name that --list shows; several are compared.", metavar="MODEL"),
]
Data = Annotated[
    str | None,
    typer.Option(
        help="A dataset's folder, or its name below data/. Default: the most recently "
        "ingested here, else the built-in sample.",
        metavar="NAME|DIR",
    ),
]
Hidden = Annotated[
    str | None,
    typer.Option(help="Hidden layers of a perceptron, or none.", metavar="WIDTH,WIDTH,…"),
]
Activation = Annotated[
    str | None,
    typer.Option(
        help="Of the hidden layers: sigmoid, tanh, relu, leaky_relu, swish, mish, tanhexp, elu."
    ),
]
Dropout = Annotated[float | None, typer.Option(help="Share of neurons left out.")]
InputSize = Annotated[
    int | None,
    typer.Option(help="Side in pixels to which the network scales glyphs, where it does."),
]
Freeze = Annotated[
    bool | None,
    typer.Option("--freeze/--no-freeze", help="Keep published weights, learn the last layer."),
]
Weights = Annotated[
    str,
    typer.Option(
        help="Published weights for vgg19 and torchvision:NAME: a .pth or .safetensors file, "
        "or none. Default: torchvision's, fetched once.",
        metavar="FILE|none",
    ),
]
Kernel = Annotated[str | None, typer.Option(help="Of the svm.", metavar="rbf|linear|poly")]
C = Annotated[float | None, typer.Option("--c", help="Of the svm: cost of a mistake.")]
Gamma = Annotated[float | None, typer.Option(help="Of the svm. Default: 1 / (pixels × variance).")]
Grid = Annotated[
    bool | None,
    typer.Option("--grid", help="Choose the svm's C, gamma and kernel by cross-validation."),
]
MaxGlyphs = Annotated[
    int | None,
    typer.Option(help="Fit the svm on at most so many, evenly from the classes. [10000]"),
]
Target = Annotated[
    Literal["char", "script"] | None,
    typer.Option(help="What to tell. Default: what the dataset is made for."),
]
Device = Annotated[
    str | None,
    typer.Option(help="Where to compute. Default: auto.", metavar="auto|cpu|cuda[:N]|mps"),
]
Epochs = Annotated[int | None, typer.Option(help="Passes over the training split.")]
Time = Annotated[
    str | None,
    typer.Option(
        help="How long to train, like 90s, 5m, 1h30m; the schedule follows the clock.",
        metavar="DURATION",
    ),
]
BatchSize = Annotated[int | None, typer.Option(help="Glyphs a step.")]
Lr = Annotated[float | None, typer.Option(help="Highest learning rate.")]
OptimizerFlag = Annotated[Optimizer | None, typer.Option(help="sgd has Nesterov momentum 0.9.")]
WeightDecay = Annotated[float | None, typer.Option(help="On weights, not on biases.")]
ScheduleFlag = Annotated[
    Schedule | None,
    typer.Option(help="Of the learning rate; step: a tenth at half and at three quarters."),
]
LossFlag = Annotated[
    Loss | None, typer.Option(help="bce: a sigmoid and binary cross-entropy for each class.")
]
Clip = Annotated[float | None, typer.Option(help="Scale gradients down to this norm; 0 for never.")]
LabelSmoothing = Annotated[
    float | None, typer.Option(help="Share of the target spread over all classes.")
]
Ema = Annotated[
    float | None, typer.Option(help="Decay of averaged weights, like 0.999; 0 for none.")
]
Patience = Annotated[
    int | None, typer.Option(help="Stop after so many epochs without a better one; 0 for never.")
]
Augment = Annotated[
    str | None,
    typer.Option(
        help="Change training images: photo is for reading photos; effects are bend, elastic, "
        "rotate, affine, thicken, thin, cut, erase, blur, contrast, noise, low-res, binarise, "
        "neighbour, rule.",
        metavar=AUGMENT_METAVAR,
    ),
]
FlipFlag = Annotated[
    Flip | None,
    typer.Option(help="Mirror half of the training images, which makes other characters of many."),
]
Balance = Annotated[
    bool | None,
    typer.Option("--balance/--no-balance", help="Draw rare classes more often (square root)."),
]
PrecisionFlag = Annotated[Precision | None, typer.Option(help="Of the passes.")]
Compile = Annotated[
    bool | None, typer.Option("--compile", help="torch.compile first: for long runs on a GPU.")
]
StreamFlag = Annotated[
    Stream | None,
    typer.Option(help="Read images as they are needed. Default: if memory is too small."),
]
Threads = Annotated[
    int | None,
    typer.Option(help="Of the CPU; 0, the default: one a core while those are free, else one."),
]
Seed = Annotated[int | None, typer.Option(help="Of all random numbers. Default: 0.")]
Deterministic = Annotated[
    bool | None,
    typer.Option("--deterministic", help="Same seed, threads and machine: the same bytes."),
]
Resume = Annotated[
    Path | None,
    typer.Option(
        help="Go on with a run that was broken off; --epochs, --time lengthen it.", metavar="RUN"
    ),
]
InitFrom = Annotated[
    str | None,
    typer.Option(
        "--init",
        help="Begin with the weights of a run, a file, or a bundled model: glyphnet; latin (a "
        "glyphnet-small); bundled, for finder.",
        metavar="RUN|FILE|NAME",
    ),
]
InitClassesFlag = Annotated[
    InitClasses,
    typer.Option(help="map: take the classes that both have, let the others start fresh."),
]
Search = Annotated[
    list[str] | None,
    typer.Option(
        help="Try values of an option of the run or of the model, and train with the best: "
        "lr=1e-2,1e-3, lr=1e-4..1e-1, activation=relu,tanh. May be given several times.",
        metavar="OPTION=VALUES",
    ),
]
Trials = Annotated[
    int | None, typer.Option(help="How many combinations --search tries at most. Default: 20.")
]
Tensorboard = Annotated[
    bool, typer.Option("--tensorboard", help="Also write TensorBoard's event files.")
]
Out = Annotated[
    Path | None,
    typer.Option(help="Run folder. Default: runs/MODEL-DATASET-TIME.", metavar="DIR"),
]
Force = Annotated[bool, typer.Option("--force", help="Replace the run in --out.")]
List = Annotated[bool, typer.Option("--list", help="Show the models, and end.")]
PreviewAugment = Annotated[
    Path | None,
    typer.Option(help="Write a sheet of augmented images, and end.", metavar="FILE.png"),
]


@dataclass(frozen=True, slots=True)
class Flags:
    """Flags that override a model's own defaults; None where one was not given.

    Named as the fields of `TrainOptions`, save `time`.
    """

    epochs: int | None
    time: str | None
    target: Literal["char", "script"] | None
    batch_size: int | None
    lr: float | None
    optimizer: Optimizer | None
    weight_decay: float | None
    schedule: Schedule | None
    loss: Loss | None
    clip: float | None
    label_smoothing: float | None
    ema: float | None
    patience: int | None
    augment: str | None
    flip: Flip | None
    balance: bool | None
    precision: Precision | None
    compile: bool | None
    stream: Stream | None
    weights: str
    seed: int | None
    deterministic: bool | None
    device: str | None
    threads: int | None

    def over(self, own: TrainOptions, *, going_on: bool = False) -> TrainOptions:
        """`own` options with what was given in their place.

        Args:
            own: a model's defaults, or what an earlier run was begun with.
            going_on: whether it is the latter; a time then does not take the place of the epochs.

        Raises:
            UsageError: a value out of range.
        """
        given: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        if (time := given.pop("time")) is not None:
            given["time_s"] = parse_duration(time)
            if self.epochs is None and not going_on:
                given["epochs"] = 0  # the clock alone decides, unless both are given
        if not given["weights"]:
            del given["weights"]
        return replace(own, **{name: v for name, v in given.items() if v is not None})
