"""CSV and TSV: a row a glyph, its candidates in columns."""

import csv
import io
from collections.abc import Sequence
from typing import ClassVar

from hwcli.characters import codepoints
from hwcli.page.reading import Failure, Page

_COLUMNS = (
    *("file", "page", "line", "word", "x0", "y0", "x1", "y1"),
    *("char", "codepoint", "script", "confidence"),
)

_Row = Sequence[object]


class _Table:
    """A header, then a row a glyph; a photo that failed is a row with `error` filled."""

    many: ClassVar[bool] = True

    def __init__(self, topk: int) -> None:
        self._topk = topk

    def header(self, file: str | None = None) -> str:
        """The names of the columns."""
        alternatives = [f"{name}{k}" for k in range(2, self._topk + 1) for name in ("char", "p")]
        return self._rows([[*_COLUMNS, *alternatives, "flags", "error"]])

    def go_on(self, after: int) -> None:
        """Nothing: rows are not numbered."""

    def page(self, page: Page) -> str:
        """The rows of a photo that was read."""
        rows: list[_Row] = []
        source = (page.file, "" if page.page is None else page.page)
        columns = 2 * (self._topk - 1)
        for g in page.glyphs:
            best = (g.char, codepoints(g.char), g.script, g.confidence)
            others: list[object] = [value for c in g.candidates[1:] for value in c]
            others += [""] * (columns - len(others))
            rows.append((*source, g.line, g.word, *g.box, *best, *others, " ".join(g.flags), ""))
        return self._rows(rows)

    def failure(self, failure: Failure) -> str:
        """The row of a photo that could not be read."""
        empty = [""] * (len(_COLUMNS) - 2 + 2 * (self._topk - 1) + 1)
        page = "" if failure.page is None else failure.page
        return self._rows([[failure.file, page, *empty, failure.message]])

    def footer(self) -> str:
        """Nothing."""
        return ""

    @staticmethod
    def _rows(rows: Sequence[_Row]) -> str:
        raise NotImplementedError


class CsvFormat(_Table):
    """CSV (RFC 4180 but for the line end)."""

    name: ClassVar[str] = "csv"
    suffix: ClassVar[str] = ".csv"

    @staticmethod
    def _rows(rows: Sequence[_Row]) -> str:
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(rows)
        return out.getvalue()


class TsvFormat(_Table):
    r"""Tabs and newlines within values are `\t`, `\n` and `\r`, a backslash is `\\`.

    So a line is a row and a tab ends a value, whatever the names of files: the form of jq's `@tsv`
    and of PostgreSQL's COPY.
    """

    name: ClassVar[str] = "tsv"
    suffix: ClassVar[str] = ".tsv"

    _ESCAPES: ClassVar = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})

    @staticmethod
    def _rows(rows: Sequence[_Row]) -> str:
        escapes = TsvFormat._ESCAPES
        return "".join(
            "\t".join([str(value).translate(escapes) for value in row]) + "\n" for row in rows
        )
