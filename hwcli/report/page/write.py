"""Writes the page: templates, style and script become one file that needs no network."""

import hashlib
import re
import unicodedata
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from hwcli import __version__
from hwcli.atomic import write_text, writing
from hwcli.characters import codepoints
from hwcli.errors import UsageError
from hwcli.report.confidence import confidence_text
from hwcli.report.page.letters import Letters, is_plain
from hwcli.report.page.section import Refused, Section
from hwcli.report.page.view import view_of
from hwcli.report.suspects import CSV_COLUMNS, candidate_cells, percent, share

PAGE = "index.html"
_ADDRESS = re.compile(r"https?://[^\s<>\"']+")


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
    letters = Letters()
    script, style = _part("page.js"), _part("page.css")
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        _environment(letters)
        .get_template("page.html")
        .render(
            views=[view_of(section, number) for number, section in enumerate(sections, 1)],
            refused=refused,
            command=command,
            made=made or datetime.now().astimezone(),
            version=__version__,
            style=Markup(style),
            script=Markup(script),
            script_hash=digest,
            letters=letters,
            columns=",".join(CSV_COLUMNS),
        )
    )


def _part(name: str) -> str:
    return (files("hwcli.report.page") / name).read_text("utf-8")


def _environment(letters: Letters) -> Environment:
    """Templates in which every text that is written is escaped, and drawn where it has to be."""
    environment = Environment(
        loader=PackageLoader("hwcli.report.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: letters.html(value) if type(value) is str else value,
    )
    environment.filters |= {
        "a": _attribute,
        "char": letters.char,
        "code": lambda text: Markup("").join(_linked(text, letters)),
        "codepoints": codepoints,
        "confidence": confidence_text,
        "n": lambda value: f"{value:,}",
        "pct": lambda value, digits=2: f"{100 * value:.{digits}f} %",
        "short_pct": percent,
        "share": share,
        "spoken": _spoken,
        "typed": lambda text: text if is_plain(text) else codepoints(text),
        "cells": candidate_cells,
    }
    return environment


def _attribute(text: object) -> Markup:
    """`text` within the quotes of an attribute; what would be lost in reading it is escaped."""
    safe = str(escape(str(text)))
    return Markup(safe.replace("\r", "&#13;").replace("\n", "&#10;").replace("\t", "&#9;"))


def _linked(text: str, letters: Letters) -> list[Markup]:
    """`text`, the addresses in it as links."""
    parts, end = [], 0
    for match in _ADDRESS.finditer(text):
        address = match[0].rstrip(".,;)")
        parts.append(letters.html(text[end : match.start()]))
        link = '<a href="{}" rel="noreferrer">{}</a>'
        parts.append(Markup(link).format(_attribute(address), letters.html(address)))
        end = match.start() + len(address)
    return [*parts, letters.html(text[end:])]


def _spoken(name: str) -> str:
    """A class in words, for an image's description: itself, or the names of what has no sound."""
    if name.isalnum():
        return name
    return " ".join(unicodedata.name(c, codepoints(c)).lower() for c in name) or "nothing"
