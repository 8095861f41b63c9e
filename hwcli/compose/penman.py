"""Somebody who joins letters: a synthetic hand, and which letterforms it uses."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.random import Generator

from hwcli.readers.strokes import Form, forms_of
from hwcli.readers.strokes_hand import Hand as Strokes
from hwcli.readers.strokes_hand import Points, hand_of

_CATALOGUE = "letterforms/latin.toml"
_FIRST_HAND = 1000
"""Number of the first hand: those before are of the dataset of letterforms."""
_HANDS = 1 << 20
_KEPT = 0.85
"""Share of the letters that a hand writes in its usual form."""
_JOINING = 4.0
"""How much likelier a hand's usual form is one that the pen enters and leaves as it goes on."""
LEFT, _RIGHT = 0.3, 0.55
"""The pen enters within this share of a letter's width, and leaves it beyond that one."""
HIGH = 35.0
"""Units above the line; a capital is 100 high. A letter that the pen leaves above this is followed
by one that it enters above it."""
_LIFTED = 0.15
"""Share of the links that are not drawn, in the mean of hands."""


@dataclass(frozen=True, slots=True)
class Penman:
    """A synthetic hand, and the form that it usually gives each letter."""

    strokes: Strokes
    usual: Mapping[str, int]
    """Number of the form of each character."""
    lifted: float
    """Share of the links that are not drawn."""
    apart: float
    """Between letters, in units of the catalogue."""


@lru_cache(maxsize=1)
def catalogue() -> Mapping[str, tuple[Form, ...]]:
    """The forms of each letter."""
    data = (files("hwcli") / "assets" / _CATALOGUE).read_bytes()
    forms: dict[str, list[Form]] = {}
    for form in forms_of(data, _CATALOGUE):
        if form.char.isalpha():
            forms.setdefault(form.char, []).append(form)
    return {char: tuple(some) for char, some in forms.items()}


def random_penman(split: int, rng: Generator) -> Penman:
    """Somebody who joins letters; nobody writes for two splits, numbers of which are 0, 1 and 2."""
    number = _FIRST_HAND + 3 * int(rng.integers(_HANDS)) + split
    usual = {}
    for char, forms in catalogue().items():
        weights = np.array([_JOINING if _joins(form) else 1.0 for form in forms])
        usual[char] = int(rng.choice(len(forms), p=weights / weights.sum()))
    strokes = hand_of(number)
    calm = replace(strokes, wobble=0.6 * strokes.wobble)
    return Penman(calm, usual, float(rng.beta(1, 1 / _LIFTED - 1)), float(rng.uniform(-2, 12)))


def form_of(char: str, penman: Penman, high: bool, rng: Generator) -> Form:
    """The form of the next letter; after one that is left `high` one that is entered high."""
    forms = catalogue()[char]
    if high:
        fitting = [form for form in forms if form.strokes[0].points[0, 1] > HIGH]
        if fitting and forms[penman.usual[char]] not in fitting:
            return fitting[penman.usual[char] % len(fitting)]
    if rng.random() < _KEPT:
        return forms[penman.usual[char]]
    return forms[rng.integers(len(forms))]


def _joins(form: Form) -> bool:
    """Whether the pen enters it on the left and leaves it on the right."""
    lines = [stroke.points for stroke in form.strokes]
    every = np.vstack(lines)
    left, right = float(every[:, 0].min()), float(every[:, 0].max())
    enters = lines[0][0, 0] <= left + LEFT * (right - left)
    return bool(enters and way_out(lines, left, right) is not None and form.char.islower())


def way_out(lines: list[Points], left: float, right: float) -> tuple[Points, Points] | None:
    """Where the pen leaves a letter to the right, and the way it goes; None where it does not."""
    for line in lines[:2]:
        if len(line) > 2 and line[-1, 0] >= left + _RIGHT * (right - left):
            return line[-1], line[-1] - line[-min(4, len(line))]
    return None
