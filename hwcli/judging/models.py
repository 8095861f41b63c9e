"""Opens what is judged: a run, a `model.onnx` without torch, or a `model.safetensors` with it."""

from pathlib import Path

from hwcli.classify import Classifier, find_model
from hwcli.errors import UsageError
from hwcli.judging.predictions import Judged
from hwcli.training.runs import CONFIG, ONNX, WEIGHTS


def open_model(path: Path, *, device: str = "auto", threads: int = 0) -> Judged:
    """The classifier at `path`, as `find_weights` gave it.

    By ONNX Runtime on the CPU, unless `path` is safetensors or `device` another than `cpu`.

    Raises:
        ModelError: missing, damaged, or not a model of hwcli.
        UsageError, DependencyError: no such device, or nothing that could run on it.
    """
    if path.suffix == ".onnx" and device in ("auto", "cpu"):
        return Classifier(path, threads=threads)
    weights = path.with_name(WEIGHTS) if in_run(path) else path
    if weights.suffix != ".safetensors":
        raise UsageError(
            f"--device {device}: {path} runs on the CPU alone",
            hint=f"a run folder, or its {WEIGHTS}, runs on a GPU",
        )
    from hwcli.torch_classifier import TorchClassifier  # noqa: PLC0415 (2 s)

    return TorchClassifier(weights, device=device, threads=threads)


def find_weights(name: str) -> Path:
    """The file that `name` means: a bundled name, a run folder, or a file.

    Raises:
        ModelError: nothing of that name.
    """
    path = find_model(name)
    if path.name == ONNX and not path.exists() and path.with_name(WEIGHTS).is_file():
        return path.with_name(WEIGHTS)
    return path


def in_run(path: Path) -> bool:
    """Whether the file at `path` is the model of a run folder."""
    return path.name in (ONNX, WEIGHTS) and (path.parent / CONFIG).is_file()


def name_of(path: Path) -> str:
    """How a model is called: its run folder's name, or the file's."""
    return path.resolve().parent.name if in_run(path) else path.stem
