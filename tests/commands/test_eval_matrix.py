"""The confusion matrix in a terminal."""

import unicodedata

import numpy as np
import pytest
from rich.cells import cell_len

from evaluations import HOSTILE
from hwcli.commands.eval.matrix import matrix_lines

LRM = "\u200e"


def cells(line: str) -> list[str]:
    return line.replace(LRM, "").split()


def test_all_of_a_small_matrix() -> None:
    confusion = np.array([[90, 7, 0], [0, 1234, 0], [1, 0, 5]])
    lines = matrix_lines(confusion, ("0", "O", "x"), ("Latn",) * 3, 80)
    head, *rows, told = lines
    assert sorted(cells(head)) == ["0", "O", "x"]
    where = cells(head)
    for row in rows:
        name, *counts = cells(row)
        wanted = confusion["0Ox".index(name)]
        assert counts == [str(wanted["0Ox".index(c)] or "·") for c in where]
    assert told == "rows: truth, columns: prediction; all 3 classes"
    assert len({len(line) for line in (head, *rows)}) == 1


def test_classes_without_rows_are_left_out() -> None:
    confusion = np.diag([3, 0, 4])
    assert matrix_lines(confusion, "abc", ("x",) * 3, 80)[0].split() == ["a", "c"]
    assert matrix_lines(np.zeros((2, 2), np.int64), "ab", ("x", "x"), 80) == []


@pytest.mark.parametrize("width", [10, 40, 80, 132, 1000])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    rng = np.random.default_rng(0)
    n = 70
    confusion = rng.integers(0, 4, (n, n)) + np.diag(np.full(n, 9999))
    lines = matrix_lines(confusion, [chr(0x4E00 + k) for k in range(n)], ("Hans",) * n, width)
    table = lines[1 : 1 + len(cells(lines[0]))]
    assert all(cell_len(line) <= max(width, 20) for line in lines)
    assert len({cell_len(line) for line in table}) == 1
    assert [cells(line)[0] for line in table] == cells(lines[0])
    assert 2 <= len(table) <= 40
    assert f"{len(table)} of 70 classes" in " ".join(lines)


def test_of_many_classes_those_confused_most_with_each_other() -> None:
    confusion = np.diag(np.full(200, 1000))
    confusion[[150, 151, 3], [151, 3, 150]] = 30
    confusion[7, 8] = 2
    lines = matrix_lines(confusion, [f"c{k}" for k in range(200)], ("x",) * 200, 20)
    assert {"c3", "c150", "c151"} <= {cells(line)[0] for line in lines[1:]} | set(cells(lines[0]))
    assert "90 of 92 mistakes" in " ".join(lines)


def test_any_class_stands_in_its_columns() -> None:
    n = len(HOSTILE)
    confusion = np.diag(np.full(n, 7))
    lines = matrix_lines(confusion, HOSTILE, ("x",) * n, 400)[: n + 1]
    widths = {cell_len(line) for line in lines}
    assert len(widths) == 1
    text = "\n".join(lines)
    assert "U+0020" in text and "U+202E" in text and "U+FFFD" in text and "U+1714" in text
    assert all(c == "\n" or c.isprintable() or c == LRM for c in text)
    for line in lines:
        for before, char in zip(" " + line, line, strict=False):
            assert not (unicodedata.category(char)[0] == "M" and before == " "), "a mark by itself"


def test_writing_from_right_to_left_does_not_turn_the_columns_about() -> None:
    lines = matrix_lines(np.diag([1, 2, 3]), "ابa", ("Arab", "Arab", "Latn"), 80)
    for line in lines[:-1]:
        for k, char in enumerate(line):
            if unicodedata.bidirectional(char) == "AL":
                assert line[k - 1] == line[k + 1] == LRM


def test_names_that_are_words_are_cut() -> None:
    names = ("a" * 50, "b")
    lines = matrix_lines(np.array([[1, 2], [3, 4]]), names, ("x", "x"), 80)
    assert lines[0].split() == ["aaaaaa…", "b"]
    assert cells(lines[1])[0] == "a" * 15 + "…"
