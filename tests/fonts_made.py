"""Fonts of a few glyphs, made up: straight lines, and a box for what is not there."""

import io
from typing import Literal

from fontTools.feaLib.builder import addOpenTypeFeaturesFromString
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

Points = list[tuple[int, int]]

BOX: Points = [(50, 0), (50, 700), (450, 700), (450, 0)]
BAR: Points = [(50, 0), (50, 700), (150, 700), (150, 0)]
WEDGE: Points = [(50, 0), (250, 700), (450, 0)]
DASH: Points = [(50, 300), (50, 400), (450, 400), (450, 300)]


def font(
    glyphs: dict[str, Points | None],
    packed: Literal["woff", "woff2"] | None = None,
    features: str = "",
) -> bytes:
    """A font file with an outline for each character of `glyphs`; None is what is not there."""
    names = {c: ".notdef" if points is None else f"u{ord(c):04X}" for c, points in glyphs.items()}
    outlines = {".notdef": BOX, **{names[c]: p for c, p in glyphs.items() if p is not None}}
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(list(outlines))
    builder.setupCharacterMap({ord(c): name for c, name in names.items()})
    builder.setupGlyf({name: _drawn(points) for name, points in outlines.items()})
    builder.setupHorizontalMetrics(dict.fromkeys(outlines, (500, 50)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Made Up", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    if features:
        addOpenTypeFeaturesFromString(builder.font, features)
    builder.font.flavor = packed
    file = io.BytesIO()
    builder.font.save(file)
    return file.getvalue()


def _drawn(points: Points):
    pen = TTGlyphPen(None)
    if points:
        pen.moveTo(points[0])
        for point in points[1:]:
            pen.lineTo(point)
        pen.closePath()
    return pen.glyph()
