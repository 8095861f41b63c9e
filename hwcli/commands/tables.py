"""Tables on standard output: plain text, the same on a terminal and in a pipe."""

from collections.abc import Iterable, Sequence
from io import StringIO
from typing import TextIO


def print_table(
    out: TextIO, columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None
) -> None:
    """Write a table; a column whose name begins with `#` holds numbers and is flush right."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for name in columns:
        numbers = name.startswith("#")
        table.add_column(
            name.removeprefix("#"), justify="right" if numbers else "left", no_wrap=True
        )
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    # Neither FORCE_COLOR nor the width of a terminal may change what a pipeline reads. Printed to
    # `out` itself, a pipe whose reader has gone would end the process with 1: rich exits.
    text = StringIO()
    console = Console(file=text, force_terminal=False, color_system=None, width=400, soft_wrap=True)
    console.print(table)
    out.write(text.getvalue())
