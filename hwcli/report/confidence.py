"""How far the confidence can be trusted, as pictures."""

import io

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from hwcli.judging.evaluation import Confidence, Threshold
from hwcli.report.confusion_plan import spread
from hwcli.report.palette import LIGHT, Palette
from hwcli.report.picture import write_title

_SIZE = (5.6, 4.7)
"""Of a figure, inches."""
_DPI = 150
_LABEL_SHARE = 0.05
"""Of the height of the axes that a line of text takes."""
_FEW = 20
"""Glyphs in a bin below which its bar is pale, since it tells little."""
_ROOMY = 30
"""Coverage from which on there is room at the left of a point, %."""


def draw_reliability(
    confidence: Confidence, ece: float, palette: Palette = LIGHT, title: str = ""
) -> Figure:
    """Accuracy over confidence, bin by bin, and how many glyphs are in each.

    Args:
        confidence: its bins are drawn.
        ece: the expected calibration error, which is written into it.
        palette: its colours.
        title: any text; none if empty.
    """
    figure = Figure(figsize=_SIZE, dpi=_DPI, layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3.2, 1))
    lows = [b.low for b in confidence.reliability]
    widths = [b.high - b.low for b in confidence.reliability]
    bars = {"width": widths, "align": "edge", "edgecolor": palette.paper, "linewidth": 1}
    colours = [to_rgba(palette.right, 1 if b.n >= _FEW else 0.35) for b in confidence.reliability]
    above.bar(lows, [b.accuracy for b in confidence.reliability], color=colours, **bars)
    above.plot([0, 1], [0, 1], color=palette.muted, lw=1, ls=(0, (4, 3)))
    above.plot(
        [b.confidence for b in confidence.reliability],
        [b.accuracy for b in confidence.reliability],
        "o", color=palette.wrong, ms=4, mec=palette.paper, mew=0.7, label="mean of the bin",
    )  # fmt: skip
    above.set(ylim=(0, 1), ylabel="share that is right", xlim=(0, 1))
    told = f"calibration error {100 * ece:.2f} %, largest gap {100 * confidence.mce:.1f} %"
    above.set_title(told, loc="left", color=palette.ink, fontsize=9)
    below.bar(lows, [b.n for b in confidence.reliability], color=palette.line, **bars)
    below.set(yscale="log", ylabel="glyphs", xlabel="confidence", xlim=(0, 1))
    below.set_ylim(bottom=0.7)
    for axes in (above, below):
        _dress(axes, palette)
    return _titled(figure, palette, title)


def draw_risk_coverage(confidence: Confidence, palette: Palette = LIGHT, title: str = "") -> Figure:
    """The share of mistakes among what is kept, over how much is kept; thresholds are marked.

    Args:
        confidence: its curve is drawn.
        palette: its colours.
        title: any text; none if empty.
    """
    figure = Figure(figsize=_SIZE, dpi=_DPI, layout="constrained")
    axes = figure.subplots()
    coverage = [100 * c for c in confidence.coverage]
    risk = [100 * r for r in confidence.risk]
    met = [t for t in confidence.thresholds if t.confidence is not None and t.coverage > 0]
    top = 1.12 * max([*risk, *(100 * (1 - t.accuracy) for t in met if t.coverage < 1), 0.1])
    axes.fill_between(coverage, risk, color=palette.right, alpha=0.12, lw=0)
    axes.plot(coverage, risk, color=palette.right, lw=1.8)
    axes.set(
        xlim=(0, 100), ylim=(0, top), xlabel="kept, % of the glyphs, most confident first",
        ylabel="wrong among them, %",
    )  # fmt: skip
    _mark(axes, [t for t in met if t.coverage < 1], top, palette)
    _dress(axes, palette)
    return _titled(figure, palette, title)


def _mark(axes: Axes, thresholds: list[Threshold], top: float, palette: Palette) -> None:
    """A point for each threshold; at its left above the curve, or else above it, what it means."""
    step = _LABEL_SHARE * top
    thresholds = sorted(thresholds, key=lambda t: -t.accuracy)
    roomy = [100 * t.coverage > _ROOMY for t in thresholds]
    heights = [0.0] * len(thresholds)
    for beside, lift in ((True, 0.0), (False, 2.4 * step)):
        some = [i for i, room in enumerate(roomy) if room == beside]
        wanted = [100 * (1 - thresholds[i].accuracy) + lift for i in some]
        moved = spread(wanted, [step] * len(some))
        up = max(0.0, 0.4 * step - min(moved, default=top))
        for i, height in zip(some, moved, strict=True):
            heights[i] = height + up
    for i, threshold in enumerate(thresholds):
        x, y = 100 * threshold.coverage, 100 * (1 - threshold.accuracy)
        at = (x - 3 if roomy[i] else x + 4, heights[i])
        told = f"{100 * threshold.accuracy:.6g} % from {confidence_text(threshold.confidence or 0)}"
        axes.annotate(
            told, (x, y), at,
            ha="right" if roomy[i] else "left", va="center", fontsize=8, color=palette.ink,
            bbox={"boxstyle": "square,pad=0.15", "fc": palette.paper, "ec": "none", "alpha": 0.8},
            arrowprops={"arrowstyle": "-", "color": palette.line, "lw": 0.7, "shrinkA": 0,
                        "relpos": (1 if roomy[i] else 0, 0.5)},
        )  # fmt: skip
        axes.plot([x], [y], "o", color=palette.wrong, ms=5, mec=palette.paper, mew=0.8)
    if thresholds:
        told = "points: so many of those kept are right,\nif all from this confidence on are kept"
        axes.text(
            0.03, 0.97, told, transform=axes.transAxes, va="top", fontsize=8.5,
            color=palette.muted, linespacing=1.4,
        )  # fmt: skip


def confidence_text(confidence: float) -> str:
    """A confidence as it is written: two digits, near 1 as many as tell it from 1."""
    digits = 2 if confidence <= 0.99 or confidence >= 1 else 4
    while confidence < 1 <= round(confidence, digits) and digits < 9:
        digits += 1
    return f"{confidence:.{digits}f}"


def _dress(axes: Axes, palette: Palette) -> None:
    axes.set_facecolor(palette.paper)
    axes.grid(color=palette.faint, lw=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(palette.line)
    axes.tick_params(colors=palette.muted, which="both", labelsize=8.5)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set_color(palette.muted)
        label.set_fontsize(9)


def _titled(figure: Figure, palette: Palette, title: str) -> Figure:
    figure.set_facecolor(palette.paper)
    if title:
        write_title(figure.suptitle("", fontsize=10, color=palette.ink), title)
    figure.get_layout_engine().set(w_pad=0.09, h_pad=0.09)  # type: ignore[union-attr, call-arg]
    return figure


def figure_png(figure: Figure) -> bytes:
    """`figure` as a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def figure_svg(figure: Figure) -> bytes:
    """`figure` as SVG whose text are outlines, so it needs no fonts; transparent."""
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "hwcli"}):
        figure.savefig(
            buffer, format="svg", transparent=True,
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )  # fmt: skip
    return buffer.getvalue()
