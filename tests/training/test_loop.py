import itertools
import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch.utils._python_dispatch import TorchDispatchMode

from hwcli.classify import Classifier
from hwcli.dataset import Dataset
from hwcli.errors import DependencyError, ModelError, UsageError
from hwcli.model_info import METADATA_KEY, ModelInfo, parse_info
from hwcli.progress import silent
from hwcli.shards import Split
from hwcli.training import loop
from hwcli.training.device import pick_device, uses_bf16
from hwcli.training.loop import Epoch
from hwcli.training.optim import Average, lr_share
from hwcli.training.options import Schedule, TrainOptions
from hwcli.training.state import load_state
from hwcli.training.train import TrainResult, train
from synthetic import make_dataset

FAST = TrainOptions(epochs=3, batch_size=32, lr=3e-3, precision="fp32", threads=1)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_dataset(tmp_path_factory.mktemp("data") / "made-up")


@pytest.fixture
def no_export(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that do not look at model.onnx do not wait for it."""
    monkeypatch.setattr("hwcli.training.train.save_onnx", lambda *_: None)


def fit(dataset: Dataset, folder: Path, options: TrainOptions, name: str = "lenet") -> TrainResult:
    folder.mkdir()
    return train(name, dataset, options, folder, progress=silent, on_epoch=lambda e: None)


def lines(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def info_in(path: Path) -> ModelInfo:
    """What the safetensors file at `path` says of itself."""
    with safe_open(path, framework="pt") as file:
        return parse_info(file.metadata()[METADATA_KEY], str(path))


def same_weights(one: Path, other: Path) -> bool:
    a, b = (load_file(p / "model.safetensors") for p in (one, other))
    return all(torch.equal(a[name], b[name]) for name in a)


def test_the_run_folder_is_complete_and_the_model_learns(dataset: Dataset, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    folder = tmp_path / "run"
    folder.mkdir()
    result = train(
        "lenet",
        dataset,
        replace(FAST, epochs=6),
        folder,
        progress=lambda done, total, note="": told.append((done, total)),
        on_epoch=lambda e: None,
    )
    assert {p.name for p in folder.iterdir()} == {
        "model.safetensors", "model.onnx", "state.pt", "metrics.jsonl", "config.json", "curves.png",
    }  # fmt: skip
    assert result.best.val_accuracy > 0.95
    assert [e["epoch"] for e in lines(folder)] == [1, 2, 3, 4, 5, 6]
    assert told[-1] == (42, 42)
    config = json.loads((folder / "config.json").read_text())
    assert config["options"]["lr"] == 3e-3 and config["options"]["target"] == "char"
    assert config["dataset"]["sha256"] == dataset.sha256
    assert config["val_accuracy"] == result.best.val_accuracy
    info = Classifier(folder / "model.onnx").info
    assert info.classes == dataset.info.classes
    assert info.normalisation == dataset.info.normalisation
    assert info.temperature != 1
    assert info_in(folder / "model.safetensors") == info
    standing = load_state(folder / "state.pt").standing
    assert len(standing.epochs) == 6 and standing.step == 42


@pytest.mark.parametrize("name", ["lenet", "glyphnet-small"])
def test_the_same_seed_gives_the_same_model(
    name: str, dataset: Dataset, tmp_path: Path, no_export: None
) -> None:
    options = replace(FAST, epochs=1, augment="photo", ema=0.9, balance=True)
    for run, seed in (("a", 0), ("b", 0), ("c", 1)):
        fit(dataset, tmp_path / run, replace(options, seed=seed), name)
    assert same_weights(tmp_path / "a", tmp_path / "b")
    assert not same_weights(tmp_path / "a", tmp_path / "c")


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
@pytest.mark.parametrize("schedule", ["constant", "one-cycle", "cosine"])
def test_every_optimizer_learns_on_every_schedule(
    optimizer, schedule, dataset: Dataset, tmp_path: Path, no_export: None
) -> None:  # type: ignore[no-untyped-def]
    lr = 0.05 if optimizer == "sgd" else 3e-3
    options = replace(FAST, epochs=10, optimizer=optimizer, schedule=schedule, lr=lr)
    assert fit(dataset, tmp_path / "run", options, "glyphnet-small").best.val_accuracy > 0.9


def test_early_stopping_restores_the_best_weights(
    dataset: Dataset, tmp_path: Path, no_export: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Validation gets worse after the second epoch: that one's weights must be what is kept."""
    kept: list[dict[str, torch.Tensor]] = []
    judge = loop.Run._judge

    def worse_after_two(self, judged, loss, rate, lr) -> Epoch:  # type: ignore[no-untyped-def]
        kept.append({k: v.clone() for k, v in judged.state_dict().items()})
        best, self.best = self.best, None
        made = judge(self, judged, loss, rate, lr)
        accuracy = 0.5 + (0.1 * made.epoch if made.epoch <= 2 else -0.1)
        made = self.epochs[-1] = replace(made, val_accuracy=accuracy)
        self.best = made if best is None or accuracy > best.val_accuracy else best
        return made

    monkeypatch.setattr(loop.Run, "_judge", worse_after_two)
    result = fit(dataset, tmp_path / "run", replace(FAST, epochs=30, patience=3))
    assert result.best.epoch == 2
    assert result.epochs == 5
    weights = load_file(tmp_path / "run" / "model.safetensors")
    assert all(torch.equal(weights[k], kept[1][k]) for k in weights)
    assert not all(torch.equal(weights[k], kept[4][k]) for k in weights)


def test_a_loss_that_is_not_finite_stops_with_step_and_hint(
    dataset: Dataset, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match=r"at step \d+, epoch") as caught:
        fit(dataset, tmp_path / "run", replace(FAST, optimizer="sgd", lr=1e12))
    assert caught.value.hint is not None and "--lr" in caught.value.hint


def test_ctrl_c_keeps_the_best_model_so_far(dataset: Dataset, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()

    def interrupt(done: int, total: int, note: str = "") -> None:
        if done == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train("lenet", dataset, FAST, folder, progress=interrupt, on_epoch=lambda e: None)
    assert Classifier(folder / "model.onnx").info.architecture == "lenet"
    assert json.loads((folder / "config.json").read_text())["best_epoch"] == 1


def test_ctrl_c_in_the_first_epoch_leaves_no_model(dataset: Dataset, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()

    def interrupt(done: int, total: int, note: str = "") -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train("lenet", dataset, FAST, folder, progress=interrupt, on_epoch=lambda e: None)
    assert not (folder / "model.onnx").exists()


def test_time_ends_a_run_and_the_schedule_with_it(
    dataset: Dataset, tmp_path: Path, no_export: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock that goes on by 10 ms whenever it is looked at."""
    ticks = itertools.count()
    run = partial(loop.Run, clock=lambda: next(ticks) / 100)
    monkeypatch.setattr("hwcli.training.train.Run", run)
    options = replace(FAST, epochs=0, time_s=1.0, schedule="one-cycle")
    result = fit(dataset, tmp_path / "run", options)
    assert 1.0 <= result.seconds <= 1.05
    assert lines(tmp_path / "run")[-1]["lr"] < FAST.lr / 4


def test_time_that_runs_out_between_two_epochs_makes_none_without_a_step(
    dataset: Dataset, tmp_path: Path, no_export: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever look at the clock is the last: those up to the first epochs are tried."""
    for last in range(1, 25):
        ticks = itertools.count()
        run = partial(loop.Run, clock=lambda t=ticks, n=last: float(next(t) >= n))
        monkeypatch.setattr("hwcli.training.train.Run", run)
        options = replace(FAST, epochs=0, time_s=1.0, batch_size=1000)
        folder = tmp_path / str(last)
        result = fit(dataset, folder, options)
        found = lines(folder)
        steps = [line["step"] for line in found]
        assert steps == sorted(set(steps)) and steps[0] >= 1 and len(steps) == result.epochs


class _NoFloat64(TorchDispatchMode):
    """As on Apple's GPU: an operation that gives float64 fails."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        out = func(*args, **(kwargs or {}))
        for value in out if isinstance(out, tuple | list) else (out,):
            wide = isinstance(value, torch.Tensor) and value.dtype == torch.float64
            assert not wide, f"{func} gives float64"
        return out


def test_an_epoch_needs_no_float64(dataset: Dataset, tmp_path: Path, no_export: None) -> None:
    with _NoFloat64():
        options = replace(FAST, epochs=1, balance=True, ema=0.9, augment="photo")
        assert fit(dataset, tmp_path / "run", options).epochs == 1


def test_a_dataset_of_one_class_and_one_smaller_than_a_batch(
    tmp_path: Path, no_export: None
) -> None:
    small = make_dataset(tmp_path / "d", rows=10, classes=("0",))
    result = fit(small, tmp_path / "run", replace(FAST, batch_size=512))
    assert result.best.val_accuracy == 1


def test_script_as_the_target(dataset: Dataset, tmp_path: Path, no_export: None) -> None:
    fit(dataset, tmp_path / "run", replace(FAST, target="script"))
    info = info_in(tmp_path / "run" / "model.safetensors")
    assert (info.target, info.classes, info.scripts) == ("script", *[("Latn", "Deva")] * 2)


def test_images_too_small_for_the_model_are_refused(tmp_path: Path) -> None:
    tiny = make_dataset(tmp_path / "d", rows=20, size=10, splits=(Split.train,))
    with pytest.raises(ModelError, match="12 px and more, not 10"):
        fit(tiny, tmp_path / "run", FAST)


@pytest.mark.parametrize("kind", ["cuda", "cuda:0", "mps"])
def test_a_device_that_is_not_there(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    with pytest.raises(DependencyError) as caught:
        pick_device(kind)
    assert caught.value.exit_code == 10 and caught.value.hint
    assert pick_device("auto") == torch.device("cpu")


def test_the_third_of_two_gpus_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    assert pick_device("auto") == torch.device("cuda")
    assert pick_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(DependencyError, match="only 2"):
        pick_device("cuda:2")


@pytest.mark.parametrize("name", ["tpu", "cuda:x", "CPU", "", "cpu:", "cuda:٣", "cuda:99999"])
def test_no_such_kind_of_device(name: str) -> None:
    with pytest.raises(UsageError):
        pick_device(name)


def test_precision_can_be_forced() -> None:
    cpu = torch.device("cpu")
    assert uses_bf16("bf16", cpu)
    assert not uses_bf16("fp32", cpu)
    assert isinstance(uses_bf16("auto", cpu), bool)


@pytest.mark.parametrize(
    ("schedule", "start", "highest_at", "end"),
    [
        ("constant", 1.0, 0.5, 1.0),
        ("step", 1.0, 0.4, 0.01),
        ("one-cycle", 0.04, 0.25, 0.001),
        ("cosine", 0.04, 0.02, 0.001),
    ],
)
def test_schedules(schedule: Schedule, start: float, highest_at: float, end: float) -> None:
    shares = [lr_share(schedule, i / 1000) for i in range(1001)]
    assert shares[0] == pytest.approx(start)
    assert shares[-1] == pytest.approx(end)
    assert shares[round(highest_at * 1000)] == max(shares) == 1
    assert all(s > 0 for s in shares)


def test_the_average_follows_weights_and_statistics() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
    average = Average(model, 0.9)
    for _ in range(300):
        model(torch.rand(8, 2) + 3)
        with torch.no_grad():
            model[0].weight.fill_(5.0)
        average.update()
    torch.testing.assert_close(average.model[0].weight, torch.full((2, 2), 5.0))
    assert average.model[1].num_batches_tracked == 300
