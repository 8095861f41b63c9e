"""Published weights, without a network."""

import re
import urllib.error
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from conftest import Result
from hwcli.checkpoint import load_weights, save_weights
from hwcli.errors import FetchError, ModelError, UsageError
from hwcli.glyph import Normalisation
from hwcli.model_info import ModelInfo
from hwcli.models.table import entry_with, find_entry, frozen_count, options_of, parameter_count
from hwcli.models.transfer import Transfer, published, torchvision_names
from hwcli.models.weights import begin_with
from synthetic import make_dataset

NAME = "torchvision:squeezenet1_1"


def built(**options: bool | int) -> Transfer:
    entry = entry_with(find_entry(NAME), {"input_size": 64, **options})
    model = entry.architecture.build(classes=5, size=28)
    assert isinstance(model, Transfer)
    return model


def begin(model: Transfer, weights: str) -> None:
    begin_with(model, find_entry(NAME).architecture, NAME, weights)


def a_thousand_classes() -> dict[str, torch.Tensor]:
    """What torchvision would publish."""
    from torchvision import models

    state: dict[str, torch.Tensor] = models.get_model("squeezenet1_1").state_dict()
    return state


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_a_file_gives_all_but_the_head(suffix: str, tmp_path: Path) -> None:
    state = a_thousand_classes()
    path = tmp_path / f"w.{suffix}"
    torch.save(state, path) if suffix == "pth" else save_file(state, path)
    model = built()
    head = model.network.state_dict()["classifier.1.weight"].clone()
    begin(model, str(path))
    now = model.network.state_dict()
    assert torch.equal(now["features.0.weight"], state["features.0.weight"])
    assert torch.equal(now["classifier.1.weight"], head)
    assert all(torch.equal(now[k], state[k]) for k in now if not k.startswith("classifier"))


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    from torchvision import models

    torch.save(models.get_model("shufflenet_v2_x0_5").state_dict(), tmp_path / "w.pth")
    with pytest.raises(ModelError, match=r"w\.pth: features\.0\.weight is missing"):
        begin(built(), str(tmp_path / "w.pth"))


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    for content in (b"", b"junk", b"\x80\x04cos\nsystem\n(X\x02\x00\x00\x00lstR."):
        for suffix in ("pth", "safetensors"):
            path = tmp_path / f"w.{suffix}"
            path.write_bytes(content)
            with pytest.raises(ModelError, match="cannot be read"):
                begin(built(), str(path))
    with pytest.raises(ModelError, match="no such weights"):
        begin(built(), "nowhere.pth")


def test_pickled_code_is_not_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
            return Path, ("sprung",)

    torch.save({"features.0.weight": Trap()}, tmp_path / "w.pth")
    with pytest.raises(ModelError, match="cannot be read"):
        begin(built(), str(tmp_path / "w.pth"))


def test_without_network_and_file_the_hint_says_what_to_fetch(
    hwcli: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_: object, **__: object) -> None:
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr("torch.hub.download_url_to_file", offline)
    monkeypatch.setattr("torch.hub._hub_dir", str(tmp_path / "hub"))
    make_dataset(tmp_path / "d", rows=30)
    args = ("train", NAME, "--input-size", "64", "--data", tmp_path / "d", "--out", "run")
    result = hwcli(*args)
    assert result.code == FetchError.exit_code == 5
    assert published("squeezenet1_1").url in result.err and "--weights FILE" in result.err
    assert result.out == ""
    short = ("--epochs", "1", "--batch-size", "16", "--threads", "1", "--force")
    done = hwcli(*args, "--weights", "none", *short)
    assert done.code == 0, done.err
    assert "torchvision-squeezenet1_1" not in done.out and Path("run/model.onnx").exists()


def test_what_torch_has_in_its_cache_is_not_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = a_thousand_classes()
    monkeypatch.setattr("torch.hub._hub_dir", str(tmp_path / "hub"))
    cache = tmp_path / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    torch.save(state, cache / published("squeezenet1_1").url.rpartition("/")[2])
    model = built()
    begin(model, "")
    assert torch.equal(model.network.state_dict()["features.0.weight"], state["features.0.weight"])


