import copy
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from hwcli.checkpoint import load_weights, save_onnx, save_weights
from hwcli.classify import Classifier
from hwcli.errors import ModelError, UsageError
from hwcli.glyph import Normalisation
from hwcli.model_info import ModelInfo
from hwcli.models.activations import ACTIVATIONS
from hwcli.models.rnn import SimpleRnn
from hwcli.models.table import (
    MODELS,
    Architecture,
    entry_with,
    find_entry,
    options_of,
    parameter_count,
)
from hwcli.training.optim import make_optimizer

SIZES = [28, 32]
LEARNING = [name for name in MODELS if name != "svm"]
"""An svm is fitted, not trained: tests/models/test_svm.py."""
LIGHT = 64
"""Side at which those models are tested that see glyphs at 224 px."""


def light(name: str) -> Architecture:
    """The architecture of `name`, seeing small images."""
    entry = find_entry(name)
    if options_of(entry.architecture).get("input_size") == 224:
        entry = entry_with(entry, {"input_size": LIGHT})
    return entry.architecture


def info_of(name: str, classes: int, size: int) -> ModelInfo:
    names = tuple(chr(0x4E00 + i) for i in range(classes))
    how = Normalisation(size=size, fit=size - 4)
    return ModelInfo(name, options_of(light(name)), "char", names, ("Hans",) * classes, how)


@pytest.mark.parametrize(
    ("name", "classes", "parameters"),
    [
        ("perceptron", 26, 20_410),
        ("mlp", 30, 165_475),
        ("sequential", 6, 667_654),
        ("hex-mlp", 17, 4_197),
        ("rnn", 6, 3_366),
        ("lenet", 30, 63_406),
        ("cnn", 6, 37_638),
        ("hex-cnn", 17, 158_385),
        ("alexnet", 1000, 60_965_224),  # as Caffe counts the network of the paper
        ("vgg19", 19, 25_088 * 19 + 19),
        ("torchvision:alexnet", 1000, 61_100_840),
        ("torchvision:resnet18", 1000, 11_689_512),
    ],
)
def test_models_have_the_parameters_of_the_original_works(
    name: str, classes: int, parameters: int
) -> None:
    entry = find_entry(name)
    with torch.device("meta"):
        built = entry.architecture.build(classes=classes, size=entry.size)
    assert parameter_count(built) == parameters
    assert entry.classes == classes or classes == 1000


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(
    ("hidden", "parameters"),
    [
        ("none", 20_410),
        ("64", 51_930),
        ("128", 103_834),
        ("256", 207_642),
        ("512", 415_258),
        ("512,64", 436_442),
        ("512,128", 470_938),
        ("512,256", 539_930),
        ("512,256,128", 569_498),
    ],
)
def test_a_perceptron_takes_hidden_layers(hidden: str, parameters: int, activation: str) -> None:
    entry = entry_with(find_entry("perceptron"), {"hidden": hidden, "activation": activation})
    with torch.device("meta"):
        built = entry.architecture.build(classes=26, size=28)
    assert parameter_count(built) == parameters
    kinds = [type(m) for m in built.modules()]
    assert kinds.count(ACTIVATIONS[activation]) == (hidden != "none") * len(hidden.split(","))


@pytest.mark.parametrize(
    "name, classes, most", [("glyphnet-small", 55, 490_000), ("glyphnet", 410, 4_000_000)]
)
def test_our_own_networks_fit_the_bundle(name: str, classes: int, most: int) -> None:
    built = MODELS[name].architecture.build(classes=classes, size=28)
    assert parameter_count(built) * 4 < most


@pytest.mark.parametrize("name", MODELS)
def test_every_model_says_what_it_is(name: str) -> None:
    entry = MODELS[name]
    assert entry.summary and entry.source
    assert entry.smallest <= entry.size
    assert find_entry(name).name == name


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", LEARNING)
def test_every_model_trains_a_step(name: str, size: int) -> None:
    torch.manual_seed(0)
    model = light(name).build(classes=7, size=size)
    before = copy.deepcopy(model.state_dict())
    images, targets = torch.rand(16, 1, size, size), torch.arange(16) % 7
    loss = functional.cross_entropy(model(images), targets)
    loss.backward()
    make_optimizer(model, MODELS[name].training).step()
    assert torch.isfinite(loss)
    for key, value in model.named_parameters():
        learned = not torch.equal(value, before[key])
        assert learned is value.requires_grad, f"{key} did{' not' * value.requires_grad} learn"


@pytest.mark.parametrize("name", LEARNING)
def test_every_model_takes_its_smallest_size(name: str) -> None:
    size = MODELS[name].smallest
    model = light(name).build(classes=3, size=size).eval()
    assert model(torch.rand(2, 1, size, size)).shape == (2, 3)


@pytest.mark.parametrize("classes", [1, 10_000])
@pytest.mark.parametrize("name", LEARNING)
def test_every_model_takes_any_number_of_classes(name: str, classes: int) -> None:
    model = light(name).build(classes=classes, size=28).eval()
    assert model(torch.rand(2, 1, 28, 28)).shape == (2, classes)


