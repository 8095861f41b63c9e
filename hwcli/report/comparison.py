"""A comparison of models as a table for programs and a picture for slides."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from hwcli.atomic import write_text, writing
from hwcli.errors import ModelError
from hwcli.report.picture import write_picture, write_title
from hwcli.training.compare import Compared

CSV_NAME, PNG_NAME = "compare.csv", "compare.png"
_VAL, _TEST = "#9db8d6", "#1f5fa8"
_MOST_ROWS = 60
"""Models in the picture; the table has them all."""


def write_comparison(folder: Path, rows: Sequence[Compared], title: str) -> None:
    """Write `compare.csv` and `compare.png` into `folder`, in the order of `rows`.

    Raises:
        ModelError: `folder` cannot be written.
    """
    with writing(folder, ModelError):
        write_text(folder / CSV_NAME, _csv(rows))
        if any(not row.error for row in rows):
            write_picture(folder / PNG_NAME, lambda: draw_comparison(rows, title))


def _csv(rows: Sequence[Compared]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ("model", "val_top1", "test_top1", "parameters", "epochs", "seconds", "images_per_s",
         "folder", "error")
    )  # fmt: skip
    for row in rows:
        figures: tuple[object, ...] = ("",) * 6
        if not row.error:
            test = "" if row.test is None else f"{row.test:.6f}"
            figures = (
                f"{row.val:.6f}", test, row.parameters, row.epochs, f"{row.seconds:.3f}",
                f"{row.images_per_s:.1f}",
            )  # fmt: skip
        writer.writerow((row.model, *figures, row.folder.name, row.error))
    return out.getvalue()


def draw_comparison(rows: Sequence[Compared], title: str) -> bytes:
    """PNG of bars, best at the top: validation and test accuracy of each model."""
    rows = rows[:_MOST_ROWS]
    figure = Figure(figsize=(9, 1.5 + 0.62 * len(rows)), dpi=150, layout="constrained")
    axes = figure.subplots()
    tested = any(row.test is not None for row in rows)
    for place, row in enumerate(rows):
        if row.error:
            axes.text(1, place, "failed", va="center", color="0.4", style="italic")
            continue
        bars = [(row.val, _VAL, "validation")]
        if tested:
            bars.append((row.test or 0.0, _TEST, "test"))
        height = 0.76 / len(bars)
        for number, (share, colour, _) in enumerate(bars):
            at = place + (number - (len(bars) - 1) / 2) * height
            axes.barh(at, 100 * share, height * 0.94, color=colour)
            axes.text(100 * share + 0.8, at, f"{100 * share:.1f}", va="center", fontsize=9)
    axes.set_yticks(range(len(rows)), [""] * len(rows))
    for place, row in enumerate(rows):
        told = (
            row.model
            if row.error
            else f"{row.model}\n{_short(row.parameters)}, {row.seconds:.0f} s"
        )
        axes.text(-1, place, told, ha="right", va="center", fontsize=9.5, parse_math=False)
    axes.set(xlim=(0, 108), ylim=(len(rows) - 0.5, -0.5), xlabel="top-1 accuracy, %")
    axes.set_xticks(range(0, 101, 20))
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", alpha=0.25)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    if tested:
        _legend(figure)
    write_title(figure.suptitle("", fontsize=12), title)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _legend(figure: Figure) -> None:
    axes = figure.axes[0]
    handles = [
        axes.barh(0, 0, color=colour, label=name)
        for colour, name in ((_VAL, "validation"), (_TEST, "test"))
    ]
    figure.legend(handles=handles, loc="outside lower right", ncols=2, frameon=False)


def _short(count: int) -> str:
    """A number of parameters as it is said: 63 k, 1.2 M."""
    if count >= 10**6:
        return f"{count / 10**6:.1f} M weights"
    return f"{count / 10**3:.0f} k weights" if count >= 10**4 else f"{count:,} weights"
