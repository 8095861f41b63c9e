import importlib.util
from pathlib import Path

import pytest

from hwcli.errors import DependencyError
from hwcli.training.board import board
from hwcli.training.loop import Epoch


def test_scalars_can_be_read_back(tmp_path: Path) -> None:
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    with board(tmp_path, wanted=True) as record:
        for n in (1, 2):
            record(Epoch(n, 10 * n, 2.0 / n, 0.1 * n, 3.0 / n, 0.25 * n, 1.0, 1000.0 * n))
    events = reader.EventAccumulator(str(tmp_path)).Reload()
    assert set(events.Tags()["scalars"]) == {
        "loss/training", "loss/validation", "accuracy/validation", "learning rate",
        "images a second",
    }  # fmt: skip
    told = [(e.step, e.value) for e in events.Scalars("accuracy/validation")]
    assert told == [(1, 0.25), (2, 0.5)]
    assert events.Scalars("loss/training")[1].value == 1.0


def test_unless_wanted_nothing_is_written(tmp_path: Path) -> None:
    with board(tmp_path, wanted=False) as record:
        record(Epoch(1, 1, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0))
    assert not any(tmp_path.iterdir())


def test_without_the_package_the_hint_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "tensorboard" else find(name)
    )
    with pytest.raises(DependencyError) as fault, board(tmp_path, wanted=True):
        pass
    assert fault.value.exit_code == 10
    assert "hwcli[tensorboard]" in (fault.value.hint or "")
