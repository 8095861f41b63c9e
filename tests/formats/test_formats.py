"""JSON Lines, the tables and plain text, on readings made by hand."""

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import hwcli as package
from conftest import Result
from hwcli.commands.ocr import FORMATS as NAMES
from hwcli.formats import FORMATS
from hwcli.formats.jsonl import json_schema
from hwcli.page.reading import Box, Candidate, Failure, Glyph, Line, Page, Word
from readings import FAILURES, HOSTILE_NAMES, PAGES

GLYPH = Glyph(Box(1, 2, 3, 4), 0, 0, "Latn", (Candidate('"', 0.75), Candidate("ᜊᜒ", 0.25)), ("x",))
PAGE = Page(
    file="a,b\n.png",
    width=10,
    height=20,
    script="Latn",
    lines=(Line(Box(1, 2, 3, 4), '"', (Word(Box(1, 2, 3, 4), '"'),)),),
    glyphs=(GLYPH,),
    model="m",
    angle_deg=0.0,
    inverted=False,
)
FAILURE = Failure("bad\udcff.png", "InputError", "bad: empty")
SCHEMA = json.loads(json_schema())
PHOTOS = Path(package.__file__).parent / "assets" / "photos"


def valid(record: dict[str, Any]) -> None:
    """Valid by the schema, and with no field that the schema does not tell of."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(record, SCHEMA, cls=jsonschema.Draft202012Validator)
    kind = SCHEMA["$defs"]["failure" if "error" in record else "photo"]
    assert set(record) <= set(kind["properties"])
    for glyph in record.get("glyphs", []):
        assert set(glyph) == set(SCHEMA["$defs"]["glyph"]["properties"])
    for line in record.get("lines", []):
        assert set(line) == set(SCHEMA["$defs"]["line"]["properties"])


def test_jsonl_is_one_line_that_parses_whatever_the_names() -> None:
    made = FORMATS["jsonl"](2)
    text = made.page(PAGE)
    assert text.count("\n") == 1
    record = json.loads(text)
    assert record["file"] == PAGE.file and record["glyphs"][0]["topk"][1]["char"] == "ᜊᜒ"
    failed = json.loads(made.failure(FAILURE).encode("utf-8"))
    assert failed["error"] == {"type": "InputError", "message": "bad: empty"}


@pytest.mark.parametrize("name", PAGES)
def test_records_are_valid_by_the_schema(name: str) -> None:
    page = PAGES[name]
    record = json.loads(FORMATS["jsonl"](3).page(page))
    valid(record)
    assert record["file"] == page.file and record.get("page") == page.page
    assert [g["char"] for g in record["glyphs"]] == [g.char for g in page.glyphs]


@pytest.mark.parametrize("name", FAILURES)
def test_error_records_are_valid_by_the_schema(name: str) -> None:
    failure = FAILURES[name]
    record = json.loads(FORMATS["jsonl"](3).failure(failure))
    valid(record)
    assert (record["file"], record.get("page")) == (failure.file, failure.page)


def without(record: dict[str, Any], field: str) -> dict[str, Any]:
    return {k: v for k, v in record.items() if k != field}


def test_the_schema_refuses_what_is_no_record() -> None:
    made = FORMATS["jsonl"](2)
    good, bad = json.loads(made.page(PAGE)), json.loads(made.failure(FAILURE))
    valid({**good, "page": 1})
    jsonschema.validate({**good, "new": 1}, SCHEMA)  # readers of today take records of tomorrow
    glyph = good["glyphs"][0]
    wrong = [
        *(without(good, field) for field in good),
        *(without(bad, field) for field in bad),
        *({**good, "glyphs": [without(glyph, field)]} for field in glyph),
        {**good, "schema": "hwcli.ocr/2"},
        {**good, "script": "latin"},
        {**good, "page": 0},
        {**good, "glyphs": [{**glyph, "confidence": 1.1}]},
        {**good, "glyphs": [{**glyph, "box": [1, 2, 3]}]},
        {**good, "glyphs": [{**glyph, "topk": []}]},
        {**good, "lines": [{**good["lines"][0], "words": []}]},
        {**bad, "error": "gone"},
    ]
    for record in wrong:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(record, SCHEMA, cls=jsonschema.Draft202012Validator)


def test_what_the_command_writes_is_valid_by_what_it_shows(hwcli: Callable[..., Result]) -> None:
    shown = hwcli("ocr", "--schema")
    assert (shown.code, shown.err) == (0, "") and json.loads(shown.out) == SCHEMA
    result = hwcli("ocr", PHOTOS, "missing.png", "--topk", 3)
    records = [json.loads(line) for line in result.out.splitlines()]
    assert result.code == 8 and ["error" in r for r in records].count(True) == 1
    for record in records:
        valid(record)


@pytest.mark.parametrize("field", ["photo", "failure", "glyph"])
def test_every_field_is_in_the_docs(field: str) -> None:
    docs = (Path(__file__).parents[2] / "docs" / "formats.md").read_text("utf-8")
    section = docs[docs.index("## `hwcli.ocr/1`") : docs.index("## `hwcli.dataset/1`")]
    for name in SCHEMA["$defs"][field]["properties"]:
        assert re.search(rf"[`\"]{name}(\[\])?[`\"]", section), name


def test_csv_round_trips_whatever_the_names() -> None:
    made = FORMATS["csv"](3)
    text = made.header() + made.page(PAGE) + made.failure(Failure("x", "InputError", "gone", 2))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows[0]["file"] == PAGE.file and rows[0]["char"] == '"'
    assert (rows[0]["char2"], rows[0]["p2"], rows[0]["char3"]) == ("ᜊᜒ", "0.25", "")
    assert rows[1]["error"] == "gone" and None not in rows[1] and None not in rows[1].values()
    assert (rows[0]["page"], rows[1]["page"]) == ("", "2")


def untabbed(text: str) -> list[dict[str, str]]:
    """What a reader of TSV that knows its escapes makes of `text`."""
    plain = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r"}

    def value(cell: str) -> str:
        out, rest = "", cell
        while rest:
            step = 2 if rest[0] == "\\" else 1
            out += plain[rest[:2]] if step == 2 else rest[0]
            rest = rest[step:]
        return out

    assert text.endswith("\n") and "\r" not in text
    head, *rows = [line.split("\t") for line in text[:-1].split("\n")]
    return [dict(zip(head, map(value, row), strict=True)) for row in rows]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_tsv_is_a_line_a_row_whatever_the_names(name: str) -> None:
    made = FORMATS["tsv"](2)
    page, failure = PAGES[f"named {name}"], FAILURES[name]
    rows = untabbed(made.header() + made.page(page) + made.failure(failure))
    assert [row["file"] for row in rows] == [HOSTILE_NAMES[name]] * 2
    assert (rows[0]["char"], rows[0]["error"]) == ("A", "")
    assert (rows[1]["char"], rows[1]["error"]) == ("", failure.message)


@pytest.mark.parametrize("name", PAGES)
def test_tables_tell_the_same_in_both_forms(name: str) -> None:
    page = PAGES[name]
    comma, tab = FORMATS["csv"](3), FORMATS["tsv"](3)
    text = comma.header() + comma.page(page)
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert rows == untabbed(tab.header() + tab.page(page))
    assert len(rows) == len(page.glyphs)
    assert [row["char"] for row in rows] == [g.char for g in page.glyphs]


def test_text_puts_an_empty_line_between_photos() -> None:
    made = FORMATS["text"](1)
    assert made.page(PAGE) + made.failure(FAILURE) + made.page(PAGE) == '"\n\n"\n'


def test_the_command_offers_every_format() -> None:
    assert NAMES.split("|") == list(FORMATS)
    assert len({kind.suffix for kind in FORMATS.values()}) == len(FORMATS)
    assert all(kind.suffix.startswith(".") for kind in FORMATS.values())