@pytest.mark.parametrize("name", LEARNING)
def test_every_model_is_the_same_in_onnx_and_from_its_file(name: str, tmp_path: Path) -> None:
    torch.manual_seed(1)
    info = info_of(name, 9, 28)
    model = light(name).build(classes=9, size=28)
    model.train()(torch.rand(8, 1, 28, 28))  # so that norms have statistics to fold
    model.eval()
    images = torch.randint(0, 256, (9, 28, 28), dtype=torch.uint8)
    expected = model(images.unsqueeze(1).float() / 255).detach()
    save_onnx(tmp_path / "model.onnx", model, info, images)
    save_weights(tmp_path / "model.safetensors", model, info)
    classifier = Classifier(tmp_path / "model.onnx")
    assert classifier.info == info
    torch.testing.assert_close(
        torch.from_numpy(classifier.logits(images.numpy())), expected, atol=1e-3, rtol=1e-3
    )
    again, told = load_weights(tmp_path / "model.safetensors")
    assert told == info
    assert torch.equal(again(images.unsqueeze(1).float() / 255), expected)


def test_an_unknown_model_is_told_with_the_likely_one() -> None:
    with pytest.raises(UsageError) as caught:
        find_entry("lenett")
    assert caught.value.hint == "did you mean 'lenet'?"


def test_an_unknown_model_of_torchvision_is_told_with_likely_ones() -> None:
    with pytest.raises(UsageError, match="resnet19") as caught:
        find_entry("torchvision:resnet19")
    assert caught.value.hint is not None and "resnet18" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "options", "said", "hint"),
    [
        ("lenet", {"hidden": "5"}, "lenet has no --hidden", "no options"),
        ("vgg19", {"max_glyphs": 5}, "vgg19 has no --max-glyphs", "--dropout, --freeze"),
        ("perceptron", {"kernel": "rbf"}, "perceptron has no --kernel", "--hidden, --activation"),
        ("perceptron", {"hidden": "5,"}, "hidden must be", None),
        ("perceptron", {"hidden": "0"}, "widths must be from 1", None),
        ("perceptron", {"hidden": "1," * 16 + "1"}, "16 widths", None),
        ("perceptron", {"hidden": "9" * 40}, "hidden must be", None),
        ("perceptron", {"activation": "gelu"}, "tanhexp", None),
        ("sequential", {"hidden": "5"}, "2 activations for 1 hidden layers", None),
        ("perceptron", {"dropout": 1.0}, "dropout must be in", None),
        ("perceptron", {"dropout": float("nan")}, "dropout must be in", None),
        ("perceptron", {"hidden": 5}, "expected text", None),
        ("hex-cnn", {"input_size": -1}, "input_size must be", None),
        ("cnn", {"channels": ""}, "channels must not be none", None),
        ("rnn", {"units": 0}, "units must be", None),
        ("alexnet", {"input_size": 62}, "from 63 to 1,024", None),
        ("alexnet", {"activation": "no"}, "activation must be", None),
        ("svm", {"kernel": "no"}, "kernel must be", None),
    ],
)
def test_options_that_cannot_be_are_told(
    name: str, options: dict[str, int | str], said: str, hint: str | None
) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        entry_with(find_entry(name), options)
    assert hint is None or (caught.value.hint is not None and hint in caught.value.hint)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"architecture": "nothing"}, "no model 'nothing'"),
        ({"architecture": "torchvision:nothing"}, "torchvision has no model"),
        ({"options": {"hidden": "9999999"}}, "hidden must be"),
        ({"options": {"hidden": "65536,65536,65536,65536"}}, "shape that"),
        ({"options": {"hidden": "33"}}, "shape that its options say"),
        ({"options": {"hiden": "3"}}, "unknown key 'hiden', did you mean 'hidden'"),
        ({"options": {"dropout": "much"}}, "expected a number"),
        ({"architecture": "svm", "options": {"supports": 10**6, "fitted": 10**6}}, "missing"),
        ({"architecture": "cnn", "options": {"pool": False, "channels": "4," * 15 + "4"}},
         "leave nothing of 28 px"),
        ({"architecture": "torchvision:resnet18", "options": {"network": "x"}}, "no model 'x'"),
    ],
)  # fmt: skip
def test_metadata_that_lies_is_refused_without_the_memory_it_asks_for(
    change: dict[str, str | dict[str, int | str]], said: str, tmp_path: Path
) -> None:
    entry = entry_with(find_entry("perceptron"), {"hidden": "32"})
    info = replace(info_of("perceptron", 9, 28), options=options_of(entry.architecture))
    model = entry.architecture.build(classes=9, size=28)
    save_weights(tmp_path / "good.safetensors", model, info)
    assert load_weights(tmp_path / "good.safetensors")[1] == info
    save_weights(tmp_path / "bad.safetensors", model, replace(info, **change))  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=said):
        load_weights(tmp_path / "bad.safetensors")


def test_files_that_are_no_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "junk.safetensors").write_bytes(b"junk")
    for name in ("junk", "none"):
        with pytest.raises(ModelError, match=f"{name}.safetensors"):
            load_weights(tmp_path / f"{name}.safetensors")


def test_one_bias_a_recurrent_layer_and_the_states_of_keras() -> None:
    """h = relu(x W + h U + b), step by step."""
    torch.manual_seed(0)
    layer = SimpleRnn(4, 3)
    torch.nn.init.uniform_(layer.input.bias)
    x, h = torch.rand(2, 5, 4), torch.zeros(2, 3)
    for step in range(5):
        h = (x[:, step] @ layer.input.weight.t() + h @ layer.recurrent + layer.input.bias).relu()
        torch.testing.assert_close(layer(x)[:, step], h)
    assert sum(p.numel() for p in layer.parameters()) == 4 * 3 + 3 * 3 + 3
