"""Model files: whole or not at all, and no harm from hostile ones."""

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors.torch
import torch
from safetensors import safe_open

from hwcli import checkpoint
from hwcli.checkpoint import save_onnx, save_weights
from hwcli.classify import Classifier
from hwcli.errors import ModelError
from hwcli.glyph import Normalisation
from hwcli.model_info import METADATA_KEY, ModelInfo, parse_info
from hwcli.models.glyphnet import Glyphnet
from hwcli.models.lenet import Lenet

INFO = ModelInfo("lenet", {}, "char", ("a", "b", "ク"), ("Latn", "Latn", "Jpan"), Normalisation())


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    save_weights(path, Lenet().build(classes=3, size=28), INFO)
    return path


def test_weights_and_metadata_come_back(weights: Path) -> None:
    with safe_open(weights, framework="pt") as file:
        assert parse_info(file.metadata()[METADATA_KEY], str(weights)) == INFO
    Lenet().build(classes=3, size=28).load_state_dict(safetensors.torch.load_file(weights))


class _Exploit:
    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return os.mkdir, ("pickle-was-executed",)


HOSTILE = {
    "empty": b"",
    "pickle": pickle.dumps(_Exploit()),
    "text": b"not a model\n" * 50,
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_hostile_files_are_refused_in_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        Classifier(path)
    assert str(path) in caught.value.message
    assert "\n" not in caught.value.message
    assert not Path("pickle-was-executed").exists()


def test_an_onnx_that_is_not_the_network_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"the old one")
    monkeypatch.setattr("hwcli.checkpoint.ONNX_TOLERANCE", -1.0)
    samples = torch.zeros(2, 28, 28, dtype=torch.uint8)
    with pytest.raises(ModelError, match="away from torch"):
        save_onnx(path, Lenet().build(classes=3, size=28), INFO, samples)
    assert path.read_bytes() == b"the old one"
    assert list(tmp_path.iterdir()) == [path]


def test_onnx_holds_no_paths_of_this_machine(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    samples = torch.zeros(2, 28, 28, dtype=torch.uint8)
    save_onnx(path, Lenet().build(classes=3, size=28), INFO, samples)
    here = str(Path(__file__).resolve().parents[1]).encode()
    assert here not in path.read_bytes()
    assert b".py" not in path.read_bytes()


def test_onnx_export_leaves_standard_output_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    samples = torch.zeros(2, 28, 28, dtype=torch.uint8)
    save_onnx(tmp_path / "model.onnx", Lenet().build(classes=3, size=28), INFO, samples)
    assert capfd.readouterr().out == ""


WRITE_FOR_EVER = """
import sys
from pathlib import Path
from hwcli.atomic import write_bytes
n = 0
while True:
    write_bytes(Path(sys.argv[1]), bytes([n % 256]) * 5_000_000)
    print(n, flush=True)
    n += 1
"""


def test_kill_while_saving_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    command = [sys.executable, "-c", WRITE_FOR_EVER, str(path)]
    for wait_s in (0.0, 0.003, 0.006, 0.01):
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(wait_s)
            process.send_signal(signal.SIGKILL)
        content = path.read_bytes()
        assert len(content) == 5_000_000
        assert content == content[:1] * 5_000_000


@pytest.mark.parametrize("text", [None, "{", "[" * 100_000, '{"schema": "x/9"}', "[]"])
def test_metadata_that_is_none_is_one_line(text: str | None) -> None:
    with pytest.raises(ModelError, match=r"^m\.onnx: ") as caught:
        parse_info(text, "m.onnx")
    assert "\n" not in caught.value.message


class _HalfBatch(torch.nn.Module):
    """A network whose trace keeps the number of rows that it was traced with."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.flatten(1)[:, :3] * (images.shape[0] if torch.jit.is_tracing() else 1)


@pytest.mark.parametrize("network", ["glyphnet", "another"])
def test_the_quick_export_is_used_only_where_it_agrees(
    network: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = []
    for name in ("_traced", "_exported"):
        real = getattr(checkpoint, name)
        monkeypatch.setattr(
            checkpoint, name, lambda *a, real=real, name=name: (used.append(name), real(*a))[1]
        )
    torch.manual_seed(0)
    built = Glyphnet().build(classes=3, size=28) if network == "glyphnet" else _HalfBatch()
    for module in built.modules():  # statistics as training leaves them
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean, 0, 1)
            torch.nn.init.uniform_(module.weight, 1, 3)
    before = {k: v.clone() for k, v in built.state_dict().items()}
    samples = torch.randint(0, 256, (5, 28, 28), dtype=torch.uint8)
    save_onnx(tmp_path / "model.onnx", built, INFO, samples)
    assert used == (["_traced"] if network == "glyphnet" else ["_traced", "_exported"])
    assert all(torch.equal(before[k], v) for k, v in built.state_dict().items())
    found = Classifier(tmp_path / "model.onnx").logits(samples.numpy())
    with torch.no_grad():
        expected = built.eval()(samples.unsqueeze(1) / 255).numpy()
    assert abs(found - expected).max() < 1e-4
