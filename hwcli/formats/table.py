"""CSV (RFC 4180 but for the line end): a row a glyph, its candidates in columns."""

import csv
import io

from hwcli.characters import codepoints
from hwcli.page.reading import Failure, Page

_COLUMNS = (
    *("file", "line", "word", "x0", "y0", "x1", "y1"),
    *("char", "codepoint", "script", "confidence"),
)


class CsvFormat:
    """A header, then a row a glyph; a photo that failed is a row with `error` filled."""

    def __init__(self, topk: int) -> None:
        self._topk = topk

    def header(self) -> str:
        """The names of the columns."""
        alternatives = [f"{name}{k}" for k in range(2, self._topk + 1) for name in ("char", "p")]
        return _row([*_COLUMNS, *alternatives, "flags", "error"])

    def page(self, page: Page) -> str:
        """The rows of a photo that was read."""
        rows = []
        for glyph in page.glyphs:
            alternatives: list[object] = [v for c in glyph.candidates[1:] for v in (c.char, c.p)]
            alternatives += [""] * (2 * (self._topk - 1) - len(alternatives))
            start = [page.file, glyph.line, glyph.word, *glyph.box, glyph.char]
            start += [codepoints(glyph.char), glyph.script, glyph.confidence]
            rows.append(_row([*start, *alternatives, " ".join(glyph.flags), ""]))
        return "".join(rows)

    def failure(self, failure: Failure) -> str:
        """The row of a photo that could not be read."""
        empty = [""] * (len(_COLUMNS) - 1 + 2 * (self._topk - 1) + 1)
        return _row([failure.file, *empty, failure.message])


def _row(values: list[object] | list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(values)
    return out.getvalue()
