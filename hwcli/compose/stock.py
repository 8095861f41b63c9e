"""The stock of glyphs that pages are composed of: those of a dataset, by character."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from hwcli.characters import NO_CHARACTER
from hwcli.compose.styles import STYLES
from hwcli.dataset import open_dataset
from hwcli.errors import DatasetError
from hwcli.shards import Split

UNKNOWN = "�"
"""What a dataset calls a character of which it is not told which it is."""
_BY_SOURCE = 0.5
"""Share of the draws that choose the source first: most glyphs are of one, and by few hands."""
_COARSE = ("kassel-letters",)
"""Sources whose glyphs are too coarse to be written large: 16 × 8 px."""


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

    def draw(self, char: str, rng: Generator) -> NDArray[np.uint8]:
        """A glyph of `char`, uint8 (h, w), ink 255 on 0, now and then in another style."""
        share, style = STYLES.get(char, (0.0, None))
        image = self._one(char, rng)
        if style is not None and rng.random() < share:
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
    held = np.concatenate(list(by_char.values()))
    ends = np.cumsum([len(own) for own in by_char.values()])
    numbers = zip(by_char, np.split(np.arange(len(held)), ends[:-1]), strict=True)
    by_source = {char: _parted(own, rows.source[held[own]]) for char, own in numbers}
    return Stock(rows.images[held], tuple(by_char), scripts, by_source)


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
