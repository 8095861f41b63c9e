"""The CSV of corrections: whatever a spreadsheet does to it, and whatever is wrong with it."""

import csv
import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwcli.corrections import (
    COLUMNS,
    Correction,
    CorrectionFile,
    check_agreement,
    read_corrections,
)
from hwcli.errors import RecipeError

HEADER = ",".join(COLUMNS)
SHA = "0123456789abcdef" * 4
ROW = f"relabel,b,one,a/0.png,{SHA},a"


def read(text: str | bytes) -> tuple[Correction, ...]:
    path = Path("fixes.csv")
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_corrections(path).corrections


characters = st.characters(exclude_categories=["Cs", "Cc"])
classes = st.text(characters, min_size=1, max_size=4) | st.sampled_from(
    ["=", "-", "+1", "'", '"', ",", ";", "TRUE", "1.0", " ", "नि", "#N/A", "@"]
)
paths = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20
)


@st.composite
def corrections(draw: st.DrawFn) -> Correction:
    action = draw(st.sampled_from(["relabel", "drop"]))
    return Correction(
        0,
        action,  # type: ignore[arg-type]
        draw(classes) if action == "relabel" else "",
        draw(st.sampled_from(["one", "two.3"])),
        draw(paths),
        draw(classes),
        draw(st.sampled_from(["", SHA])),
    )


QUOTES = (("\r\n", csv.QUOTE_MINIMAL), ("\r\n", csv.QUOTE_ALL), ("\n", csv.QUOTE_ALL))
"""Ends of lines, and what is quoted; with bare LF Python's csv leaves a CR in a cell unquoted."""


