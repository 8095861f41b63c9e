import copy
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional

from hwcli.checkpoint import save_onnx, save_weights
from hwcli.classify import Classifier
from hwcli.errors import UsageError
from hwcli.glyph import Normalisation
from hwcli.model_info import ModelInfo
from hwcli.models.table import MODELS, find_entry, options_of, parameter_count
from hwcli.training.optim import make_optimizer

SIZES = [28, 32]


def info_of(name: str, classes: int, size: int) -> ModelInfo:
    names = tuple(chr(0x4E00 + i) for i in range(classes))
    how = Normalisation(size=size, fit=size - 4)
    options = options_of(MODELS[name].architecture)
    return ModelInfo(name, options, "char", names, ("Hans",) * classes, how)


def test_lenet_has_the_parameters_of_the_original_works() -> None:
    built = MODELS["lenet"].architecture.build(classes=30, size=28)
    assert parameter_count(built) == 63_406


def test_glyphnet_fits_the_bundle() -> None:
    built = MODELS["glyphnet"].architecture.build(classes=54, size=28)
    assert parameter_count(built) * 4 < 490_000


@pytest.mark.parametrize("name", MODELS)
def test_every_model_says_what_it_is(name: str) -> None:
    entry = MODELS[name]
    assert entry.summary and entry.source
    assert entry.smallest <= entry.size


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", MODELS)
def test_every_model_trains_a_step(name: str, size: int) -> None:
    torch.manual_seed(0)
    model = MODELS[name].architecture.build(classes=7, size=size)
    before = copy.deepcopy(model.state_dict())
    images, targets = torch.rand(16, 1, size, size), torch.arange(16) % 7
    loss = functional.cross_entropy(model(images), targets)
    loss.backward()
    make_optimizer(model, MODELS[name].training).step()
    assert torch.isfinite(loss)
    for key, value in model.named_parameters():
        assert not torch.equal(value, before[key]), f"{key} did not learn"


@pytest.mark.parametrize("name", MODELS)
def test_every_model_takes_its_smallest_size(name: str) -> None:
    size = MODELS[name].smallest
    model = MODELS[name].architecture.build(classes=3, size=size).eval()
    assert model(torch.rand(2, 1, size, size)).shape == (2, 3)


@pytest.mark.parametrize("classes", [1, 10_000])
@pytest.mark.parametrize("name", MODELS)
def test_every_model_takes_any_number_of_classes(name: str, classes: int) -> None:
    model = MODELS[name].architecture.build(classes=classes, size=28).eval()
    assert model(torch.rand(2, 1, 28, 28)).shape == (2, classes)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_is_the_same_in_onnx_and_from_its_file(name: str, tmp_path: Path) -> None:
    torch.manual_seed(1)
    info = info_of(name, 9, 28)
    model = MODELS[name].architecture.build(classes=9, size=28)
    model.train()(torch.rand(32, 1, 28, 28))  # so that norms have statistics to fold
    model.eval()
    images = torch.randint(0, 256, (70, 28, 28), dtype=torch.uint8)
    expected = model(images.unsqueeze(1).float() / 255).detach()
    save_onnx(tmp_path / "model.onnx", model, info, images)
    save_weights(tmp_path / "model.safetensors", model, info)
    classifier = Classifier(tmp_path / "model.onnx")
    assert classifier.info == info
    torch.testing.assert_close(
        torch.from_numpy(classifier.logits(images.numpy())), expected, atol=1e-3, rtol=1e-3
    )
    again = MODELS[name].architecture.build(classes=9, size=28).eval()
    again.load_state_dict(load_file(tmp_path / "model.safetensors"))
    assert torch.equal(again(images.unsqueeze(1).float() / 255), expected)


def test_an_unknown_model_is_told_with_the_likely_one() -> None:
    with pytest.raises(UsageError) as caught:
        find_entry("lenett")
    assert caught.value.hint == "did you mean 'lenet'?"
