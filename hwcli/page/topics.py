"""What people write about, and which characters that takes: topics, as shares of characters.

The shares are general knowledge of such texts, kept mild: any character turns up anywhere, and
words and names are of any language. They were not counted on photos.
"""

import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hwcli.characters import NO_CHARACTER, OF_ALL_SCRIPTS, UNKNOWN

_FLOOR = 0.02
"""Share of the characters of a line that its topic says nothing of."""

_MILLIONS = {"Latn": 5000, "Hans": 1400, "Arab": 700, "Deva": 650, "Beng": 300, "Cyrl": 250,
             "Kana": 120, "Hira": 120, "Telu": 90, "Hang": 80, "Taml": 80, "Thai": 60, "Gujr": 60,
             "Knda": 50, "Mlym": 40, "Hebr": 14, "Grek": 13}  # fmt: skip
"""People who write in a script, roughly; those that are not named are historic, or are known to
few. A page is taken to be in a script by the square root of that, softened so that no script is out
of reach of a line that is read surely."""
_FEW = 5
"""Millions who write in a script that is not named, for this purpose."""

_ALIKE = ("0Ooοо〇", "1Il|ا", "xX×χх", "-−–一ー", "+十", "=二ニ", "/ノ")
"""Characters of one shape: how a collection's writers tell them apart is not how others do."""

Shares = Mapping[str, float]
"""Of characters, summing to 1."""


def _even(chars: Iterable[str]) -> Shares:
    every = sorted(set(chars))
    return {char: 1 / len(every) for char in every}


def _ranked(shares: Mapping[str, float]) -> Shares:
    """Shares of single characters, from those of groups of characters that are alike in it."""
    total = sum(shares.values())
    return {char: share / len(group) / total for group, share in shares.items() for char in group}


def _mixed(*parts: tuple[float, Shares]) -> Shares:
    out: dict[str, float] = {}
    for share, chars in parts:
        for char, own in chars.items():
            out[char] = out.get(char, 0.0) + share * own
    return out


_DIGITS = _even("0123456789")
_WRITTEN = _ranked({"e": 13, "a": 9.5, "i": 8, "n": 7.5, "ort": 19.5, "s": 6.5, "ld": 9, "u": 4.3,
                    "cmp": 8.5, "h": 2.3, "gkbv": 6.6, "fzwyj": 5.4, "qx": 0.7})  # fmt: skip
"""Letters in texts of the larger European languages, in the mean, roughly (accents left off)."""
_UNKNOWNS = _ranked({"x": 34, "y": 15, "ab": 17, "cn": 10, "z": 6, "kmprt": 9, "dfghijloqsuvw": 9})
"""Letters in school algebra: mostly x, then y; a, b, c for what is given, n for a number."""
_OPERATORS = _ranked(
    {"=": 30, "+": 26, "-": 24, "−": 2, "×·÷/": 8, "()": 5, "[]*%": 1, "^√": 1, "<>≤≥": 1, ".,:": 2}
)
"""Signs in school algebra: an equation has one =, and a sum or difference on each side."""
_POINTS = _ranked({".": 30, ",": 27, "-": 15, ":'/": 15, '()!?"&+': 10, ";[]%@#*": 3})
"""Signs between words and in numbers."""
_ANYTHING, _REPEATED = 0.15, 0.05
"""How likely a line holds any characters whatever, and one character over and over."""


@dataclass(frozen=True, slots=True, eq=False)
class Topics:
    """The topics that a model's characters allow, and the shares of the characters in each."""

    prior: NDArray[np.float64]
    """(topics,): how likely each is; with those of repeated characters it sums to 1."""
    ratio: NDArray[np.float64]
    """(topics, classes): how much likelier a character is in a topic than in any."""
    repeated: NDArray[np.float64]
    """(classes,): how likely a line repeats this character."""
    alone: NDArray[np.float64]
    """(classes,): how much likelier the character is where it is repeated."""
    small: NDArray[np.float64]
    """(topics, classes): how often it is the small letter, for a class that stands for both."""
    small_in_any: NDArray[np.float64]
    """(classes,): the same in any topic."""
    alike: tuple[NDArray[np.intp], ...]
    """Classes that have one shape."""
    rejects: NDArray[np.bool_]
    """(classes,): not a character."""
    usual: NDArray[np.float64]
    """(classes,): how usual the script of each is, 1 for Latin and what belongs to all."""

    def on_page(self, expected: NDArray[np.float64]) -> "Topics":
        """With topics of lines that repeat a character: one for each that a page may hold so often.

        The others together are one topic, so that nothing is said by what cannot be.

        Args:
            expected: (classes,) how many glyphs of the page are of each.
        """
        often = np.flatnonzero((expected >= 1) & (self.repeated > 0))
        rare = self.repeated.copy()
        rare[often] = 0.0
        share = rare / max(1e-12, rare.sum())
        own = np.zeros((len(often), len(rare)))
        own[np.arange(len(often)), often] = self.alone[often]
        return replace(
            self,
            prior=np.concatenate([self.prior, self.repeated[often], [rare.sum()]]),
            ratio=np.vstack([self.ratio, own + _FLOOR, share * self.alone + _FLOOR]),
            small=np.vstack([self.small, np.full((len(often) + 1, len(rare)), 0.5)]),
        )


