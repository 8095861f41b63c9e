"""What is no character is left out of a page, and out of what a glyph may be."""

from pathlib import Path

import numpy as np
import pytest

from hwcli.characters import NO_CHARACTER
from hwcli.classify import AnyClassifier, find_model, probabilities_of
from hwcli.page import reader as reader_module
from hwcli.page.layout import renumbered
from hwcli.page.reader import Reader, ReadingOptions
from hwcli.page.reading import Page
from hwcli.page.sheet import Photo
from pages import written

MODEL = find_model("glyphnet")


def doubting(
    classifier: AnyClassifier, glyphs: np.ndarray, *, among: np.ndarray | None = None
) -> np.ndarray:
    """As the model has it, but each + is surely none, and all else nearly so."""
    out = probabilities_of(classifier, glyphs, among=among)
    none = classifier.info.classes.index(NO_CHARACTER)
    share = np.where(out.argmax(axis=1) == classifier.info.classes.index("+"), 0.9, 0.45)
    out[:, none] = 0
    out *= ((1 - share) / np.maximum(1e-9, out.sum(axis=1)))[:, None]
    out[:, none] = share
    return out


def read(rows: list[str], model: Path = MODEL, **options: object) -> Page:
    grey = written(rows)
    height, width = grey.shape
    asked = ReadingOptions(quarters=0, **options)  # type: ignore[arg-type]
    return Reader(model, asked, threads=1).read(Photo(grey, height, width), "page")


def test_lines_and_words_are_numbered_without_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = ["HELLO WORLD", "++++++", "+++ AB ++ DE"]
    assert len(read(rows).lines) == 3
    monkeypatch.setattr(reader_module, "probabilities_of", doubting)
    page = read(rows)
    assert len(page.lines) == 2 and "+" not in page.text
    assert {g.line for g in page.glyphs} == {0, 1}
    for number, line in enumerate(page.lines):
        words = {g.word for g in page.glyphs if g.line == number}
        assert words == set(range(len(line.words)))


def test_it_is_no_candidate_and_nothing_else_is_lost_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    surely = read(["HELLO WORLD"])
    monkeypatch.setattr(reader_module, "probabilities_of", doubting)
    page = read(["HELLO WORLD"], topk=5000)
    assert page.text == surely.text
    for glyph in page.glyphs:
        chars = [c.char for c in glyph.candidates]
        assert NO_CHARACTER not in chars
        assert len(chars) == len(Reader(MODEL, threads=1).classifier.info.classes) - 2
        assert glyph.confidence <= 0.56


def test_what_is_left_of_a_layout_is_numbered_anew() -> None:
    line, word = renumbered(
        np.array([1, 1, 1, 4, 4, 5], np.int32), np.array([1, 1, 3, 0, 2, 2], np.int32)
    )
    assert line.tolist() == [0, 0, 0, 1, 1, 2]
    assert word.tolist() == [0, 0, 1, 0, 1, 0]
    assert [len(a) for a in renumbered(*[np.empty(0, np.int32)] * 2)] == [0, 0]


@pytest.mark.parametrize("model", ["glyphnet", "latin"])
def test_bars_are_left_out_only_if_that_is_surer(model: str) -> None:
    rows = ["7-4", "555-1234", "7-3=4"]
    assert [line.text for line in read(rows, find_model(model)).lines] == rows
