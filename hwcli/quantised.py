"""Networks of 8 bits: their weights and activations are whole numbers, twice as soon computed.

Post-training quantisation (Jacob et al. 2018, arXiv:1712.05877) by ONNX Runtime: weights of each
channel by themselves, activations by the range that they have on some inputs.
"""

import contextlib
import io
import logging
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from hwcli.classify import FAULTS
from hwcli.errors import ModelError, UsageError

_LAYERS, _FEWEST_LAYERS = frozenset({"Conv", "Gemm", "MatMul"}), 3
"""Of a network: the first and the last stay as they are, for they cost little and matter most."""
_QUANTISED = frozenset({"QuantizeLinear", "DequantizeLinear", "QLinearConv", "ConvInteger"})


def check_float(path: Path) -> None:
    """Refuse what has 8 bits already.

    Raises:
        ModelError: not ONNX.
        UsageError: it has.
    """
    try:
        kinds = {node.op_type for node in onnx.load(str(path)).graph.node}
    except (OSError, DecodeError) as error:
        raise ModelError(f"{path}: not ONNX ({error!s:.100})") from error
    if kinds & _QUANTISED:
        raise UsageError(f"{path}: has 8 bits already")


def quantise(path: Path, target: Path, inputs: Sequence[NDArray[np.uint8]]) -> None:
    """Write the network at `path` with 8 bits to `target`, with the same metadata.

    Weights have 7 of the 8 bits: with all, processors without VNNI would let sums overflow, and
    say other things than those with it.

    Args:
        path: ONNX of float weights.
        target: in a folder where files may be made beside it.
        inputs: what tells the ranges of activations, one after the other.

    Raises:
        UsageError: it has too few layers.
        ModelError: it cannot be read, or not be written so.
    """
    from onnxruntime import quantization  # noqa: PLC0415  (0.3 s)

    class Inputs(quantization.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._left: Iterator[NDArray[np.uint8]] = iter(inputs)

        def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
            some = next(self._left, None)
            return None if some is None else {name: some}

    copy = target.with_name("old.onnx")  # ONNX Runtime writes beside what it reads
    try:
        shutil.copyfile(path, copy)
        proto = onnx.load(str(copy))
        name = proto.graph.input[0].name
        layers = [node.name for node in proto.graph.node if node.op_type in _LAYERS]
        if len(layers) < _FEWEST_LAYERS:
            raise UsageError(f"{path}: has too few layers for 8 bits", hint="it is small as it is")
        with _quietly():
            quantization.quantize_static(
                str(copy),
                str(target),
                Inputs(),
                quant_format=quantization.QuantFormat.QDQ,
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
                calibrate_method=quantization.CalibrationMethod.Percentile,
                nodes_to_exclude=[layers[0], layers[-1]],
                per_channel=True,
                reduce_range=True,
            )
        new = onnx.load(str(target))
        del new.metadata_props[:]
        new.metadata_props.extend(proto.metadata_props)
        new.producer_name, new.producer_version = proto.producer_name, proto.producer_version
        target.write_bytes(new.SerializeToString())
    except UsageError:
        raise
    except (*FAULTS, OSError, DecodeError, RuntimeError, KeyError, AttributeError) as error:
        raise ModelError(f"{path}: cannot be made 8 bits: {error!s:.200}") from error


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Without ONNX Runtime's advice by the root logger, and what it prints."""
    was = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # standard output is for results
            yield
    finally:
        logging.disable(was)