def topics_of(
    classes: Sequence[str], scripts: Sequence[str], among: NDArray[np.bool_] | None = None
) -> Topics:
    """The topics of a model of `classes`.

    Args:
        classes: its characters.
        scripts: ISO 15924 code of each.
        among: (classes,) which can be; all if None.
    """
    forms = _forms(classes)
    can_be = np.ones(len(classes), np.bool_) if among is None else among
    rejects = np.array([char in (NO_CHARACTER, UNKNOWN) for char in classes], np.bool_)
    told = can_be & ~rejects
    every = _latin(forms, scripts) + _of_other_scripts(classes, scripts)
    prior = np.array([share for share, _ in every] + [_ANYTHING])
    topics = [chars for _, chars in every]
    shares = _shares(topics, forms)
    lower = _shares(topics, [{c for c in own if c.islower()} for own in forms])
    small = np.where(shares > 0, lower / np.where(shares > 0, shares, 1.0), 0.5)
    small = np.vstack([small, np.full(len(classes), 0.5)])
    shares = np.vstack([shares, np.full(len(classes), 1 / max(1, told.sum()))]) * told
    prior[:-1] *= shares[:-1].sum(axis=1)  # what the characters do not allow is not likely
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1e-12)
    usual = np.array([usual_of(script) for script in scripts])
    repeated = told * usual * (_REPEATED / max(1e-12, (told * usual).sum()))
    total = max(1e-12, prior.sum() + repeated.sum())
    prior, repeated = prior / total, repeated / total
    in_any = np.where(told, prior @ shares + repeated, 1.0)
    return Topics(
        prior=prior,
        ratio=(1 - _FLOOR) * shares / in_any + _FLOOR,
        repeated=repeated,
        alone=told * (1 - _FLOOR) / in_any,
        small=small,
        small_in_any=(prior @ (shares * small) + 0.5 * repeated) / in_any,
        alike=_alike(forms),
        rejects=rejects,
        usual=usual,
    )


def usual_of(script: str) -> float:
    """How usual it is that somebody writes in `script`, against Latin."""
    if script in OF_ALL_SCRIPTS:
        return 1.0
    return float((_MILLIONS.get(script, _FEW) / _MILLIONS["Latn"]) ** 0.5)


def _alike(forms: Sequence[Collection[str]]) -> tuple[NDArray[np.intp], ...]:
    every = ([i for i, own in enumerate(forms) if set(own) & set(group)] for group in _ALIKE)
    return tuple(np.array(some, np.intp) for some in every if len(some) > 1)


def _shares(topics: Sequence[Shares], forms: Sequence[Collection[str]]) -> NDArray[np.float64]:
    """(topics, classes): the share of the characters that each class stands for, in each topic."""
    every = [[sum(chars.get(c, 0.0) for c in own) for own in forms] for chars in topics]
    return np.array(every, np.float64).reshape(len(topics), len(forms))


def _forms(classes: Sequence[str]) -> list[frozenset[str]]:
    """The characters that each class stands for: itself, and its other case if that is no class."""
    known = frozenset(classes)
    return [frozenset({c} | ({c.swapcase()} - known if len(c) == 1 else set())) for c in classes]


def _latin(forms: list[frozenset[str]], scripts: Sequence[str]) -> list[tuple[float, Shares]]:
    """Topics in Latin letters, with how likely each is."""
    letters = {c for own, s in zip(forms, scripts, strict=True) if s == "Latn"
               for c in own if _is_letter(c)}  # fmt: skip
    low = _even(c for c in letters if not c.isupper()) if letters else {}
    high = _even(c for c in letters if not c.islower()) if letters else {}
    small = _mixed((0.6, _WRITTEN), (0.4, low))
    capital = _mixed((0.6, {c.upper(): p for c, p in _WRITTEN.items()}), (0.4, high))
    unknowns = _mixed((0.85, _UNKNOWNS), (0.15, {c.upper(): p for c, p in _UNKNOWNS.items()}))
    return [
        # numbers
        (0.16, _mixed((0.9, _DIGITS), (0.09, _POINTS), (0.005, capital), (0.005, small))),
        # algebra
        (0.16, _mixed((0.46, _DIGITS), (0.28, _OPERATORS), (0.26, unknowns))),
        # words
        (0.26, _mixed((0.88, small), (0.06, capital), (0.01, _DIGITS), (0.05, _POINTS))),
        # words in capitals
        (0.10, _mixed((0.90, capital), (0.03, small), (0.01, _DIGITS), (0.06, _POINTS))),
        # codes
        (0.1, _mixed((0.5, high), (0.37, _DIGITS), (0.1, low), (0.03, _POINTS))),
        # single capitals
        (0.05, _mixed((0.98, high), (0.02, low))),
        # single small letters
        (0.04, _mixed((0.98, low), (0.02, high))),
    ]


def _of_other_scripts(classes: Sequence[str], scripts: Sequence[str]) -> list[tuple[float, Shares]]:
    """Topics in each other script, with how likely each is: all together as those in Latin."""
    own: dict[str, list[str]] = {}
    for char, script in zip(classes, scripts, strict=True):
        if script != "Latn" and script not in OF_ALL_SCRIPTS and not _is_sign(char):
            own.setdefault(script, []).append(char)
    out: list[tuple[float, Shares]] = []
    total = sum(map(usual_of, own))
    for script, chars in own.items():
        share = 0.8 * usual_of(script) / total
        digits = _even(c for c in chars if _is_digit(c))
        letters = _even(c for c in chars if not _is_digit(c))
        if letters:
            of = 0.8 if digits else 1.0
            text = ((0.9, letters), (0.03, _DIGITS), (0.03, digits), (0.04, _POINTS))
            out.append((of * share, _mixed(*text)))
        if digits:
            of = 0.2 if letters else 1.0
            out.append((of * share, _mixed((0.9, digits), (0.08, _POINTS), (0.02, letters))))
    return out


def _is_letter(char: str) -> bool:
    return unicodedata.category(char[0])[0] in "LM"


def _is_digit(char: str) -> bool:
    return unicodedata.category(char[0])[0] == "N"


def _is_sign(char: str) -> bool:
    return (not _is_letter(char) and not _is_digit(char)) or char in _DIGITS
