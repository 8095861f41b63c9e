"""`hwcli ocr`: photos into characters."""

import math
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from hwcli import console
from hwcli.commands.options import Quiet, Verbose
from hwcli.errors import PartialFailure, UsageError

if TYPE_CHECKING:
    from hwcli.formats import Format
    from hwcli.page.reading import Failure, Page


class OutputFormat(StrEnum):
    """What is written to standard output."""

    jsonl = "jsonl"
    csv = "csv"
    tsv = "tsv"
    text = "text"
    hocr = "hocr"
    alto = "alto"
    page = "page"


def _print_schema(wanted: bool) -> None:
    if wanted:
        from hwcli.formats.jsonl import json_schema

        with console.results() as out:
            out.write(json_schema())
        raise typer.Exit


def ocr(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...", help="Photos, folders of photos, or - for paths on standard input."
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
    from0: Annotated[bool, typer.Option(help="Paths on standard input end in NUL.")] = False,
    max_mpixels: Annotated[
        float, typer.Option(min=0, max=1e6, help="Refuse photos of more megapixels.")
    ] = 100.0,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Processes.  [default: one a core]")
    ] = None,
    schema: Annotated[
        bool,
        typer.Option(
            "--schema",
            help="Show the JSON Schema of a jsonl record.",
            callback=_print_schema,
            is_eager=True,
        ),
    ] = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Segment photos into characters and classify each, with alternatives.

    A record a photo on standard output, in input order, each as soon as it is known. A file that
    cannot be read gives an error record, the run goes on, and ends with exit code 8.

    For example:

    hwcli ocr photos/ --topk 5 | jq -r .text

    hwcli ocr page.jpg --format text

    find scans -name '*.png' | hwcli ocr - --format csv > glyphs.csv

    hwcli ocr page.jpg --format alto --topk 3 > page.alto.xml

    hwcli ocr photos/ --overlay seen/ > photos.jsonl
    """
    from hwcli.classify import find_model
    from hwcli.engines.local import ReadOptions, default_jobs, read_photos
    from hwcli.formats import FORMATS
    from hwcli.page.inputs import find_photos

    photos = find_photos(list(_expand(paths, from0=from0)))
    if not math.isfinite(max_mpixels):
        raise UsageError("--max-mpixels must be a number")
    if len(photos) > 1 and not FORMATS[format_].many:
        raise UsageError(
            f"--format {format_} holds one photo, and there are {len(photos)}",
            hint="--out DIR writes a file for each",
        )
    options = ReadOptions(find_model(model), topk, context, max_mpixels)
    readings = read_photos(photos, options, jobs or default_jobs(len(photos)))
    with console.results() as out, console.progress("reading", "photo") as progress:
        failures = 0
        writer = FORMATS[format_](topk)
        out.write(writer.header(str(photos[0]) if len(photos) == 1 else None))
        for done, reading in enumerate(readings, 1):
            failures += _write(out, writer, reading)
            if overlay is not None:
                _draw(reading, overlay)
            progress(done, len(photos))
        out.write(writer.footer())
    if failures:
        raise PartialFailure(f"{failures} of {len(photos)} photos could not be read")


def _expand(paths: list[str], *, from0: bool) -> Iterator[Path]:
    for path in paths:
        if not path:
            raise UsageError("an empty path")
        if path != "-":
            yield Path(path)
            continue
        data = sys.stdin.buffer.read()
        for item in data.split(b"\0" if from0 else b"\n"):
            if item:
                yield Path(item.decode(sys.getfilesystemencoding(), "surrogateescape"))


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


def _draw(reading: "Page | Failure", folder: Path) -> None:
    from hwcli.page.overlay import save_overlay
    from hwcli.page.reading import Page

    if isinstance(reading, Page):
        console.notice(f"drawn: {save_overlay(reading, folder)}")
