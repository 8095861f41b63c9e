"""Networks of 8 bits: their weights and activations are whole numbers, twice as soon computed.

Post-training quantisation (Jacob et al. 2018, arXiv:1712.05877) by ONNX Runtime: weights of each
channel by themselves, activations by the range that they have on some images.
"""

import contextlib
import io
import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from hwcli.atomic import write_bytes, writing
from hwcli.classify import FAULTS, Classifier
from hwcli.dataset import Dataset
from hwcli.errors import DatasetError, ModelError, UsageError
from hwcli.judging.predictions import Predictions, predict
from hwcli.progress import Progress
from hwcli.shards import Split

_IMAGES, _AT_ONCE = 2048, 128
"""Images that tell the ranges of activations, and how many the network is given at once."""
_LEAST_IMAGES = 100
"""By which ranges can be told, and two networks compared."""
_MOST_OTHERWISE = 0.05
"""Share of the images that the new one may name otherwise."""
_LAYERS, _FEWEST_LAYERS = frozenset({"Conv", "Gemm", "MatMul"}), 3
"""Of a network: the first and the last stay as they are, for they cost little and matter most."""
_QUANTISED = frozenset({"QuantizeLinear", "DequantizeLinear", "QLinearConv", "ConvInteger"})


@dataclass(frozen=True, slots=True)
class EightBits:
    """What became of a network."""

    before: int
    """Bytes of its file."""
    after: int
    rows: int
    """Images on which both were compared."""
    otherwise: int
    """How many of these it names otherwise than before."""


def to_eight_bits(
    classifier: Classifier,
    dataset: Dataset,
    *,
    threads: int,
    shared_classes: bool,
    fold_case: bool,
    progress: Progress,
) -> EightBits:
    """Replace the file of `classifier` by one of 8 bits that says nearly the same.

    The ranges of activations are those of images of the train split of `dataset`; the two are
    compared on its val split before the old one goes. Weights have 7 of the 8 bits: with all,
    processors without VNNI would let sums overflow, and name other characters than those with it.

    Raises:
        UsageError: it has 8 bits already, or would be no smaller.
        DatasetError: too few images to tell ranges by or to compare on, or of another size.
        ModelError: model and data do not fit, the new one names too much otherwise, or it cannot
            be read or written.
    """
    path = classifier.path
    _check(path)
    images = _some(dataset, Split.train)
    size = classifier.info.normalisation.size
    if len(images) < _LEAST_IMAGES or images.shape[1:] != (size, size):
        raise DatasetError(
            f"{dataset.folder}: train has not {_LEAST_IMAGES} images of {size} × {size} px"
        )

    def told(network: Classifier) -> Predictions:
        return predict(
            network, dataset, Split.val, shared_classes=shared_classes, fold_case=fold_case,
            at_most=_IMAGES, progress=progress,
        )  # fmt: skip

    before = told(classifier)
    if len(before) < _LEAST_IMAGES:
        raise DatasetError(f"{dataset.folder}: {len(before)} rows in val are too few to compare on")
    with TemporaryDirectory() as folder:
        target = Path(folder) / "new.onnx"
        _quantise(path, target, images)
        after = told(Classifier(target, threads=threads))
        data = target.read_bytes()
    found = EightBits(
        path.stat().st_size, len(data), len(before),
        int((before.logits.argmax(axis=1) != after.logits.argmax(axis=1)).sum()),
    )  # fmt: skip
    if found.after >= found.before:
        raise UsageError(f"{path}: would be no smaller in 8 bits", hint="--int8 is for networks")
    if found.otherwise > _MOST_OTHERWISE * found.rows:
        raise ModelError(
            f"{path}: in 8 bits it names {found.otherwise:,} of {found.rows:,} glyphs of val "
            "otherwise; left as it is"
        )
    with writing(path, ModelError):
        write_bytes(path, data)
    return found


def _check(path: Path) -> None:
    try:
        kinds = {node.op_type for node in onnx.load(str(path)).graph.node}
    except (OSError, DecodeError) as error:
        raise ModelError(f"{path}: not ONNX ({error!s:.100})") from error
    if kinds & _QUANTISED:
        raise UsageError(f"{path}: has 8 bits already")


def _some(dataset: Dataset, split: Split) -> NDArray[np.uint8]:
    """Images from all of a split, evenly: as many as tell enough."""
    images = dataset.load(split).images
    some = np.linspace(0, len(images) - 1, min(_IMAGES, len(images))).astype(np.intp)
    return np.asarray(images[some], np.uint8)


def _quantise(path: Path, target: Path, images: NDArray[np.uint8]) -> None:
    from onnxruntime import quantization  # noqa: PLC0415  (0.3 s)

    class Images(quantization.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            each = min(_AT_ONCE, len(images))  # it takes no parts of other sizes
            whole = images[: len(images) // each * each]
            self._left: Iterator[NDArray[np.uint8]] = iter(np.split(whole, len(whole) // each))

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
                Images(),
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
    except (*FAULTS, OSError, DecodeError, ValueError, KeyError, AttributeError) as error:
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
