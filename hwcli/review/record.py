"""`hwcli.review/1`: what `review.json` in the folder of a review says."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from hwcli.characters import is_text
from hwcli.errors import DatasetError
from hwcli.glyph import Normalisation
from hwcli.page.reading import Box
from hwcli.structure import StructureError, parse_json, structure_or

SCHEMA = "hwcli.review/1"
FILE = "review.json"
CORRECTIONS = "corrections.csv"
"""What the page saves, and where it is looked for."""
MOST_BYTES = 256 << 20
"""Of `review.json`: some 400 bytes a glyph."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Alternative:
    """A character that a glyph may be."""

    char: str
    p: float


@dataclass(frozen=True, slots=True)
class Entry:
    """A doubtful glyph."""

    image: str
    """Its ink, 255 on 0, upright, before it is normalised: a PNG in the folder of the review."""
    sha256: str
    """Of that file."""
    origin: str
    """The photo and the glyph's place on it, `a.jpg#xywh=1,2,3,4`: each once in a review."""
    file: str
    """The photo, as it was named; bytes that are no UTF-8 are written as escapes."""
    box: tuple[int, ...]
    """x0, y0, x1, y1 on the upright photo, half-open, px."""
    before: str
    """Of its line, what stands before it."""
    after: str
    """Of its line, what stands behind it."""
    topk: tuple[Alternative, ...]
    """What it may be, best first; the first is what was read."""
    page: int | None = None
    """Number of the page within its file, from 1; None for a file of one."""

    def __post_init__(self) -> None:
        if not _SHA256.fullmatch(self.sha256):
            raise ValueError("sha256 must be 64 lower-case hex digits")
        if not self.topk or not all(is_text(a.char) for a in self.topk):
            raise ValueError("topk must name what was read")
        if len(self.box) != 4:
            raise ValueError("box must have four numbers")
        if not self.origin:
            raise ValueError("origin is empty")

    @property
    def char(self) -> str:
        """What was read."""
        return self.topk[0].char


@dataclass(frozen=True, slots=True)
class NotRead:
    """A photo, or a page of one, that could not be read."""

    file: str
    message: str
    page: int | None = None


@dataclass(frozen=True, slots=True)
class ReviewRecord:
    """All of a review but its images."""

    schema: str
    hwcli: str
    """Version that made it."""
    model: str
    """Name of the model that read the photos."""
    below: float
    """Confidence below which a glyph is doubtful."""
    pages: int
    """Photos, and pages of files with several, that were read."""
    failed: int
    """Those that could not be read."""
    doubtful: int
    """Doubtful glyphs on all of them."""
    glyphs: tuple[Entry, ...]
    """The least sure of these, the least sure first."""
    normalisation: Normalisation | None = None
    """What the network's images were made with; None where nothing was doubtful."""
    merged: tuple[str, ...] = ()
    """Capitals of which the model does not know the lower case: it takes one for the other."""
    not_read: tuple[NotRead, ...] = ()
    """The first of those that could not be read."""

    def __post_init__(self) -> None:
        if self.schema != SCHEMA:
            raise ValueError(f"schema is {self.schema!r:.60}, expected {SCHEMA!r}")
        if len({entry.origin for entry in self.glyphs}) < len(self.glyphs):
            raise ValueError("glyphs: two of the same origin")


def origin_of(file: str, page: int | None, box: Box) -> str:
    """Where a glyph stands, as a URL says it of a part of a picture.

    Media Fragments URI 1.0 (https://www.w3.org/TR/media-frags/), with `page` as PDF has it.
    """
    x0, y0, x1, y1 = box
    number = f"page={page}&" if page is not None else ""
    return f"{plain(file)}#{number}xywh={x0},{y0},{x1 - x0},{y1 - y0}"


def plain(file: str) -> str:
    """The name of a file as text that every program can hold: what is none becomes escapes."""
    text = file.encode("utf-8", "backslashreplace").decode()
    return "".join(c if is_text(c) else quote(c) for c in text)


def parse_review(raw: bytes, where: str) -> ReviewRecord:
    """The review in the JSON `raw`.

    Raises:
        DatasetError: it is none; the message begins with `where`.
    """
    if len(raw) > MOST_BYTES:
        raise DatasetError(f"{where}: more than {MOST_BYTES >> 20} MiB")
    try:
        data = parse_json(raw)
    except StructureError as error:
        raise DatasetError(f"{where}: {error}") from error
    return structure_or(data, ReviewRecord, where, DatasetError)
