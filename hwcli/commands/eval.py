"""`hwcli eval`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from hwcli import console
from hwcli.commands.data_choice import choose_dataset
from hwcli.commands.options import Quiet, Verbose
from hwcli.commands.tables import print_table
from hwcli.errors import ModelError, QualityGateError, UsageError
from hwcli.training.options import MAX_THREADS

if TYPE_CHECKING:
    from typing import TextIO

    from hwcli.evaluate import Evaluation

SHOWN_PAIRS = 10
"""Most confused pairs in the table; eval.json has more."""


def eval_(
    model: Annotated[
        str | None,
        typer.Argument(
            help="A run folder, a model.onnx or a bundled name. Default: the latest run.",
            metavar="[RUN|MODEL]",
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="A dataset's folder, or its name below data/. Default: the one the model was "
            "trained on, else the most recently ingested here, else the built-in sample.",
            metavar="NAME|DIR",
        ),
    ] = None,
    split: Annotated[
        Literal["train", "val", "test"], typer.Option(help="The rows to judge on.")
    ] = "test",
    topk: Annotated[str, typer.Option(help="Which top-k accuracies.", metavar="K,K,…")] = "1,2,5",
    shared_classes: Annotated[
        bool,
        typer.Option(
            "--shared-classes", help="Leave out rows of characters that the model does not know."
        ),
    ] = False,
    min_accuracy: Annotated[
        float | None,
        typer.Option(help="Exit with 11 if the top-1 accuracy is below this share, like 0.98."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Where confusion.png, confusion.csv, classes.csv and eval.json go. Default: "
            "eval-DATASET-SPLIT in the run folder.",
            metavar="DIR",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, hwcli.eval/1.")] = False,
    threads: Annotated[int, typer.Option(help="Of the CPU; 0 for one a core.")] = 0,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Judge a model on a split that it was not trained on.

    For example:

    hwcli eval

    hwcli eval runs/lenet-mnist-20260101-120000 --topk 1,3 --json | jq .top

    hwcli eval latin --data my-letters --shared-classes --min-accuracy 0.86
    """
    wanted = parse_topk(topk)
    if min_accuracy is not None and not 0 <= min_accuracy <= 1:
        raise UsageError(f"--min-accuracy must be in [0, 1], not {min_accuracy}")
    if not 0 <= threads <= MAX_THREADS:
        raise UsageError(f"--threads must be 0 to {MAX_THREADS}, not {threads}")
    from hwcli.classify import Classifier
    from hwcli.evaluate import evaluate
    from hwcli.overlap import doubt
    from hwcli.report.evaluation import evaluation_json, write_evaluation
    from hwcli.shards import Split

    with console.results() as stream:
        path = _find(model)
        classifier = Classifier(path, threads=threads)
        dataset = choose_dataset(data, trained_on=classifier.info.dataset)
        if why := doubt(classifier.info, dataset, Split[split]):
            console.notice(f"warning: {why}")
        with console.progress("eval", "glyph") as progress:
            judgement = evaluate(
                classifier,
                dataset,
                model=_name(path),
                split=Split[split],
                topk=wanted,
                shared_classes=shared_classes,
                progress=progress,
            )
        folder = out or _default_folder(path, f"eval-{dataset.info.name}-{split}")
        write_evaluation(folder, judgement)
        if json:
            print(evaluation_json(judgement.evaluation), file=stream)
        else:
            _print(stream, judgement.evaluation)
        console.notice(f"confusion.png and more: {folder}")
    _gate(judgement.accuracy, min_accuracy)


def parse_topk(text: str) -> tuple[int, ...]:
    """Each k of `1,2,5`, ascending.

    Raises:
        UsageError: something else.
    """
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and 0 < int(part) < 10**6 for part in parts):
        raise UsageError(f"--topk {text!r}: not a list of whole numbers from 1", hint="like 1,2,5")
    return tuple(sorted({int(part) for part in parts}))


def _find(model: str | None) -> Path:
    """The `model.onnx` to judge; the latest run's where none is named."""
    from hwcli.classify import find_model
    from hwcli.training.runs import ONNX, RUNS_FOLDER, latest_run

    if model is not None:
        return find_model(model)
    run = latest_run()
    if run is None:
        raise ModelError(
            f"no run below {RUNS_FOLDER}/",
            hint="`hwcli train lenet` makes one; `hwcli eval latin` judges the bundled model",
        )
    console.notice(f"model: {run}")
    return run / ONNX


def _in_run(path: Path) -> bool:
    from hwcli.training.runs import CONFIG, ONNX

    return path.name == ONNX and (path.parent / CONFIG).is_file()


def _name(path: Path) -> str:
    """How a model is called: its run folder's name, or the file's."""
    return path.resolve().parent.name if _in_run(path) else path.stem


def _default_folder(path: Path, name: str) -> Path:
    from hwcli.training.runs import RUNS_FOLDER

    return path.parent / name if _in_run(path) else RUNS_FOLDER / f"{path.stem}-{name}"


def _gate(accuracy: float, least: float | None) -> None:
    if least is not None and accuracy < least:
        raise QualityGateError(f"top-1 accuracy {accuracy:.4f} is below {least:g}")


def _print(stream: "TextIO", evaluation: "Evaluation") -> None:
    e = evaluation
    rows = [(f"top-{k} accuracy", f"{share:.4f}") for k, share in e.top.items()]
    for name, averages in (("macro", e.macro), ("weighted", e.weighted)):
        rows += [
            (f"{name} precision", f"{averages.precision:.4f}"),
            (f"{name} recall", f"{averages.recall:.4f}"),
            (f"{name} F1", f"{averages.f1:.4f}"),
        ]
    rows.append(("calibration error", f"{e.ece:.4f}"))
    title = f"{e.model} on {e.data}, {e.split}: {e.n:,} glyphs"
    print_table(stream, ("measure", "#share"), rows, title=title)
    print_table(
        stream,
        (e.target, "#precision", "#recall", "#F1", "#support"),
        [
            (c.char, f"{c.precision:.4f}", f"{c.recall:.4f}", f"{c.f1:.4f}", f"{c.support:,}")
            for c in e.classes
        ],
    )
    pairs = [(p.truth, p.predicted, f"{p.count:,}") for p in e.confused[:SHOWN_PAIRS]]
    if pairs:
        print_table(stream, ("truth", "taken for", "#times"), pairs)
