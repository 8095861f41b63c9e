"""The stock of glyphs that pages are composed of: those of a dataset, by character."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from hwcli.characters import NO_CHARACTER, UNKNOWN
from hwcli.compose.styles import NEEDED, STYLES
from hwcli.dataset import open_dataset
from hwcli.errors import DatasetError
from hwcli.shards import Rows, Split

_BY_SOURCE = 0.5
"""Share of the draws that choose the source first: most glyphs are of one, and by few hands."""
_MOST_OF = 0.6
"""Share of a script's characters from which on a writer can write pages alone."""
_COARSE = ("kassel-letters",)
"""Sources whose glyphs are too coarse to be written large: 16 × 8 px."""


Person = dict[str, NDArray[np.intp]]
"""Rows of the characters of one writer."""


@dataclass(frozen=True, slots=True, eq=False)
class Stock:
    """Glyphs, by character and by script."""

    images: NDArray[np.uint8]
    """uint8 (N, S, S), ink 255 on 0."""
    chars: tuple[str, ...]
    """The characters there are."""
    scripts: dict[str, tuple[str, ...]]
    """The characters of each script, by its ISO 15924 code."""
    rows: dict[str, tuple[NDArray[np.intp], ...]]
    """Rows of `images` of each character, by the source that they come from."""
    people: dict[str, tuple[Person, ...]]
    """Of each script, those who wrote most of its characters."""
    split: Split = Split.train
    """That they are of: nobody writes for two."""
    words: tuple[str, ...] = ()
    """What is written in Latin letters; made-up words if none."""

    def draw(self, char: str, rng: Generator, person: Person | None = None) -> NDArray[np.uint8]:
        """A glyph of `char`, uint8 (h, w), ink 255 on 0.

        It is one of `person`'s, if there is one; else now and then in another style.
        """
        if person is not None and char in person:
            rows = person[char]
            return np.asarray(self.images[rows[rng.integers(len(rows))]], np.uint8)
        share, style = STYLES.get(char, (0.0, None))
        image = self._one(char, rng)
        if style is not None and rng.random() < share and NEEDED.get(char, char) in self.rows:
            return style(image, rng, lambda part: self._one(part, rng))
        return image

    def _one(self, char: str, rng: Generator) -> NDArray[np.uint8]:
        """A glyph; half of the time each source is as likely as another, however small it is."""
        by_source = self.rows[char]
        if len(by_source) == 1 or rng.random() < _BY_SOURCE:
            rows = by_source[rng.integers(len(by_source))]
            return np.asarray(self.images[rows[rng.integers(len(rows))]], np.uint8)
        at = int(rng.integers(sum(map(len, by_source))))
        for rows in by_source:
            if at < len(rows):
                break
            at -= len(rows)
        return np.asarray(self.images[rows[at]], np.uint8)


def load_stock(folder: Path, splits: Sequence[Split], *, most: int = 0) -> Stock:
    """The glyphs of `splits` of the dataset at `folder`; of each character `most`, if not 0.

    Raises:
        DatasetError: no dataset, or none of characters.
    """
    dataset = open_dataset(folder)
    info = dataset.info
    if info.target != "char":
        raise DatasetError(f"{folder}: has no characters")
    coarse = [i for i, source in enumerate(info.sources) if source.name in _COARSE]
    rows = dataset.load(*splits)
    rows = rows.take(~np.isin(rows.source, coarse))
    order = np.argsort(rows.label, kind="stable")
    bounds = np.searchsorted(rows.label[order], np.arange(len(info.classes) + 1))
    by_char: dict[str, NDArray[np.intp]] = {}
    by_script: dict[str, list[str]] = {}
    for number, char in enumerate(info.classes):
        own = order[bounds[number] : bounds[number + 1]]
        if most and len(own) > most:
            own = _some(own, rows.source[own], most)
        if len(own) and char not in (UNKNOWN, NO_CHARACTER):
            by_char[char] = own
            script = info.scripts[int(rows.script[own[0]])]
            by_script.setdefault(script, []).append(char)
    if not by_char:
        raise DatasetError(f"{folder}: has no glyphs in {', '.join(s.name for s in splits)}")
    scripts = {script: tuple(chars) for script, chars in by_script.items()}
    people = {script: _people(rows, info.classes, chars) for script, chars in scripts.items()}
    parts = [
        *by_char.values(),
        *(own for some in people.values() for p in some for own in p.values()),
    ]
    held = np.unique(np.concatenate(parts))
    by_source = {c: _parted(held.searchsorted(own), rows.source[own]) for c, own in by_char.items()}
    return Stock(
        rows.images[held],
        tuple(by_char),
        scripts,
        by_source,
        {script: tuple({c: held.searchsorted(own) for c, own in person.items()} for person in some)
         for script, some in people.items()},
        splits[0],
    )  # fmt: skip


def _people(rows: Rows, classes: Sequence[str], chars: Sequence[str]) -> tuple[Person, ...]:
    """Who wrote most of `chars`, and what."""
    number = {char: classes.index(char) for char in chars}
    own = np.flatnonzero((rows.writer >= 0) & np.isin(rows.label, list(number.values())))
    order = own[np.lexsort((rows.label[own], rows.writer[own]))]
    people = []
    for part in np.split(order, np.flatnonzero(np.diff(rows.writer[order])) + 1):
        labels = rows.label[part]
        if len(np.unique(labels)) >= _MOST_OF * len(chars):
            people.append({char: part[labels == n] for char, n in number.items() if n in labels})
    return tuple(people)


def _some(rows: NDArray[np.intp], source: NDArray[np.int32], most: int) -> NDArray[np.intp]:
    """`most` of `rows`: of each source as many as of the others, if it has so many."""
    parts = sorted(_parted(rows, source), key=len)
    kept, left = [], most
    for number, part in enumerate(parts):
        share = left // (len(parts) - number)
        kept.append(part if len(part) <= share
                    else part[np.linspace(0, len(part) - 1, share).astype(np.intp)])  # fmt: skip
        left -= len(kept[-1])
    return np.concatenate(kept)


def _parted(rows: NDArray[np.intp], source: NDArray[np.int32]) -> tuple[NDArray[np.intp], ...]:
    """`rows` by their source."""
    return tuple(rows[source == number] for number in np.unique(source))
