"""`hwcli ocr`: photos into characters."""

import math
from pathlib import Path
from typing import Annotated, Literal

import typer

from hwcli import console
from hwcli.commands.options import Address, Engine, Quiet, Verbose, check_address
from hwcli.errors import UsageError

FORMATS = "jsonl|csv|tsv|text|hocr|alto|page"


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
            metavar="PATH...",
            help="Photos, folders of photos, or - for paths or an image on standard input.",
        ),
    ],
    model: Annotated[
        str,
        typer.Option(help="What names the characters: glyphnet, latin, a run folder, or a file."),
    ] = "glyphnet",
    topk: Annotated[int, typer.Option(min=1, help="Candidates for each character.")] = 1,
    format_: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar=f"{FORMATS},…",
            help="Form of the result; several with commas in a folder.  [default: what the name of "
            "--out says, else jsonl]",
        ),
    ] = None,
    finder: Annotated[
        str,
        typer.Option(
            help="What finds the characters: bundled, a run folder of `hwcli train finder`, or a "
            "file.",
            metavar="bundled|RUN|FILE",
        ),
    ] = "bundled",
    chars: Annotated[
        str | None,
        typer.Option(help="Only these characters can be there, like 0-9+-=.", metavar="SET"),
    ] = None,
    script: Annotated[
        str | None,
        typer.Option(
            help="Only characters of these scripts, like Latn,Arab.  [default: auto: as glyph, "
            "line and page tell]",
            metavar="auto|CODE,…",
        ),
    ] = None,
    min_confidence: Annotated[
        float,
        typer.Option(min=0, max=1, help="Flag characters below this confidence as doubtful."),
    ] = 0.0,
    reject_char: Annotated[
        str, typer.Option(help="Write this for doubtful characters.", metavar="CHAR")
    ] = "",
    context: Annotated[
        bool,
        typer.Option(
            help="Settle look-alikes (0/O, x/X) and scripts by line and page; flags say where."
        ),
    ] = True,
    turn: Annotated[
        Literal["auto", "0", "90", "180", "270"],
        typer.Option(
            help="Turn photos clockwise by so many degrees to be upright. auto: as they read best."
        ),
    ] = "auto",
    out: Annotated[
        str | None,
        typer.Option(
            help="A file (by its ending: .jsonl, .csv, .alto.xml …), or a folder for a file a "
            "photo; by Ray, for parts of jsonl or parquet.",
            metavar="FILE|DIR",
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on with --out: what was read, by content, model and options, is not again.",
        ),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace what an earlier run left in --out.")
    ] = False,
    on_error: Annotated[
        Literal["skip", "stop"], typer.Option(help="What to do when a photo cannot be read.")
    ] = "skip",
    max_errors: Annotated[
        int | None,
        typer.Option(min=0, help="Stop once more photos than this could not be read."),
    ] = None,
    overlay: Annotated[
        Path | None,
        typer.Option(help="Folder for pictures of the photos with what was read drawn in."),
    ] = None,
    review: Annotated[
        Path | None,
        typer.Option(
            help="Folder for a page on which doubtful characters are corrected: those below "
            "--min-confidence, or else 0.9.",
            metavar="DIR",
        ),
    ] = None,
    review_limit: Annotated[
        int, typer.Option(min=1, max=100_000, help="Characters on that page, the least sure.")
    ] = 2000,
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
    device: Annotated[
        str,
        typer.Option(
            help="Where to compute. auto: ONNX Runtime on the CPU.", metavar="auto|cpu|cuda[:N]|mps"
        ),
    ] = "auto",
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Processes.  [default: one a core]")
    ] = None,
    engine: Engine = "local",
    address: Address = None,
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

    A record a photo, and a page of TIFF and PDF, in input order, each as soon as it is known. A
    file that cannot be read gives an error record, the run goes on, and ends with exit code 8.

    For example:

    hwcli ocr photos/ --topk 5 | jq -r .text

    hwcli ocr page.jpg --format text

    hwcli ocr book.pdf --format text

    hwcli ocr scans/ --turn 90    # all of them lie on their left side

    hwcli ocr sums/ --chars 0-9+-= --min-confidence 0.8 --reject-char ?

    find scans -name '*.png' | hwcli ocr - --format csv > glyphs.csv

    curl -s https://example.org/page.jpg | hwcli ocr -

    hwcli ocr photos/ --out read/ --format jsonl,alto --topk 3 --resume

    hwcli ocr photos/ --overlay seen/ > photos.jsonl

    hwcli ocr photos/ --review doubts/ > photos.jsonl    # then open doubts/index.html

    hwcli ocr s3://bucket/photos/ --engine ray --address auto --out read/ --format parquet
    """
    if not all(paths):
        raise UsageError("an empty path")
    if not math.isfinite(max_mpixels) or not math.isfinite(min_confidence):
        raise UsageError("--max-mpixels and --min-confidence must be numbers")
    if out is None and (resume or force):
        raise UsageError("--resume and --force are about --out", hint="--out FILE or --out DIR")
    if resume and force:
        raise UsageError("--resume and --force exclude each other")
    if reject_char and not min_confidence:
        raise UsageError("--reject-char needs --min-confidence", hint="like --min-confidence 0.8")
    if on_error == "stop" and max_errors:
        raise UsageError("--on-error stop allows no errors, so --max-errors says nothing")
    if engine != "ray" and "://" in (out or ""):
        raise UsageError(f"--out {out}: is an address", hint="--engine ray writes there")
    if engine != "ray" and "parquet" in (format_ or "").split(","):
        raise UsageError("--format parquet is written in parts", hint="by --engine ray --out DIR")
    check_address(engine, address)
    from hwcli.commands.ocr.run import Asked, run

    run(
        paths,
        Asked(
            model=model,
            finder=finder,
            topk=topk,
            formats=format_,
            chars=chars,
            scripts=script,
            min_confidence=min_confidence,
            reject_char=reject_char,
            context=context,
            turn=turn,
            out=out,
            resume=resume,
            force=force,
            max_errors=0 if on_error == "stop" else max_errors,
            overlay=overlay,
            review=review,
            review_limit=review_limit,
            globs=tuple(glob or ()),
            from0=from0,
            max_megapixels=max_mpixels,
            device=device,
            jobs=jobs,
            engine=engine,
            address=address,
        ),
    )
