"""What a model file says of itself: the metadata of `model.safetensors` and `model.onnx` alike."""

import json
from dataclasses import dataclass, field

from hwcli.characters import Target
from hwcli.errors import ModelError
from hwcli.glyph import Normalisation
from hwcli.structure import structure_or, unstructure

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
        return json.dumps(unstructure(self), ensure_ascii=False, sort_keys=True)


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
    return structure_or(data, ModelInfo, where, ModelError)
