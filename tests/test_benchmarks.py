"""The scripts that score what was read: what they count, and that they run."""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest

from composed import sample_dataset, sample_stock
from hwcli.models.table import find_entry
from hwcli.page.reading import Box, Candidate, Glyph, Line, Page
from hwcli.recipe import load_recipe

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
PHOTOS = Path(__file__).parents[1] / "hwcli" / "assets" / "photos"


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """benchmarks/composed.py, beside the tests' own module of that name."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    spec = importlib.util.spec_from_file_location("read_composed", BENCHMARKS / "composed.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "read_composed", module)
    spec.loader.exec_module(module)
    yield module
    sys.modules.pop("scoring", None)


def glyph(box: tuple[int, int, int, int], char: str, line: int = 0, p: float = 0.9) -> Glyph:
    return Glyph(Box(*box), line, 0, "Latn", (Candidate(char, p),))


def page_of(glyphs: list[Glyph]) -> Page:
    text = "".join(g.char for g in glyphs)
    line = Line(Box(0, 0, 1, 1), text, ())
    return Page("p", 1, 1, "Latn", (line,), tuple(glyphs), "m", 0.0, False)


def boxes_of(ids: np.ndarray) -> dict[int, tuple[int, int, int, int]]:
    out = {}
    for number in np.unique(ids[ids > 0]).tolist():
        x, y, w, h = cv2.boundingRect((ids == number).view(np.uint8))
        out[number] = (x, y, x + w, y + h)
    return out


def test_a_page_that_is_read_well_scores_full(benchmark: ModuleType) -> None:
    """Each scene once: boxes around the ink, and the characters."""
    for asked in benchmark.composed(sample_stock(), 8, 1):
        tally = benchmark.Tally()
        chars = {n: asked.page.glyphs[n - 1].char for n in np.flatnonzero(asked.wanted).tolist()}
        boxes = boxes_of(asked.page.ids)
        read = page_of([glyph(boxes[number], char) for number, char in chars.items()])
        benchmark.judge(asked, read, 0.5, tally)
        told = tally.figures()
        assert told["found"] > 0.9 and told["right"] == 1 and told["none"] == 0, asked.scene
        assert told["glyphs"] == len(chars) and told["ms"] == 500
        empty = benchmark.Tally()
        benchmark.judge(asked, page_of([]), 0.0, empty)
        assert empty.figures()["found"] == 0 and empty.figures()["cer"] == 1
        assert empty.figures()["ece"] == 0


def test_what_is_cut_wrong_and_what_is_none(benchmark: ModuleType) -> None:
    asked = next(benchmark.composed(sample_stock(), 1, 3))
    boxes = [box for n, box in boxes_of(asked.page.ids).items() if asked.wanted[n]]
    around = np.array(boxes)
    every = (*around[:, :2].min(axis=0).tolist(), *around[:, 2:].max(axis=0).tolist())
    blank = np.argwhere(cv2.boxFilter((asked.page.ids != 0).astype(np.float32), -1, (9, 9)) == 0)
    y, x = blank[len(blank) // 2].tolist()
    tally = benchmark.Tally()
    read = [glyph(every, "a"), glyph((x - 3, y - 3, x + 3, y + 3), "b", p=0.7)]
    benchmark.judge(asked, page_of(read), 0.0, tally)
    assert (tally.found, tally.cut, tally.none) == (0, 1, 1)
    assert tally.figures()["ece"] == pytest.approx(0.8) and not any(tally.correct)


def test_lines_run_as_their_script_does(benchmark: ModuleType) -> None:
    """Rightmost first where the letters are Arabic; what is not asked for is a wildcard."""
    from hwcli.compose.canvas import Placed
    from hwcli.compose.page import Composed

    ids = np.zeros((40, 80), np.int32)
    for number, x in enumerate((10, 30, 50), 1):
        ids[10:30, x : x + 10] = number
    ids[11:29, 51:59] = -1  # scribbled over
    for chars, text in (("abc", "ab□"), ("ابت", "□با")):
        glyphs = tuple(Placed(c, "Arab", 0, 0) for c in chars)
        page = Composed(np.full(ids.shape, 200, np.uint8), ids, glyphs, 20.0, "word", False)
        assert benchmark._asked(page, "plain").text == text


def test_boxes_hold_the_middle_of_one_glyph(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    scoring = importlib.import_module("scoring")
    score = scoring.Score()
    score.add_text("a□c\\nd", "AXC d")
    score.add_text("abc", "something quite else")
    assert (score.photos, score.length, score.edits) == (2, 6, 3)
    boxes = [scoring.Labelled(x, 0, x + 10, 10, label) for x, label in ((0, "O"), (10, "b"),
             (20, "="), (30, "d"))]  # fmt: skip
    read = [glyph((1, 1, 9, 9), "0"), glyph((11, 1, 14, 9), "b"), glyph((15, 1, 19, 9), "b"),
            glyph((21, 1, 29, 9), "="), glyph((31, 1, 38, 8), "b"),
            glyph((60, 1, 69, 9), "q")]  # fmt: skip
    score.add_boxes(boxes, page_of(read))
    assert (score.boxes, score.found, score.right, score.spurious) == (3, 2, 1, 1)
    sys.modules.pop("scoring", None)


@pytest.fixture
def accuracy(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield importlib.import_module("accuracy")
    for name in ("accuracy", "accuracy_lines"):
        sys.modules.pop(name, None)


def test_every_line_of_accuracy_can_be_trained(accuracy: ModuleType) -> None:
    names = [line.name for line in accuracy.LINES]
    assert len(set(names)) == len(names)
    for place, line in enumerate(accuracy.LINES):
        find_entry(line.model)
        own = accuracy.PROTOCOLS / f"{line.data}.toml"
        assert load_recipe(str(own) if own.is_file() else line.data).name == line.data
        assert not line.init or line.init in names[:place]
        assert line.title and line.split and line.published
    both = ["field-bymerge", "field-chars74k"]
    assert [line.name for line in accuracy.chosen(("field-chars",))] == both
    assert accuracy.chosen(()) == list(accuracy.LINES)


def test_a_line_of_accuracy_is_judged_once(accuracy: ModuleType, tmp_path: Path) -> None:
    line = accuracy.Line("a", "sample", "perceptron", 0, "sample", "by writer", "none",
                         ("--epochs", "1"), cases=True)  # fmt: skip
    accuracy.ingest(tmp_path, tmp_path, line.data)
    for _ in range(2):
        accuracy.train(tmp_path, line, 1.0)
        cells = accuracy.row(tmp_path, line).split(" | ")
        assert len(cells) == len(accuracy.COLUMNS)
        assert cells[2] == "`perceptron --epochs 1`" and "; cases merged " in cells[4]
        kept = tmp_path / "runs" / "a" / "test.json"
        told = json.loads(kept.read_text())
        assert cells[3] == f"{told['n']:,}" and cells[5] == accuracy.percent(told["top"]["5"])
        kept.write_text(json.dumps({**told, "n": 1}))


@pytest.mark.parametrize(
    ("script", "args", "shown"),
    [
        ("composed.py", ["--pages", "2"], "confidence"),
        ("ablation.py", ["--pages", "1", "PHOTOS"], "rejecting"),
        ("photos.py", ["--no-tesseract", "PHOTOS"], "CER"),
        ("harder.py", ["--only", "as it is,on a desk,a third", "PHOTOS"], "on a desk"),
    ],
)
def test_the_scripts_run(tmp_path: Path, script: str, args: list[str], shown: str) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "a.jpg").write_bytes((PHOTOS / "card-1.jpg").read_bytes())
    (photos / "truth.csv").write_text("relative_path,text\na.jpg,ABCD\n", "utf-8")
    (photos / "truth_boxes.csv").write_text("path,x0,y0,x1,y1,label\na.jpg,0,0,245,245,A\n")
    if script not in ("photos.py", "harder.py"):
        args = ["--data", str(sample_dataset()), "--split", "train", "--json", "o.json", *args]
    command = [sys.executable, "-W", "error", str(BENCHMARKS / script)]
    command += [str(photos) if arg == "PHOTOS" else arg for arg in args]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert shown in done.stdout
    if script not in ("photos.py", "harder.py"):
        assert json.loads((tmp_path / "o.json").read_text())["machine"]
