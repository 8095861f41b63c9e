"""Weights of one run at the start of another."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from conftest import Result
from hwcli.checkpoint import save_weights
from hwcli.errors import ModelError
from hwcli.glyph import Normalisation
from hwcli.model_info import ModelInfo
from hwcli.models.lenet import Lenet
from hwcli.training.initial import start_from
from hwcli.training.options import Init
from synthetic import make_dataset

Hwcli = Callable[..., Result]
GLYPHS = torch.zeros(1, 28, 28, dtype=torch.uint8)
SHORT = ("--epochs", "1", "--batch-size", "32", "--threads", "1")


def info(classes: str, **other: object) -> ModelInfo:
    fields = {"architecture": "lenet", "options": {}, "target": "char", **other}
    return ModelInfo(
        classes=tuple(classes), scripts=("Latn",) * len(classes),
        normalisation=Normalisation(), **fields,
    )  # type: ignore[arg-type] # fmt: skip


@pytest.fixture
def weights() -> dict[str, torch.Tensor]:
    """Of the model in `model.safetensors`, which knows a, b and c."""
    torch.manual_seed(0)
    model = Lenet().build(classes=3, size=28)
    save_weights(Path("model.safetensors"), model, info("abc"))
    return model.state_dict()


def started(classes: str, how: str = "same", **other: object) -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    model = Lenet().build(classes=len(classes), size=28)
    start_from(Init(Path("model.safetensors"), how), model, info(classes, **other), GLYPHS)  # type: ignore[arg-type]
    return model.state_dict()


def test_the_same_classes_in_another_order(weights: dict[str, torch.Tensor]) -> None:
    found = started("cab")
    assert torch.equal(found["0.weight"], weights["0.weight"])
    for name in ("11.weight", "11.bias"):
        assert torch.equal(found[name], weights[name][[2, 0, 1]])


def test_other_classes_are_refused_by_name(weights: dict[str, torch.Tensor]) -> None:
    with pytest.raises(ModelError, match=r"2 that it does not know \(x y\).*1 that.*\(a\)") as told:
        started("bxcy")
    assert "--init-classes map" in (told.value.hint or "")


def test_other_classes_are_mapped_when_asked(
    weights: dict[str, torch.Tensor], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("WARNING", logger="hwcli"):
        found = started("xcb", "map")
    assert "2 of 3 classes taken over, 1 start fresh" in caplog.text
    torch.manual_seed(1)
    fresh = Lenet().build(classes=3, size=28).state_dict()
    assert torch.equal(found["11.weight"][[1, 2]], weights["11.weight"][[2, 1]])
    assert torch.equal(found["11.weight"][0], fresh["11.weight"][0])
    assert torch.equal(found["9.weight"], weights["9.weight"])


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"architecture": "glyphnet"}, "its model is lenet, this run's glyphnet"),
        ({"options": {"hidden": 3}}, "option hidden is None, this run's 3"),
        ({"target": "script"}, "target"),
    ],
)
def test_another_architecture_is_refused(
    other: dict[str, object], said: str, weights: dict[str, torch.Tensor]
) -> None:
    with pytest.raises(ModelError, match=said):
        started("abc", **other)


@pytest.mark.parametrize("content", [b"", b"no", b"\xff" * 99, b"\x02" + b"\0" * 7 + b"{}"])
def test_what_is_no_safetensors_is_refused(content: bytes) -> None:
    Path("model.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match=r"^model\.safetensors: ") as told:
        started("abc")
    assert "\n" not in told.value.message


def test_weights_that_do_not_fit_are_refused(weights: dict[str, torch.Tensor]) -> None:
    text = {"hwcli": info("abc").to_json()}
    save_file({**weights, "0.weight": torch.zeros(1)}, "model.safetensors", text)
    with pytest.raises(ModelError, match="not those of lenet"):
        started("abc")
    save_file({"0.weight": torch.zeros(1)}, "model.safetensors", text)
    with pytest.raises(ModelError, match="one row for each class"):
        started("abc")


def test_a_run_begins_with_the_weights_of_another(hwcli: Hwcli) -> None:
    data = make_dataset(Path("d")).folder
    fewer = make_dataset(Path("few"), classes=("|", "-", "×")).folder
    assert hwcli("train", "lenet", "--data", data, "--out", "one", "--epochs", "8",
                 "--batch-size", "32", "--threads", "1").code == 0  # fmt: skip
    again = hwcli("train", "lenet", "--data", data, "--out", "two", "--init", "one",
                  "--lr", "1e-9", *SHORT)  # fmt: skip
    assert again.code == 0 and float(again.out.split("\t")[1]) > 0.9, "what it began with"
    refused = hwcli("train", "lenet", "--data", fewer, "--out", "three", "--init", "one", *SHORT)
    assert refused.code == 7 and "2 that it knows besides (0 नि)" in refused.err
    mapped = hwcli("train", "lenet", "--data", fewer, "--out", "four", "--init",
                   "one/model.safetensors", "--init-classes", "map", "--lr", "1e-9",
                   *SHORT)  # fmt: skip
    assert mapped.code == 0 and float(mapped.out.split("\t")[1]) > 0.9
    assert load_file("four/model.safetensors")["11.bias"].shape == (3,)
    missing = hwcli("train", "lenet", "--data", data, "--init", "nothing", *SHORT)
    assert missing.code == 7 and "nothing: no such weights" in missing.err
