"""Writes the page of a review: all glyphs and what is decided of them in one file."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from hwcli.page.reading import Box
from hwcli.report.page.images import data_uri
from hwcli.report.page.shell import render
from hwcli.report.rows import csv_text
from hwcli.report.suspects import share
from hwcli.review.collect import Kept
from hwcli.review.record import Entry, ReviewRecord

SOURCE = "review"
"""What `source` is in the rows of corrections of a review."""
COLUMNS = (
    "action", "correction", "source", "origin", "sha256", "label", "p", "photo", "page", "line",
)  # fmt: skip
"""Of what the page saves: those of all corrections, and some for people."""


@dataclass(frozen=True, slots=True)
class Card:
    """A glyph, ready to be written."""

    entry: Entry
    view: Markup
    """Address of the picture of it and what is around it."""
    view_size: tuple[int, int]
    in_view: str
    """Style of the frame around it."""
    thumb: int
    """Number of its photo."""
    in_thumb: str
    photo_size: tuple[int, int]
    cells: tuple[str, ...]
    """What corrections say of it, behind what is decided."""


def page_of(record: ReviewRecord, kept: Sequence[Kept], key: str) -> str:
    """The page as text.

    Args:
        record: of the review.
        kept: the glyphs of the record, in its order.
        key: under which a browser remembers what was decided.
    """
    thumbs: dict[int, tuple[int, bytes]] = {}
    cards = []
    for entry, each in zip(record.glyphs, kept, strict=True):
        number, _ = thumbs.setdefault(id(each.thumb), (len(thumbs), each.thumb))
        cards.append(_card(entry, each, number))
    style = "".join(
        f'.t{number}{{background-image:url("{data_uri(jpeg, "image/jpeg")}")}}\n'
        for number, jpeg in thumbs.values()
    )
    return render(
        "hwcli.review", ("review.css", "review.js"), style, record=record, cards=cards, key=key,
        columns=csv_text([COLUMNS]).strip(),
    )  # fmt: skip


def _card(entry: Entry, kept: Kept, thumb: int) -> Card:
    doubt, page = kept.doubt, kept.page
    shown, whole = doubt.view_box, Box(0, 0, page.width, page.height)
    return Card(
        entry=entry,
        view=data_uri(doubt.view, "image/jpeg"),
        view_size=_size(shown, doubt.quarters),
        in_view=_frame(doubt.box, shown, doubt.quarters),
        thumb=thumb,
        in_thumb=_frame(doubt.box, whole, doubt.quarters),
        photo_size=_size(whole, doubt.quarters),
        cells=(
            SOURCE, entry.origin, entry.sha256, entry.char, share(entry.topk[0].p), entry.file,
            str(entry.page or ""), f"{entry.before}{entry.char}{entry.after}",
        ),
    )  # fmt: skip


def _size(shown: Box, quarters: int) -> tuple[int, int]:
    """Width and height of a picture of `shown` that is turned by so many quarters."""
    size = (shown.x1 - shown.x0, shown.y1 - shown.y0)
    return size[::-1] if quarters % 2 else size


def _frame(box: Box, shown: Box, quarters: int) -> str:
    """Style of an element on `box` of a picture of `shown`, turned clockwise by `quarters`."""
    wide, high = shown.x1 - shown.x0, shown.y1 - shown.y0
    left, top = 100 * (box.x0 - shown.x0) / wide, 100 * (box.y0 - shown.y0) / high
    width, height = 100 * (box.x1 - box.x0) / wide, 100 * (box.y1 - box.y0) / high
    for _ in range(quarters):
        left, top, width, height = 100 - top - height, left, height, width
    return f"left:{left:.1f}%;top:{top:.1f}%;width:{width:.1f}%;height:{height:.1f}%"
