"""A network out of ONNX: it says the same, and can learn on."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from composed import sample_dataset
from conftest import Result
from hwcli.checkpoint import load_weights, save_onnx
from hwcli.classify import Classifier, find_model
from hwcli.dataset import open_dataset
from hwcli.errors import ModelError
from hwcli.glyph import Normalisation
from hwcli.model_info import ModelInfo
from hwcli.models.glyphnet import Glyphnet
from hwcli.shards import Split
from hwcli.training.unfolded import _layers, unfold

Hwcli = Callable[..., Result]


def glyphs(count: int) -> torch.Tensor:
    """Blobs, uint8 (N, 28, 28)."""
    torch.manual_seed(5)
    noise = nn.functional.avg_pool2d(torch.rand(count, 1, 32, 32), 5, 1)[:, 0]
    return ((noise > 0.52) * 255).to(torch.uint8)


def trained() -> nn.Module:
    """A network whose batch norms have seen something."""
    torch.manual_seed(0)
    model = Glyphnet(stem=4, middle=6, top=8).build(classes=3, size=28)
    model.train()
    for _ in range(30):
        model(glyphs(64).unsqueeze(1) / 255)
    for norm in (m for m in model.modules() if isinstance(m, nn.BatchNorm2d)):
        nn.init.uniform_(norm.weight, 0.2, 2)
        nn.init.uniform_(norm.bias, -1, 1)
    return model.eval()


def written(path: Path) -> nn.Module:
    """The network that is at `path` then."""
    model = trained()
    info = ModelInfo(
        architecture="glyphnet", options={}, target="char", classes=tuple("abc"),
        scripts=("Latn",) * 3, normalisation=Normalisation(),
    )  # fmt: skip
    save_onnx(path, model, info, glyphs(8))
    return model


def unfolded(path: Path, **widths: int) -> nn.Module:
    torch.manual_seed(1)
    images = glyphs(64)
    network = Glyphnet(**{"stem": 4, "middle": 6, "top": 8, **widths}).build(classes=3, size=28)
    told = torch.from_numpy(Classifier(path).logits(images.numpy()))
    unfold(path, network, images.unsqueeze(1) / 255, told)
    return network


@torch.no_grad()
def test_it_says_what_it_said_also_while_it_learns(tmp_path: Path) -> None:
    model = written(tmp_path / "model.onnx")
    network = unfolded(tmp_path / "model.onnx")
    other = glyphs(200)[64:].unsqueeze(1) / 255
    assert torch.allclose(network.eval()(other), model(other), atol=1e-3)
    images = glyphs(64).unsqueeze(1) / 255
    assert torch.allclose(network.train()(images), model(images), atol=0.02), (
        "by this batch's norms"
    )


def test_its_filters_are_as_large_as_fresh_ones(tmp_path: Path) -> None:
    written(tmp_path / "model.onnx")
    network = unfolded(tmp_path / "model.onnx")
    for convolution in (m for m in network.modules() if isinstance(m, nn.Conv2d)):
        sizes = convolution.weight.flatten(1).norm(dim=1)
        assert torch.allclose(sizes, sizes.mean().expand_as(sizes), rtol=1e-4)


def test_another_network_is_refused(tmp_path: Path) -> None:
    written(tmp_path / "model.onnx")
    with pytest.raises(ModelError, match="not those of this network"):
        unfolded(tmp_path / "model.onnx", top=9)
    network = Glyphnet(stem=4, middle=6, top=8).build(classes=3, size=28)
    images = glyphs(8).unsqueeze(1) / 255
    with pytest.raises(ModelError, match=r"says something else.*model\.safetensors"):
        unfold(tmp_path / "model.onnx", network, images, torch.zeros(8, 3))


@pytest.mark.parametrize("fault", ["text", "elsewhere", "short", "gone"])
def test_a_hostile_file_is_refused(tmp_path: Path, fault: str) -> None:
    path = tmp_path / "model.onnx"
    written(path)
    proto = onnx.load(path)
    first = proto.graph.initializer[0]
    if fault == "elsewhere":
        first.data_location = onnx.TensorProto.EXTERNAL
        entry = first.external_data.add()
        entry.key, entry.value = "location", "/etc/passwd"
    elif fault == "short":
        first.raw_data = first.raw_data[:3]
    elif fault == "gone":
        del proto.graph.initializer[:]
    path.write_bytes(b"\x08no model" if fault == "text" else proto.SerializeToString())
    network = Glyphnet(stem=4, middle=6, top=8).build(classes=3, size=28)
    with pytest.raises(ModelError, match=str(path)):
        unfold(path, network, glyphs(8).unsqueeze(1) / 255, torch.zeros(8, 3))


@torch.no_grad()
def test_a_bias_before_a_batch_norm_is_taken_into_it(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(26 * 26 * 4, 3)
    )
    nn.init.uniform_(model[1].running_mean, -1, 1)
    info = ModelInfo(
        architecture="glyphnet", options={}, target="char", classes=tuple("abc"),
        scripts=("Latn",) * 3, normalisation=Normalisation(),
    )  # fmt: skip
    save_onnx(tmp_path / "model.onnx", model.eval(), info, glyphs(8))
    images = glyphs(16).unsqueeze(1) / 255
    told = model(images)
    for part in model:
        if hasattr(part, "reset_parameters"):
            part.reset_parameters()
    unfold(tmp_path / "model.onnx", model, images, told)
    assert torch.allclose(model(images), told, atol=1e-3)


def test_a_network_of_other_layers_is_refused(tmp_path: Path) -> None:
    written(tmp_path / "model.onnx")
    network = nn.Sequential(nn.Flatten(), nn.PReLU(), nn.Linear(784, 3))
    with pytest.raises(ModelError, match="of other layers than"):
        unfold(tmp_path / "model.onnx", network, torch.zeros(1, 1, 28, 28), torch.zeros(1, 3))


def test_a_run_begins_with_the_bundled_model(hwcli: Hwcli) -> None:
    result = hwcli("train", "glyphnet-small", "--data", sample_dataset(), "--init", "latin",
                   "--init-classes", "map", "--out", "run", "--epochs", "1", "--augment", "none",
                   "--lr", "1e-9", "--threads", "1")  # fmt: skip
    assert result.code == 0, result.err
    mine, info = load_weights(Path("run/model.safetensors"))
    bundled = Classifier(find_model("latin"))
    both = [c for c in info.classes if c in bundled.info.classes]
    assert f"latin.onnx: {len(both)} of {len(info.classes)} classes taken over" in result.err
    images = open_dataset(sample_dataset()).load(Split.val).images[:100]
    with torch.no_grad():
        found = mine(torch.from_numpy(images).unsqueeze(1) / 255).numpy()
    found = found[:, [info.classes.index(c) for c in both]]
    told = bundled.logits(images)[:, [bundled.info.classes.index(c) for c in both]]
    assert np.abs(found - told).mean() < 0.25, "but for the norms, which are this data's"
    assert (found.argmax(axis=1) == told.argmax(axis=1)).mean() > 0.95


def of_8_bits(path: Path, scales: np.ndarray, zeros: np.ndarray, axis: int = 0) -> Path:
    """A file with one dense layer of 3 × 4 weights of 8 bits."""
    weight = np.arange(12, dtype=np.int8).reshape(3, 4)
    tensors = {"w": weight, "s": scales.astype(np.float32), "z": zeros.astype(np.int8)}
    nodes = [
        onnx.helper.make_node("DequantizeLinear", ["w", "s", "z"], ["v"], axis=axis),
        onnx.helper.make_node("Gemm", ["x", "v"], ["y"], transB=1),
        onnx.helper.make_node("DequantizeLinear", ["loop", "s", "z"], ["loop"]),
        onnx.helper.make_node("DequantizeLinear", ["w", "s", "z"], []),
    ]
    initializers = [onnx.numpy_helper.from_array(v, n) for n, v in tensors.items()]
    onnx.save(
        onnx.helper.make_model(onnx.helper.make_graph(nodes, "g", [], [], initializers)), path
    )
    return path


@pytest.mark.parametrize(
    ("scales", "axis"),
    [([0.5, 1, 2], 0), ([1, 2, 3, 4], 1), ([1, 2, 3, 4], -1), (2.0, 0), ([2], 1)],
)
def test_weights_of_8_bits_come_back_as_they_were(
    tmp_path: Path, scales: float | list[float], axis: int
) -> None:
    told = np.array(scales)
    (layer,) = _layers(of_8_bits(tmp_path / "m.onnx", told, np.ones_like(told), axis))
    shape = (-1, 1) if axis == 0 and told.size > 1 else (-1,)
    expected = (np.arange(12).reshape(3, 4) - 1) * told.reshape(shape)
    assert layer.rounded and np.allclose(layer.weight.numpy(), expected)


@pytest.mark.parametrize("scales", [np.ones(4), np.ones((3, 1)), np.ones(0), np.ones(20000)])
def test_scales_of_other_weights_are_refused(tmp_path: Path, scales: np.ndarray) -> None:
    path = of_8_bits(tmp_path / "m.onnx", scales, np.zeros(3))
    with pytest.raises(ModelError, match="scales are not those"):
        _layers(path)
    path = of_8_bits(tmp_path / "m.onnx", np.ones(3), np.zeros(scales.shape))
    with pytest.raises(ModelError, match="scales are not those"):
        _layers(path)
    with pytest.raises(ModelError, match="scales are not those"):
        _layers(of_8_bits(tmp_path / "m.onnx", np.ones(3), np.zeros(3), axis=7))
