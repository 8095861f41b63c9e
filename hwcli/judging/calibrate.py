"""Fits the temperature of a model on a validation split, and puts it into the model's files."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError
from safetensors import SafetensorError, safe_open

from hwcli.atomic import growing, write_bytes, writing
from hwcli.classify import AnyClassifier, find_model, in_run
from hwcli.dataset import Dataset
from hwcli.errors import DatasetError, ModelError, UsageError
from hwcli.judging.confidence import ece, reliability
from hwcli.judging.outcomes import read
from hwcli.judging.predictions import Predictions, predict
from hwcli.metrics import fit_temperature
from hwcli.model_info import METADATA_KEY, ModelInfo, parse_info
from hwcli.progress import Progress
from hwcli.shards import Split
from hwcli.training.runs import ONNX, WEIGHTS

_MOST_LOGITS = 20_000_000
"""That are looked at."""
_LEAST_ROWS = 100
"""By which a temperature can be told."""


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A temperature that was fitted."""

    info: ModelInfo
    """With the new temperature."""
    rows: int
    """It was fitted on."""
    before: float
    """Expected calibration error on them, by the old temperature."""
    after: float


def calibrate(
    classifier: AnyClassifier,
    dataset: Dataset,
    *,
    shared_classes: bool,
    fold_case: bool,
    progress: Progress,
) -> Calibrated:
    """Fit the temperature of `classifier` on the validation split of `dataset` (Guo et al. 2017).

    Raises:
        ModelError: model and data do not fit.
        DatasetError: there are fewer than 100 rows to tell it by.
    """
    info = classifier.info
    shards = range(len(dataset.info.shards))
    if not any((dataset.columns(number).split == Split.val).any() for number in shards):
        raise DatasetError(f"{dataset.folder}: the val split has no rows to tell a temperature by")
    found = predict(
        classifier, dataset, Split.val, shared_classes=shared_classes, fold_case=fold_case,
        at_most=max(1000, _MOST_LOGITS // len(info.classes)), progress=progress,
    )  # fmt: skip
    if len(found) < _LEAST_ROWS:
        raise DatasetError(
            f"{dataset.folder}: {len(found)} rows in val tell no temperature, {_LEAST_ROWS} may"
        )
    temperature = round(fit_temperature(found.logits, found.truth), 4)
    return Calibrated(
        replace(info, temperature=temperature),
        len(found),
        _ece(found, info.temperature),
        _ece(found, temperature),
    )


def _ece(found: Predictions, temperature: float) -> float:
    outcomes = read(found, temperature).outcomes
    return ece(reliability(outcomes.confidence, outcomes.rank == 0))


def store(path: Path, info: ModelInfo) -> tuple[Path, ...]:
    """Write `info` into the model at `path`, and into the other file of its run; returns them.

    Only the metadata change; each file is replaced whole.

    Raises:
        ModelError: a file is damaged or cannot be written, or holds another model.
    """
    paths = [path]
    if in_run(path):
        both = (path.with_name(ONNX), path.with_name(WEIGHTS))
        paths = [p for p in both if p.is_file()]
    wanted = replace(info, temperature=1.0)
    for each in paths:  # all are looked at before one is changed
        if replace(_info_of(each), temperature=1.0) != wanted:
            raise ModelError(f"{each}: is another model than {path}")
    for each in paths:
        with writing(each, ModelError):
            (_store_in_onnx if each.suffix == ".onnx" else _store_in_safetensors)(each, info)
    return tuple(paths)


def check_storable(path: Path, flag: str) -> None:
    """Raise UsageError where `flag` would change a bundled model, which is everybody's."""
    if path.resolve().parent == find_model(None).resolve().parent:
        raise UsageError(
            f"{flag} would change the bundled {path.stem}", hint="copy it and name the copy"
        )


def _info_of(path: Path) -> ModelInfo:
    try:
        if path.suffix == ".onnx":
            found = {p.key: p.value for p in onnx.load(path).metadata_props}
        else:
            with safe_open(path, framework="numpy") as file:
                found = file.metadata() or {}
    except (OSError, SafetensorError, DecodeError) as error:
        raise ModelError(f"{path}: not a model file ({error!s:.100})") from error
    return parse_info(found.get(METADATA_KEY), str(path))


def _store_in_onnx(path: Path, info: ModelInfo) -> None:
    proto = onnx.load(path)
    for entry in proto.metadata_props:
        if entry.key == METADATA_KEY:
            entry.value = info.to_json()
    write_bytes(path, proto.SerializeToString())


def _store_in_safetensors(path: Path, info: ModelInfo) -> None:
    """A safetensors file is the length of its header, the header as JSON, and the tensors.

    https://huggingface.co/docs/safetensors/index#format. The library has read it before.
    """
    with path.open("rb") as old, growing(path) as partial, partial.open("wb") as new:
        header = json.loads(old.read(int.from_bytes(old.read(8), "little")))
        header["__metadata__"][METADATA_KEY] = info.to_json()
        text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        new.write(len(text).to_bytes(8, "little") + text)
        while chunk := old.read(1 << 20):
            new.write(chunk)
