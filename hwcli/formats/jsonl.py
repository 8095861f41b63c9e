"""`hwcli.ocr/1`: JSON Lines, one object a photo."""

import json
import re

from hwcli.characters import codepoints
from hwcli.page.reading import Failure, Glyph, Page

SCHEMA = "hwcli.ocr/1"
_SURROGATE = re.compile("[\ud800-\udfff]")


class JsonlFormat:
    """One JSON object a line, as `docs/formats.md` describes it."""

    def header(self) -> str:
        """Nothing."""
        return ""

    def page(self, page: Page) -> str:
        """The object of a photo that was read."""
        record = {
            "schema": SCHEMA,
            "file": page.file,
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
        return _line(record)

    def failure(self, failure: Failure) -> str:
        """The object of a photo that could not be read."""
        error = {"type": failure.kind, "message": failure.message}
        return _line({"schema": SCHEMA, "file": failure.file, "error": error})


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
