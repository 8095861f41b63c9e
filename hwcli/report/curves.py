"""The picture of a training run."""

import io
from collections.abc import Sequence

from matplotlib.figure import Figure

from hwcli.report.picture import write_title


def draw_curves(
    losses: Sequence[tuple[float, float]], accuracies: Sequence[float], title: str
) -> bytes:
    """PNG of loss and validation accuracy by epoch.

    Args:
        losses: training and validation loss of each epoch, nats.
        accuracies: validation accuracy of each epoch, in [0, 1].
        title: any text.
    """
    figure = Figure(figsize=(9, 3.6), dpi=110, layout="constrained")
    left, right = figure.subplots(1, 2)
    epochs = range(1, len(accuracies) + 1)
    left.plot(epochs, [train for train, _ in losses], marker=".", label="training")
    left.plot(epochs, [val for _, val in losses], marker=".", label="validation")
    left.set(xlabel="epoch", ylabel="loss, nats")
    left.legend()
    right.plot(epochs, [100 * a for a in accuracies], marker=".", color="C1")
    best = max(range(len(accuracies)), key=accuracies.__getitem__)
    right.axhline(100 * accuracies[best], color="0.7", lw=0.8, zorder=0)
    right.set(xlabel="epoch", ylabel="validation accuracy, %")
    right.set_title(f"best {100 * accuracies[best]:.2f} % at epoch {best + 1}", fontsize=10)
    for axes in (left, right):
        axes.grid(alpha=0.25)
        axes.xaxis.get_major_locator().set_params(integer=True)
    write_title(figure.suptitle("", fontsize=10), title)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
