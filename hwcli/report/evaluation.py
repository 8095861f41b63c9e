"""The files of an evaluation."""

import json
from collections.abc import Callable
from pathlib import Path

from hwcli.atomic import write_text, writing
from hwcli.characters import codepoints
from hwcli.errors import UsageError
from hwcli.judging.audit import Audit
from hwcli.judging.evaluation import Evaluation, Judgement
from hwcli.report.confidence import draw_reliability, draw_risk_coverage, figure_png
from hwcli.report.confused import MOST_DRAWN, draw_confused
from hwcli.report.confusion import confusion_csv, draw_confusion, order_of
from hwcli.report.examples import Pictures, examples_of, images_of
from hwcli.report.picture import write_picture
from hwcli.report.rows import csv_text
from hwcli.report.suspects import draw_suspects, suspects_csv, twins_csv, worst
from hwcli.structure import unstructure

EVALUATION_FILES = (
    "eval.json", "classes.csv", "confusion.csv", "confusion.png", "confused.png",
    "reliability.png", "risk-coverage.png",
)  # fmt: skip
AUDIT_FILES = ("suspects.csv", "suspects.png", "twins.csv")


def evaluation_json(evaluation: Evaluation) -> str:
    """One line of JSON, schema `hwcli.eval/1`."""
    return json.dumps(unstructure(evaluation), ensure_ascii=False)


def classes_csv(evaluation: Evaluation) -> str:
    """CSV of the scores of each class."""
    columns = ("char", "codepoints", "script", "precision", "recall", "f1", "support")
    rows = (
        (c.char, codepoints(c.char), c.script, c.precision, c.recall, c.f1, c.support)
        for c in evaluation.classes
    )
    return csv_text([columns, *rows])


def write_evaluation(
    folder: Path, judgement: Judgement, audit: Audit | None, pictures: Pictures
) -> None:
    """Write the files of an evaluation into `folder`; those of an earlier one are replaced.

    Args:
        folder: where they go.
        judgement: what they tell.
        audit: what may be wrong in the data; its files are written if it is there.
        pictures: from rows by their place to their images.

    Raises:
        UsageError: that cannot be done.
    """
    evaluation = judgement.evaluation
    names = [c.char for c in evaluation.classes]
    with writing(folder, UsageError):
        folder.mkdir(parents=True, exist_ok=True)
        for name in (*EVALUATION_FILES, *AUDIT_FILES):
            # A picture of an earlier evaluation must not stand beside this one's figures.
            (folder / name).unlink(missing_ok=True)
        write_text(folder / "confusion.csv", confusion_csv(judgement.confusion, names))
        write_text(folder / "classes.csv", classes_csv(evaluation))
        write_text(folder / "eval.json", evaluation_json(evaluation) + "\n")
        if audit is not None:
            write_text(folder / "suspects.csv", suspects_csv(audit.suspects))
            write_text(folder / "twins.csv", twins_csv(audit.twins))
        for name, draw in _pictures(judgement, audit, pictures).items():
            write_picture(folder / name, draw)


def _pictures(
    judgement: Judgement, audit: Audit | None, pictures: Pictures
) -> dict[str, Callable[[], bytes]]:
    """What draws each picture, by the name of its file."""
    e, confusion = judgement.evaluation, judgement.confusion
    title = f"{e.model} on {e.data} ({e.split})"
    names = [c.char for c in e.classes]
    share = f": {100 * confusion.trace() / max(confusion.sum(), 1):.2f} %"

    def matrix() -> bytes:
        order = order_of(confusion, [c.script for c in e.classes])
        return draw_confusion(confusion, names, title + share, order).png

    def confused() -> bytes:
        examples = examples_of(judgement, MOST_DRAWN)
        used = {i for pair in examples.pairs for i in (pair.truth, pair.predicted)}
        places = {p for pair in examples.pairs for p in pair.places}
        places |= {p for i in used for p in examples.typical.get(i, ())}
        return draw_confused(examples, names, images_of(places, pictures), title)

    draw: dict[str, Callable[[], bytes]] = {
        "confusion.png": matrix,
        "reliability.png": lambda: figure_png(draw_reliability(e.confidence, e.ece, title=title)),
        "risk-coverage.png": lambda: figure_png(draw_risk_coverage(e.confidence, title=title)),
    }
    if e.confused:
        draw["confused.png"] = confused
    if audit is not None and audit.suspects:
        shown = worst(audit)
        told = f"{title}: likely label errors, then outliers"
        draw["suspects.png"] = lambda: draw_suspects(
            shown, images_of((s.place for s in shown), pictures), told
        )
    return draw
