"""Glyphs as they are shown: ink on paper, enlarged."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hwcli.report.palette import Palette, rgb


def enlarged(glyph: NDArray[np.uint8], side: int, palette: Palette) -> Image.Image:
    """A glyph, uint8 (S, S), ink 255 on 0, as ink on a sheet `side` px wide, in a thin frame.

    Smoothly: people judge strokes, and squares of pixels would hide them.
    """
    ink = Image.fromarray(glyph).resize((side, side), Image.Resampling.BICUBIC)
    sheet = Image.new("RGB", (side, side), palette.paper)
    sheet.paste(rgb(palette.ink), (0, 0), ink)
    frame = Image.new("RGB", (side, side), palette.faint)
    frame.paste(sheet.crop((1, 1, side - 1, side - 1)), (1, 1))
    return frame
