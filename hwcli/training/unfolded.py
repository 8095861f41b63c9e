"""Weights out of a network that was written as ONNX, with its batch norms made anew.

Writing folds each batch norm into the convolution before it, and learning needs them apart again.
They come back so that each makes even what reaches it from some images, and then undoes that: the
network says what the file says, and learns as one that was never folded.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import onnx
import torch
from google.protobuf.message import DecodeError
from onnx import numpy_helper
from torch import Tensor, nn

from hwcli.checkpoint import ONNX_TOLERANCE
from hwcli.errors import ModelError

Hook = Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]
_ROUNDED = 0.1
"""How far a network of 8 bits may be from what its weights say, as a share of the largest logit."""
_OF_8_BITS = "DequantizeLinear"
_SOLE = "; its run's model.safetensors can be begun with"


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """A convolution or a dense layer of the file."""

    weight: Tensor
    bias: Tensor | None
    rounded: bool
    """Whether the weight was of 8 bits."""


@torch.no_grad()
def unfold(path: Path, network: nn.Module, images: Tensor, told: Tensor) -> None:
    """Put the weights at `path` into `network`.

    Args:
        path: an ONNX file that hwcli wrote of such a network.
        network: fresh; as large as what it begins with says how large its filters are made.
        images: float, a batch such as it will learn from, which its batch norms are made for.
        told: what the file says of them.

    Raises:
        ModelError: not ONNX, another network's, or one of layers that cannot be taken out.
    """
    layers, places = _layers(path), list(_places(path, network))
    shapes = [layer.weight.shape for layer in layers]
    if shapes != [place.weight.shape for place, _ in places]:
        raise ModelError(f"{path}: its layers are not those of this network")
    for layer, (place, norm) in zip(layers, places, strict=True):
        if norm is None:
            place.weight.copy_(layer.weight)
            if place.bias is not None and layer.bias is not None:
                place.bias.copy_(layer.bias)
        else:
            _put(layer, place, norm)
    network.eval()
    watched = [place.register_forward_hook(_made_even(n)) for place, n in places if n is not None]
    network(images)
    for hook in watched:
        hook.remove()
    apart = (network(images) - told).abs().max() / told.abs().max().clamp(min=1)
    rounded = any(layer.rounded for layer in layers)
    if not float(apart) <= (_ROUNDED if rounded else 10 * ONNX_TOLERANCE):
        raise ModelError(f"{path}: with its weights, this network says something else{_SOLE}")


def _layers(path: Path) -> list[_Layer]:
    """The layers of the file, in the order in which they are computed."""
    try:
        graph = onnx.load_model(str(path), load_external_data=False).graph
    except (OSError, DecodeError) as error:
        raise ModelError(f"{path}: not ONNX ({error!s:.100})") from error
    known = {tensor.name: tensor for tensor in graph.initializer}
    scaled = {n.output[0]: n for n in graph.node if n.op_type == _OF_8_BITS and n.output}

    def stored(name: str) -> Tensor | None:
        tensor = known.get(name)
        if tensor is None:
            return None
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            raise ModelError(f"{path}: its weights lie in another file{_SOLE}")
        try:
            return torch.from_numpy(numpy_helper.to_array(tensor).copy()).float()
        except (ValueError, TypeError, KeyError) as error:
            raise ModelError(f"{path}: damaged ({error!s:.100})") from error

    def read(node: onnx.NodeProto, place: int) -> Tensor | None:
        name = node.input[place] if len(node.input) > place else ""
        if name not in scaled:
            return stored(name)
        parts = [stored(name) for name in scaled[name].input]
        axis = next((a.i for a in scaled[name].attribute if a.name == "axis"), 1)
        return _unscaled(path, parts, axis)

    layers = []
    for node in graph.node:
        if node.op_type in ("Conv", "Gemm"):
            weight = read(node, 1)
            if weight is None:
                raise ModelError(f"{path}: its weights cannot be taken out{_SOLE}")
            layers.append(_Layer(weight, read(node, 2), node.input[1] in scaled))
    return layers


def _unscaled(path: Path, parts: list[Tensor | None], axis: int) -> Tensor | None:
    """Numbers of 8 bits as they were, about; `parts` are these, their scales, and their zeros."""
    if len(parts) < 2 or parts[0] is None or parts[1] is None:
        return None
    value, scale = parts[0], parts[1]
    zero = parts[2] if len(parts) > 2 and parts[2] is not None else torch.zeros_like(scale)
    for part in (scale, zero):
        along = part.dim() == 1 and -value.dim() <= axis < value.dim()
        if part.numel() != 1 and not (along and len(part) == value.shape[axis]):
            raise ModelError(f"{path}: damaged (its scales are not those of its weights)")
    if value.dim():
        shape = [-1 if axis % value.dim() == place else 1 for place in range(value.dim())]
        scale, zero = (p.view(shape) if p.numel() > 1 else p.flatten()[0] for p in (scale, zero))
    return (value - zero) * scale


def _places(
    path: Path, network: nn.Module
) -> Iterator[tuple[nn.Conv2d | nn.Linear, nn.BatchNorm2d | None]]:
    """The layers of `network` in their order, each with the batch norm that follows it."""
    leaves = [m for m in network.modules() if next(m.parameters(recurse=False), None) is not None]
    before: nn.Conv2d | nn.Linear | None = None
    for leaf in leaves:
        if isinstance(leaf, nn.BatchNorm2d) and isinstance(before, nn.Conv2d):
            yield before, leaf
            before = None
            continue
        if before is not None:
            yield before, None
        if not isinstance(leaf, nn.Conv2d | nn.Linear):
            raise ModelError(f"{path}: a network of other layers than convolutions{_SOLE}")
        before = leaf
    if before is not None:
        yield before, None


def _put(layer: _Layer, place: nn.Conv2d | nn.Linear, norm: nn.BatchNorm2d) -> None:
    """Weights as large as fresh ones, so that they learn as fast; the norm undoes it."""
    own = layer.weight.flatten(1).norm(dim=1)
    usual = place.weight.flatten(1).norm(dim=1).mean()
    factor = torch.where(own > 0, usual / own.clamp(min=1e-12), torch.ones_like(own))
    place.weight.copy_(layer.weight * factor.view(-1, *[1] * (layer.weight.dim() - 1)))
    if place.bias is not None:  # folded into the norm's
        place.bias.zero_()
    assert norm.running_mean is not None and norm.running_var is not None
    norm.running_mean.zero_()
    norm.running_var.fill_(1.0)
    norm.weight.copy_((1 + norm.eps) ** 0.5 / factor)
    norm.bias.copy_(torch.zeros_like(own) if layer.bias is None else layer.bias)


def _made_even(norm: nn.BatchNorm2d) -> Hook:
    """A hook that makes `norm` one of what it is given, and lets it say what it said before."""

    def hook(module: nn.Module, given: tuple[Tensor, ...], out: Tensor) -> None:
        del module, given
        assert norm.running_mean is not None and norm.running_var is not None
        mean, var = out.mean(dim=(0, 2, 3)), out.var(dim=(0, 2, 3))
        slope = norm.weight / (norm.running_var + norm.eps).sqrt()
        norm.bias.add_((mean - norm.running_mean) * slope)
        norm.weight.copy_(slope * (var + norm.eps).sqrt())
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(var)

    return hook
