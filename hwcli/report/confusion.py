"""The confusion matrix as a picture and as CSV."""

import csv
import io
from collections.abc import Sequence
from math import ceil

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from numpy.typing import NDArray

from hwcli.fonts import drawable
from hwcli.report.picture import MAX_SIDE, write_title

_COUNTS_UP_TO = 24
"""Classes up to which every cell shows its count."""
_DPI = 120
_NAME_INCHES = 0.17
"""What the name of a class needs to be read."""
_MARGIN_INCHES = 1.6
"""For the axis, the title and the bar of colours."""
_MOST_INCHES = MAX_SIDE / _DPI - _MARGIN_INCHES


def draw_confusion(confusion: NDArray[np.int64], names: Sequence[str], title: str) -> bytes:
    """PNG of a confusion matrix: the diagonal in blue, mistakes in red, by share of the row.

    Args:
        confusion: (C, C), truth down, prediction across.
        names: of the C classes. Those that never occur are left out of the picture.
        title: any text.
    """
    occurs = (confusion.sum(axis=0) + confusion.sum(axis=1)) > 0
    counts = confusion[np.ix_(occurs, occurs)]
    shown = [name for name, there in zip(names, occurs, strict=True) if there]
    few = len(shown) <= _COUNTS_UP_TO
    inches = min(_MOST_INCHES, max(3.2, len(shown) * (0.46 if few else _NAME_INCHES)))
    figure = Figure(figsize=(inches + _MARGIN_INCHES, inches + 1.3), dpi=_DPI, layout="constrained")
    axes = figure.subplots()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    colours, scale = _colours(counts, shares)
    axes.imshow(colours, interpolation="nearest")
    image = ScalarMappable(scale, "Reds")
    bar = figure.colorbar(image, ax=axes, shrink=0.5, pad=0.02, aspect=30)
    bar.set_label("share of the row that is wrong", size=10 if few else 14)
    _write_names(axes, shown, every=max(1, ceil(len(shown) * _NAME_INCHES / inches)))
    if few:
        _write_counts(axes, counts, shares, float(scale.vmax or 1))
    axes.set_xlabel("predicted", size=10 if few else 14)
    axes.set_ylabel("truth", size=10 if few else 14)
    write_title(axes.set_title("", size=10 if few else 16), title)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _colours(
    counts: NDArray[np.int64], shares: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], PowerNorm]:
    """Colours of the cells, RGBA (C, C, 4), and the scale of the mistakes among them.

    Made here, since matplotlib would want some GB to do it for thousands of classes.
    """
    wrong = counts > 0
    np.fill_diagonal(wrong, val=False)
    # The square root: a mistake in a hundred must be seen beside one in five.
    scale = PowerNorm(0.5, 0, max(0.02, float(shares[wrong].max(initial=0))))
    colours = np.full((*counts.shape, 4), 255, np.uint8)
    colours[wrong] = colormaps["Reds"](scale(shares[wrong]), bytes=True)
    places = np.arange(len(counts))
    colours[places, places] = colormaps["Blues"](shares.diagonal() / 1.15, bytes=True)
    return colours, scale


def _write_names(axes: Axes, names: Sequence[str], *, every: int) -> None:
    """Name every class, or every so many where there is no room; lines between all or none."""
    few = len(names) <= _COUNTS_UP_TO
    places = np.arange(len(names))
    axes.set_xticks(places[::every])
    axes.set_yticks(places[::every])
    axes.tick_params(length=0, labeltop=not few)
    if every == 1:
        axes.set_xticks(places[:-1] + 0.5, minor=True)
        axes.set_yticks(places[:-1] + 0.5, minor=True)
        axes.tick_params(which="minor", length=0)
        axes.grid(which="minor", color="0.9", lw=0.4)
    labels = [drawable(name) for name in names[::every]]
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
