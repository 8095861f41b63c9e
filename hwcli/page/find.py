"""The characters of a photo: its ink found, made level, cleaned and segmented."""

from dataclasses import dataclass

from hwcli.page.finder import Finder
from hwcli.page.grey import Grey, halved
from hwcli.page.ink import Ink, find_ink, is_light_on_dark, mean_width
from hwcli.page.rulings import remove_rulings
from hwcli.page.seen import segment
from hwcli.page.segments import Segments
from hwcli.page.skew import Turn, skew_deg, turn_by
from hwcli.page.surroundings import without_surroundings

_FINEST_STROKE = 2.4
"""Strokes at least as wide as this in the mean, px, are seen as well as wider ones."""
_SMALLEST_GLYPH = 28
"""Characters as high as this, px, hold what a classifier's image of 28 px can show of them."""
_SMALLEST_PHOTO = 150
"""A photo is not reduced so far that a side of it is shorter than this, px."""
_HALVINGS = 1
"""How often a photo is halved, at most: frames and rulings are finer than the writing."""
_MOST_GROWTH = 4
"""A photo is not turned where that would make it larger than by this factor."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The characters of a photo."""

    ink: Ink
    segments: Segments
    turn: Turn | None
    """How the photo was turned to make its lines level, if it was."""
    shape: tuple[int, ...]
    """(H, W) of the photo as it was looked at, before it was turned."""
    reduced: int
    """How many of its pixels one of `ink` is wide and high."""


def find_characters(grey: Grey, finder: Finder) -> Found:
    """The characters on `grey`, uint8 (H, W), as `finder` sees them.

    Bold or large writing is found just as well on a smaller photo, and much sooner. So the photo is
    looked at reduced, and again at twice the size as long as its writing turns out too fine.
    """
    sizes = [without_surroundings(grey)]
    while len(sizes) <= _HALVINGS and min(sizes[-1].shape) >= 2 * _SMALLEST_PHOTO:
        sizes.append(halved(sizes[-1]))
    inverted = is_light_on_dark(sizes[-1])
    while True:
        small = sizes.pop()
        ink = find_ink(small, inverted=inverted)
        if sizes and mean_width(ink.mask) < _FINEST_STROKE:
            continue
        found = _find(ink, small.shape, 1 << len(sizes), finder)
        if not sizes or found.segments.scale >= _SMALLEST_GLYPH:
            return found


def _find(ink: Ink, shape: tuple[int, ...], reduced: int, finder: Finder) -> Found:
    angle = skew_deg(ink.loose)
    turn = turn_by(angle, shape) if angle else None
    if turn and turn.size[0] * turn.size[1] > _MOST_GROWTH * shape[0] * shape[1]:
        turn = None  # no writing is on such a sliver, and little memory for what is around it
    level = ink.turned(turn) if turn else ink
    cleaned = remove_rulings(level)
    return Found(cleaned.ink, segment(cleaned, finder), turn, shape, reduced)
