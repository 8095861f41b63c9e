"""An evaluation on standard output: as tables, JSON or CSV."""

import csv
import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from hwcli.commands.eval.matrix import matrix_lines
from hwcli.commands.tables import print_table

if TYPE_CHECKING:
    from hwcli.commands.eval.run import Result
    from hwcli.judging.evaluation import Evaluation, Interval, Judgement, Lenient, Threshold

SHOWN_PAIRS = 10
"""Most confused pairs in the table; eval.json has more."""
WIDTH = 100
"""Of the confusion matrix, columns, where standard output is no terminal."""
SHOWN_CLASSES = 64
"""Classes up to which each has a line; of more, those with the lowest F1."""


def print_json(result: "Result", stream: TextIO) -> None:
    """A line of JSON."""
    import json

    from hwcli.judging.evaluation import SCHEMA
    from hwcli.report.evaluation import evaluation_json

    if result.section:
        print(evaluation_json(result.section.judgement.evaluation), file=stream, flush=True)
    elif result.error:
        error = {"type": type(result.error).__name__, "message": result.error.message}
        record = {"schema": SCHEMA, "model": result.model, "data": result.data, "error": error}
        print(json.dumps(record, ensure_ascii=False), file=stream, flush=True)


def print_csv(result: "Result", topk: Sequence[int], stream: TextIO, *, head: bool) -> None:
    """A row of CSV; with `head` the names of its columns first."""
    writer = csv.writer(stream, lineterminator="\n")
    tops = [str(k) for k in topk]
    if head:
        columns = [c for k in tops for c in (f"top{k}", f"top{k}_low", f"top{k}_high")]
        writer.writerow(
            ["model", "data", "split", "target", "n", *columns, "macro_f1", "weighted_f1", "ece",
             "nll", "glyphs_per_s", "warning", "error"]
        )  # fmt: skip
    if not result.section:
        blank = [""] * (3 + 3 * len(tops) + 6)
        writer.writerow([result.model, result.data, *blank, result.error and result.error.message])
        return
    e = result.section.judgement.evaluation
    shares = [x for k in tops for x in (e.top[k], *_ends(e.intervals.top[k]))]
    writer.writerow(
        [e.model, e.data, e.split, e.target, e.n, *shares, e.macro.f1, e.weighted.f1, e.ece,
         e.confidence.nll, f"{e.glyphs_per_s:.1f}", e.warning or "", ""]
    )  # fmt: skip


def show(results: "Sequence[Result]", stream: TextIO) -> None:
    """The tables of the only result, or one table of several."""
    if len(results) > 1:
        _show_all(results, stream)
    elif results[0].section:
        _show_one(results[0].section.judgement, stream)


def _show_all(results: "Sequence[Result]", stream: TextIO) -> None:
    tops = [k for r in results if r.section for k in r.section.judgement.evaluation.top]
    first, *others = dict.fromkeys(tops) or ("1",)
    columns = ["model", "data", "#glyphs", f"#top-{first}", "#95 %"]
    columns += [f"#top-{k}" for k in others]
    columns += ["#macro F1", "#calibration error", "#glyphs/s", ""]
    rows = []
    for result in results:
        cells = [result.model, result.data]
        if result.section:
            e = result.section.judgement.evaluation
            cells += [f"{e.n:,}", f"{e.top[first]:.4f}", _range(e.intervals.top[first])]
            cells += [f"{e.top[k]:.4f}" for k in others]
            cells += [f"{e.macro.f1:.4f}", f"{e.ece:.4f}", f"{e.glyphs_per_s:,.0f}"]
            cells.append("may have been in training" if e.warning else "")
        else:
            cells += [""] * (len(columns) - 3)
            cells.append(result.error.message if result.error else "")
        rows.append(cells)
    print_table(stream, columns, rows)


def _show_one(judgement: "Judgement", stream: TextIO) -> None:
    e = judgement.evaluation
    title = f"{e.model} on {e.data}, {e.split}: {e.n:,} glyphs, {e.glyphs_per_s:,.0f} a second"
    columns = ("measure", "#share", "#95 %", *(f"#{name}" for name, _ in _beside(e)))
    print_table(stream, columns, _measures(e), title=title)
    print(_meaning(e), file=stream)
    _show_groups(e, stream)
    for sentence in map(_sentence, e.confidence.thresholds):
        print(sentence, file=stream)
    _show_classes(e, stream)
    names, scripts = [c.char for c in e.classes], [c.script for c in e.classes]
    for line in matrix_lines(judgement.confusion, names, scripts, _width(stream)):
        print(line, file=stream)
    pairs = [(p.truth, p.predicted, f"{p.count:,}") for p in e.confused[:SHOWN_PAIRS]]
    if pairs:
        print_table(stream, ("truth", "taken for", "#times"), pairs)


