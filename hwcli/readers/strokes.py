"""Reads catalogues of letterforms: strokes as points, which synthetic hands write."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import FetchError
from hwcli.fetch.archive import Archive
from hwcli.glyph import Image
from hwcli.readers.reader import Block, Listing, Reader, listing_of, matching
from hwcli.readers.strokes_hand import Stroke, hand_of, write
from hwcli.recipe import Part, Source

_MAX_FILE = 1 << 20
"""Bytes of a catalogue."""
_MOST_FORMS, _MOST_STROKES, _MOST_POINTS = 5000, 12, 64
"""Of a catalogue, of a form, of a stroke."""
_MOST_DOTS = 2000
"""Of a catalogue: the time that TOML takes grows with the square of the parts of a dotted key."""
_LONGEST_NAME = 100
"""Characters of a form's name."""
_POINT = re.compile(r"(-?\d{1,3}),(-?\d{1,3})(!?)", re.ASCII)
_FURTHEST = 300
"""Units from the origin, each way; a capital is 100 high."""


@dataclass(frozen=True, slots=True)
class Form:
    """A way to write a character."""

    char: str
    name: str
    strokes: tuple[Stroke, ...]


class StrokesReader(Reader):
    """All forms of the catalogues that match the part's glob, each as every hand writes it."""

    is_ink = True

    def __init__(self, source: Source, part: Part, archive: Archive) -> None:
        self._forms: list[tuple[str, Form]] = []
        for member in matching(archive, part.images, source.name):
            where = f"{source.name}: {member}"
            forms = forms_of(archive.read(member, _MAX_FILE), where)
            self._forms += [(member, form) for form in forms]
        self._hands = source.hands

    def listing(self) -> Listing:
        """The forms of the first hand, then of the next; a hand is a writer."""
        chars = [form.char for _, form in self._forms]
        hands = [f"hand-{n:03}" for n in range(self._hands) for _ in chars]
        return listing_of(chars * self._hands, hands)

    def origin(self, row: int) -> str:
        """The catalogue, the form and the hand."""
        hand, number = divmod(row, len(self._forms))
        member, form = self._forms[number]
        return f"{member}#{form.char} {form.name}#{hand}"

    def blocks(self, rows: NDArray[np.intp], size: int) -> Iterator[Block]:
        """What the hands of `rows` write."""
        for start in range(0, len(rows), size):
            chosen = [divmod(int(r), len(self._forms)) for r in rows[start : start + size]]
            yield StrokesBlock(tuple((hand, self._forms[n][1]) for hand, n in chosen))


@dataclass(frozen=True, slots=True)
class StrokesBlock:
    """Forms, each with the number of the hand that is to write it."""

    forms: tuple[tuple[int, Form], ...]

    def images(self) -> Iterator[Image | str]:
        """The ink of each."""
        for hand, form in self.forms:
            yield write(form.char, form.name, form.strokes, hand_of(hand))


def forms_of(data: bytes, where: str) -> list[Form]:
    """The forms of a catalogue.

    Raises:
        FetchError: it is none, or too large.
    """
    hint = "docs/recipes.md says how a catalogue of letterforms is written"
    if len(data) > _MAX_FILE:
        raise FetchError(f"{where}: has more than {_MAX_FILE:,} bytes", hint=hint)
    if data.count(b".") > _MOST_DOTS:
        raise FetchError(f"{where}: has more than {_MOST_DOTS:,} dots", hint=hint)
    try:
        told = tomllib.loads(data.decode())
        forms = [_form(char, name, strokes) for char, names in told.items()
                 for name, strokes in _table(char, names).items()]  # fmt: skip
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise FetchError(f"{where}: is not TOML: {error!s:.200}", hint=hint) from error
    except ValueError as error:
        raise FetchError(f"{where}: {error}", hint=hint) from error
    if not 1 <= len(forms) <= _MOST_FORMS:
        raise FetchError(f"{where}: has {len(forms):,} forms, not 1 to {_MOST_FORMS:,}", hint=hint)
    return forms


def _table(char: str, names: object) -> dict[str, object]:
    if not isinstance(names, dict):
        raise ValueError(f"{char!r:.60} is no table of forms")
    return names


def _form(char: str, name: str, strokes: object) -> Form:
    """The form that a catalogue has under `char` and `name`.

    Raises:
        ValueError: it has none.
    """
    what = f"the form {name!r:.60} of {char!r:.60}"
    if len(char) != 1 or not char.isprintable():
        raise ValueError(f"{char!r:.60} is no single character")
    if not 1 <= len(name) <= _LONGEST_NAME or not name.isprintable():
        raise ValueError(f"{what} needs a name of 1 to {_LONGEST_NAME} characters")
    if not isinstance(strokes, list) or not all(isinstance(s, str) for s in strokes):
        raise ValueError(f"{what} is no list of strokes, each a string of points")
    if not 1 <= len(strokes) <= _MOST_STROKES:
        raise ValueError(f"{what} has {len(strokes):,} strokes, not 1 to {_MOST_STROKES}")
    return Form(char, name, tuple(_stroke(text, what) for text in strokes))


def _stroke(text: str, what: str) -> Stroke:
    """The stroke that `text` says: points `x,y`, with `!` after corners."""
    points = text.split(None, _MOST_POINTS)
    if not 1 <= len(points) <= _MOST_POINTS:
        raise ValueError(f"{what} has a stroke of none or more than {_MOST_POINTS} points")
    read = [_POINT.fullmatch(point) for point in points]
    at = np.array([(int(m[1]), int(m[2])) for m in read if m], np.float64).reshape(-1, 2)
    if len(at) < len(points) or np.abs(at).max() > _FURTHEST:
        wrong = next(p for p, m in zip(points, read, strict=True)
                     if m is None or max(abs(int(m[1])), abs(int(m[2]))) > _FURTHEST)  # fmt: skip
        raise ValueError(f"{what} has {wrong!r:.60} for a point, such as 20,-35 or 20,-35!")
    corners = tuple(i for i, m in enumerate(read) if m and m[3] and 0 < i < len(at) - 1)
    return Stroke(at, corners)
