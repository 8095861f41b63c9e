"""Classification of glyphs: by ONNX Runtime, without torch, or by torch where that is asked for."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi.onnxruntime_pybind11_state import (
    Fail,
    InvalidArgument,
    InvalidGraph,
    InvalidProtobuf,
    NoSuchFile,
    NotImplemented,
    RuntimeException,
)

from hwcli.errors import ModelError, UsageError
from hwcli.model_info import METADATA_KEY, ModelInfo, parse_info
from hwcli.training.runs import CONFIG, ONNX, WEIGHTS

BATCH = 512
"""Glyphs per call of ONNX Runtime; larger batches gain nothing on a CPU."""
_PIXELS = BATCH * 28 * 28
"""Fewer glyphs where the network scales them up: the memory of its layers grows so."""
BUNDLED = ("glyphnet", "latin")
"""The bundled models; the first is the one that `ocr` takes without `--model`."""

FAULTS = (Fail, InvalidArgument, InvalidGraph, InvalidProtobuf, NoSuchFile, NotImplemented,
           RuntimeException, ValueError)  # fmt: skip


class Session:
    """A network in ONNX, on the CPU."""

    def __init__(self, path: Path, *, threads: int, what: str) -> None:
        """Load the network at `path`; `threads` 0 takes one a core.

        Raises:
            ModelError: missing, or not ONNX; `what` says what is missing, and so how it is made.
        """
        if not path.is_file():
            made = "`hwcli train`" if what == "model" else f"`hwcli train {what}`"
            raise ModelError(f"{path}: no such {what}", hint=f"{made} makes one")
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = threads
        try:
            self._session = onnxruntime.InferenceSession(
                path.read_bytes(), options, providers=["CPUExecutionProvider"]
            )
        except (*FAULTS, OSError) as error:
            raise ModelError(f"{path}: not an ONNX model ({_first_line(error)})") from error
        self.path = path
        self.metadata = self._session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
        """What hwcli wrote into the file, if it did."""
        self.inputs, self.outputs = self._session.get_inputs(), self._session.get_outputs()

    def run(self, data: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The only output for the only input.

        Raises:
            ModelError: the network fails on it.
        """
        try:
            (out,) = self._session.run(None, {self.inputs[0].name: data})
        except FAULTS as error:
            raise ModelError(f"{self.path}: {_first_line(error)}") from error
        return np.asarray(out, np.float32)


