"""The confusion matrix as a picture and as CSV."""

import csv
import io
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from numpy.typing import NDArray

from hwcli.fonts import drawable

_COUNTS_UP_TO = 24
"""Classes up to which every cell shows its count."""
_DPI = 120


def draw_confusion(confusion: NDArray[np.int64], names: Sequence[str], title: str) -> bytes:
    """PNG of a confusion matrix: the diagonal in blue, mistakes in red, by share of the row.

    Args:
        confusion: (C, C), truth down, prediction across.
        names: of the C classes. Those that never occur are left out of the picture.
        title: plain ASCII or Latin text.
    """
    occurs = (confusion.sum(axis=0) + confusion.sum(axis=1)) > 0
    counts = confusion[np.ix_(occurs, occurs)]
    shown = [name for name, there in zip(names, occurs, strict=True) if there]
    few = len(shown) <= _COUNTS_UP_TO
    inches = max(3.2, len(shown) * (0.46 if few else 0.17))
    figure = Figure(figsize=(inches + 1.6, inches + 1.3), dpi=_DPI, layout="constrained")
    axes = figure.subplots()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    diagonal = np.eye(len(shown), dtype=bool)
    right = np.ma.masked_array(shares, ~diagonal)
    wrong = np.ma.masked_array(shares, diagonal | (counts == 0))
    axes.imshow(right, cmap="Blues", vmin=0, vmax=1.15)
    largest = max(0.02, float(wrong.filled(0).max(initial=0)))
    # The square root: a mistake in a hundred must be seen beside one in five.
    image = axes.imshow(wrong, cmap="Reds", norm=PowerNorm(0.5, 0, largest))
    bar = figure.colorbar(image, ax=axes, shrink=0.5, pad=0.02, aspect=30)
    bar.set_label("share of the row that is wrong", size=10 if few else 14)
    _write_names(axes, shown)
    if few:
        _write_counts(axes, counts, shares, largest)
    axes.set_xlabel("predicted", size=10 if few else 14)
    axes.set_ylabel("truth", size=10 if few else 14)
    axes.set_title(title, size=10 if few else 16)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _write_names(axes: Axes, names: Sequence[str]) -> None:
    few = len(names) <= _COUNTS_UP_TO
    places = np.arange(len(names))
    axes.set_xticks(places)
    axes.set_yticks(places)
    axes.tick_params(length=0, labeltop=not few)
    axes.set_xticks(places[:-1] + 0.5, minor=True)
    axes.set_yticks(places[:-1] + 0.5, minor=True)
    axes.tick_params(which="minor", length=0)
    axes.grid(which="minor", color="0.9", lw=0.4)
    labels = [drawable(name) for name in names]
    axes.set_xticklabels([text for text, _ in labels])
    axes.set_yticklabels([text for text, _ in labels])
    for axis in (axes.xaxis, axes.yaxis):
        for tick, (text, font) in zip(axis.get_major_ticks(), labels, strict=True):
            for label in (tick.label1, tick.label2):
                label.set_fontproperties(FontProperties(fname=font))
                label.set_fontsize(11 if few else 8.5)
                label.set_parse_math(False)
                if axis is axes.xaxis and len(text) > (5 if few else 2):
                    label.set_rotation(90)


def _write_counts(
    axes: Axes, counts: NDArray[np.int64], shares: NDArray[np.float64], largest: float
) -> None:
    for row, column in np.argwhere(counts):
        limit = 0.6 if row == column else 0.35 * largest
        colour = "white" if shares[row, column] > limit else "0.15"
        text = str(counts[row, column])
        size = 9 if len(text) <= 4 else 7
        axes.text(column, row, text, ha="center", va="center", fontsize=size, color=colour)


def confusion_csv(confusion: NDArray[np.int64], names: Sequence[str]) -> str:
    """CSV of a confusion matrix: a row a truth, a column a prediction, all classes."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["truth \\ predicted", *names])
    for name, row in zip(names, confusion.tolist(), strict=True):
        writer.writerow([name, *row])
    return buffer.getvalue()