@given(
    st.lists(corrections(), max_size=8, unique_by=lambda c: (c.source, c.origin)),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(QUOTES),
    st.booleans(),
    st.permutations([*COLUMNS, "top1", "my\nremark"]),
)
def test_what_any_spreadsheet_writes_reads_back(
    wanted: list[Correction],
    delimiter: str,
    quotes: tuple[str, int],
    marked: bool,
    columns: list[str],
) -> None:
    """Delimiter, line ends, quotes, mark, and the order of columns are the spreadsheet's."""
    file, (end, quoting) = io.StringIO(newline=""), quotes
    writer = csv.DictWriter(file, columns, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writeheader()
    for each in wanted:
        cells = {name: getattr(each, name) for name in COLUMNS}
        writer.writerow({**cells, "top1": "x", "my\nremark": 'a "word",\r\n;\t'})
    found = read(("\ufeff" if marked else "") + file.getvalue())
    assert [_without_line(c) for c in found] == [_without_line(c) for c in wanted]


def _without_line(each: Correction) -> tuple[str, ...]:
    return tuple(getattr(each, name) for name in COLUMNS)


def test_the_line_is_the_one_on_which_a_row_begins_also_after_cells_of_several_lines() -> None:
    """People look for it in an editor."""
    found = read(f'{HEADER},remark\n{ROW},"two\nlines"\n\n{ROW.replace("0.png", "1.png")},x\n')
    assert [c.line for c in found] == [2, 5]


@pytest.mark.parametrize("action", ["", " ", "keep", "KEEP", "\tKeep "])
def test_no_decision_does_nothing_whatever_else_stands_there(action: str) -> None:
    """`eval` leaves the action empty, beside a suggested correction."""
    assert read(f'{HEADER}\n"{action}",b,one,,no sha,\n') == ()


def test_case_and_blanks_of_an_action_do_not_matter_and_those_of_a_correction_do() -> None:
    """A blank is a character; an action is a word that somebody typed."""
    (found,) = read(f"{HEADER}\n ReLabel , ',one,a/0.png,{SHA.upper()},a\n")
    assert (found.action, found.correction, found.sha256) == ("relabel", " '", SHA)


def test_cells_that_a_spreadsheet_has_cut_off_at_the_end_are_empty() -> None:
    assert read("action,source,origin,label,sha256,top1\ndrop,one,x,a\n")[0].sha256 == ""


def test_the_same_line_twice_is_one_correction() -> None:
    """A row may be suspect for two reasons."""
    assert len(read(f"{HEADER}\n{ROW}\n{ROW}\n")) == 1


MISTAKES = {
    "an action that is none": (f"{HEADER}\nrelable,b,one,x,,a\n", "line 2.*mean 'relabel'"),
    "no correction": (f"{HEADER}\n{ROW}\nrelabel,,one,x,,a\n", "line 3: relabel needs"),
    "a control code": (f'{HEADER}\nrelabel,"\x07",one,x,,a\n', "line 2: .* may be no class"),
    "no source": (f"{HEADER}\ndrop,,,x,,a\n", "line 2: source is empty"),
    "no origin": (f"{HEADER}\ndrop,,one,,,a\n", "line 2: origin is empty"),
    "no label": (f"{HEADER}\ndrop,,one,x,,\n", "line 2: label is empty"),
    "a sha256 that a spreadsheet took for a number": (
        f"{HEADER}\ndrop,,one,x,1.2E+63,a\n",
        "line 2: sha256 '1.2e\\+63' is not 64 hex digits",
    ),
    "a comma without quotes": (f"{HEADER}\nrelabel,,,one,x,,a\n", "line 2: has 7 cells"),
    "two lines that disagree": (
        f"{HEADER}\n{ROW}\n{ROW.replace('relabel,b', 'drop,')}\n",
        "lines 2 and 3 disagree about 'a/0.png' of 'one'",
    ),
    "two labels": (f"{HEADER}\n{ROW}\n{ROW[:-1]}q\n", "lines 2 and 3 disagree"),
    "keep and something else": (f"{HEADER}\n{ROW}\nkeep{ROW[7:]}\n", "lines 2 and 3 disagree"),
    "no action": (HEADER.replace("action", "actoin") + "\n", "no column 'action'.*'actoin'"),
    "two columns of one name": (f"{HEADER},Label\n", "two columns are called 'label'"),
    "nothing": ("", "has no column 'action'"),
    "a quote without an end": (f'{HEADER}\ndrop,"one,x,,a\n', "line 2: unexpected end"),
    "a quote in the middle": (f'{HEADER}\ndrop,"o"ne,x,,a\n', "line 2: ',' expected"),
    "a cell of a megabyte": (f"{HEADER}\ndrop,{'x' * 10**6}\n", "line 2: field larger"),
    "a header of a megabyte": ("x" * 10**6, "line 1: field larger"),
    "a NUL": (f"{HEADER}\ndrop,\0,one,x,,a\n", "line 2: a NUL"),
    "Latin-1": (f"{HEADER}\ndrop,é,one,x,,a\n".encode("latin-1"), "not text in UTF-8"),
    "UTF-16": (f"{HEADER}\n".encode("utf-16"), "not text in UTF-8"),
    "half of a surrogate pair": (HEADER.encode() + b"\n\xed\xa0\x80\n", "not text in UTF-8"),
}


@pytest.mark.parametrize("why", MISTAKES)
def test_a_mistake_is_told_with_its_line(why: str) -> None:
    text, told = MISTAKES[why]
    with pytest.raises(RecipeError, match=f"^fixes.csv: .*{told}"):
        read(text)


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    """A pipe never ends."""
    os.mkfifo(tmp_path / "pipe")
    for path, told in (("pipe", "no file"), (".", "no file"), ("none.csv", "No such file")):
        with pytest.raises(RecipeError, match=told):
            read_corrections(tmp_path / path)


def test_a_file_without_an_end_is_not_read_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hwcli.corrections._MAX_BYTES", 1 << 20)
    with pytest.raises(RecipeError, match="more than 1 MiB"):
        read(HEADER + "\n" * (1 << 20))


def file(name: str, *rows: Correction) -> CorrectionFile:
    return CorrectionFile(name, SHA, rows)


def test_a_later_file_may_say_more_of_a_corrected_row_but_not_the_opposite() -> None:
    """The second was made of the dataset that the first had corrected, or of the same as it."""
    first = file("1.csv", Correction(2, "relabel", "b", "one", "x", "a"))
    check_agreement([first, file("2.csv", Correction(7, "relabel", "c", "one", "x", "b"))])
    check_agreement([first, first])
    with pytest.raises(RecipeError, match=r"1\.csv line 2 and 2.csv line 7 disagree about 'x'"):
        check_agreement([first, file("2.csv", Correction(7, "drop", "", "one", "x", "a"))])
