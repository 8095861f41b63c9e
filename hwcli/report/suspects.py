"""Rows that may be wrong: a contact sheet to look at, and tables to correct them by."""

from collections.abc import Sequence

from PIL import Image

from hwcli.corrections import COLUMNS
from hwcli.judging.audit import Audit, Suspect, Twin
from hwcli.report.examples import Images
from hwcli.report.glyphs import enlarged
from hwcli.report.lettering import Pen, shortened
from hwcli.report.palette import LIGHT, Palette, rgb
from hwcli.report.picture import as_png
from hwcli.report.rows import csv_text

MOST = 100
"""Suspects that are shown; the table has them all."""
_LEAST_OUTLIERS = 20
"""Of those shown, if there are so many."""
CSV_COLUMNS = (
    *COLUMNS, "label_p", "split", "kind", "score", "top1", "p1", "top2", "p2", "top3", "p3",
)  # fmt: skip
"""Of suspects.csv; `action` (relabel, drop or keep) is for who looks at them to fill in."""
_CANDIDATES = 3
_TWIN_COLUMNS = (
    "place", "origin", "char", "other_place", "other_origin", "other_char", "other_split",
    "distance",
)  # fmt: skip

_GLYPH = 84
_CARD = (236, 100)
_COLUMNS = 5
_HEAD = 64
_EDGE = 16


def worst(audit: Audit) -> tuple[Suspect, ...]:
    """Up to 100 suspects, most suspect first: likely label errors, then outliers."""
    labels = [s for s in audit.suspects if s.kind == "label"]
    outliers = [s for s in audit.suspects if s.kind == "outlier"]
    kept = min(len(outliers), max(_LEAST_OUTLIERS, MOST - len(labels)))
    return (*labels[: MOST - kept], *outliers[:kept])


def suspects_csv(suspects: Sequence[Suspect]) -> str:
    """CSV of all suspects, as `hwcli ingest --corrections` reads it once actions are filled in."""
    return csv_text(
        [CSV_COLUMNS]
        + [
            ("", s.suggestion, s.source, s.origin, s.sha256, s.label, share(s.label_probability),
             s.split, s.kind, f"{s.score:.6g}", *candidate_cells(s))
            for s in suspects
        ]
    )  # fmt: skip


def candidate_cells(suspect: Suspect) -> list[str]:
    """The three likeliest characters with their probabilities; empty where there are fewer."""
    cells = [cell for c in suspect.candidates[:_CANDIDATES] for cell in (c.char, share(c.p))]
    return cells + [""] * (2 * _CANDIDATES - len(cells))


def share(value: float) -> str:
    """A probability as the tables have it."""
    return f"{value:.6f}"


def twins_csv(twins: Sequence[Twin]) -> str:
    """CSV of judged rows with nearly equal images in other splits."""
    return csv_text(
        [_TWIN_COLUMNS]
        + [
            (t.place, t.origin, t.char, t.other_place, t.other_origin, t.other_char,
             t.other_split, share(t.distance))
            for t in twins
        ]
    )  # fmt: skip


def draw_suspects(
    suspects: Sequence[Suspect], images: Images, title: str, palette: Palette = LIGHT
) -> bytes:
    """PNG of cards: each glyph enlarged, what it is said to be, and what it looks like.

    Args:
        suspects: those to be drawn, in their order.
        images: of each of them.
        title: any text.
        palette: its colours.
    """
    deep = -(-len(suspects) // _COLUMNS)
    size = (2 * _EDGE + _COLUMNS * _CARD[0], _HEAD + deep * _CARD[1] + _EDGE)
    sheet = Image.new("RGB", size, palette.paper)
    pen, room = Pen(sheet), size[0] - 2 * _EDGE
    pen.write((_EDGE, 22), shortened(title, 19, room), 19, rgb(palette.ink))
    told = "label → suggestion, with the probability of each; most suspect first, row by row"
    pen.write((_EDGE, 46), told, 13, rgb(palette.muted))
    for number, suspect in enumerate(suspects):
        row, column = divmod(number, _COLUMNS)
        at = (_EDGE + column * _CARD[0], _HEAD + row * _CARD[1])
        sheet.paste(enlarged(images[suspect.place], _GLYPH, palette), at)
        _tell(pen, at, number + 1, suspect, palette)
    return as_png(sheet)


def _tell(pen: Pen, at: tuple[int, int], number: int, suspect: Suspect, palette: Palette) -> None:
    ink, muted, wrong = rgb(palette.ink), rgb(palette.muted), rgb(palette.wrong)
    x, y, room = at[0] + _GLYPH + 10, at[1], _CARD[0] - _GLYPH - 22
    pen.write((x, y + 8), f"{number}  {suspect.kind}", 11, muted)
    second = x + room / 2
    pen.write_name((x, y + 34), suspect.label, 24, ink, room / 2 - 22)
    pen.write((second - 19, y + 34), "→", 14, muted)
    pen.write_name((second, y + 34), suspect.suggestion, 24, wrong, room / 2)
    p = next((c.p for c in suspect.candidates if c.char == suspect.suggestion), 0.0)
    pen.write((x, y + 58), percent(suspect.label_probability), 12, ink)
    pen.write((second, y + 58), percent(p), 12, wrong)
    pen.write((x, y + 76), shortened(f"{suspect.source}, {suspect.split}", 10, room), 10, muted)


def percent(value: float) -> str:
    """A probability in few letters: `<0.1 %`, `3.2 %`, `87 %`, `>99.9 %`."""
    if 0 < value < 0.001:
        return "<0.1 %"
    if 0.999 < value < 1:
        return ">99.9 %"
    return f"{100 * value:.{0 if 0.1 <= value < 0.99 or value in (0, 1) else 1}f} %"
