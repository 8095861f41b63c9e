"""Views of composed pages with the glyph each pixel belongs to: what the finder learns from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from hwcli.compose.page import compose
from hwcli.compose.stock import Stock, load_stock
from hwcli.page.grey import Grey
from hwcli.page.ink import find_ink
from hwcli.page.rulings import remove_rulings
from hwcli.page.view import HEIGHT, see, usual_height
from hwcli.shards import Split

_GUESSED = 0.6
"""Share of the views that are scaled by what the page looks like, as photos are."""
_JITTER = 0.22
"""Standard deviation of the logarithm of what they are scaled by besides."""
_SMALLEST, _LARGEST = 13.0, 80.0
"""Height of capitals in a view, px."""
_GLYPHS = 600
"""Of each character, held for composing."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A view whose characters are known."""

    view: Grey
    """uint8 (h, w)."""
    ids: NDArray[np.int16]
    """(h, w): number of the glyph, from 1; 0 for paper and −1 for ink that is no character."""


def make_sample(stock: Stock, rng: Generator) -> Sample:
    """A sample at random."""
    page = compose(stock, rng)
    ink = find_ink(page.grey)
    cleaned = remove_rulings(ink)
    guessed = HEIGHT / usual_height(cleaned.found) * page.height
    wanted = guessed if rng.random() < _GUESSED else HEIGHT
    wanted = float(np.clip(wanted * np.exp(rng.normal(0, _JITTER)), _SMALLEST, _LARGEST))
    view = see(cleaned.ink.strength, cleaned.mask, page.height * HEIGHT / wanted).image
    ids = cv2.resize(page.ids.astype(np.float32), view.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return Sample(view, np.asarray(ids, np.int16))


class Composer:
    """What a process that composes samples holds."""

    stock: Stock


def start_composing(folder: Path, splits: Sequence[Split]) -> None:
    """Get ready to compose of the glyphs of a dataset."""
    cv2.setNumThreads(1)
    Composer.stock = load_stock(folder, splits, most=_GLYPHS)


def make_samples(seed: int, first: int, count: int) -> list[Sample]:
    """Samples `first` to `first + count` of those of `seed`; the same ones every time."""
    numbers = range(first, first + count)
    return [make_sample(Composer.stock, np.random.default_rng([seed, n])) for n in numbers]