def test_a_model_that_asks_for_its_version_is_read_again(tmp_path: Path) -> None:
    entry = entry_with(find_entry("torchvision:mnasnet0_5"), {"input_size": 32})
    model = entry.architecture.build(classes=3, size=28)
    info = ModelInfo(
        entry.name, options_of(entry.architecture), "char", tuple("abc"), ("Latn",) * 3,
        Normalisation(28, 24),
    )  # fmt: skip
    save_weights(tmp_path / "w.safetensors", model, info)
    again, told = load_weights(tmp_path / "w.safetensors")
    assert told == info
    x = torch.rand(2, 1, 28, 28)
    assert torch.equal(again(x), model.eval()(x))


def test_weights_for_a_model_that_has_none_are_refused() -> None:
    entry = find_entry("lenet")
    model = entry.architecture.build(classes=3, size=28)
    begin_with(model, entry.architecture, "lenet", "none")
    with pytest.raises(UsageError, match="lenet has no published weights"):
        begin_with(model, entry.architecture, "lenet", "w.pth")


def test_vgg19_is_that_of_torchvision() -> None:
    """Names, shapes and order of what is frozen, so that its weights fit."""
    from torchvision import models

    with torch.device("meta"):
        ours = find_entry("vgg19").architecture.build(classes=19, size=28)
        theirs = models.get_model("vgg19").features
    assert isinstance(ours, Transfer)
    features = ours.network.get_submodule("features")
    assert [str(m).replace(", ceil_mode=False", "") for m in features] == [
        str(m).replace("inplace=True", "").replace(", ceil_mode=False", "") for m in theirs
    ]
    assert list(features.state_dict()) == list(theirs.state_dict())
    assert (parameter_count(ours), frozen_count(ours)) == (25088 * 19 + 19, 20_024_384)


def test_frozen_layers_stay_as_they_are_and_the_head_does_not() -> None:
    entry = entry_with(find_entry("torchvision:resnet18"), {"input_size": 32, "freeze": True})
    model = entry.architecture.build(classes=5, size=28)
    assert isinstance(model, Transfer)
    assert {n for n, p in model.named_parameters() if p.requires_grad} == {
        "network.fc.weight", "network.fc.bias",
    }  # fmt: skip
    before = {k: v.clone() for k, v in model.state_dict().items()}
    model.train()
    assert model.network.get_submodule("fc").training
    assert not model.network.get_submodule("bn1").training
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    torch.nn.functional.cross_entropy(model(torch.rand(4, 1, 28, 28)), torch.arange(4)).backward()
    optimizer.step()
    changed = {k for k, v in model.state_dict().items() if not torch.equal(v, before[k])}
    assert changed == {"network.fc.weight", "network.fc.bias"}
    assert not model.eval().network.get_submodule("fc").training


def family(name: str) -> str:
    return re.split(r"[_\d]", name)[0]


@pytest.mark.parametrize("name", {family(n): n for n in reversed(torchvision_names())}.values())
def test_the_head_of_every_torchvision_model_is_found(name: str) -> None:
    """Without memory: on torch's meta device, where nothing is computed either."""
    architecture = find_entry(f"torchvision:{name}").architecture
    shapes = []
    for classes in (7, 11):
        with torch.device("meta"):
            model = architecture.build(classes=classes, size=28)
        assert isinstance(model, Transfer)
        shapes.append({k: tuple(v.shape) for k, v in model.network.state_dict().items()})
        assert model(torch.zeros(2, 1, 28, 28, device="meta")).shape == (2, classes)
    differ = {k for k in shapes[0] if shapes[0][k] != shapes[1][k]}
    assert differ and differ <= {f"{model.head}.weight", f"{model.head}.bias"}


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("torchvision:vit_h_14", {}, "larger than an ONNX file"),
        ("torchvision:regnet_y_128gf", {}, "larger than an ONNX file"),
        ("torchvision:resnet19", {}, "torchvision has no model 'resnet19'"),
        ("torchvision:maxvit_t", {"input_size": 64}, "cannot take images of 64 px"),
        ("torchvision:vit_b_16", {"input_size": 50}, "vit_b_16: Input shape indivisible"),
        ("torchvision:inception_v3", {"input_size": 32}, "cannot take images of 32 px"),
        ("torchvision:resnet18", {"input_size": 9000}, "input_size"),
    ],
)
def test_what_torchvision_cannot_do_is_told(name: str, options: dict[str, int], said: str) -> None:
    with pytest.raises(UsageError, match=said), torch.device("meta"):
        entry_with(find_entry(name), options).architecture.build(classes=5, size=28)
