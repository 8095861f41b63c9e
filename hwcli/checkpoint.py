"""Model files: weights as safetensors, networks as ONNX, both with a `ModelInfo`. Never pickle."""

import contextlib
import copy
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from hwcli.atomic import growing, write_bytes
from hwcli.classify import Classifier
from hwcli.errors import ModelError
from hwcli.model_info import METADATA_KEY, ModelInfo, parse_info
from hwcli.models.scale import eval_batch
from hwcli.models.table import build_model

logger = logging.getLogger(__name__)
ONNX_TOLERANCE = 1e-3
"""How far a logit of ONNX Runtime may be from torch's, relative to the largest logit above 1."""


def save_weights(path: Path, model: nn.Module, info: ModelInfo) -> None:
    """Write the weights of `model` and `info` as safetensors at `path`, atomically."""
    state = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    write_bytes(path, safetensors.torch.save(state, {METADATA_KEY: info.to_json()}))


def read_weights(path: Path) -> tuple[dict[str, Tensor], ModelInfo]:
    """What `save_weights` wrote at `path`, not yet in a network.

    Raises:
        ModelError: missing or damaged.
    """
    try:
        if not path.is_file():
            raise ModelError(f"{path}: no such model", hint="`hwcli train` makes one")
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = (file.metadata() or {}).get(METADATA_KEY)
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path}: not a safetensors file ({error!s:.100})") from error
    return state, parse_info(metadata, str(path))


def load_weights(path: Path) -> tuple[nn.Module, ModelInfo]:
    """The network at `path`, as `save_weights` wrote it, on the CPU; nothing in it is trusted.

    Raises:
        ModelError: missing, damaged, or not what its metadata says.
    """
    state, info = read_weights(path)
    with torch.device("meta"):  # what the metadata promises may be larger than any memory
        promised = build_model(info, str(path)).state_dict()
    for name in (*promised, *state):
        if name not in state or name not in promised:
            raise ModelError(f"{path}: {name} is {'missing' if name in promised else 'unknown'}")
        wanted, found = promised[name], state[name]
        if (wanted.shape, wanted.dtype) != (found.shape, found.dtype):
            raise ModelError(f"{path}: {name} does not have the shape that its options say")
    model = build_model(info, str(path))
    own = model.state_dict()  # knows the versions of its parts, which MNASNet asks for
    own.update(state)
    model.load_state_dict(own)
    return model.eval(), info


class _FromBytes(nn.Module):
    """The exported network: uint8 (N, S, S) in, logits out."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        out: Tensor = self.model(images.unsqueeze(1).to(torch.float32) / 255)
        return out


def save_onnx(path: Path, model: nn.Module, info: ModelInfo, samples: Tensor) -> None:
    """Write `model` with `info` as ONNX at `path`, atomically, once ONNX Runtime agrees with it.

    Args:
        path: where to.
        model: the network.
        info: goes into the metadata.
        samples: uint8 (N, S, S), a few glyphs on which both are compared.

    Raises:
        ModelError: ONNX Runtime's logits are not torch's.
    """
    network = _FromBytes(copy.deepcopy(model).cpu().float().eval())
    with growing(path) as partial:
        for last, export in ((False, _traced), (True, _exported)):
            try:
                # Of a copy: the older exporter folds batch norms into what it is given.
                proto = export(copy.deepcopy(network), info.normalisation.size)
                entry = proto.metadata_props.add()
                entry.key, entry.value = METADATA_KEY, info.to_json()
                partial.write_bytes(proto.SerializeToString())
                _compare(Classifier(partial), network, samples.cpu(), path)
                return
            except (*_EXPORT_FAULTS, ModelError) as error:
                if last:
                    raise
                logger.info("%s: exported anew, since: %s", path, str(error).split("\n", 1)[0])


_EXPORT_FAULTS = (
    torch.onnx.errors.OnnxExporterError, RuntimeError, TypeError, ValueError, ImportError,
    AttributeError,
)  # fmt: skip
"""What the older exporter raises on networks it cannot take, and where torch has it no more."""


def _traced(network: nn.Module, size: int) -> onnx.ModelProto:
    """By the older exporter: 0.1 s instead of 3 s, to the same logits, where it can."""
    raw = io.BytesIO()
    with _quietly():
        torch.onnx.export(
            network,
            (torch.zeros(2, size, size, dtype=torch.uint8),),
            raw,  # type: ignore[arg-type]  # taken by the older exporter
            input_names=["images"],
            output_names=["logits"],
            dynamic_axes={"images": {0: "batch"}, "logits": {0: "batch"}},
            opset_version=18,
            dynamo=False,
        )
    proto: onnx.ModelProto = onnx.ModelProto.FromString(raw.getvalue())
    _strip(proto)
    return proto


def _exported(network: nn.Module, size: int) -> onnx.ModelProto:
    example = torch.zeros(2, size, size, dtype=torch.uint8)
    with _quietly():
        program = torch.onnx.export(
            network,
            (example,),
            input_names=["images"],
            output_names=["logits"],
            dynamic_shapes={"images": {0: torch.export.Dim("batch")}},
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    proto: onnx.ModelProto = program.model_proto
    _strip(proto)
    return proto


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    quiet = contextlib.redirect_stdout(io.StringIO())  # standard output is for results
    with quiet, warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        yield


def _strip(proto: onnx.ModelProto) -> None:
    """Remove the exporter's notes: they are larger than small weights and name local files."""
    graph = proto.graph
    del proto.metadata_props[:], graph.metadata_props[:], graph.value_info[:]
    for item in (*graph.node, *graph.input, *graph.output, *graph.initializer):
        del item.metadata_props[:]
        item.doc_string = ""
    graph.doc_string = proto.doc_string = ""


@torch.no_grad()
def _compare(classifier: Classifier, network: nn.Module, samples: Tensor, path: Path) -> None:
    samples = samples[: eval_batch(network, len(samples))]
    for some in (samples, samples[:1]):  # the number of rows must not be that of the example
        expected = network(some).numpy()
        found = classifier.logits(some.numpy())
        scale = max(1.0, float(np.abs(expected).max(initial=0)))
        apart = float(np.abs(expected - found).max(initial=0)) / scale
        if not apart <= ONNX_TOLERANCE:
            raise ModelError(f"{path}: ONNX Runtime is {apart:.2g} away from torch; not written")
