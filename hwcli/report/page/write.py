"""Writes the page: templates, style and script become one file that needs no network."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from hwcli.atomic import write_text, writing
from hwcli.errors import UsageError
from hwcli.report.page.section import Refused, Section
from hwcli.report.page.shell import render
from hwcli.report.page.view import view_of
from hwcli.report.suspects import CSV_COLUMNS, candidate_cells

PAGE = "index.html"


def write_page(
    path: Path,
    sections: Sequence[Section],
    *,
    command: str,
    refused: Sequence[Refused] = (),
    made: datetime | None = None,
) -> None:
    """Write the report of one or several evaluations to `path`, one HTML file.

    Args:
        path: mostly a folder's `index.html`.
        sections: one a model and dataset, in the order of the page.
        command: what makes the page again, as it is typed.
        refused: pairs that could not be judged, with the reason.
        made: when; now if not given.

    Raises:
        UsageError: it cannot be written.
    """
    text = page_of(sections, command=command, refused=refused, made=made)
    with writing(path, UsageError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)


def page_of(
    sections: Sequence[Section],
    *,
    command: str,
    refused: Sequence[Refused] = (),
    made: datetime | None = None,
) -> str:
    """The page as text; see `write_page`."""
    return render(
        "hwcli.report.page",
        ("page.css", "page.js"),
        views=[view_of(section, number) for number, section in enumerate(sections, 1)],
        refused=refused,
        command=command,
        made=made or datetime.now().astimezone(),
        columns=",".join(CSV_COLUMNS),
        cells=candidate_cells,
    )
