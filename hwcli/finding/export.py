"""A trained finder as files: safetensors to go on from, ONNX to find with."""

import io
import json
import warnings
from pathlib import Path

import numpy as np
import onnx
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from hwcli.atomic import growing, write_bytes
from hwcli.errors import ModelError
from hwcli.finding.network import FinderNet
from hwcli.model_info import METADATA_KEY
from hwcli.page.finder import SCHEMA, Finder
from hwcli.training.unfolded import unfold

_TOLERANCE = 0.01
"""How far a plane of ONNX Runtime may be from torch's."""


class _FromBytes(nn.Module):
    """uint8 (H, W) to float (4, H/2, W/2)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, view: Tensor) -> Tensor:
        out: Tensor = self.network(view.unsqueeze(0).unsqueeze(0).to(torch.float32) / 255)
        return out.squeeze(0)


def load_finder(path: Path) -> FinderNet | Finder:
    """The network of a run of `train finder`: as it was trained, or as ONNX, for `unfolded`.

    Raises:
        ModelError: missing, damaged, or another network's.
    """
    if path.suffix == ".onnx":
        return Finder(path)
    network = FinderNet()
    try:
        network.load_state_dict(safetensors.torch.load_file(path))
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror or error}") from error
    except (SafetensorError, RuntimeError) as error:
        told = str(error).splitlines()[0]
        raise ModelError(f"{path}: not the weights of a finder ({told:.100})") from error
    return network


def unfolded(finder: Finder, views: Tensor) -> FinderNet:
    """A network that finds as `finder` does, and can learn.

    Args:
        finder: as hwcli wrote it.
        views: float (N, 1, H, W) in [0, 1], some that it will learn from.

    Raises:
        ModelError: it is another network.
    """
    network = FinderNet()
    planes = [finder.planes((view[0] * 255).round().byte().numpy()) for view in views]
    unfold(finder.path, network, views, torch.from_numpy(np.stack(planes)))
    return network


def save_finder(
    network: FinderNet, weights: Path, exported: Path, about: dict[str, object]
) -> None:
    """Write `network` at both places, with `about` in their metadata, once both agree.

    Raises:
        ModelError: ONNX Runtime does not tell what torch does.
    """
    text = json.dumps({"schema": SCHEMA, **about}, ensure_ascii=False, sort_keys=True)
    state = {name: value.contiguous() for name, value in network.state_dict().items()}
    write_bytes(weights, safetensors.torch.save(state, {METADATA_KEY: text}))
    whole = _FromBytes(network).eval()
    view = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (96, 160), dtype=np.uint8))
    raw = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            whole, (view[:64, :64],), raw,  # type: ignore[arg-type]
            input_names=["view"], output_names=["planes"],
            dynamic_axes={"view": {0: "height", 1: "width"},
                          "planes": {1: "height/2", 2: "width/2"}},
            opset_version=18, dynamo=False,
        )  # fmt: skip
        expected = whole(view).numpy()
    proto = onnx.ModelProto.FromString(raw.getvalue())
    entry = proto.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, text
    with growing(exported) as partial:
        partial.write_bytes(proto.SerializeToString())
        apart = float(np.abs(Finder(partial).planes(view.numpy()) - expected).max())
        if not apart <= _TOLERANCE:
            raise ModelError(f"{exported}: ONNX Runtime is {apart:.2g} away from torch")
