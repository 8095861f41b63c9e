"""The confusion matrix as a picture and as CSV."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from hwcli.report.confusion_plan import GAP, Plan, planned
from hwcli.report.lettering import Anchor, Pen, runs, shortened
from hwcli.report.order import Block, Order, ordered
from hwcli.report.palette import LIGHT, Palette, ramp, rgb
from hwcli.report.picture import as_png
from hwcli.report.rows import csv_text

MOST_CLASSES = 850
"""In the picture: with more, a cell would be too small to be seen."""
_COUNTS_UP_TO = 64
"""Classes up to which every cell shows its count."""
_PALEST = 0.16
"""Where on the scale the rarest mistake stands, so that it is seen."""
_POWER = 0.45
"""Of the scale: a mistake in a hundred must be seen beside one in five."""
_GRID_FROM = 8
"""Side of a cell from which on there is a line between all of them, px; below, every fifth."""
_TICKS = (0.01, 0.1, 0.5, 1.0)
"""Shares that the legend names."""


@dataclass(frozen=True, slots=True, eq=False)
class ConfusionPicture:
    """A confusion matrix as PNG, and what is where in it."""

    png: bytes
    order: Order
    plan: Plan


def order_of(confusion: NDArray[np.int64], scripts: Sequence[str]) -> Order:
    """The classes of the picture, in its order; of very many those that are confused most."""
    return ordered(confusion, scripts, MOST_CLASSES)


def draw_confusion(
    confusion: NDArray[np.int64],
    names: Sequence[str],
    title: str,
    order: Order | None = None,
    palette: Palette = LIGHT,
) -> ConfusionPicture:
    """A confusion matrix: the diagonal in blue, mistakes in red, by share of the row.

    Args:
        confusion: (C, C), truth down, prediction across.
        names: of the C classes.
        title: any text.
        order: which classes, in which order; blocks of scripts are parted by lines and named.
        palette: its colours.
    """
    order = order or order_of(confusion, [""] * len(names))
    counts = confusion[np.ix_(order.classes, order.classes)]
    shares = counts / np.maximum(confusion.sum(axis=1)[order.classes], 1)[:, None]
    plan = planned([names[i] for i in order.classes], order.blocks)
    colours = _colours(counts, shares, palette)
    image = Image.new("RGB", (plan.width, plan.height), palette.paper)
    image.paste(_cells(colours, plan.cell, palette), (plan.left, plan.top))
    _blocks(image, plan, order.blocks, palette)
    _captions(image, plan, palette)
    if plan.n <= _COUNTS_UP_TO:
        _counts(image, plan, counts, colours, palette)
    occurring = int(np.count_nonzero(confusion.sum(axis=0) + confusion.sum(axis=1)))
    _head(image, plan, title, occurring, palette)
    _legend(image, plan, palette)
    if plan.n > _COUNTS_UP_TO:  # few colours, many pixels: half as many bytes
        image = image.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    return ConfusionPicture(as_png(image), order, plan)


def _scaled(shares: NDArray[np.float64]) -> NDArray[np.intp]:
    """Places on a ramp of 256 colours of shares of mistakes."""
    scale: NDArray[np.float64] = _PALEST + (1 - _PALEST) * shares**_POWER
    return (255 * scale).astype(np.intp)


def _colours(
    counts: NDArray[np.int64], shares: NDArray[np.float64], palette: Palette
) -> NDArray[np.uint8]:
    """Of the cells, RGB (n, n, 3)."""
    wrong = counts > 0
    np.fill_diagonal(wrong, val=False)
    colours = np.empty((*counts.shape, 3), np.uint8)
    colours[:] = rgb(palette.paper)
    colours[wrong] = ramp(palette.wrong_ramp)[_scaled(shares[wrong])]
    places = np.flatnonzero(counts.sum(axis=1))
    colours[places, places] = ramp(palette.right_ramp)[
        (255 * shares.diagonal()[places]).astype(int)
    ]
    return colours


def _cells(colours: NDArray[np.uint8], cell: int, palette: Palette) -> Image.Image:
    """The cells, each `cell` px wide, with faint lines between them."""
    pixels = colours.repeat(cell, axis=0).repeat(cell, axis=1)
    every = cell if cell >= _GRID_FROM else 5 * cell
    pixels[::every] = pixels[:, ::every] = rgb(palette.faint)
    return Image.fromarray(pixels)


def _blocks(image: Image.Image, plan: Plan, blocks: Sequence[Block], palette: Palette) -> None:
    """A frame, lines between the scripts, and their names at the left and above."""
    draw, pen = ImageDraw.Draw(image), Pen(image)
    right, bottom = plan.left + plan.n * plan.cell, plan.top + plan.n * plan.cell
    line, muted = rgb(palette.line), rgb(palette.muted)
    for edge in {0, *(b.stop for b in blocks)}:
        x, y = plan.left + edge * plan.cell, plan.top + edge * plan.cell
        draw.line((x, plan.top, x, bottom), fill=line)
        draw.line((plan.left, y, right, y), fill=line)
    x, y = plan.left - plan.beside, plan.top - plan.above
    places = zip(plan.blocks, plan.script_rows(), plan.script_columns(), strict=True)
    for block, down, across in places:
        start, stop = block.start * plan.cell + 2, block.stop * plan.cell - 2
        draw.line((x, plan.top + start, x, plan.top + stop), fill=line, width=2)
        draw.line((plan.left + start, y, plan.left + stop, y), fill=line, width=2)
        middle = (start + stop) / 2
        draw.line((x, plan.top + middle, x - GAP, down), fill=line)
        pen.write((x - GAP - 4, down), block.script, plan.script, muted, "r")
        draw.line((plan.left + middle, y, across, y - GAP), fill=line)
        if plan.turned:
            name = list(runs(block.script))
            pen.write_up((across, y - GAP - 4), name, plan.script, muted, end=False)
        else:
            pen.write((across, y - GAP - plan.script / 2), block.script, plan.script, muted, "m")


def _captions(image: Image.Image, plan: Plan, palette: Palette) -> None:
    """The classes, at two sides or at all four; lines lead to those that stand further out."""
    draw, pen = ImageDraw.Draw(image), Pen(image)
    ink, line = rgb(palette.ink), rgb(palette.faint)
    far, size = plan.n * plan.cell, plan.size
    for i, caption in enumerate(plan.captions):
        x, y = (edge + (i + 0.5) * plan.cell for edge in (plan.left, plan.top))
        sides: tuple[tuple[int, int, Anchor], ...] = ((0, -1, "r"), (far, 1, "l"))
        for near, sign, anchor in sides[: 2 if plan.four_sides else 1]:
            row, column = plan.left + near, plan.top + near
            if caption.beside > GAP:
                draw.line((row, y, row + sign * (caption.beside - 2), y), fill=line)
                draw.line((x, column, x, column + sign * (caption.above - 2)), fill=line)
            pen.write_runs((row + sign * caption.beside, y), [caption.run], size, ink, anchor)
            at = column + sign * caption.above
            if caption.upright:
                pen.write_runs((x, at + sign * size / 2), [caption.run], size, ink, "m")
            else:
                pen.write_up((x, at), [caption.run], size, ink, end=sign > 0)


def _counts(
    image: Image.Image,
    plan: Plan,
    counts: NDArray[np.int64],
    colours: NDArray[np.uint8],
    palette: Palette,
) -> None:
    pen, light = Pen(image), rgb(LIGHT.paper)
    dark = rgb(LIGHT.ink)
    for row, column in np.argwhere(counts).tolist():
        text = str(counts[row, column])
        size = min(14, int((plan.cell - 4) / (0.64 * len(text))))
        if size < 8:
            text, size = f"{counts[row, column] // 1000:,}k", 8
        bright = colours[row, column] @ np.array([0.299, 0.587, 0.114]) > 130
        at = (plan.left + (column + 0.5) * plan.cell + 0.5, plan.top + (row + 0.5) * plan.cell)
        pen.write(at, text, size, dark if bright else light, "m")


def _head(image: Image.Image, plan: Plan, title: str, occurring: int, palette: Palette) -> None:
    pen, edge, room = Pen(image), plan.head, plan.width - 2 * plan.head
    pen.write((edge, 1.5 * edge), shortened(title, plan.head, room), plan.head, rgb(palette.ink))
    told = "rows: truth, columns: prediction"
    if plan.n < occurring:
        told += f"; the {plan.n:,} of {occurring:,} classes that are confused most"
    told = shortened(told, plan.small, room)
    pen.write((edge, 2.75 * edge), told, plan.small, rgb(palette.muted))


def _legend(image: Image.Image, plan: Plan, palette: Palette) -> None:
    """Two bars of colours: of the diagonal and of mistakes."""
    draw, pen, muted, size = ImageDraw.Draw(image), Pen(image), rgb(palette.muted), plan.small
    wide, thick = 12 * size, size
    x, y = plan.head, plan.height - 2 * plan.head - thick
    places = np.linspace(0, 1, wide)
    for name, colours, ticks in (
        ("right", ramp(palette.right_ramp, wide), ((0.0, "0"), (0.5, "50"), (1.0, "100 %"))),
        (
            "mistaken, share of the row",
            ramp(palette.wrong_ramp)[_scaled(places ** (1 / _POWER))],
            tuple((t**_POWER, f"{100 * t:g}{' %' * (t == 1)}") for t in _TICKS),
        ),
    ):
        image.paste(Image.fromarray(colours[None].repeat(thick, axis=0)), (x, y))
        for share, text in ticks:
            at = x + share * (wide - 1)
            draw.line((at, y + thick, at, y + thick + 4), fill=muted)
            pen.write((at, y + 2 * thick), text, round(0.85 * size), muted, "m")
        pen.write((x, y - 0.8 * size), name, size, muted)
        x += wide + 4 * size


def confusion_csv(confusion: NDArray[np.int64], names: Sequence[str]) -> str:
    """CSV of a confusion matrix: a row a truth, a column a prediction, all classes."""
    return csv_text(
        [
            ("truth \\ predicted", *names),
            *((name, *row.tolist()) for name, row in zip(names, confusion, strict=True)),
        ]
    )
