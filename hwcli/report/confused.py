"""The mistakes made most often, with the images side by side."""

from collections.abc import Sequence

from PIL import Image, ImageDraw

from hwcli.report.examples import Examples, Images, Pair
from hwcli.report.glyphs import enlarged
from hwcli.report.lettering import Pen, shortened
from hwcli.report.palette import LIGHT, Palette, rgb
from hwcli.report.picture import as_png

MOST_DRAWN = 20
"""Pairs in the picture."""
_GLYPH, _STEP = 60, 65
_ROW = 82
_EDGE, _HEAD = 16, 84
_CLASS = 92
"""For the name of a class, px."""
_TYPICAL, _MISTAKES = 3, 8
_GAP = 22


def draw_confused(
    examples: Examples, names: Sequence[str], images: Images, title: str, palette: Palette = LIGHT
) -> bytes:
    """PNG with a row a pair: what the truth looks like, the mistakes, what they were taken for.

    Args:
        examples: the pairs, of which the first 20 are drawn, and typical rows of each class.
        names: of the classes.
        images: of all of these rows.
        title: any text.
        palette: its colours.
    """
    pairs = examples.pairs[:MOST_DRAWN]
    width = 2 * (_EDGE + _CLASS + _TYPICAL * _STEP + _GAP) + _MISTAKES * _STEP
    sheet = Image.new("RGB", (width, _HEAD + len(pairs) * _ROW + _EDGE), palette.paper)
    draw, pen, muted = ImageDraw.Draw(sheet), Pen(sheet), rgb(palette.muted)
    pen.write((_EDGE, 22), shortened(title, 19, width - 2 * _EDGE), 19, rgb(palette.ink))
    left = _EDGE + _CLASS
    middle = left + _TYPICAL * _STEP + _GAP
    right = middle + _MISTAKES * _STEP + _GAP
    for x, text in ((_EDGE, "truth"), (left, "read right"), (middle, "taken for the other"),
                    (right, "read right"), (right + _TYPICAL * _STEP, "taken for")):  # fmt: skip
        pen.write((x, _HEAD - 18), text, 13, muted)
    for number, pair in enumerate(pairs):
        y = _HEAD + number * _ROW
        draw.line((_EDGE, y - 4, width - _EDGE, y - 4), fill=rgb(palette.faint))
        _row(pen, y, pair, names, palette)
        for x, places in (
            (left, examples.typical.get(pair.truth, ())),
            (middle, pair.places),
            (right, examples.typical.get(pair.predicted, ())),
        ):
            for k, place in enumerate(places):
                sheet.paste(enlarged(images[place], _GLYPH, palette), (x + k * _STEP, y + 8))
    return as_png(sheet)


def _row(pen: Pen, y: int, pair: Pair, names: Sequence[str], palette: Palette) -> None:
    """The two classes, and how often the one is taken for the other."""
    right = _EDGE + _CLASS + 2 * _GAP + (2 * _TYPICAL + _MISTAKES) * _STEP
    ink, wrong, muted = rgb(palette.ink), rgb(palette.wrong), rgb(palette.muted)
    pen.write_name((_EDGE, y + 28), names[pair.truth], 30, ink, _CLASS - 10)
    pen.write_name((right + 6, y + 28), names[pair.predicted], 30, wrong, _CLASS - 10)
    pen.write((_EDGE, y + 58), f"{pair.count:,} of {pair.support:,}", 12, muted)
