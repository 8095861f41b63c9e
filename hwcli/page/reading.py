"""What was read on a photo: the records that every output format is made of."""

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from hwcli.review.doubts import Doubts


class Box(NamedTuple):
    """Pixels of the upright photo, half-open, origin top left."""

    x0: int
    y0: int
    x1: int
    y1: int


class Candidate(NamedTuple):
    """A character a glyph may be, and how probable that is."""

    char: str
    p: float


@dataclass(frozen=True, slots=True)
class Glyph:
    """A character on the photo."""

    box: Box
    line: int
    """Number of its line, from 0."""
    word: int
    """Number of its word within the line, from 0."""
    script: str
    """ISO 15924 code of the likeliest candidate."""
    candidates: tuple[Candidate, ...]
    """Best first, at least one."""
    flags: tuple[str, ...] = ()
    """What a reader of the result should know of this glyph."""
    instead: str = ""
    """What is written for it because it is too doubtful; empty for its likeliest character."""

    @property
    def char(self) -> str:
        """What is written: mostly the likeliest character."""
        return self.instead or self.candidates[0].char

    @property
    def confidence(self) -> float:
        """Probability of the likeliest character, in [0, 1]."""
        return self.candidates[0].p


@dataclass(frozen=True, slots=True)
class Word:
    """Glyphs that stand together."""

    box: Box
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of writing."""

    box: Box
    text: str
    """Words joined by single spaces."""
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A photo that was read."""

    file: str
    width: int
    height: int
    script: str
    """ISO 15924 code of most glyphs; `Zyyy` where there are none."""
    lines: tuple[Line, ...]
    glyphs: tuple[Glyph, ...]
    """In reading order."""
    model: str
    """Name of the model."""
    angle_deg: float
    """Slope of the lines, clockwise positive."""
    inverted: bool
    """The writing is light on dark."""
    page: int | None = None
    """Number of the page within its file, from 1; None for a file of one."""
    doubts: "Doubts | None" = None
    """Its doubtful glyphs, if they are to be reviewed and there are any."""

    @property
    def text(self) -> str:
        """All lines, joined by newlines."""
        return "\n".join(line.text for line in self.lines)


@dataclass(frozen=True, slots=True)
class Failure:
    """A photo that could not be read."""

    file: str
    kind: str
    """Name of the error's class."""
    message: str
    page: int | None = None
    """Number of the page within its file, from 1; None for a file of one."""


def bounding_box(boxes: list[Box]) -> Box:
    """The smallest box around all of `boxes` (at least one)."""
    return Box(
        min(b.x0 for b in boxes),
        min(b.y0 for b in boxes),
        max(b.x1 for b in boxes),
        max(b.y1 for b in boxes),
    )


def lines_of(glyphs: tuple[Glyph, ...]) -> tuple[Line, ...]:
    """The lines and words of glyphs that are in reading order."""
    lines = []
    for _, members in groupby(glyphs, key=lambda g: g.line):
        words = []
        for _, letters in groupby(members, key=lambda g: g.word):
            together = list(letters)
            words.append(
                Word(bounding_box([g.box for g in together]), "".join(g.char for g in together))
            )
        lines.append(
            Line(
                bounding_box([w.box for w in words]), " ".join(w.text for w in words), tuple(words)
            )
        )
    return tuple(lines)
