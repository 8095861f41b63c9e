"""Small signs, told by their size and place in the line."""

import numpy as np
import pytest

from hwcli.classify import AnyClassifier, find_model, probabilities_of
from hwcli.page import company
from hwcli.page import reader as reader_module
from hwcli.page.place import PLACE, Marks, marks_of, settle_by_place
from hwcli.page.reader import Reader, ReadingOptions
from hwcli.page.sheet import Photo
from pages import written

CLASSES = tuple("ABEHab1IL/.,'-()")

Box = tuple[int, int]
"""Top and foot, px; the line is at 60 and capitals are 60 high."""

FULL = (0, 60)


def settled(likely: str, box: Box, *, beside: str = "AB") -> str:
    """What the glyph at `box` is, read evenly as each of `likely`, between glyphs `beside`."""
    marks = marks_of(CLASSES)
    assert marks is not None
    chars = [beside[0], likely[0], *beside[1:]]
    boxes = np.array([(40 * n, *(box if n == 1 else FULL)) for n in range(len(chars))])
    boxes = np.column_stack([boxes[:, 0], boxes[:, 1], boxes[:, 0] + 20, boxes[:, 2]])
    told = np.zeros((len(chars), len(CLASSES)), np.float32)
    for row, some in enumerate(beside[0:1] + "?" + beside[1:]):
        for char in likely if row == 1 else some:
            told[row, CLASSES.index(char)] = 1 / len(likely if row == 1 else some)
    line = np.zeros(len(chars), np.int32)
    out = settle_by_place(told, chars, boxes.astype(np.int32), line, marks)
    assert out.sum(axis=1) == pytest.approx(np.ones(len(chars)), abs=1e-5)
    assert np.array_equal(out[[0, *range(2, len(chars))]], told[[0, *range(2, len(chars))]])
    return CLASSES[out[1].argmax()]


@pytest.mark.parametrize(
    "likely, box, expected",
    [
        pytest.param("',", (54, 72), ",", id="low and small"),
        pytest.param(",'", (0, 17), "'", id="high and small"),
        pytest.param(",/", FULL, "/", id="as high as a capital"),
        pytest.param("/,", (52, 70), ",", id="a short stroke below the line"),
        pytest.param("1'", (-2, 18), "'", id="a short stroke on high"),
        pytest.param("'1", (0, 58), "1", id="a long one"),
        pytest.param("),", (52, 72), ",", id="a short curve"),
        pytest.param(",)", (-4, 72), ")", id="a long curve"),
        pytest.param("',.", (52, 60), ".", id="a blot on the line"),
        pytest.param("a,", (52, 72), "a", id="what is no mark stays"),
    ],
)
def test_signs_by_place(likely: str, box: Box, expected: str) -> None:
    assert settled(likely, box) == expected


def test_a_line_of_nothing_but_marks_is_left() -> None:
    assert settled("',", (0, 17)) == "'"
    assert settled("',", (0, 17), beside="11") == ","  # the first of two as likely


@pytest.mark.parametrize("classes", ["0123./-=+:", "ABab", ""])
def test_a_model_without_these_signs_has_nothing_to_tell_apart(classes: str) -> None:
    assert marks_of(tuple(classes)) is None


def test_a_page_says_which_glyphs_their_place_made_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(company, "marks_of", as_if)
    monkeypatch.setattr(reader_module, "probabilities_of", torn)
    grey = written(["AHE-NK", "HEAD"])
    asked = ReadingOptions(quarters=0, topk=2)
    page = Reader(find_model("latin"), asked, threads=1).read(Photo(grey, *grey.shape), "page")
    told = [g for g in page.glyphs if PLACE in g.flags]
    assert len(page.glyphs) == 10
    assert [g.char for g in told] == ["+"]


def as_if(classes: tuple[str, ...]) -> Marks:
    """As if a dash were as tall as a capital, and a plus as low as a dash is."""
    return Marks(np.array([classes.index(c) for c in "-+"]), np.array([1, 0.1]), np.full(2, 0.5))


def torn(
    classifier: AnyClassifier, glyphs: np.ndarray, *, among: np.ndarray | None = None
) -> np.ndarray:
    """As the model has it, but what it takes for a dash may be a plus as well."""
    out = probabilities_of(classifier, glyphs, among=among)
    dash, plus = (classifier.info.classes.index(char) for char in "-+")
    out[:, plus] += 0.4 * out[:, dash]
    out[:, dash] *= 0.6
    return out