class Classifier:
    """A `model.onnx`: glyphs in, probabilities out."""

    def __init__(self, path: Path, *, threads: int = 0) -> None:
        """Load the model at `path`; `threads` 0 takes one a core.

        Raises:
            ModelError: missing, not ONNX, or not a model of hwcli.
        """
        self._session = Session(path, threads=threads, what="model")
        self.path = path
        self.info: ModelInfo = parse_info(self._session.metadata, str(path))
        self._check_shapes()
        side = self.info.options.get("input_size", 0)
        side = max(28, side) if isinstance(side, int) else 28
        self._batch = max(1, min(BATCH, _PIXELS // side**2))

    def _check_shapes(self) -> None:
        size = self.info.normalisation.size
        inputs, outputs = self._session.inputs, self._session.outputs
        if (
            len(inputs) != 1
            or inputs[0].type != "tensor(uint8)"
            or inputs[0].shape[1:] != [size] * 2
        ):
            raise ModelError(f"{self.path}: its input is not uint8 (N, {size}, {size})")
        if len(outputs) != 1 or outputs[0].shape[1:] != [len(self.info.classes)]:
            raise ModelError(f"{self.path}: its output is not one logit for each class")

    def logits(self, glyphs: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits, float32 (N, classes), of `glyphs`, uint8 (N, size, size), ink 255 on 0.

        Raises:
            ModelError: the model fails on them.
        """
        parts = [np.empty((0, len(self.info.classes)), np.float32)]
        for start in range(0, len(glyphs), self._batch):
            parts.append(self._session.run(glyphs[start : start + self._batch]))
        return np.concatenate(parts)


class AnyClassifier(Protocol):
    """A classifier, by whatever computes it."""

    path: Path
    info: ModelInfo

    def logits(self, glyphs: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits, float32 (N, classes), of `glyphs`, uint8 (N, size, size), ink 255 on 0."""


def open_model(path: Path, *, device: str = "auto", threads: int = 0) -> AnyClassifier:
    """The classifier at `path`, as `find_model` gave it.

    By ONNX Runtime on the CPU, unless `path` is safetensors or `device` another than `cpu`.

    Raises:
        ModelError: missing, damaged, or not a model of hwcli.
        UsageError, DependencyError: no such device, or nothing that could run on it.
    """
    if path.suffix != ".safetensors" and device in ("auto", "cpu"):
        return Classifier(path, threads=threads)
    weights = path.with_name(WEIGHTS) if in_run(path) else path
    if weights.suffix != ".safetensors":
        raise UsageError(
            f"--device {device}: {path} runs on the CPU alone",
            hint=f"a run folder, or its {WEIGHTS}, runs on a GPU",
        )
    from hwcli.torch_classifier import TorchClassifier  # noqa: PLC0415 (2 s)

    return TorchClassifier(weights, device=device, threads=threads)


def probabilities_of(
    classifier: AnyClassifier,
    glyphs: NDArray[np.uint8],
    *,
    among: NDArray[np.bool_] | None = None,
) -> NDArray[np.float32]:
    """Calibrated probabilities, float32 (N, classes); each row sums to 1.

    Args:
        classifier: with its temperature.
        glyphs: uint8 (N, size, size), ink 255 on 0.
        among: (classes,) which can be; the others get 0. All if None.

    Raises:
        ModelError: the model fails on them, or gives what is no number.
    """
    logits = classifier.logits(glyphs)
    if not np.isfinite(logits).all():
        raise ModelError(f"{classifier.path}: gives logits that are not finite")
    if among is not None:
        logits = np.where(among, logits, -np.inf)
    return softmax(logits / np.float32(classifier.info.temperature))


def in_run(path: Path) -> bool:
    """Whether the file at `path` is the model of a run folder."""
    return path.name in (ONNX, WEIGHTS) and (path.parent / CONFIG).is_file()


def name_of(path: Path) -> str:
    """How a model is called: its run folder's name, or the file's."""
    return path.resolve().parent.name if in_run(path) else path.stem


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Softmax of each row of float (N, classes)."""
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=1, keepdims=True), np.float32)


def top_k(probabilities: NDArray[np.float32], k: int) -> NDArray[np.intp]:
    """Indices of the `k` largest of each row, best first, ties by class order: (N, k)."""
    return np.argsort(-probabilities, axis=1, kind="stable")[:, :k]


def find_model(name: str | None, bundled: Sequence[str] = BUNDLED) -> Path:
    """The model file that `name` means: a bundled name, a run folder, a file, or None for ours.

    A folder that is called as a bundled model is meant by `./NAME`.

    Raises:
        ModelError: nothing of that name.
    """
    chosen = bundled[0] if name is None else name
    if chosen in bundled:
        return Path(__file__).parent / "assets" / "models" / f"{chosen}.onnx"
    path = Path(chosen)
    if path.is_dir():
        both = path / ONNX, path / WEIGHTS
        return next((p for p in both if p.is_file()), both[0])
    if path.suffix == ".onnx" or path.is_file():
        return path
    raise ModelError(
        f"{chosen}: no such run folder, model file or bundled model",
        hint=f"bundled: {', '.join(bundled)}; a run folder looks like runs/lenet-…",
    )


def find_weights(name: str) -> Path:
    """The weights that `name` means to a training: a bundled model's, a run folder's, or a file.

    Raises:
        ModelError: nothing of that name.
    """
    if name in BUNDLED:
        return find_model(name)
    path = file_of(name, WEIGHTS)
    if path is None:
        raise ModelError(
            f"{name}: no such weights",
            hint=f"--init takes a run folder, a file of one, or {' or '.join(BUNDLED)}",
        )
    return path


def file_of(name: str, in_run: str) -> Path | None:
    """The file called `name`, or `in_run` in the folder called so; None where there is neither."""
    path = Path(name)
    try:
        path = path / in_run if path.is_dir() else path
        return path if path.is_file() else None
    except OSError:  # no right to look, a name too long
        return None


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
