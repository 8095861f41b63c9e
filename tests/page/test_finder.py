"""Reading with the bundled finder: what it finds, and how doubts are settled."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from composed import sample_stock
from conftest import Result
from hwcli.compose.canvas import Placed, blank
from hwcli.compose.hand import random_hand, write_glyph
from hwcli.compose.page import compose
from hwcli.compose.scene import ORDINARY, UNSEEN
from hwcli.finding.judge import judge
from hwcli.finding.samples import make_sample
from hwcli.page.find import Found, find_characters
from hwcli.page.finder import BUNDLED, Finder, find_finder
from hwcli.page.grey import Grey
from hwcli.page.ink import find_ink
from hwcli.page.rulings import remove_rulings
from hwcli.page.seen import segment
from hwcli.page.segments import Segments
from hwcli.page.settle import settle

Hwcli = Callable[..., Result]
CARD = Path(__file__).parents[2] / "hwcli" / "assets" / "photos" / "card-1.jpg"


@pytest.fixture(scope="module")
def finder() -> Finder:
    return Finder(find_finder("bundled"), threads=1)


def test_it_finds_most_of_what_is_on_composed_pages(finder: Finder) -> None:
    """Other pages than it was trained on, by the same hands: this guards the file and its use."""
    samples = [make_sample(sample_stock(), np.random.default_rng([99, n])) for n in range(20)]
    score = judge((sample, finder.find(sample.view)) for sample in samples)
    assert score.found > 0.6 and score.spurious < 0.1, score


def test_touching_characters_come_apart(finder: Finder) -> None:
    """Digits that touch are one component, and mostly as many characters as were written."""
    right = 0
    for seed in range(10):
        rng = np.random.default_rng([6, seed])
        hand = replace(random_hand(rng, 60.0), pen=5.0, wobble=0.02, slant=0.0)
        canvas, x = blank(140, 320), 40
        for char in "2835":
            written = write_glyph(sample_stock(), char, hand, rng)
            x = canvas.put(written, x, 105, Placed(char, "Latn", 0, 0))[2] - 3
        ink = find_ink((235 - 190 * canvas.ink).astype(np.uint8))
        cleaned = remove_rulings(ink)
        right += len(segment(cleaned, finder).boxes) == 4 > len(cleaned.found)
    assert right >= 6


def test_blank_pages_hold_nothing(finder: Finder) -> None:
    for shape in ((1, 1), (7, 900), (500, 400)):
        found = find_characters(np.full(shape, 200, np.uint8), finder)
        assert len(found.segments.boxes) == 0


@pytest.mark.parametrize("seed", range(6))
def test_every_character_has_ink_and_its_own_labels(finder: Finder, seed: int) -> None:
    for scene in (ORDINARY, UNSEEN["crumpled"], UNSEEN["dotted"]):
        page = compose(sample_stock(), np.random.default_rng([4, seed]), scene=scene)
        check_characters(find_characters(page.grey, finder))


def check_characters(found: Found) -> None:
    for segments in (found.segments, settle(found.segments, found.ink, as_one)):
        count = len(segments.boxes)
        assert set(segments.owner[segments.owner >= 0].tolist()) == set(range(count))
        for index in range(count):
            crop = segments.crop(index, found.ink)
            assert crop.max() > 0 and (segments.boxes[index, 2:] > segments.boxes[index, :2]).all()


def as_one(crops: Sequence[Grey]) -> np.ndarray:
    """Whatever is joined reads well, whatever is parted does not."""
    return np.tile(np.array([0.01, 0.01, 1.0], np.float32), len(crops) // 3)


def as_two(crops: Sequence[Grey]) -> np.ndarray:
    return np.tile(np.array([1.0, 1.0, 0.01], np.float32), len(crops) // 3)


def doubtful(finder: Finder) -> tuple[Segments, object]:
    for seed in range(60):
        page = compose(sample_stock(), np.random.default_rng([8, seed]))
        found = find_characters(page.grey, finder)
        if found.segments.doubts:
            return found.segments, found.ink
    raise AssertionError("no page with a doubt")


def test_doubts_are_settled_by_what_reads_better(finder: Finder) -> None:
    segments, ink = doubtful(finder)
    fewer, more = settle(segments, ink, as_one), settle(segments, ink, as_two)
    assert len(fewer.boxes) < len(more.boxes)
    assert len(fewer.boxes) <= len(segments.boxes) <= len(more.boxes)
    assert not fewer.doubts and not more.doubts


def test_ocr_with_the_finder(hwcli: Hwcli, tmp_path: Path) -> None:
    result = hwcli("ocr", CARD, "--finder", "bundled", "--jobs", "1")
    assert result.code == 0, result.err
    assert len(json.loads(result.out)["glyphs"]) == 15
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "model.onnx").write_bytes(find_finder("bundled").read_bytes())
    again = hwcli("ocr", CARD, "--finder", tmp_path / "run", "--jobs", "1")
    assert again.out == result.out
    missing = hwcli("ocr", CARD, "--finder", "nowhere", "--jobs", "1")
    assert missing.code == 7 and "nowhere: no such finder" in missing.err


def test_another_finder_is_another_run(hwcli: Hwcli) -> None:
    """--resume reads anew what was found in another way."""
    assert hwcli("ocr", CARD, "--out", "r.jsonl", "--jobs", "1").code == 0
    same = hwcli("ocr", CARD, "--out", "r.jsonl", "--jobs", "1", "--resume")
    assert "1 of 1 photos were read already" in same.err
    network = onnx.load(find_finder(BUNDLED))
    network.doc_string = "another"
    onnx.save(network, "other.onnx")
    other = ("ocr", CARD, "--out", "r.jsonl", "--jobs", "1", "--finder", "other.onnx", "--resume")
    result = hwcli(*other)
    assert result.code == 0 and "read already" not in result.err
