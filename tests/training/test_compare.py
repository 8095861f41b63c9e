from dataclasses import replace
from pathlib import Path

import pytest
import torch

from hwcli.errors import DatasetError
from hwcli.models.table import find_entry
from hwcli.progress import silent
from hwcli.shards import Split
from hwcli.training import compare as module
from hwcli.training.compare import Compared, Contender, contend, ranked
from synthetic import make_dataset


def contender(name: str = "lenet", **changes: object) -> Contender:
    entry = find_entry(name)
    changes = {"epochs": 1, "batch_size": 32, "threads": 1, **changes}
    return Contender(name, {}, replace(entry.training, **changes))  # type: ignore[arg-type]


def run(who: Contender, data, folder: Path) -> Compared:  # type: ignore[no-untyped-def]
    folder.mkdir()
    return contend(who, data, folder, progress=silent, on_epoch=lambda epoch: None)


def test_validation_and_test_are_judged_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test figure comes from the written file: with another file it is another figure."""
    data = make_dataset(tmp_path / "d")
    first = run(contender(epochs=4, lr=0.01), data, tmp_path / "a")
    assert first.test is not None and first.test > 0.5 and first.val > 0.5
    train = module.train

    def broken(*args: object, **more: object):  # type: ignore[no-untyped-def]
        result = train(*args, **more)  # type: ignore[arg-type]
        other = train("lenet", data, contender(epochs=1, lr=1e-9).options, tmp_path / "other",
                      progress=silent, on_epoch=lambda epoch: None)  # fmt: skip
        (other.folder / "model.onnx").replace(result.folder / "model.onnx")
        return result

    (tmp_path / "other").mkdir()
    monkeypatch.setattr(module, "train", broken)
    second = run(contender(epochs=4, lr=0.01), data, tmp_path / "b")
    assert second.val == first.val
    assert second.test is not None and second.test < first.test - 0.2


def test_without_a_test_split_there_is_no_figure(tmp_path: Path) -> None:
    data = make_dataset(tmp_path / "d", rows=100, splits=(Split.train, Split.val))
    row = run(contender(), data, tmp_path / "a")
    assert row.test is None and not row.error and row.parameters > 60_000
    assert row.images_per_s > 0 and row.seconds > 0 and row.epochs == 1


def test_faults_of_a_model_are_a_row_and_threads_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = make_dataset(tmp_path / "d", size=10)
    threads = torch.get_num_threads()
    assert "12 px" in run(contender(), data, tmp_path / "a").error
    diverged = run(contender("glyphnet", lr=1e15, optimizer="sgd"), data, tmp_path / "b")
    assert diverged.error.startswith("the ") and "loss is" in diverged.error

    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate …\nSee …")

    monkeypatch.setattr("hwcli.training.loop.Run.fit", full)
    large = make_dataset(tmp_path / "large")
    assert run(contender(), large, tmp_path / "c").error == "out of the GPU's memory"
    assert torch.get_num_threads() == threads


def test_data_without_rows_end_the_comparison(tmp_path: Path) -> None:
    data = make_dataset(tmp_path / "d", rows=10, splits=(Split.test,))
    with pytest.raises(DatasetError):
        run(contender(), data, tmp_path / "a")


def test_the_best_on_validation_is_first_and_faults_are_last() -> None:
    rows = [
        Compared("broken", Path("a"), error="nan"),
        Compared("lucky", Path("b"), val=0.8, test=0.99, parameters=1),
        Compared("large", Path("c"), val=0.9, test=0.85, parameters=9),
        Compared("small", Path("d"), val=0.9, test=0.80, parameters=2),
    ]
    assert [row.model for row in ranked(rows)] == ["small", "large", "lucky", "broken"]
