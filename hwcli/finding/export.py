"""A trained finder as files: safetensors to go on from, ONNX to find with."""

import json
import logging
import warnings
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from hwcli.atomic import write_bytes
from hwcli.errors import ModelError
from hwcli.finding.judge import Score, judge
from hwcli.finding.network import FinderNet
from hwcli.finding.trained import TrainedFinder
from hwcli.model_info import METADATA_KEY
from hwcli.page.finder import SCHEMA, Finder
from hwcli.quantised import quantise
from hwcli.training.unfolded import unfold

logger = logging.getLogger(__name__)

_TOLERANCE = 0.01
"""How far a plane of ONNX Runtime may be from torch's."""
_LESS = 0.01
"""What 8 bits may cost: share of the glyphs that are found no more, or made up."""


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
    trained: TrainedFinder, weights: Path, exported: Path, about: Mapping[str, object]
) -> Score:
    """Write the network at both places, with `about` and its score in their metadata.

    As ONNX it is of 8 bits, unless it cannot be made so, or finds less by more than `_LESS`.

    Returns:
        How well the ONNX file finds.

    Raises:
        ModelError: ONNX Runtime does not tell what torch does.
    """
    state = {name: value.contiguous() for name, value in trained.network.state_dict().items()}
    own = {METADATA_KEY: _told(about, trained.score)}
    write_bytes(weights, safetensors.torch.save(state, own))
    with TemporaryDirectory() as folder:
        kept, score = Path(folder) / "whole.onnx", trained.score
        _export(trained.network, kept, _told(about, score))
        small = Path(folder) / "small.onnx"
        views = [(view[0] * 255).round().byte().numpy() for view in trained.views]
        try:
            quantise(kept, small, views)
            finder = Finder(small)
            found = judge((page, finder.find(page.view)) for page in trained.held_out)
        except ModelError as error:
            logger.warning("left with float weights: %s", error)
        else:
            if found.found >= score.found - _LESS and found.spurious <= score.spurious + _LESS:
                kept, score = small, found
        write_bytes(exported, _with(kept, _told(about, score)))
    return score


def _told(about: Mapping[str, object], score: Score) -> str:
    """What the metadata say."""
    found = {"found": round(score.found, 4), "spurious": round(score.spurious, 4)}
    return json.dumps({"schema": SCHEMA, **about, **found}, ensure_ascii=False, sort_keys=True)


def _with(path: Path, text: str) -> bytes:
    """The ONNX file at `path` with `text` as its metadata."""
    proto = onnx.load(str(path))
    del proto.metadata_props[:]
    entry = proto.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, text
    return bytes(proto.SerializeToString())


def _export(network: FinderNet, target: Path, text: str) -> None:
    """Write `network` as ONNX with float weights.

    Raises:
        ModelError: ONNX Runtime does not tell what torch does.
    """
    whole = _FromBytes(network).eval()
    view = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (96, 160), dtype=np.uint8))
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            whole, (view[:64, :64],), str(target),
            input_names=["view"], output_names=["planes"],
            dynamic_axes={"view": {0: "height", 1: "width"},
                          "planes": {1: "height/2", 2: "width/2"}},
            opset_version=18, dynamo=False,
        )  # fmt: skip
        expected = whole(view).numpy()
    target.write_bytes(_with(target, text))
    apart = float(np.abs(Finder(target).planes(view.numpy()) - expected).max())
    if not apart <= _TOLERANCE:
        raise ModelError(f"finder: ONNX Runtime is {apart:.2g} away from torch")
