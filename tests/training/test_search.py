"""Searching: what is tried, pruned, kept, and taken up again."""

import logging
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna
import pytest

from hwcli.dataset import Dataset
from hwcli.errors import ModelError, UsageError
from hwcli.models.table import find_entry
from hwcli.progress import silent
from hwcli.shards import Split
from hwcli.training import data as training_data
from hwcli.training import search as module
from hwcli.training.loop import Epoch
from hwcli.training.options import TrainOptions
from hwcli.training.search import Search, Searched, _Grid
from hwcli.training.space import Point, parse_space
from hwcli.training.train import TrainResult
from hwcli.training.trials import Trial
from synthetic import make_dataset

OPTIONS = TrainOptions(epochs=9, threads=1, device="cpu")


def accuracy(lr: float, epoch: int) -> float:
    """Of a made-up run: the nearer to 0.1 the better."""
    return (1 - abs(lr - 0.1)) * epoch / 9


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Learning rates of the runs that were begun; the runs themselves are made up."""
    begun: list[float] = []

    def train(name, dataset, options, folder, *, progress, on_epoch, model_options, export):  # type: ignore[no-untyped-def]
        assert folder.is_dir() and not any(folder.iterdir()) and not export
        begun.append(options.lr)
        (folder / "model.safetensors").write_bytes(b"half")
        if options.lr > 0.9:
            raise ModelError("the loss is nan at step 3")
        for number in range(1, 10):
            progress(number, 9, "loss 1")
            value = accuracy(options.lr, number)
            last = Epoch(number, number, 1.0, options.lr, 1.0, value, float(number), 100.0)
            on_epoch(last)
        return TrainResult(folder, last, 9, 1, 9.0)

    monkeypatch.setattr(module, "train", train)
    return begun


def searched(data: Dataset, *texts: str, **changes: object) -> Searched:
    entry, options = find_entry("lenet"), replace(OPTIONS, **changes)  # type: ignore[arg-type]
    return Searched("lenet", {}, data, options, parse_space(texts, entry, options))


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    return make_dataset(tmp_path / "d", rows=50)


def points(search: Search) -> list[Point]:
    return [trial.point for trial in search.told()]


def test_a_grid_that_fits_is_tried_once_each(
    runs: list[float], data: Dataset, tmp_path: Path
) -> None:
    told: list[Trial] = []
    search = Search(searched(data, "lr=0.05,0.1,0.2", "ema=0,0.9"), tmp_path, 20)
    search.run(silent, told.append)
    assert search.trials == 6 and len(runs) == 6
    tried = [tuple(point.values()) for point in points(search)]
    assert sorted(tried) == [(lr, ema) for lr in (0.05, 0.1, 0.2) for ema in (0.0, 0.9)]
    assert told == search.told() and search.best().point["lr"] == 0.1
    assert [trial.number for trial in told] == [1, 2, 3, 4, 5, 6]
    assert {p.name for p in tmp_path.iterdir()} == {"d", "search.journal"}, "nothing half-written"


def test_runs_that_fall_behind_are_pruned(runs: list[float], data: Dataset, tmp_path: Path) -> None:
    search = Search(searched(data, "lr=0.001..0.5"), tmp_path, 12)
    search.run(silent, lambda trial: None)
    states = [trial.state for trial in search.told()]
    assert "pruned" in states and "done" in states and len(states) == 12
    for trial in search.told():
        assert trial.epochs == 9 if trial.state == "done" else 1 <= trial.epochs < 9
        assert trial.accuracy == pytest.approx(accuracy(float(trial.point["lr"]), trial.epochs))
    assert search.best().state == "done"


def test_a_run_that_fails_is_told_and_not_repeated(
    runs: list[float], data: Dataset, tmp_path: Path
) -> None:
    search = Search(searched(data, "lr=0.1,1"), tmp_path, 5)
    search.run(silent, lambda trial: None)
    failed = next(trial for trial in search.told() if trial.state == "failed")
    assert failed.point == {"lr": 1.0} and failed.error == "the loss is nan at step 3"
    again = Search(searched(data, "lr=0.1,1"), tmp_path, 5)
    again.run(silent, lambda trial: None)
    assert sorted(runs) == [0.1, 1.0]


def test_nothing_finished_is_an_error(runs: list[float], data: Dataset, tmp_path: Path) -> None:
    search = Search(searched(data, "lr=1,2"), tmp_path, 5)
    search.run(silent, lambda trial: None)
    with pytest.raises(ModelError, match="no trial"):
        search.best()


@pytest.mark.parametrize("text", ["lr=0.01,0.02,0.05,0.1,0.2", "lr=0.001..0.5"])
@pytest.mark.parametrize("how", ["interrupted", "killed"])
def test_a_search_that_was_stopped_goes_on_and_tries_the_same(
    text: str, how: str, runs: list[float], data: Dataset, tmp_path: Path
) -> None:
    (tmp_path / "whole").mkdir()
    whole = Search(searched(data, text), tmp_path / "whole", 5)
    whole.run(silent, lambda trial: None)
    folder, calls = tmp_path / "part", 0
    folder.mkdir()
    (tmp_path / "copy").mkdir()

    def stop(done: int, total: int, note: str = "") -> None:
        nonlocal calls
        calls += 1
        if note.startswith("trial 3"):
            if how == "killed":  # what lies on the disk at this moment is all that is left
                shutil.copytree(folder, tmp_path / "copy", dirs_exist_ok=True)
                with (tmp_path / "copy" / "search.journal").open("ab") as file:
                    file.write(b'{"op_code": 4, "half a li')
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Search(searched(data, text), folder, 5).run(stop, lambda trial: None)
    if how == "killed":
        folder = tmp_path / "copy"
        (folder / "search.journal.lock").symlink_to(folder / "search.journal")
    else:
        assert [p.name for p in folder.iterdir()] == ["search.journal"]
    search = Search(searched(data, text), folder, 5)
    assert points(search) == points(whole)[:2]
    search.run(silent, lambda trial: None)
    assert points(search)[:3] == points(whole)[:3], "the one that was cut short is run again"
    assert len({str(point) for point in points(search)}) == 5, "nothing is tried twice"
    assert not (folder / "trial.partial").exists()


def test_another_search_is_not_mixed_in(runs: list[float], data: Dataset, tmp_path: Path) -> None:
    Search(searched(data, "lr=0.1,0.2"), tmp_path, 2).run(silent, lambda trial: None)
    with pytest.raises(UsageError, match="another search: other space"):
        Search(searched(data, "lr=0.1,0.3"), tmp_path, 2)
    with pytest.raises(UsageError, match="other options"):
        Search(searched(data, "lr=0.1,0.2", epochs=8), tmp_path, 2)
    Search(searched(data, "lr=0.1,0.2", threads=2), tmp_path, 2)  # where it runs does not matter


def test_a_damaged_record_is_told(data: Dataset, tmp_path: Path) -> None:
    (tmp_path / "search.journal").write_bytes(b"\x00\xff not JSON\n[]\n")
    with pytest.raises(ModelError, match="damaged"):
        Search(searched(data, "lr=0.1,0.2"), tmp_path, 2)


def test_more_trials_go_on_from_what_is_there(
    runs: list[float], data: Dataset, tmp_path: Path
) -> None:
    Search(searched(data, "lr=0.01..0.5"), tmp_path, 3).run(silent, lambda trial: None)
    more = Search(searched(data, "lr=0.01..0.5"), tmp_path, 6)
    more.run(silent, lambda trial: None)
    assert len(more.told()) == len(runs) == 6


def test_the_test_split_is_not_looked_at_and_optuna_is_silent(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = make_dataset(tmp_path / "d", rows=120)
    asked: set[int] = set()
    opened = training_data._open

    def watched(dataset, target, parts, mask, device):  # type: ignore[no-untyped-def]
        asked.update(np.concatenate([p.split for p in parts])[mask].tolist())
        return opened(dataset, target, parts, mask, device)

    monkeypatch.setattr(training_data, "_open", watched)
    work = Search(searched(data, "lr=0.001,0.01", epochs=1, batch_size=32), tmp_path, 4)
    work.run(silent, lambda trial: None)
    assert asked == {Split.train, Split.val}
    assert len(work.told()) == 2
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("optuna").getEffectiveLevel() >= logging.CRITICAL


def test_the_last_point_of_a_grid_may_be_one_that_was_interrupted() -> None:
    """Optuna gives what is tried again no place in its grid, and then fails to find it there."""
    study = optuna.create_study(sampler=_Grid({"x": [1, 2]}, seed=0))
    study.optimize(lambda trial: trial.suggest_categorical("x", [1, 2]), n_trials=1)
    left = 3 - study.trials[0].params["x"]
    study.enqueue_trial({"x": left})
    study.optimize(lambda trial: trial.suggest_categorical("x", [1, 2]), n_trials=1)
    assert [t.params["x"] for t in study.trials] == [3 - left, left]
