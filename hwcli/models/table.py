"""The table of models: a new one is its file and an entry here."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Protocol

from torch import nn

from hwcli.errors import HwcliError, ModelError, UsageError
from hwcli.model_info import ModelInfo
from hwcli.models.alexnet import Alexnet
from hwcli.models.glyphnet import Glyphnet
from hwcli.models.lenet import Lenet
from hwcli.models.mlp import Mlp
from hwcli.models.rnn import Rnn
from hwcli.models.small_cnn import SmallCnn
from hwcli.models.svm import Machine, Svm
from hwcli.models.transfer import Torchvision, Vgg19, torchvision_names
from hwcli.structure import StructureError, structure, structure_or, unstructure
from hwcli.training.options import TrainOptions

TORCHVISION = "torchvision:"
"""Before the name of a model of torchvision's."""

Option = int | float | str | bool
"""A value of an architecture's option, as a model file keeps it."""


class Architecture(Protocol):
    """A frozen dataclass of a network's own options that can build it."""

    def build(self, *, classes: int, size: int) -> nn.Module:
        """A network from float (N, 1, size, size) in [0, 1] to logits (N, classes)."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """A model as `train --list` shows it."""

    architecture: Architecture
    """With its default options."""
    summary: str
    source: str
    classes: int
    """Of the original work: parameters are shown for so many."""
    size: int
    """Side of the image it was made for, px; it takes at least `smallest`."""
    smallest: int
    training: TrainOptions
    """Its own defaults, which flags override."""
    name: str = ""
    """As the user calls it; `find_entry` enters it."""


GLYPHNET_TRAINING = TrainOptions(
    epochs=20,
    lr=0.1,
    optimizer="sgd",
    weight_decay=5e-4,
    schedule="one-cycle",
    ema=0.999,
    augment="photo",
)
MODELS: Mapping[str, Entry] = {
    "perceptron": Entry(
        architecture=Mlp(),
        summary="one layer, or more by --hidden 512,256 --activation tanhexp",
        source="Rosenblatt 1958; TanhExp: Liu & Di 2020",
        classes=26,
        size=28,
        smallest=2,
        training=TrainOptions(epochs=20, schedule="cosine", patience=6, precision="fp32"),
    ),
    "mlp": Entry(
        architecture=Mlp(hidden="203", activation="sigmoid"),
        summary="one hidden layer of 203 sigmoids",
        source="Rumelhart et al. 1986",
        classes=30,
        size=28,
        smallest=2,
        training=TrainOptions(
            epochs=60, lr=1e-3, ema=0.998, augment="rotate", patience=6, precision="fp32"
        ),
    ),
    "sequential": Entry(
        architecture=Mlp(hidden="512,512", activation="elu,relu", dropout=0.2),
        summary="two hidden layers of 512, ELU and ReLU, dropout",
        source="Clevert et al. 2016; Srivastava et al. 2014",
        classes=6,
        size=28,
        smallest=2,
        training=TrainOptions(epochs=20, schedule="cosine", patience=6, precision="fp32"),
    ),
    "hex-mlp": Entry(
        architecture=Mlp(hidden="10", activation="sigmoid", input_size=20),
        summary="one hidden layer of 10 sigmoids",
        source="Rumelhart et al. 1986",
        classes=17,
        size=20,
        smallest=2,
        training=TrainOptions(epochs=30, lr=3e-3, schedule="cosine", precision="fp32"),
    ),
    "rnn": Entry(
        architecture=Rnn(),
        summary="two SimpleRNN of 28 with ReLU, which read row by row",
        source="Elman 1990; Le et al. 2015",
        classes=6,
        size=28,
        smallest=2,
        training=TrainOptions(
            epochs=30, lr=2e-3, schedule="cosine", clip=1.0, patience=8, precision="fp32"
        ),
    ),
    "lenet": Entry(
        architecture=Lenet(),
        summary="LeNet-5 with ReLU and average pooling",
        source="LeCun et al. 1998",
        classes=30,
        size=28,
        smallest=12,
        training=TrainOptions(epochs=60, lr=1e-3, ema=0.998, augment="rotate", patience=6),
    ),
    "cnn": Entry(
        architecture=SmallCnn(),
        summary="3×3 convolutions of 32 and 64, each with max pooling",
        source="LeCun et al. 1998",
        classes=6,
        size=28,
        smallest=4,
        training=TrainOptions(epochs=15, schedule="cosine", patience=6),
    ),
    "hex-cnn": Entry(
        architecture=SmallCnn(channels="64,32", pool=False, input_size=20),
        summary="3×3 convolutions of 64 and 32 without pooling",
        source="LeCun et al. 1998",
        classes=17,
        size=20,
        smallest=2,
        training=TrainOptions(epochs=15, schedule="cosine", patience=6),
    ),
    "alexnet": Entry(
        architecture=Alexnet(),
        summary="AlexNet of 2012, from random weights",
        source="Krizhevsky et al. 2012",
        classes=19,
        size=224,
        smallest=2,
        training=TrainOptions(
            epochs=30,
            batch_size=64,
            lr=3e-4,
            optimizer="adamw",
            weight_decay=5e-4,
            schedule="one-cycle",
            clip=1.0,
        ),
    ),
    "vgg19": Entry(
        architecture=Vgg19(),
        summary="VGG19 with frozen ImageNet features, a dense layer learns",
        source="Simonyan & Zisserman 2015",
        classes=19,
        size=224,
        smallest=2,
        training=TrainOptions(epochs=10, batch_size=64, schedule="cosine", patience=3),
    ),
    "svm": Entry(
        architecture=Svm(),
        summary="support vectors, fitted by scikit-learn; --grid chooses C, gamma and kernel",
        source="Cortes & Vapnik 1995",
        classes=17,
        size=28,
        smallest=1,
        training=TrainOptions(epochs=1),
    ),
    "glyphnet-small": Entry(
        architecture=Glyphnet(stem=12, middle=32, top=48, middle_blocks=2, top_blocks=3, pool=2),
        summary="small, fast and accurate: what the bundled Latin model is",
        source="hwcli",
        classes=72,
        size=28,
        smallest=8,
        training=GLYPHNET_TRAINING,
    ),
    "glyphnet": Entry(
        architecture=Glyphnet(stem=16, middle=32, top=96, middle_blocks=2, top_blocks=4, pool=2),
        summary="our own, for all scripts at once: what the bundled model is",
        source="hwcli",
        classes=421,
        size=28,
        smallest=8,
        training=GLYPHNET_TRAINING,
    ),
}

TORCHVISION_TRAINING = TrainOptions(
    epochs=10,
    batch_size=64,
    lr=3e-4,
    optimizer="adamw",
    weight_decay=0.01,
    schedule="one-cycle",
    clip=1.0,
)


def find_entry(name: str) -> Entry:
    """The entry of the model called `name`, which may be `torchvision:NAME`.

    Raises:
        UsageError: no such model.
    """
    if name.startswith(TORCHVISION):
        return _torchvision(name)
    if name not in MODELS:
        close = get_close_matches(name, MODELS, n=1)
        there = f"there are {', '.join(MODELS)} and {TORCHVISION}NAME"
        raise UsageError(
            f"no model {name!r:.80}", hint=f"did you mean {close[0]!r}?" if close else there
        )
    return replace(MODELS[name], name=name)


def _torchvision(name: str) -> Entry:
    network = name.removeprefix(TORCHVISION)
    known = torchvision_names()
    if network not in known:
        close = get_close_matches(network, known, n=3) or ["resnet18", "mobilenet_v3_small"]
        raise UsageError(f"torchvision has no model {network!r:.80}", hint=", ".join(close))
    return Entry(
        architecture=Torchvision(network),
        summary="torchvision's, from ImageNet weights",
        source="torchvision",
        classes=1000,
        size=224,
        smallest=2,
        training=TORCHVISION_TRAINING,
        name=name,
    )


def entry_with(entry: Entry, options: Mapping[str, Option]) -> Entry:
    """`entry` with these options of its architecture in place of the defaults.

    Raises:
        UsageError: an option that the model does not have, or a value that it cannot take.
    """
    own = options_of(entry.architecture)
    for name in options:
        if name not in own:
            flags = ", ".join(
                f"--{key.replace('_', '-')}" for key in own if key not in INNER_OPTIONS
            )
            raise UsageError(
                f"{entry.name} has no --{name.replace('_', '-')}",
                hint=f"it has {flags}" if flags else "it has no options of its own",
            )
    try:
        architecture = structure({**own, **options}, type(entry.architecture))
    except StructureError as fault:
        given = " ".join(f"--{k.replace('_', '-')} {v}" for k, v in options.items())
        raise UsageError(f"{entry.name} {given}: {fault}") from fault
    return replace(entry, architecture=architecture)


INNER_OPTIONS = {"network", "fitted", "supports", "units", "channels", "pool",
          "stem", "middle", "top", "middle_blocks", "top_blocks"}  # fmt: skip
"""Options of architectures that have no flag."""


def architecture_of(info: ModelInfo, where: str) -> Architecture:
    """The architecture of a model file, whose metadata may be anybody's.

    Raises:
        ModelError: no such model, or it has no such options; `where` names the file.
    """
    try:
        known = find_entry(info.architecture).architecture
    except UsageError as error:
        raise ModelError(f"{where}: {error.message}") from error
    return structure_or({**options_of(known), **info.options}, type(known), where, ModelError)


def build_model(info: ModelInfo, where: str) -> nn.Module:
    """The network of a model file, without its weights.

    Raises:
        ModelError: `architecture_of`, or these options together make no network.
    """
    try:
        return architecture_of(info, where).build(
            classes=len(info.classes), size=info.normalisation.size
        )
    except (ValueError, RuntimeError, UsageError) as error:
        message = error.message if isinstance(error, HwcliError) else str(error)
        raise ModelError(f"{where}: its options make no network ({message:.200})") from error


def options_of(architecture: Architecture) -> dict[str, Option]:
    """The architecture's own options as a model file keeps them."""
    return dict(unstructure(architecture))


def parameter_count(model: nn.Module) -> int:
    """How many numbers `model` learns, or has been fitted to; frozen ones do not count."""
    if isinstance(model, Machine):
        return sum(t.numel() for t in (model.supports, model.duals, model.intercepts))
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def frozen_count(model: nn.Module) -> int:
    """How many numbers of `model` stay as they were published."""
    return sum(p.numel() for p in model.parameters() if not p.requires_grad)
