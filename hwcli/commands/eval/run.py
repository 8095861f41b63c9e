"""Judges each model on each dataset, and gives the results."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from hwcli import console
from hwcli.commands.data_choice import choose_dataset
from hwcli.commands.eval.flags import Asked
from hwcli.commands.eval.show import print_csv, print_json, show
from hwcli.errors import HwcliError, ModelError, PartialFailure, QualityGateError, UsageError

if TYPE_CHECKING:
    from hwcli.classify import AnyClassifier
    from hwcli.dataset import Dataset
    from hwcli.judging.audit import Audit
    from hwcli.judging.evaluation import Judgement
    from hwcli.judging.predictions import Predictions
    from hwcli.report.page.section import Section


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A model that was found."""

    name: str
    path: Path
    classifier: "AnyClassifier"


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """A model judged on a dataset, or why it could not be."""

    model: str
    data: str
    section: "Section | None" = None
    error: HwcliError | None = None


def run(models: Sequence[str], data: Sequence[str | None], asked: Asked, stream: TextIO) -> None:
    """Judge each of `models`, else the latest run, on each of `data`; None stands for the default.

    Raises:
        PartialFailure: some of several could not be judged.
        QualityGateError: an accuracy is below what was asked for.
        HwcliError: the only one could not be judged.
    """
    models = models or [_latest()]
    results: list[Result] = []
    for result in _results(models, data, asked):
        results.append(result)
        if asked.form == "json":
            print_json(result, stream)
        elif asked.form == "csv":
            print_csv(result, asked.topk, stream, head=len(results) == 1)
    try:
        if asked.form == "text":
            show(results, stream)
    finally:  # a reader that has seen enough of the tables still gets the report
        if asked.report is not None:
            _report(results, asked, models, data)
    if failed := sum(r.error is not None for r in results):
        raise PartialFailure(f"{failed} of {len(results)} could not be judged")
    _gate(results, asked.min_accuracy)


def _report(
    results: Sequence[Result],
    asked: Asked,
    models: Sequence[str],
    data: Sequence[str | None],
) -> None:
    from hwcli.report.page import PAGE, Refused, write_page

    assert asked.report is not None
    page = asked.report / PAGE
    sections = [r.section for r in results if r.section]
    named = [name for name in data if name is not None]
    if not named and len(folders := {s.dataset.folder for s in sections}) == 1:
        named = [str(folder) for folder in folders]  # what is the default now need not be it later
    write_page(
        page,
        sections,
        command=asked.command(models, named),
        refused=[Refused(r.model, r.data, r.error.message) for r in results if r.error],
    )
    console.notice(f"report: {page}")


def _results(models: Sequence[str], data: Sequence[str | None], asked: Asked) -> Iterator[Result]:
    """A result for each pair; what goes wrong with the only one is raised."""
    used: set[Path] | None = set() if len(models) * len(data) > 1 else None
    for name in models:
        opened: Opened | HwcliError
        try:
            opened = _open(name, asked)
        except HwcliError as error:
            opened = error
        for place in data:
            result = _result(opened, name, place, asked, used)
            if result.error and used is None:
                raise result.error
            if result.error:
                console.complain(result.error.message, result.error.hint)
            yield result


def _open(name: str, asked: Asked) -> Opened:
    from hwcli.classify import find_model, name_of, open_model

    path = find_model(name)
    return Opened(name_of(path), path, open_model(path, device=asked.device, threads=asked.threads))


def _result(
    opened: Opened | HwcliError,
    model: str,
    data: str | None,
    asked: Asked,
    used: set[Path] | None,
) -> Result:
    """What came of one pair; `model` and `data` are what they are called until they are open."""
    place = data or "default"
    try:
        if isinstance(opened, HwcliError):
            raise opened
        model = opened.name
        dataset = choose_dataset(data, trained_on=opened.classifier.info.dataset)
        place = dataset.info.name
        return _judge(opened, dataset, asked, used)
    except HwcliError as error:
        return Result(model, place, error=error)


