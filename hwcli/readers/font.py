"""Reads fonts: each file is a writer, and what it has of the source's characters is drawn large."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFont

from hwcli.errors import FetchError, RecipeError
from hwcli.fetch.archive import Archive, Members
from hwcli.glyph import Image
from hwcli.readers.reader import Block, Listing, Reader, listing_of, matching
from hwcli.recipe import Part, Source

_EM = 256
"""Px of the square that letters are designed in: small letters are some 100 px high."""
_LOOK = 48
"""The same, where it only matters whether there is a glyph."""
_MOST_EMS = 8
"""Sides of a glyph at most, in such squares: one of a hostile font may be 4,000 long."""
_MAX_FILE = 32 << 20
"""Bytes of a font; those of all Chinese characters have 25 million."""
_MAX_PACKED = 8 << 20
"""Bytes of a WOFF file; FreeType makes up to a hundred times as many of it."""
_MAX_UNPACKED = 64 << 20
"""Bytes that a WOFF file may say it has unpacked: FreeType takes that memory at once."""
_PACKED = (b"wOFF", b"wOF2")
_NOBODY = "\U0010ffff"
"""A character that is none, so what is drawn for it is what the font has for those it lacks."""


class FontReader(Reader):
    """All fonts that match the part's glob; of each the characters that it has."""

    is_ink = True

    def __init__(self, source: Source, part: Part, archive: Archive) -> None:
        self._archive = archive
        self._labels = _labels(source)
        members = matching(archive, part.images, source.name)
        self._rows = [(m, c) for m in members for c in self._characters(m) or ("",)]
        """Font and character of each row; no character where the font is none, or has none."""

    def listing(self) -> Listing:
        """The characters of each font, which is a writer; one row for a font without any."""
        some = next(iter(self._labels.values()))  # what has no image is dropped, with its reason
        return listing_of(
            [self._labels.get(c, some) for _, c in self._rows],
            [PurePosixPath(member).stem for member, _ in self._rows],
        )

    def _characters(self, member: str) -> list[str]:
        data = next(self._archive.some([member]).contents(_MAX_FILE))
        font = _opened(data, _LOOK)
        return [] if isinstance(font, str) else [c for c in self._labels if _has(font, c)]

    def origin(self, row: int) -> str:
        """The font, and the character."""
        member, character = self._rows[row]
        name = member.encode("utf-8", "backslashreplace").decode()
        return f"{name}#{character}" if character else name

    def blocks(self, rows: NDArray[np.intp], size: int) -> Iterator[Block]:
        """What `rows` are drawn as, ink."""
        for start in range(0, len(rows), size):
            chosen = [self._rows[int(r)] for r in rows[start : start + size]]
            by_font = [
                (member, tuple(character for _, character in several))
                for member, several in groupby(chosen, key=lambda row: row[0])
            ]
            members = self._archive.some([member for member, _ in by_font])
            yield FontBlock(members, tuple(characters for _, characters in by_font))


def _labels(source: Source) -> dict[str, str]:
    """What is drawn of a font, each character with its label as published.

    Raises:
        RecipeError: nothing is, or what is no single character.
    """
    labels = {label: label for label in source.classes}
    labels = labels or {c: str(source.first_label + i) for i, c in enumerate(source.alphabet)}
    if not labels:
        raise RecipeError(f"source {source.name}: fonts need an alphabet, which is drawn of them")
    for character in labels:
        if len(character) != 1:
            raise RecipeError(f"source {source.name}: of fonts no {character!r:.60} can be drawn")
    return labels


@dataclass(frozen=True, slots=True)
class FontBlock:
    """Fonts, and the characters to draw of each."""

    members: Members
    characters: tuple[tuple[str, ...], ...]

    def images(self) -> Iterator[Image | str]:
        """The ink of each character, or the reason why there is none."""
        contents = self.members.contents(_MAX_FILE)
        for data, characters in zip(contents, self.characters, strict=True):
            font = _opened(data, _EM)
            for character in characters:
                yield font if isinstance(font, str) else _image(font, character)


def _opened(data: bytes | FetchError, em: int) -> ImageFont.FreeTypeFont | str:
    """The font, or the reason why there is none. Each character is drawn by itself, unjoined."""
    if isinstance(data, FetchError):
        return "corrupt in its archive"
    if len(data) > _MAX_FILE:
        return "file too large"
    if data[:4] in _PACKED:
        unpacked = int.from_bytes(data[16:20], "big")
        if len(data) > _MAX_PACKED or unpacked > _MAX_UNPACKED:
            return "file too large"
    try:
        return ImageFont.truetype(io.BytesIO(data), em, layout_engine=ImageFont.Layout.BASIC)
    except (OSError, ValueError):
        return "not a font"


def _has(font: ImageFont.FreeTypeFont, character: str) -> bool:
    """Whether there is a glyph of `character`, even if it is too large to be drawn."""
    missing, found = _image(font, _NOBODY), _image(font, character)
    if isinstance(missing, str) or isinstance(found, str):
        return not (isinstance(missing, str) and isinstance(found, str)) or missing != found
    return not np.array_equal(missing, found)


def _image(font: ImageFont.FreeTypeFont, character: str) -> Image | str:
    """The glyph as ink, uint8 (H, W), or the reason why there is none."""
    if not character:
        return "no character of the alphabet"
    try:
        left, top, right, bottom = font.getbbox(character)
        if max(right - left, bottom - top) > _MOST_EMS * font.size:
            return "glyph too large"
        mask = font.getmask(character)
        return np.asarray(mask, np.uint8).reshape(mask.size[::-1])
    except (OSError, ValueError):
        return "glyph damaged"
