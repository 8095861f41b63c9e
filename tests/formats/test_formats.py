"""Output formats on a reading made by hand."""

import csv
import io
import json

from hwcli.formats import FORMATS
from hwcli.page.reading import Box, Candidate, Failure, Glyph, Line, Page, Word

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


def test_jsonl_is_one_line_that_parses_whatever_the_names() -> None:
    made = FORMATS["jsonl"](2)
    text = made.page(PAGE)
    assert text.count("\n") == 1
    record = json.loads(text)
    assert record["file"] == PAGE.file and record["glyphs"][0]["topk"][1]["char"] == "ᜊᜒ"
    failed = json.loads(made.failure(FAILURE).encode("utf-8"))
    assert failed["error"] == {"type": "InputError", "message": "bad: empty"}


def test_csv_round_trips_whatever_the_names() -> None:
    made = FORMATS["csv"](3)
    text = made.header() + made.page(PAGE) + made.failure(Failure("x", "InputError", "gone"))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows[0]["file"] == PAGE.file and rows[0]["char"] == '"'
    assert (rows[0]["char2"], rows[0]["p2"], rows[0]["char3"]) == ("ᜊᜒ", "0.25", "")
    assert rows[1]["error"] == "gone" and None not in rows[1] and None not in rows[1].values()


def test_text_puts_an_empty_line_between_photos() -> None:
    made = FORMATS["text"](1)
    assert made.page(PAGE) + made.failure(FAILURE) + made.page(PAGE) == '"\n\n"\n'
