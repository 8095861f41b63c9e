"""Photos turned by quarters, and what was read on them back at its place on the photo as given."""

from dataclasses import replace

import numpy as np

from hwcli.page.grey import Grey
from hwcli.page.reading import Box, Page
from hwcli.page.sheet import Photo


def turned(grey: Grey, quarters: int) -> Grey:
    """`grey` turned clockwise by so many quarters."""
    return np.ascontiguousarray(np.rot90(grey, -quarters)) if quarters % 4 else grey


def turned_photo(photo: Photo, quarters: int) -> Photo:
    """`photo` turned clockwise by so many quarters."""
    height, width = photo.height, photo.width
    if quarters % 2:
        height, width = width, height
    return Photo(turned(photo.grey, quarters), height, width, photo.reduced)


def turned_back(page: Page, quarters: int) -> Page:
    """`page`, read on a photo turned clockwise by so many quarters, as of the photo as given."""
    if not quarters % 4:
        return page
    width, height = page.width, page.height
    if quarters % 2:
        width, height = height, width

    def back(box: Box) -> Box:
        return _back(box, quarters % 4, width, height)

    lines = tuple(
        replace(
            line,
            box=back(line.box),
            words=tuple(replace(word, box=back(word.box)) for word in line.words),
        )
        for line in page.lines
    )
    doubts = page.doubts and replace(
        page.doubts,
        worst=tuple(
            replace(d, box=back(d.box), view_box=back(d.view_box), quarters=quarters % 4)
            for d in page.doubts.worst
        ),
    )
    return replace(
        page,
        width=width,
        height=height,
        lines=lines,
        glyphs=tuple(replace(glyph, box=back(glyph.box)) for glyph in page.glyphs),
        angle_deg=within_half(page.angle_deg - 90 * quarters),
        doubts=doubts,
    )


def _back(box: Box, quarters: int, width: int, height: int) -> Box:
    """The place of `box` on a photo of this size, before it was turned by so many quarters."""
    x0, y0, x1, y1 = box
    if quarters == 1:
        return Box(y0, height - x1, y1, height - x0)
    if quarters == 2:
        return Box(width - x1, height - y1, width - x0, height - y0)
    return Box(width - y1, x0, width - y0, x1)


def within_half(angle_deg: float) -> float:
    """The same direction in (−180, 180]."""
    return round(180.0 - (180.0 - angle_deg) % 360.0, 1)
