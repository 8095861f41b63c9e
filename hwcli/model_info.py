"""What a model file says of itself: the metadata of `model.safetensors` and `model.onnx` alike."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from hwcli.characters import Target
from hwcli.errors import ModelError
from hwcli.glyph import Normalisation

SCHEMA = "hwcli.model/1"
METADATA_KEY = "hwcli"
"""Under which safetensors and ONNX keep the JSON of a `ModelInfo`."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """All that is needed to build a model again and to read its output."""

    architecture: str
    """A name that `train --list` shows."""
    options: dict[str, int | float | str | bool]
    """The architecture's own options."""
    target: Target
    classes: tuple[str, ...]
    """What the outputs stand for, in order: characters, or scripts where `target` is script."""
    scripts: tuple[str, ...]
    """ISO 15924 code of each class, in the same order."""
    normalisation: Normalisation
    """How the training images were made; a photo's glyphs are made the same way."""
    dataset: str = ""
    dataset_sha256: str = ""
    temperature: float = 1.0
    """Logits are divided by it before softmax (Guo et al. 2017)."""
    hwcli: str = ""
    """The version that trained it."""
    schema: str = field(default=SCHEMA)

    def __post_init__(self) -> None:
        if not self.classes:
            raise ValueError("a model without classes")
        if len(self.classes) != len(self.scripts):
            raise ValueError(f"{len(self.classes)} classes but {len(self.scripts)} scripts")
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("a class is listed twice")
        if not 0.01 <= self.temperature <= 100:
            raise ValueError(f"temperature must be from 0.01 to 100, not {self.temperature:.3g}")

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)


def parse_info(text: str | None, where: str) -> ModelInfo:
    """The `ModelInfo` in a model file's metadata; `where` names the file in errors.

    Raises:
        ModelError: no metadata, or not what it should be.
    """
    if text is None:
        raise ModelError(f"{where}: not a model of hwcli (no {METADATA_KEY!r} metadata)")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{where}: its metadata is not JSON ({error})") from error
    if isinstance(data, dict) and data.get("schema") != SCHEMA:
        raise ModelError(f"{where}: schema {data.get('schema')!r:.60}, expected {SCHEMA!r}")
    info = _as_written(data)
    if info is not None:
        return info
    from hwcli.structure import structure_or  # noqa: PLC0415 (15 ms, to tell what is wrong)

    return structure_or(data, ModelInfo, where, ModelError)


_EXAMPLE: dict[str, Any] = {
    "architecture": "", "options": {}, "target": "char", "classes": [], "scripts": [],
    "normalisation": asdict(Normalisation()), "dataset": "", "dataset_sha256": "",
    "temperature": 1.0, "hwcli": "", "schema": SCHEMA,
}  # fmt: skip


def _as_written(data: Any) -> ModelInfo | None:
    """The `ModelInfo` of `data` that `to_json` has written; None for anything else, good or bad."""
    if not _alike(data, _EXAMPLE):
        return None
    how = _EXAMPLE["normalisation"] | data["normalisation"]  # older ones have no `frame`
    if not _alike(how, _EXAMPLE["normalisation"]):
        return None
    texts = (*data["classes"], *data["scripts"])
    plain = all(type(value) in (int, float, str, bool) for value in data["options"].values())
    if not plain or not all(type(text) is str for text in texts):
        return None
    if data["target"] not in ("char", "script") or how["centre"] not in ("box", "mass"):
        return None
    if how["frame"] not in ("fit", "keep"):
        return None
    try:
        return ModelInfo(
            **data | {"classes": tuple(data["classes"]), "scripts": tuple(data["scripts"]),
                      "normalisation": Normalisation(**how)}
        )  # fmt: skip
    except ValueError:
        return None


def _alike(data: Any, example: Any) -> bool:
    """Whether `data` is a table of the very keys of `example`, with values of the same types."""
    return (
        type(data) is dict
        and data.keys() == example.keys()
        and all(type(data[key]) is type(value) for key, value in example.items())
    )