def _beside(e: "Evaluation") -> "list[tuple[str, dict[str, float]]]":
    """Scores by other rules, to stand beside the strict ones: the name of each, and its shares."""
    names = {"case": "cases merged", "equiv": "--equiv"}
    found = [
        (names[x.name], {f"top-{k} accuracy": s for k, s in x.top.items()} | _averages(x))
        for x in e.lenient
    ]
    if among := e.matching.top_among_shared:
        found.append(("classes here alone", {f"top-{k} accuracy": s for k, s in among.items()}))
    return found


def _averages(scores: "Evaluation | Lenient") -> dict[str, float]:
    return {
        f"{name} {measure}": value
        for name, mean in (("macro", scores.macro), ("weighted", scores.weighted))
        for measure, value in (
            ("precision", mean.precision), ("recall", mean.recall), ("F1", mean.f1)
        )
    }  # fmt: skip


def _measures(e: "Evaluation") -> list[list[str]]:
    ranges = {f"top-{k} accuracy": _range(x) for k, x in e.intervals.top.items()}
    macro = e.intervals.macro
    ranges |= {f"macro {k}": _range(macro[k.lower()]) for k in ("precision", "recall", "F1")}
    shares = {f"top-{k} accuracy": s for k, s in e.top.items()} | _averages(e)
    shares["calibration error"] = e.ece
    beside = [scores for _, scores in _beside(e)]
    return [
        [name, f"{share:.4f}", ranges.get(name, ""),
         *(f"{b[name]:.4f}" if name in b else "" for b in beside)]
        for name, share in shares.items()
    ]  # fmt: skip


def _width(stream: TextIO) -> int:
    """Columns of the terminal; a pipeline always reads the same."""
    return shutil.get_terminal_size().columns if stream.isatty() else WIDTH


def _meaning(e: "Evaluation") -> str:
    match e.intervals.by:
        case "writer":
            few = ", who are too few to tell for sure" if e.intervals.few else ""
            people = f"the {e.intervals.writers:,} writers of these rows"
            return f"95 %: for other people like {people}{few}"
        case "both":
            return (f"95 %: {e.intervals.writers:,} writers drawn anew, and the glyphs of those "
                    "not known")  # fmt: skip
        case _:
            known = "one wrote all" if e.intervals.writers == 1 else "writers are not known"
            return f"95 %: for other glyphs by the same hands; {known}"


def _show_groups(e: "Evaluation", stream: TextIO) -> None:
    for name, groups in (("script", e.scripts), ("source", e.sources)):
        if len(groups) > 1:
            rows = [
                (g.name, f"{g.n:,}", *(f"{s:.4f}" for s in g.top.values()), _range(g.interval),
                 f"{g.macro_f1:.4f}")
                for g in groups
            ]  # fmt: skip
            tops = (f"#top-{k}" for k in e.top)
            print_table(stream, (name, "#glyphs", *tops, "#95 % of top-1", "#macro F1"), rows)
    if w := e.writers:
        print(
            f"from writer to writer ({w.n:,} with at least {w.least} glyphs): lowest "
            f"{w.lowest:.4f}, one in ten at most {w.tenth:.4f}, median {w.median:.4f}, highest "
            f"{w.highest:.4f}",
            file=stream,
        )


def _show_classes(e: "Evaluation", stream: TextIO) -> None:
    shown, title = e.classes, None
    if len(shown) > SHOWN_CLASSES:
        shown = tuple(sorted((c for c in shown if c.support), key=lambda c: c.f1)[:SHOWN_CLASSES])
        title = f"the {len(shown)} of {len(e.classes):,} classes with the lowest F1"
    print_table(
        stream,
        (e.target, "#precision", "#recall", "#F1", "#support"),
        [
            (c.char, f"{c.precision:.4f}", f"{c.recall:.4f}", f"{c.f1:.4f}", f"{c.support:,}")
            for c in shown
        ],
        title=title,
    )


def _sentence(threshold: "Threshold") -> str:
    wanted = f"to be {100 * threshold.accuracy:g} % right"
    if threshold.confidence is None:
        return f"{wanted}: no confidence is high enough"
    if threshold.coverage == 1:
        return f"{wanted}: nothing need be rejected"
    return (
        f"{wanted}, reject below {threshold.confidence:.4f}: keeps {100 * threshold.coverage:.1f} %"
    )


def _range(interval: "Interval") -> str:
    return f"{interval.low:.4f}–{interval.high:.4f}"


def _ends(interval: "Interval") -> tuple[float, float]:
    return interval.low, interval.high