def _judge(opened: Opened, dataset: "Dataset", asked: Asked, used: set[Path] | None) -> Result:
    """Judge one model on one dataset; `used` are the folders of those before, None for the only."""
    from hwcli.judging.judge import JudgeOptions, judge
    from hwcli.judging.predictions import other_normalisation, predict
    from hwcli.overlap import doubt
    from hwcli.report.evaluation import write_evaluation
    from hwcli.report.page.section import Section
    from hwcli.shards import Split

    if asked.int8:
        opened = replace(opened, classifier=_in_eight_bits(opened, dataset, asked))
    classifier, split = opened.classifier, Split[asked.split]
    unlike, doubts = (
        other_normalisation(classifier, dataset),
        doubt(classifier.info, dataset, split),
    )
    for why in filter(None, (unlike, doubts)):
        console.notice(f"warning: {why}")
    if asked.calibrate:
        _calibrate(opened, dataset, asked)
    with console.progress("eval", "glyph") as progress:
        predictions = predict(
            classifier, dataset, split, shared_classes=asked.shared_classes,
            fold_case=asked.fold_case, progress=progress,
        )  # fmt: skip
    options = JudgeOptions(topk=asked.topk, equiv=asked.groups, wanted=asked.want)
    judgement = judge(predictions, dataset, split, options, model=opened.name, warning=doubts)
    found = _audit(predictions, judgement, dataset, asked) if asked.audit else None
    folder = _folder(opened.path, f"{dataset.info.name}-{asked.split}", asked.out, used)
    write_evaluation(folder, judgement, found, dataset.images_at)
    console.notice(f"confusion.png and more: {folder}")
    warnings = (unlike,) if unlike else ()
    section = Section(judgement, found, classifier.info, dataset, dataset.images_at, warnings)
    return Result(opened.name, dataset.info.name, section)


def _audit(
    predictions: "Predictions", judgement: "Judgement", dataset: "Dataset", asked: Asked
) -> "Audit | None":
    """What may be wrong in the data, which only a model of characters can tell."""
    from hwcli.judging.auditing import audit
    from hwcli.shards import Split

    info = predictions.info
    if info.target != "char":
        console.notice("no audit: only a model that tells characters can doubt their labels")
        return None
    with console.progress("audit", "row") as progress:
        return audit(
            dataset, Split[asked.split], predictions.logits, judgement.outcomes,
            temperature=info.temperature, classes=info.classes, target=info.target,
            progress=progress,
        )  # fmt: skip


def _in_eight_bits(opened: Opened, dataset: "Dataset", asked: Asked) -> "AnyClassifier":
    from hwcli.classify import Classifier
    from hwcli.judging.calibrate import check_storable
    from hwcli.judging.eight_bits import to_eight_bits

    path, classifier = opened.path, opened.classifier
    check_storable(path, "--int8")
    if not isinstance(classifier, Classifier):
        raise UsageError("--int8 is for model.onnx, on the CPU")
    with console.progress("int8", "glyph") as progress:
        told = to_eight_bits(
            classifier, dataset, threads=asked.threads, shared_classes=asked.shared_classes,
            fold_case=asked.fold_case, progress=progress,
        )  # fmt: skip
    console.notice(
        f"{path}: {told.before:,} bytes are now {told.after:,}, in 8 bits; of {told.rows:,} glyphs "
        f"of val {told.otherwise:,} are named otherwise"
    )
    return Classifier(path, threads=asked.threads)


def _calibrate(opened: Opened, dataset: "Dataset", asked: Asked) -> None:
    from hwcli.judging.calibrate import calibrate, check_storable, store

    path, classifier = opened.path, opened.classifier
    check_storable(path, "--calibrate")
    with console.progress("calibrate", "glyph") as progress:
        found = calibrate(
            classifier, dataset, shared_classes=asked.shared_classes, fold_case=asked.fold_case,
            progress=progress,
        )  # fmt: skip
    written = store(path, found.info)
    console.notice(
        f"temperature {classifier.info.temperature:g} is now {found.info.temperature:g}: "
        f"calibration error {found.before:.4f} is now {found.after:.4f} on {found.rows:,} glyphs "
        f"of val; stored in {' and '.join(map(str, written))}"
    )
    classifier.info = found.info


def _latest() -> str:
    """The latest run, which is judged where no model is named."""
    from hwcli.training.runs import RUNS_FOLDER, latest_run

    run = latest_run()
    if run is None:
        raise ModelError(
            f"no run below {RUNS_FOLDER}/",
            hint="`hwcli train lenet` makes one; `hwcli eval latin` judges the bundled model",
        )
    console.notice(f"model: {run}")
    return str(run)


def _folder(path: Path, name: str, out: Path | None, used: set[Path] | None) -> Path:
    """Where the files of a result go: each of several has a folder of its own."""
    from hwcli.classify import in_run, name_of
    from hwcli.training.runs import RUNS_FOLDER

    if out is not None:
        folder = out if used is None else out / f"{name_of(path)}-{name}"
    elif in_run(path):
        folder = path.parent / f"eval-{name}"
    else:
        folder = RUNS_FOLDER / f"{path.stem}-eval-{name}"
    if used is not None:
        tries = (folder.with_name(f"{folder.name}-{n}") for n in range(2, len(used) + 3))
        folder = folder if folder not in used else next(f for f in tries if f not in used)
        used.add(folder)
    return folder


def _gate(results: Sequence[Result], least: float | None) -> None:
    if least is None:
        return
    for result in results:
        accuracy = result.section.judgement.accuracy if result.section else 0.0
        if accuracy < least:
            raise QualityGateError(
                f"{result.model} on {result.data}: top-1 accuracy {accuracy:.4f} is below {least:g}"
            )
