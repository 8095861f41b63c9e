"""Learning to find characters: targets, their decoding, the score, training and its files."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from composed import sample_dataset, sample_stock
from conftest import Result
from hwcli.errors import ModelError
from hwcli.finding.judge import judge
from hwcli.finding.samples import Sample, make_sample
from hwcli.finding.targets import CROP, example, targets
from hwcli.page.finder import Characters, Finder, decode

Hwcli = Callable[..., Result]


def planes_of(ids: np.ndarray) -> np.ndarray:
    """What a perfect finder tells of a view."""
    ink, middle, way = targets(ids)
    logits = np.where(np.stack([ink, middle * (middle > 0.99)]) > 0.5, 6.0, -6.0)
    return np.concatenate([logits, way]).astype(np.float32)


def test_what_is_to_be_told_decodes_to_the_glyphs() -> None:
    """Nearly every glyph of composed pages comes back whole from its own targets."""
    scores = []
    for seed in range(8):
        sample = make_sample(sample_stock(), np.random.default_rng([1, seed]))
        height, width = (n - n % 2 for n in sample.ids.shape)
        even = Sample(sample.view[:height, :width], sample.ids[:height, :width])
        scores.append(judge([(even, decode(planes_of(even.ids)))]))
    found = sum(s.found * s.glyphs for s in scores) / sum(s.glyphs for s in scores)
    assert found > 0.93, scores
    assert max(s.spurious for s in scores) < 0.02


def test_touching_glyphs_come_apart_and_loose_parts_together() -> None:
    ids = np.zeros((64, 160), np.int16)
    ids[10:50, 10:40], ids[10:50, 40:70] = 1, 2  # side by side, touching
    ids[14:20, 90:120], ids[40:46, 90:120] = 3, 3  # the bars of =
    found = decode(planes_of(ids))
    assert found.boxes.tolist() == [[5, 5, 20, 25], [20, 5, 35, 25], [45, 7, 60, 23]]
    assert np.array_equal(found.ids > 0, ids[::2, ::2] > 0)


def test_nothing_is_found_where_nothing_is() -> None:
    found = decode(np.full((4, 20, 30), -9, np.float32))
    assert found.boxes.shape == (0, 4) and not found.ids.any() and len(found.score) == 0
    assert decode(np.zeros((4, 0, 0), np.float32)).boxes.shape == (0, 4)


def test_a_score_tells_what_was_missed_and_what_was_made_up() -> None:
    ids = np.zeros((40, 80), np.int16)
    ids[4:20, 4:20], ids[4:20, 40:60] = 1, 2
    told = np.zeros((20, 40), np.int32)
    told[2:10, 2:10], told[14:18, 4:10] = 1, 2
    boxes = np.zeros((2, 4), np.int32)
    sample = Sample(np.zeros((40, 80), np.uint8), ids)
    score = judge([(sample, Characters(boxes, np.ones(2, np.float32), told))])
    assert (score.glyphs, score.found, score.spurious) == (2, 0.5, 0.5)


def test_examples_are_cut_from_any_size() -> None:
    rng = np.random.default_rng(0)
    for shape in ((12, 700), (900, 30), (CROP, CROP), (64, 64)):
        ids = np.zeros(shape, np.int16)
        ids[2:9, 2:9] = 1
        cut = example(Sample(np.full(shape, 9, np.uint8), ids), rng)
        assert cut.view.shape == (CROP, CROP) and cut.way.shape == (2, CROP // 2, CROP // 2)


def test_training_makes_a_finder(hwcli: Hwcli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hwcli.finding.train._PAGES", 12)
    monkeypatch.setattr("hwcli.finding.train._JUDGED", 4)
    result = hwcli(
        "train", "finder", "--data", sample_dataset(), "--time", "3s", "--batch-size", "2",
        "--threads", "1", "--out", "found",
    )  # fmt: skip
    assert result.code == 0, result.err
    folder, share = result.out.rstrip("\n").split("\t")
    assert folder == "found" and 0 <= float(share) <= 1
    assert "loss nan" not in result.err, "time to learn is left however long composing takes"
    finder = Finder(Path("found/model.onnx"), threads=1)
    for shape in ((8, 8), (33, 500), (160, 96)):
        planes = finder.planes(np.zeros(shape, np.uint8))
        assert planes.shape == (4, -(-shape[0] // 2), -(-shape[1] // 2))
    again = hwcli("train", "finder", "--data", sample_dataset(), "--time", "1s", "--out", "found")
    assert again.code == 2 and "--force" in again.err
    more = ("--time", "2s", "--batch-size", "2", "--threads", "1", "--out", "more")
    after = hwcli("train", "finder", "--data", sample_dataset(), *more, "--init", "found")
    assert after.code == 0, after.err
    after = hwcli(
        "train", "finder", "--data", sample_dataset(), *more, "--init", "bundled", "--force"
    )
    assert after.code == 0, after.err
    Path("bad.safetensors").write_bytes(b"x")
    for wrong, said in (
        ("nowhere", "no such finder"),
        (300 * "a", "no such finder"),
        ("bad.safetensors", "not the weights of a"),
    ):
        bad = hwcli("train", "finder", "--data", sample_dataset(), "--init", wrong, "--out", "bad")
        assert not Path("bad").exists()
        assert bad.code == ModelError.exit_code and said in bad.err, bad.err


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (("--epochs", "3"), "--epochs"),
        (("--augment", "photo"), "--augment"),
        (("--init-classes", "map"), "--init-classes"),
        (("--hidden", "3"), "--hidden"),
        (("--search", "lr=1,2"), "--search"),
    ],
)
def test_flags_that_are_not_the_finders_are_refused(
    hwcli: Hwcli, flags: tuple[str, ...], named: str
) -> None:
    result = hwcli("train", "finder", "--data", sample_dataset(), *flags)
    assert result.code == 2 and named in result.err and "finder" in result.err


def test_other_files_are_no_finders(tmp_path: Path) -> None:
    from hwcli.classify import find_model

    (tmp_path / "junk.onnx").write_bytes(b"junk")
    for path, said in (
        (tmp_path / "none.onnx", "no such finder"),
        (tmp_path / "junk.onnx", "not an ONNX model"),
        (find_model(None), "not a finder"),
    ):
        with pytest.raises(ModelError, match=said):
            Finder(path)


@pytest.mark.parametrize("failing", [False, True])
def test_the_file_is_of_8_bits_if_it_can_be(
    failing: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnx
    import torch

    from hwcli.finding import export
    from hwcli.finding.judge import Score
    from hwcli.finding.network import FinderNet
    from hwcli.finding.trained import TrainedFinder

    def fails(*_: object) -> None:
        raise ModelError("no")

    if failing:
        monkeypatch.setattr(export, "quantise", fails)
    sample = make_sample(sample_stock(), np.random.default_rng(3))
    views = torch.rand(4, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    trained = TrainedFinder(FinderNet().eval(), Score(9, 0.0, 9.0), [sample], views)
    score = export.save_finder(trained, tmp_path / "w", tmp_path / "f.onnx", {"seed": 4})
    kinds = {node.op_type for node in onnx.load(tmp_path / "f.onnx").graph.node}
    assert ("DequantizeLinear" in kinds) is not failing
    assert (score.glyphs == 9) is failing, "the score is that of what was written"
    assert Finder(tmp_path / "f.onnx").planes(np.zeros((40, 40), np.uint8)).shape == (4, 20, 20)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["f.onnx", "w"]
