"""The picture of a training run."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hwcli.report.picture import write_title


@dataclass(frozen=True, slots=True)
class Point:
    """An epoch of the curves."""

    loss: float
    """Training loss, nats."""
    val_loss: float
    """Validation loss, nats."""
    val_accuracy: float
    """In [0, 1]."""
    lr: float
    """Learning rate at the end of the epoch."""


def draw_curves(points: Sequence[Point], kept: int, title: str) -> bytes:
    """PNG of losses, validation accuracy and learning rate by epoch.

    Args:
        points: one an epoch, one at least.
        kept: the epoch whose weights were kept, from 1.
        title: any text.
    """
    figure = Figure(figsize=(11, 3.6), dpi=110, layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=(3, 3, 2))
    epochs = range(1, len(points) + 1)
    best = points[kept - 1]
    marker = "." if len(points) <= 60 else ""
    left.plot(epochs, [p.loss for p in points], marker=marker, label="training")
    left.plot(epochs, [p.val_loss for p in points], marker=marker, label="validation")
    _mark(left, kept, best.val_loss)
    left.set(xlabel="epoch", ylabel="loss, nats", ylim=(0, None))
    left.legend(frameon=False)
    middle.plot(epochs, [100 * p.val_accuracy for p in points], marker=marker, color="C1")
    _mark(middle, kept, 100 * best.val_accuracy)
    middle.set(xlabel="epoch", ylabel="validation accuracy, %")
    middle.set_title(f"kept: epoch {kept}, {100 * best.val_accuracy:.2f} %", fontsize=10)
    right.plot(epochs, [p.lr for p in points], marker=marker, color="C2")
    right.axvline(kept, color="0.6", lw=0.8, ls="--", zorder=0)
    right.set(xlabel="epoch", ylabel="learning rate at its end", ylim=(0, None))
    for axes in (left, middle, right):
        axes.grid(alpha=0.25)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    write_title(figure.suptitle("", fontsize=10), title)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _mark(axes: Axes, epoch: int, value: float) -> None:
    """Point out the epoch that was kept."""
    axes.axvline(epoch, color="0.6", lw=0.8, ls="--", zorder=0)
    axes.plot([epoch], [value], marker="o", ms=8, mfc="none", mec="0.2", lw=0)
