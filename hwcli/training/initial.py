"""`--init`: a new run begins with the weights of a finished one, or of a model that comes along."""

import logging
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from hwcli.checkpoint import read_weights
from hwcli.classify import Classifier, find_weights
from hwcli.errors import ModelError
from hwcli.model_info import ModelInfo
from hwcli.models.scale import eval_batch
from hwcli.models.table import build_model
from hwcli.training.options import Init
from hwcli.training.unfolded import unfold

logger = logging.getLogger(__name__)
_FREE = ("dropout", "freeze")
"""Options of a model that say how it learns, not what its weights are."""
_NAMED = 5
"""Classes that are named where class lists differ."""


def start_from(init: Init, model: nn.Module, info: ModelInfo, images: Tensor) -> None:
    """Put the weights of `init` into `model`, whose classes and architecture `info` tells.

    Classes are matched by their character, so their order may differ.

    Args:
        init: weights, and whether all classes must be theirs.
        model: fresh.
        info: what it will be.
        images: uint8 (N, S, S), some that it will learn from; for weights out of ONNX.

    Raises:
        ModelError: no weights there, those of another architecture, or other classes that are not
            to be mapped.
    """
    path = find_weights(str(init.weights))
    if path.suffix == ".onnx":
        weights, theirs = _out_of_onnx(path, info, images)
    else:
        weights, theirs = read_weights(path)
        _check_alike(path, theirs, info)
    missing = [c for c in info.classes if c not in set(theirs.classes)]
    extra = [c for c in theirs.classes if c not in set(info.classes)]
    if (missing or extra) and init.classes == "same":
        told = [_named(missing, "it does not know"), _named(extra, "it knows besides")]
        raise ModelError(
            f"{path}: its classes are not the dataset's: {'; '.join(filter(None, told))}",
            hint="--init-classes map takes what both have, and lets the others start fresh",
        )
    own = model.state_dict()
    for name in _last_layer(model, len(info.classes), path):
        if name not in weights or len(weights[name]) != len(theirs.classes):
            raise ModelError(f"{path}: its {name} is not one row for each class")
        weights[name] = _mapped(weights[name], theirs.classes, own[name], info.classes)
    if {n: w.shape for n, w in weights.items()} != {n: w.shape for n, w in own.items()}:
        raise ModelError(f"{path}: its weights are not those of {info.architecture}")
    own.update(weights)  # knows the versions of its parts, which MNASNet asks for
    model.load_state_dict(own)
    if missing or extra:
        logger.warning(
            "%s: %d of %d classes taken over, %d start fresh%s",
            path, len(info.classes) - len(missing), len(info.classes), len(missing),
            f"; left out: {_named(extra, 'the data does not have')}" if extra else "",
        )  # fmt: skip


def _out_of_onnx(
    path: Path, info: ModelInfo, images: Tensor
) -> tuple[dict[str, Tensor], ModelInfo]:
    classifier = Classifier(path)
    theirs = classifier.info
    _check_alike(path, theirs, info)
    network = build_model(theirs, str(path))
    images = images[: eval_batch(network, len(images))].cpu()
    told = torch.from_numpy(classifier.logits(images.numpy()))
    unfold(path, network, images.unsqueeze(1).float() / 255, told)
    return network.state_dict(), theirs


def _check_alike(path: Path, theirs: ModelInfo, info: ModelInfo) -> None:
    def told(model: ModelInfo) -> dict[str, object]:
        named = {f"option {k}": v for k, v in model.options.items() if k not in _FREE}
        size = model.normalisation.size
        return {"model": model.architecture, "target": model.target, "image size": size, **named}

    one, other = told(theirs), told(info)
    for name in [*one, *other]:
        if one.get(name) != other.get(name):
            raise ModelError(f"{path}: its {name} is {one.get(name)}, this run's {other.get(name)}")


def _named(classes: Sequence[str], what: str) -> str:
    if not classes:
        return ""
    some = " ".join(classes[:_NAMED]) + (" …" if len(classes) > _NAMED else "")
    return f"{len(classes)} that {what} ({some})"


def _last_layer(model: nn.Module, classes: int, path: Path) -> list[str]:
    """The names in the state of the weight and the bias with a row for each class."""
    layers = [(n, m) for n, m in model.named_modules() if isinstance(m, nn.Linear)]
    if not layers or layers[-1][1].out_features != classes:
        raise ModelError(f"{path}: this model's last layer is not one that --init can match")
    name, layer = layers[-1]
    prefix = f"{name}." if name else ""
    return [f"{prefix}weight", *([f"{prefix}bias"] if layer.bias is not None else [])]


def _mapped(given: Tensor, theirs: Sequence[str], fresh: Tensor, classes: Sequence[str]) -> Tensor:
    """`fresh` with the rows of `given` for the classes that both have."""
    if given.shape[1:] != fresh.shape[1:]:
        return given  # told when all shapes are compared
    places = {c: i for i, c in enumerate(theirs)}
    both = [(i, places[c]) for i, c in enumerate(classes) if c in places]
    out = fresh.clone()
    if both:
        to, origin = torch.tensor(both).T
        out[to] = given[origin].to(out.dtype)
    return out
