"""The confusion matrix as lines of text for a terminal."""

import textwrap
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MOST = 40
"""Classes at most, however wide the terminal: nobody reads more."""
_ROW_NAME, _COLUMN_NAME = 16, 7
"""Cells for the name of a class at most, before its row and above its column."""
_LEFT_TO_RIGHT = "\N{LEFT-TO-RIGHT MARK}"


def matrix_lines(
    confusion: "NDArray[np.int64]", names: Sequence[str], scripts: Sequence[str], width: int
) -> list[str]:
    """The matrix as counts, `·` for 0: all that occurs if it fits, else what is confused most.

    Args:
        confusion: (C, C), truth down, prediction across.
        names: of the C classes.
        scripts: of the C classes.
        width: columns of the terminal.

    Returns:
        Lines no wider than that (a matrix of two classes is given however narrow it is), the last
        of which tells what is shown; none where there are no rows.
    """
    import numpy as np

    from hwcli.report.order import ordered

    occurring = int(np.count_nonzero(confusion.sum(axis=0) + confusion.sum(axis=1)))
    if not occurring:
        return []
    shown = ordered(confusion, scripts, min(_MOST, max(2, width // 2))).classes
    while True:
        chosen = shown.tolist()
        inside = confusion[np.ix_(chosen, chosen)]
        lines = _table(inside.tolist(), [names[i] for i in chosen])
        if len(chosen) <= 2 or max(map(_cells, lines)) <= width:
            break
        fewer = ordered(inside, [scripts[i] for i in chosen], len(chosen) - 1)
        shown = shown[fewer.classes]
    told = _told(len(chosen), occurring, _mistakes(inside), _mistakes(confusion))
    return [*lines, *textwrap.wrap(told, max(width, 20))]


def _mistakes(confusion: "NDArray[np.int64]") -> int:
    return int(confusion.sum() - confusion.trace())


def _told(shown: int, occurring: int, mistakes: int, of: int) -> str:
    axes = "rows: truth, columns: prediction"
    if shown == occurring:
        return f"{axes}; all {occurring:,} classes"
    return (
        f"{axes}; the {shown:,} of {occurring:,} classes that are confused most with each other "
        f"and {mistakes:,} of {of:,} mistakes"
    )


def _table(counts: list[list[int]], names: list[str]) -> list[str]:
    """A line of the names of the columns, then a line a class."""
    texts = [[str(n) if n else "·" for n in row] for row in counts]
    heads = [_written(name, _COLUMN_NAME) for name in names]
    asides = [_written(name, _ROW_NAME) for name in names]
    margin = max(map(_cells, asides))
    widths = [max(_cells(head), *(len(row[k]) for row in texts)) for k, head in enumerate(heads)]
    lines = [" " * margin + "".join(" " + _right(h, w) for h, w in zip(heads, widths, strict=True))]
    for name, row in zip(asides, texts, strict=True):
        cells = (" " + text.rjust(w) for text, w in zip(row, widths, strict=True))
        lines.append(_right(name, margin) + "".join(cells))
    return lines


def _written(name: str, room: int) -> str:
    """`name` as it can stand in a table, at most `room` cells wide.

    Code points stand for what could not be seen or would join what is before it. A terminal that
    knows of writing from right to left would turn the columns about; marks of the other direction
    keep them.
    """
    from hwcli.characters import codepoints

    odd = not name.isprintable() or not name.strip() or "\N{REPLACEMENT CHARACTER}" in name
    if odd or unicodedata.category(name[0]).startswith("M"):
        name = codepoints(name) or "(empty)"
    while _cells(name) > room:
        name = name[: -2 if name.endswith("…") else -1] + "…"
    if any(unicodedata.bidirectional(c) in ("R", "AL", "AN") for c in name):
        return f"{_LEFT_TO_RIGHT}{name}{_LEFT_TO_RIGHT}"
    return name


def _right(text: str, width: int) -> str:
    return " " * (width - _cells(text)) + text


def _cells(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    from rich.cells import cell_len

    return cell_len(text)
