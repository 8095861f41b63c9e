"""What the templates write of a section, ready to be written."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure as Drawing
from numpy.typing import NDArray

from hwcli.dataset import SourceEntry
from hwcli.judging.audit import Audit, Suspect, Twin
from hwcli.judging.evaluation import ClassScore, Evaluation
from hwcli.model_info import ModelInfo
from hwcli.recipe.toml import toml_text
from hwcli.report.confidence import draw_reliability, draw_risk_coverage, figure_svg
from hwcli.report.confusion import draw_confusion, order_of
from hwcli.report.confusion_plan import Plan
from hwcli.report.examples import Pair, examples_of, images_of
from hwcli.report.order import Order
from hwcli.report.page.images import data_uri, glyph_uri
from hwcli.report.page.section import Section
from hwcli.report.palette import DARK, LIGHT, Palette
from hwcli.report.picture import attempted
from hwcli.report.suspects import worst

MOST_TWINS = 60
"""Pairs of twins that are shown."""
_MOST_CELLS = 40_000
"""Mistakes of a matrix that can be pointed at: some 10 bytes each."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture on light and on dark paper, as addresses that hold it."""

    light: Markup
    dark: Markup


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """The confusion matrix."""

    figure: Figure
    plan: Plan
    data: Markup
    """JSON, for whoever points at a cell."""


@dataclass(frozen=True, slots=True)
class ClassRow:
    """A class of the table."""

    number: int
    score: ClassScore
    place: int | None
    """Of a row that shows it."""
    taken_for: str | None
    """The class that it is taken for most often."""
    times: int


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A section, and all that was made for it."""

    id: str
    """What the ids of its elements begin with."""
    evaluation: Evaluation
    audit: Audit | None
    model: ModelInfo
    dataset: "DatasetView"
    warnings: tuple[str, ...]
    classes: tuple[ClassRow, ...]
    pairs: tuple[Pair, ...]
    typical: dict[int, tuple[int, ...]]
    glyphs: dict[int, Markup]
    """From the place of a row to its image."""
    matrix: "Matrix | None"
    reliability: Figure | None
    risk: Figure | None
    suspects: tuple[Suspect, ...]
    twins: tuple[Twin, ...]


@dataclass(frozen=True, slots=True)
class DatasetView:
    """What is said of a dataset."""

    name: str
    title: str
    sha256: str
    splits: dict[str, int]
    classes: int
    sources: tuple[SourceEntry, ...]
    recipe: str
    missing: tuple[str, ...]
    """What could not be had when it was made."""
    notes: tuple[str, ...]


def view_of(section: Section, number: int) -> View:
    """Draw all pictures of a section, which is number `number` of its page."""
    judgement, audit = section.judgement, section.audit
    evaluation = judgement.evaluation
    examples = examples_of(judgement)
    suspects = worst(audit) if audit else ()
    twins = audit.twins[:MOST_TWINS] if audit else ()
    places = examples.places() | {s.place for s in suspects}
    places |= {p for t in twins for p in (t.place, t.other_place)}
    images = images_of(places, section.pictures)
    warned = (evaluation.warning,) if evaluation.warning else ()
    return View(
        id=f"p{number}",
        evaluation=evaluation,
        audit=audit,
        model=section.model,
        dataset=_dataset_view(section),
        warnings=(*warned, *section.warnings),
        classes=_class_rows(section, examples.typical),
        pairs=examples.pairs,
        typical=examples.typical,
        glyphs={place: glyph_uri(image) for place, image in images.items()},
        matrix=attempted("the confusion matrix", lambda: _matrix(section)),
        reliability=attempted(
            "the reliability diagram",
            lambda: _figure(lambda p: draw_reliability(evaluation.confidence, evaluation.ece, p)),
        ),
        risk=attempted(
            "the risk-coverage curve",
            lambda: _figure(lambda p: draw_risk_coverage(evaluation.confidence, p)),
        ),
        suspects=suspects,
        twins=twins,
    )


def _figure(draw: Callable[[Palette], Drawing]) -> Figure:
    return Figure(*(data_uri(figure_svg(draw(p)), "image/svg+xml") for p in (LIGHT, DARK)))


def _matrix(section: Section) -> Matrix:
    judgement = section.judgement
    e = judgement.evaluation
    order = order_of(judgement.confusion, [c.script for c in e.classes])
    names = [c.char for c in e.classes]
    title = f"{e.model} on {e.data} ({e.split})"
    light, dark = (
        draw_confusion(judgement.confusion, names, title, order, p) for p in (LIGHT, DARK)
    )
    figure = Figure(*(data_uri(p.png, "image/png") for p in (light, dark)))
    return Matrix(figure, light.plan, _matrix_data(judgement.confusion, order, light.plan))


def _class_rows(section: Section, typical: dict[int, tuple[int, ...]]) -> tuple[ClassRow, ...]:
    """Those that occur, in the order of the classes."""
    classes = section.judgement.evaluation.classes
    wrong = section.judgement.confusion.copy()
    np.fill_diagonal(wrong, 0)
    occurs = section.judgement.confusion.sum(axis=0) + section.judgement.confusion.sum(axis=1) > 0
    rows = []
    for i in np.flatnonzero(occurs).tolist():
        other = int(wrong[i].argmax())
        times = int(wrong[i, other])
        rows.append(
            ClassRow(
                i, classes[i], typical[i][0] if i in typical else None,
                classes[other].char if times else None, times,
            )
        )  # fmt: skip
    return tuple(rows)


def _matrix_data(confusion: NDArray[np.int64], order: Order, plan: Plan) -> Markup:
    """JSON: where the cells are in the picture, and what is in them."""
    counts = confusion[np.ix_(order.classes, order.classes)]
    at = np.argwhere(counts)
    data = {
        "left": plan.left / plan.width, "top": plan.top / plan.height,
        "wide": plan.n * plan.cell / plan.width, "high": plan.n * plan.cell / plan.height,
        "classes": order.classes.tolist(), "rows": confusion.sum(axis=1)[order.classes].tolist(),
        "cells": (
            [[int(i), int(j), int(counts[i, j])] for i, j in at] if len(at) <= _MOST_CELLS else []
        ),
    }  # fmt: skip
    return Markup(json.dumps(data, separators=(",", ":")).replace("<", "\\u003c"))


def _dataset_view(section: Section) -> DatasetView:
    info = section.dataset.info
    return DatasetView(
        name=info.name,
        title=info.title,
        sha256=section.dataset.sha256,
        splits=dict(info.counts.get("split", {})),
        classes=len(info.classes),
        sources=tuple(s for s in info.sources if s.rows) or info.sources,
        recipe=_recipe_text(info.recipe),
        missing=tuple(info.recipe.get("missing", ())),
        notes=tuple(info.recipe.get("notes", ())),
    )


def _recipe_text(recipe: dict[str, object]) -> str:
    """The recipe as TOML, which has no null."""
    kept = _without_none(recipe)
    return toml_text(kept) if isinstance(kept, dict) else ""


def _without_none(value: object) -> object:
    if isinstance(value, dict):
        return {k: _without_none(v) for k, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        return [_without_none(v) for v in value if v is not None]
    return value
