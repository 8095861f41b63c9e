"""Collects the doubtful glyphs of a run, the least sure of them, and saves them as a review."""

import hashlib
import heapq
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hwcli import __version__
from hwcli.atomic import growing_folder, write_bytes, write_text, writing
from hwcli.errors import InputError, UsageError
from hwcli.outputs.output import Result
from hwcli.page.reading import Failure, Page
from hwcli.review.doubts import Doubt, Doubts
from hwcli.review.record import (
    CORRECTIONS,
    FILE,
    SCHEMA,
    Alternative,
    Entry,
    NotRead,
    ReviewRecord,
    origin_of,
    plain,
)
from hwcli.structure import unstructure

PAGE = "index.html"
GLYPHS = "glyphs"
_OWN = (PAGE, FILE, GLYPHS)
"""What a review puts into its folder."""
_TOLD = 1000
"""Photos that could not be read, and are named."""


@dataclass(frozen=True, slots=True, order=True)
class Kept:
    """A glyph that is in the review so far; the surest is the smallest."""

    doubt_of: float
    """Minus its confidence."""
    order: int
    """Minus its number among all that were doubtful."""
    page: Page = field(compare=False)
    doubt: Doubt = field(compare=False)
    thumb: bytes = field(compare=False)


class Review:
    """The least sure glyphs of all that is added, never more than were asked for."""

    def __init__(self, folder: Path, *, below: float, limit: int) -> None:
        """A review that will be saved to `folder`.

        Args:
            folder: is made if it is not there; an earlier review in it is replaced.
            below: confidence below which a glyph is doubtful.
            limit: glyphs at most.

        Raises:
            UsageError: something else is there, or corrections of an earlier review.
            InputError: it cannot be written.
        """
        self.folder = folder
        self._below = below
        self._limit = limit
        self._kept: list[Kept] = []
        self._origins: set[str] = set()
        self._doubtful = self._pages = self._failed = 0
        self.known = 0
        """Photos of which nothing is shown, since an earlier run had read them."""
        self._not_read: list[NotRead] = []
        self._like: Doubts | None = None
        self._model = ""
        _check_folder(folder)

    @property
    def seen(self) -> bool:
        """Whether anything was added."""
        return self._pages + self._failed > 0

    def add(self, result: Result) -> None:
        """Take what is doubtful of `result`."""
        self.known += not result.readings
        for reading in result.readings:
            if isinstance(reading, Failure):
                self._fail(reading)
                continue
            self._pages += 1
            self._model = reading.model
            if reading.doubts is not None:
                self._like = self._like or reading.doubts
                self._take(reading, reading.doubts)

    def _fail(self, failure: Failure) -> None:
        self._failed += 1
        if len(self._not_read) < _TOLD:
            name = plain(failure.file)
            self._not_read.append(NotRead(name, plain(failure.message), failure.page))

    def _take(self, page: Page, doubts: Doubts) -> None:
        bare, again = _without_glyphs(page), 0
        for number, doubt in enumerate(doubts.worst, self._doubtful):
            kept = Kept(-doubt.candidates[0].p, -number, bare, doubt, doubts.thumb)
            full = len(self._kept) >= self._limit
            if full and kept < self._kept[0]:
                continue
            origin = origin_of(page.file, page.page, doubt.box)
            if origin in self._origins:  # the same photo was named twice
                again += 1
                continue
            self._origins.add(origin)
            if full:
                out = heapq.heapreplace(self._kept, kept)
                self._origins.remove(origin_of(out.page.file, out.page.page, out.doubt.box))
            else:
                heapq.heappush(self._kept, kept)
        self._doubtful += doubts.count - again

    def save(self) -> ReviewRecord:
        """Write the page and what `ingest --from-review` needs; return what was written.

        Raises:
            InputError: the folder cannot be written.
        """
        from hwcli.review.write import page_of  # noqa: PLC0415 (templates, outlines of characters)

        kept = sorted(self._kept, reverse=True)
        record = self._record(kept)
        text = _json(record)
        with writing(self.folder, InputError), growing_folder(self.folder) as partial:
            (partial / GLYPHS).mkdir()
            for entry, each in zip(record.glyphs, kept, strict=True):
                (partial / entry.image).write_bytes(each.doubt.ink)
            write_bytes(partial / FILE, text.encode())
            key = hashlib.sha256(text.encode()).hexdigest()[:16]
            write_text(partial / PAGE, page_of(record, kept, key))
        return record

    def _record(self, kept: Sequence[Kept]) -> ReviewRecord:
        digits = max(4, len(str(len(kept))))
        names = [f"{GLYPHS}/{number:0{digits}}.png" for number in range(1, len(kept) + 1)]
        return ReviewRecord(
            schema=SCHEMA,
            hwcli=__version__,
            model=self._model,
            below=self._below,
            pages=self._pages,
            failed=self._failed,
            doubtful=self._doubtful,
            glyphs=tuple(_entry(n, each) for n, each in zip(names, kept, strict=True)),
            normalisation=self._like.how if self._like else None,
            merged=tuple(sorted(self._like.merged)) if self._like else (),
            not_read=tuple(self._not_read),
        )


def _json(record: ReviewRecord) -> str:
    """`record` as JSON, a glyph a line."""
    told = unstructure(record)
    glyphs = ",\n".join(json.dumps(g, ensure_ascii=False) for g in told.pop("glyphs"))
    head = json.dumps(told, ensure_ascii=False, indent=1).removesuffix("\n}")
    return f'{head},\n "glyphs": [\n{glyphs}\n]}}\n'


def _entry(name: str, kept: Kept) -> Entry:
    doubt, page = kept.doubt, kept.page
    return Entry(
        image=name,
        sha256=hashlib.sha256(doubt.ink).hexdigest(),
        origin=origin_of(page.file, page.page, doubt.box),
        file=plain(page.file),
        box=tuple(doubt.box),
        before=doubt.before,
        after=doubt.after,
        topk=tuple(Alternative(c.char, c.p) for c in doubt.candidates),
        page=page.page,
    )


def _without_glyphs(page: Page) -> Page:
    """`page` without what takes much memory."""
    return Page(
        page.file, page.width, page.height, page.script, (), (), page.model, page.angle_deg,
        page.inverted, page.page,
    )  # fmt: skip


def _check_folder(folder: Path) -> None:
    """Raise unless a review may be put where `folder` is.

    Raises:
        UsageError: something else is there, or corrections of an earlier review.
        InputError: it cannot be written.
    """
    with writing(folder, InputError):
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"--review {folder}: is no folder")
        if (folder / CORRECTIONS).exists():
            raise UsageError(
                f"--review {folder}: {CORRECTIONS} is in it, of an earlier review",
                hint=f"use it with `hwcli ingest --from-review {folder}`, or move it away",
            )
        if folder.is_symlink():
            raise UsageError(f"--review {folder}: is a link", hint="name the folder itself")
        there = [path.name for path in folder.iterdir()] if folder.exists() else []
        other = [name for name in there if name not in _OWN or FILE not in there]
        if other:
            raise UsageError(
                f"--review {folder}: holds {sorted(other)[0]!r}, which is of no review",
                hint="name another folder",
            )
        parent = Path(os.path.abspath(folder)).parent  # noqa: PTH100 (links stay what they are)
        parent.mkdir(parents=True, exist_ok=True)
        if not os.access(parent, os.W_OK | os.X_OK):
            raise InputError(f"{parent}: cannot be written")
