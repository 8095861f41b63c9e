"""The files of an evaluation."""

import csv
import io
import json
from pathlib import Path

from hwcli.atomic import write_text, writing
from hwcli.characters import codepoints
from hwcli.errors import UsageError
from hwcli.judging.evaluation import Evaluation, Judgement
from hwcli.report.confusion import confusion_csv, draw_confusion
from hwcli.report.picture import write_picture
from hwcli.structure import unstructure


def evaluation_json(evaluation: Evaluation) -> str:
    """One line of JSON, schema `hwcli.eval/1`."""
    return json.dumps(unstructure(evaluation), ensure_ascii=False)


def classes_csv(evaluation: Evaluation) -> str:
    """CSV of the scores of each class."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["char", "codepoints", "precision", "recall", "f1", "support"])
    for c in evaluation.classes:
        writer.writerow([c.char, codepoints(c.char), c.precision, c.recall, c.f1, c.support])
    return buffer.getvalue()


def write_evaluation(folder: Path, judgement: Judgement) -> None:
    """Write `confusion.png`, `confusion.csv`, `classes.csv` and `eval.json` into `folder`.

    Raises:
        UsageError: that cannot be done.
    """
    evaluation = judgement.evaluation
    names = [c.char for c in evaluation.classes]
    share = f"{100 * judgement.accuracy:.2f} %"
    title = f"{evaluation.model} on {evaluation.data} ({evaluation.split}): {share}"
    with writing(folder, UsageError):
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / "confusion.csv", confusion_csv(judgement.confusion, names))
        write_text(folder / "classes.csv", classes_csv(evaluation))
        write_text(folder / "eval.json", evaluation_json(evaluation) + "\n")
        picture = folder / "confusion.png"
        picture.unlink(missing_ok=True)  # one of an earlier evaluation must not stand beside these
        write_picture(picture, lambda: draw_confusion(judgement.confusion, names, title))
