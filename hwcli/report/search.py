"""A search as a table for programs and a picture."""

import csv
import io
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hwcli.atomic import write_text, writing
from hwcli.errors import ModelError
from hwcli.report.picture import write_picture, write_title
from hwcli.training.space import Choices, Dimension
from hwcli.training.trials import Trial

CSV_NAME, PNG_NAME = "search.csv", "search.png"
_ACROSS = 3
"""Parts of the picture beside each other."""


def write_search(
    folder: Path, trials: Sequence[Trial], space: Sequence[Dimension], title: str
) -> None:
    """Write `search.csv` and `search.png` into `folder`, in the order of the trials.

    Raises:
        ModelError: `folder` cannot be written.
    """
    with writing(folder, ModelError):
        write_text(folder / CSV_NAME, _csv(trials, space))
        if any(trial.accuracy is not None for trial in trials):
            write_picture(folder / PNG_NAME, lambda: draw_search(trials, space, title))


def _csv(trials: Sequence[Trial], space: Sequence[Dimension]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = [dimension.name for dimension in space]
    writer.writerow(("trial", *names, "val_top1", "epochs", "seconds", "state", "error"))
    for trial in trials:
        accuracy = "" if trial.accuracy is None else f"{trial.accuracy:.6f}"
        writer.writerow(
            (trial.number, *(trial.point[name] for name in names), accuracy, trial.epochs,
             f"{trial.seconds:.3f}", trial.state, trial.error)
        )  # fmt: skip
    return out.getvalue()


def draw_search(trials: Sequence[Trial], space: Sequence[Dimension], title: str) -> bytes:
    """PNG of accuracy over trials, and over each option that was searched."""
    parts = 1 + len(space)
    deep = -(-parts // _ACROSS)
    across = min(parts, _ACROSS)
    figure = Figure(figsize=(4 * across, 3.3 * deep + 0.4), dpi=110, layout="constrained")
    grid = figure.subplots(deep, across, squeeze=False, sharey=True)
    places = [axes for row in grid for axes in row]
    for axes in places[parts:]:
        axes.remove()
    known = [trial for trial in trials if trial.accuracy is not None]
    _by_trial(places[0], known)
    for axes, dimension in zip(places[1:], space, strict=False):
        _by_option(axes, known, dimension)
    for row in grid:
        row[0].set_ylabel("validation accuracy, %")
    for axes in places[:parts]:
        axes.grid(alpha=0.25)
        axes.set_axisbelow(True)
    handles, names = places[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower right", ncols=len(names), frameon=False)
    write_title(figure.suptitle("", fontsize=11), title)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _dots(axes: Axes, trials: Sequence[Trial], places: Sequence[float]) -> None:
    """A dot for each trial: hollow where it was pruned, the best one ringed."""
    shares = [100 * (trial.accuracy or 0.0) for trial in trials]
    for state, face in (("done", "C0"), ("pruned", "none")):
        rows = [i for i, trial in enumerate(trials) if trial.state == state]
        axes.scatter(
            [places[i] for i in rows], [shares[i] for i in rows], s=36, facecolors=face,
            edgecolors="C0", label=state, zorder=3,
        )  # fmt: skip
    done = [i for i, trial in enumerate(trials) if trial.state == "done"]
    if done:
        best = max(done, key=shares.__getitem__)
        axes.scatter([places[best]], [shares[best]], s=150, facecolors="none", edgecolors="C3",
                     label="best", zorder=3)  # fmt: skip


def _by_trial(axes: Axes, trials: Sequence[Trial]) -> None:
    numbers = [float(trial.number) for trial in trials]
    reached = [100 * (t.accuracy or 0.0) if t.state == "done" else 0.0 for t in trials]
    steps = list(accumulate(reached, max))
    first = next((i for i, share in enumerate(steps) if share), len(steps))
    axes.step(numbers[first:], steps[first:], where="post", color="0.7", lw=1.2)
    _dots(axes, trials, numbers)
    axes.set_xlabel("trial")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _by_option(axes: Axes, trials: Sequence[Trial], dimension: Dimension) -> None:
    values = [trial.point[dimension.name] for trial in trials]
    axes.set_xlabel(dimension.name.replace("_", "-"), parse_math=False)
    if not isinstance(dimension, Choices):
        if dimension.log:
            axes.set_xscale("log")
        _dots(axes, trials, [float(value) for value in values])
        return
    order = list(dimension.values)
    if all(isinstance(value, (int, float)) for value in order):
        order.sort(key=float)
    # Side by side rather than one on the other, in the order of the trials.
    aside = [0.5 * (trial.number / len(trials) - 0.5) for trial in trials]
    _dots(axes, trials, [order.index(v) + a for v, a in zip(values, aside, strict=True)])
    names = [f"{v:g}" if isinstance(v, float) else str(v) for v in order]
    axes.set_xticks(range(len(order)), names, parse_math=False)
    axes.set_xlim(-0.5, len(order) - 0.5)
