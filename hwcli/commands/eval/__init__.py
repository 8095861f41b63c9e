"""`hwcli eval`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from hwcli import console
from hwcli.commands.eval.flags import Asked, parse_equiv, parse_shares, parse_topk
from hwcli.commands.options import Quiet, Verbose
from hwcli.errors import UsageError
from hwcli.training.options import MAX_THREADS


def eval_(
    model: Annotated[
        list[str] | None,
        typer.Argument(
            help="Run folders, model.onnx or model.safetensors files, or bundled names. "
            "Default: the latest run.",
            metavar="[RUN|MODEL]...",
        ),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(
            help="A dataset's folder, or its name below data/; may be repeated. Default: the one "
            "the model was trained on, else the most recently ingested here, else the built-in "
            "sample.",
            metavar="NAME|DIR",
        ),
    ] = None,
    split: Annotated[
        Literal["train", "val", "test"], typer.Option(help="The rows to judge on.")
    ] = "test",
    topk: Annotated[str, typer.Option(help="Which top-k accuracies.", metavar="K,K,…")] = "1,2,5",
    equiv: Annotated[
        list[str] | None,
        typer.Option(
            help="Also score with these characters counted as one: groups with commas between, "
            "as in 0Oo,1lI|,5S; U+002C is a comma.",
            metavar="GROUPS",
        ),
    ] = None,
    fold_case: Annotated[
        bool,
        typer.Option(
            "--fold-case", help="Judge a character that the model knows in the other case by that."
        ),
    ] = False,
    shared_classes: Annotated[
        bool,
        typer.Option(
            "--shared-classes", help="Leave out rows of characters that the model does not know."
        ),
    ] = False,
    want: Annotated[
        str,
        typer.Option(
            help="Accuracies for which to tell the confidence below which to reject.",
            metavar="SHARE,…",
        ),
    ] = "0.95,0.99,0.999",
    int8: Annotated[
        bool,
        typer.Option(
            "--int8",
            help="First make the ONNX file one of 8 bits: twice as fast on CPUs, a half to a "
            "quarter of the size. Ranges are those of the dataset's train split.",
        ),
    ] = False,
    calibrate: Annotated[
        bool,
        typer.Option(
            "--calibrate",
            help="First fit the temperature on the validation split and store it in the model.",
        ),
    ] = False,
    audit: Annotated[
        bool,
        typer.Option(
            "--audit",
            help="Also look for label errors, outliers, and images that stand in another split as "
            "well: suspects.csv, suspects.png, twins.csv.",
        ),
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(
            help="Write all of it, with --audit, as one web page: DIR/index.html.", metavar="DIR"
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Where pictures and tables go. Default: DIR of --report, else eval-DATASET-SPLIT "
            "in the run folder.",
            metavar="DIR",
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print JSON, hwcli.eval/1, a line for each result.")
    ] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV, a row for each result.")] = False,
    min_accuracy: Annotated[
        float | None,
        typer.Option(help="Exit with 11 if the top-1 accuracy is below this share, like 0.98."),
    ] = None,
    device: Annotated[
        str,
        typer.Option(
            help="Where to compute. auto: model.onnx on the CPU, model.safetensors on what torch "
            "finds.",
            metavar="auto|cpu|cuda[:N]|mps",
        ),
    ] = "auto",
    threads: Annotated[int, typer.Option(help="Of the CPU; 0 for one a core.")] = 0,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Judge models on a split that they were not trained on.

    Scores come with intervals of 95 %: by drawing writers anew where they are known. Several models
    or datasets give one table; what does not fit is a row that says why, and the exit code is 8.

    The action column of suspects.csv, filled in by hand or on the page of --report, corrects the
    dataset: hwcli ingest RECIPE --corrections suspects.csv

    For example:

    hwcli eval

    hwcli eval runs/lenet-mnist-20260101-120000 --topk 1,3 --json | jq .top

    hwcli eval latin --data my-letters --fold-case --shared-classes --report report

    hwcli eval runs/a runs/b --data mnist --data my-digits --csv

    hwcli eval runs/glyphnet-latin-20260101-120000 --int8 --calibrate

    hwcli eval --calibrate --equiv '0Oo,1lI|,5S' --min-accuracy 0.86
    """
    if json and csv:
        raise UsageError("--json and --csv exclude each other")
    if min_accuracy is not None and not 0 <= min_accuracy <= 1:
        raise UsageError(f"--min-accuracy must be in [0, 1], not {min_accuracy}")
    if not 0 <= threads <= MAX_THREADS:
        raise UsageError(f"--threads must be 0 to {MAX_THREADS}, not {threads}")
    if (calibrate or int8) and data and len(data) > 1:
        flag = "--calibrate" if calibrate else "--int8"
        raise UsageError(f"{flag} needs one dataset, by which the model is changed")
    asked = Asked(
        split=split,
        topk=parse_topk(topk),
        equiv=tuple(equiv or ()),
        groups=parse_equiv(equiv or ()),
        want=parse_shares("--want", want),
        shared_classes=shared_classes,
        fold_case=fold_case,
        int8=int8,
        calibrate=calibrate,
        audit=audit or report is not None,
        report=report,
        out=out or report,
        form="json" if json else "csv" if csv else "text",
        min_accuracy=min_accuracy,
        device=device,
        threads=threads,
    )
    from hwcli.commands.eval.run import run

    with console.results() as stream:
        run(model or [], data or [None], asked, stream)
