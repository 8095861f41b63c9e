"""Reads the glyphs of a review (`hwcli ocr --review`) that a person has told the characters of."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwcli.corrections import parse_decisions
from hwcli.errors import FetchError
from hwcli.fetch.archive import Archive, Members, reading
from hwcli.glyph import Image
from hwcli.readers.picture import decode_all
from hwcli.readers.reader import Block, Listing, Reader, listing_of, only_member
from hwcli.recipe import Part, Source
from hwcli.review.decided import MOST_CORRECTIONS, Decided, decide
from hwcli.review.record import CORRECTIONS, MOST_BYTES, parse_review

_MAX_FILE = 64 << 20
"""Bytes of one glyph."""


@dataclass(frozen=True, slots=True)
class ReviewBlock:
    """Glyphs of a review, each with the SHA-256 that its file must have."""

    members: Members
    wanted: tuple[str, ...]

    def images(self) -> Iterator[Image | str]:
        """The ink of each, or the reason why there is none."""
        contents = self.members.contents(_MAX_FILE)
        return decode_all(map(_checked, contents, self.wanted))


def _checked(data: bytes | FetchError, wanted: str) -> bytes | str:
    if isinstance(data, FetchError):
        return "not there, or not readable"
    if hashlib.sha256(data).hexdigest() != wanted:
        return "another image than was looked at"
    return data


class ReviewReader(Reader):
    """The glyphs of `review.json` that corrections decide on; `labels` names the CSV of these."""

    is_ink = True

    def __init__(self, source: Source, part: Part, archive: Archive) -> None:
        member = only_member(archive, part.images, source.name)
        beside = member.rpartition("/")[0]
        self._folder = f"{beside}/" if beside else ""
        table = only_member(archive, part.labels or self._folder + CORRECTIONS, source.name)
        what = f"{source.name}: {member}"
        with reading(what):
            told, raw = archive.read(member, MOST_BYTES), archive.read(table, MOST_CORRECTIONS)
        record = parse_review(told, what)
        self._decided: Decided = decide(record, parse_decisions(raw, Path(table)), table)
        self._archive = archive

    def listing(self) -> Listing:
        """The character that each was told to be, and what became of the others."""
        labels = [label for _, label in self._decided.labelled]
        return listing_of(labels, notes=self._decided.notes())

    def origin(self, row: int) -> str:
        """The photo, and where on it the glyph stands."""
        return self._decided.labelled[row][0].origin

    def blocks(self, rows: NDArray[np.intp], size: int) -> Iterator[Block]:
        """The ink of `rows`, as it was when the photo was read."""
        for start in range(0, len(rows), size):
            chosen = [self._decided.labelled[int(r)][0] for r in rows[start : start + size]]
            members = self._archive.some([self._folder + entry.image for entry in chosen])
            yield ReviewBlock(members, tuple(entry.sha256 for entry in chosen))
