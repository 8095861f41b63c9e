"""`hwcli.ocr/1`: JSON Lines, one object a photo, as `ocr.schema.json` describes it."""

import json
import re
from pathlib import Path
from typing import ClassVar

from hwcli.characters import codepoints
from hwcli.page.reading import Failure, Glyph, Page

SCHEMA = "hwcli.ocr/1"
_SURROGATE = re.compile("[\ud800-\udfff]")


def json_schema() -> str:
    """The JSON Schema (2020-12) of a record."""
    return Path(__file__).with_name("ocr.schema.json").read_text("utf-8")


class JsonlFormat:
    """One JSON object a line, as `docs/formats.md` describes it."""

    name: ClassVar[str] = "jsonl"
    suffix: ClassVar[str] = ".jsonl"
    many: ClassVar[bool] = True

    def __init__(self, topk: int) -> None:
        pass

    def header(self, file: str | None = None) -> str:
        """Nothing."""
        return ""

    def go_on(self, after: int) -> None:
        """Nothing: records are not numbered."""

    def page(self, page: Page) -> str:
        """The object of a photo that was read."""
        return _line(
            {
                **_source(page),
                "width": page.width,
                "height": page.height,
                "text": page.text,
                "script": page.script,
                "lines": [
                    {
                        "box": line.box,
                        "text": line.text,
                        "words": [{"box": w.box, "text": w.text} for w in line.words],
                    }
                    for line in page.lines
                ],
                "glyphs": [_glyph(g) for g in page.glyphs],
                "model": page.model,
                "angle_deg": page.angle_deg,
                "inverted": page.inverted,
            }
        )

    def failure(self, failure: Failure) -> str:
        """The object of a photo that could not be read."""
        error = {"type": failure.kind, "message": failure.message}
        return _line({**_source(failure), "error": error})

    def footer(self) -> str:
        """Nothing."""
        return ""


def _source(reading: Page | Failure) -> dict[str, object]:
    page = {} if reading.page is None else {"page": reading.page}
    return {"schema": SCHEMA, "file": reading.file, **page}


def _glyph(glyph: Glyph) -> dict[str, object]:
    return {
        "box": glyph.box,
        "line": glyph.line,
        "word": glyph.word,
        "char": glyph.char,
        "codepoint": codepoints(glyph.char),
        "script": glyph.script,
        "confidence": glyph.confidence,
        "topk": [{"char": c.char, "p": c.p} for c in glyph.candidates],
        "flags": glyph.flags,
    }


def _line(record: dict[str, object]) -> str:
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    # Bytes of a file name that are not UTF-8 stay what Python makes of them: `\\udcff`.
    return _SURROGATE.sub(lambda m: f"\\u{ord(m[0]):04x}", text) + "\n"
