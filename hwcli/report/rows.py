"""Rows as CSV."""

import csv
import io
from collections.abc import Iterable, Sequence


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """CSV of `rows`, the first of which names the columns; every character survives."""
    buffer = io.StringIO()
    plain = csv.writer(buffer, lineterminator="\n")
    quoted = csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for row in rows:
        # A carriage return ends a line for those who read, but is not quoted if lines end in \n.
        odd = any("\r" in cell for cell in row if isinstance(cell, str))
        (quoted if odd else plain).writerow(row)
    return buffer.getvalue()
