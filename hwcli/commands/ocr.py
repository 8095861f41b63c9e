"""`hwcli ocr`: photos into characters."""

import math
import sys
from collections.abc import Iterator
from enum import StrEnum
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from hwcli import console
from hwcli.commands.options import Quiet, Verbose
from hwcli.errors import PartialFailure, UsageError

if TYPE_CHECKING:
    from hwcli.formats import Format
    from hwcli.page.photo import Piped, Source
    from hwcli.page.reading import Failure, Page

_KNOWN = 1000
"""Photos that are found before the first is read: fewer, and how many there are is known."""


class OutputFormat(StrEnum):
    """What is written to standard output."""

    jsonl = "jsonl"
    csv = "csv"
    text = "text"


def ocr(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help="Photos, folders of photos, or - for paths or an image on standard input.",
        ),
    ],
    model: Annotated[
        str | None,
        typer.Option(help="A run folder, a model.onnx, or a bundled name.  [default: bundled]"),
    ] = None,
    topk: Annotated[int, typer.Option(min=1, help="Candidates for each character.")] = 1,
    format_: Annotated[
        OutputFormat, typer.Option("--format", help="Form of the result.")
    ] = OutputFormat.jsonl,
    context: Annotated[
        bool, typer.Option(help="Settle look-alikes (0/O, x/X) by their line; flags say where.")
    ] = True,
    overlay: Annotated[
        Path | None,
        typer.Option(help="Folder for pictures of the photos with what was read drawn in."),
    ] = None,
    glob: Annotated[
        list[str] | None,
        typer.Option(
            help="Take only these of a folder, like '*.jpg' or 'scans/**/p?.png'. Repeatable."
        ),
    ] = None,
    from0: Annotated[bool, typer.Option(help="Paths on standard input end in NUL.")] = False,
    max_mpixels: Annotated[
        float, typer.Option(min=0, max=1e6, help="Refuse photos of more megapixels.")
    ] = 100.0,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Processes.  [default: one a core]")
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Segment photos into characters and classify each, with alternatives.

    A record a photo on standard output, in input order, each as soon as it is known. A file that
    cannot be read gives an error record, the run goes on, and ends with exit code 8.

    For example:

    hwcli ocr photos/ --topk 5 | jq -r .text

    hwcli ocr page.jpg --format text

    hwcli ocr book.pdf --format text

    find scans -name '*.png' | hwcli ocr - --format csv > glyphs.csv

    curl -s https://example.org/page.jpg | hwcli ocr -

    hwcli ocr photos/ --overlay seen/ > photos.jsonl
    """
    from hwcli.classify import find_model
    from hwcli.engines.local import ReadOptions, default_jobs, read_photos
    from hwcli.formats import FORMATS
    from hwcli.page.inputs import find_photos

    if not all(paths):
        raise UsageError("an empty path")
    if not math.isfinite(max_mpixels):
        raise UsageError("--max-mpixels must be a number")
    stdin = sys.stdin.buffer if sys.stdin else None
    found = find_photos(paths, globs=glob or (), stdin=stdin, from0=from0)
    # What a pipe has to say may come slowly: the first photo does not wait for the second.
    known = list(islice(found, 1 if "-" in paths else _KNOWN))
    is_all = len(known) < _KNOWN and "-" not in paths
    few = len(known) if is_all or str(known[0]) == "-" else _KNOWN
    options = ReadOptions(find_model(model), topk, context, max_mpixels)
    piped: list[Piped] = []
    photos = _keep_piped(chain(known, found), piped) if overlay else chain(known, found)
    readings = read_photos(photos, options, jobs or default_jobs(few))
    with console.results() as out, console.progress("reading", "photo") as progress:
        failures = done = 0
        writer = FORMATS[format_](topk)
        out.write(writer.header())
        for done, reading in enumerate(readings, 1):
            failures += _write(out, writer, reading)
            if overlay is not None:
                _draw(reading, overlay, piped[0] if piped else None)
            progress(done, max(done, few) if is_all else 0)
    if failures:
        raise PartialFailure(f"{failures} of {done} photos could not be read")


def _keep_piped(photos: Iterator["Source"], piped: list["Piped"]) -> Iterator["Source"]:
    """`photos`; an image that came through standard input is put into `piped` too."""
    from hwcli.page.photo import Piped

    for photo in photos:
        if isinstance(photo, Piped):
            piped.append(photo)
        yield photo


def _write(out: TextIO, writer: "Format", reading: "Page | Failure") -> int:
    """Write one record, so that the reader of the pipe has it now; 1 if it is a failure."""
    from hwcli.page.reading import Page

    if isinstance(reading, Page):
        out.write(writer.page(reading))
    else:
        console.complain(reading.message)
        out.write(writer.failure(reading))
    out.flush()
    return 0 if isinstance(reading, Page) else 1


def _draw(reading: "Page | Failure", folder: Path, piped: "Piped | None") -> None:
    from hwcli.page.overlay import save_overlay
    from hwcli.page.reading import Page

    if isinstance(reading, Page):
        console.notice(f"drawn: {save_overlay(reading, folder, piped)}")
