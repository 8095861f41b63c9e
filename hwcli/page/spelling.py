"""What the letters of a word say of each other: which follow which, in any language.

Letters are read worse than they are spelled: after `q` comes `u`, no word begins with `rn`. A word
is either spelled as words are, as a second-order Markov chain of letters spells them, or it is
anything: a code, an abbreviation, a row of letters in a table. Which of the two is told by the word
itself, and by the other words of its page, so that what is no language is left as it is read.
"""

import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from hwcli.characters import NO_CHARACTER, UNKNOWN

SPELLING = "spelling"
"""Flag of a glyph that the letters of its word changed."""

_LETTERS = 26
_STEPS = 20
"""Of the catalogue of letters: how many of its numbers halve a probability."""
_FEWEST, _LONGEST = 3, 32
"""Letters of a word that says anything; longer ones are taken apart."""
_AT_ONCE = 4000
"""Letters that are settled at once: each takes 6 kB."""
_POWER = 0.7
"""Of what letters say of each other: with 1 words are read as well, and rows of letters worse."""
_STRANGE = 0.2
"""How likely something that is no letter stands in a word, against a letter."""
_SPELLED, _USUAL = 0.3, 2.0
"""How likely a word is spelled before anything is read, and what that counts for, in words."""
_ROUNDS = 3
"""How often words are settled by the other words of their page."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """How much likelier a letter is after two others than in any place."""

    ratio: Floats
    """(27, 27, 27): of the third after the first and second; 0 is what is no letter, 1 is a."""
    last: Floats
    """(27, 27): how much likelier a word ends after these two."""


@lru_cache(maxsize=1)
def chain() -> Chain:
    """The chain that comes with the package."""
    data = (files("hwcli") / "assets" / "spelling" / "latin.bin").read_bytes()
    side = _LETTERS + 1
    told = np.exp2(-np.frombuffer(data, np.uint8).reshape(side, side, side) / _STEPS)
    told /= told.sum(axis=2, keepdims=True)
    letters = told[:, :, 1:] / told[:, :, 1:].sum(axis=2, keepdims=True)
    usual = _usual(told)[1:]
    ratio = np.ones_like(told)
    ratio[:, :, 1:] = (letters / (usual / usual.sum())) ** _POWER
    ratio[:, :, 0] = _STRANGE
    last = (told[:, :, 0] / _usual(told)[0]) ** _POWER
    return Chain(ratio, last)


def _usual(told: Floats) -> Floats:
    """(27,) how usual each is in the long run."""
    pair = np.full(told.shape[:2], 1 / told[0].size)
    for _ in range(50):
        pair = np.einsum("ab,abc->bc", pair, told)
        pair /= pair.sum()
    return np.asarray(pair.sum(axis=0), np.float64)


class Speller:
    """Settles letters by their words, for the classes of one model."""

    def __init__(self, classes: Sequence[str], scripts: Sequence[str]) -> None:
        """Of a model.

        Args:
            classes: its characters.
            scripts: ISO 15924 code of each.
        """
        letters = [
            string.ascii_lowercase.find(char.lower()) if script == "Latn" and len(char) == 1 else -1
            for char, script in zip(classes, scripts, strict=True)
        ]
        self._letter = np.array(letters, np.intp) + 1
        self._none = np.array([char in (NO_CHARACTER, UNKNOWN) for char in classes], np.bool_)

    def settled(
        self,
        probabilities: NDArray[np.float32],
        line: NDArray[np.int32],
        word: NDArray[np.int32],
    ) -> NDArray[np.float32]:
        """Probabilities of N glyphs given the other letters of their words.

        That one is no character is as probable as before.

        Args:
            probabilities: (N, classes), rows summing to 1.
            line: (N,) number of each glyph's line.
            word: (N,) number of its word within the line; glyphs of a line are in reading order.
        """
        characters = np.where(self._none, 0, probabilities.astype(np.float64))
        sums = characters.sum(axis=1, keepdims=True)
        told = np.zeros((len(probabilities), _LETTERS + 1))
        np.add.at(told.T, self._letter, (characters / np.maximum(sums, 1e-12)).T)
        words = _words(told, line, word)
        if not words:
            return probabilities
        spelled, fits = told.copy(), np.empty(len(words))
        for some in _groups(words):
            places = _side_by_side([words[n] for n in some])
            there = places >= 0
            own = np.where(there[:, :, None], told[places], 1.0)
            letters, fits[some] = _spelled(own, there, chain())
            spelled[places[there]] = letters[there]
        share = np.repeat(_shares(fits), list(map(len, words)))[:, None]
        glyphs = np.concatenate(words)
        changed = share * spelled[glyphs] / np.maximum(told[glyphs], 1e-12) + (1 - share)
        new = characters[glyphs] * changed[:, self._letter]
        new *= sums[glyphs] / np.maximum(new.sum(axis=1, keepdims=True), 1e-12)
        settled = probabilities.copy()
        settled[glyphs] = np.where(self._none, settled[glyphs], new)
        return settled


def _words(
    told: Floats, line: NDArray[np.int32], word: NDArray[np.int32]
) -> list[NDArray[np.intp]]:
    """The glyphs of each word of letters."""
    order = np.lexsort((word, line))
    letter = told[order, 1:].sum(axis=1) > 0.5
    ends = (np.diff(line[order]) != 0) | (np.diff(word[order]) != 0) | np.diff(letter)
    runs = np.split(order, np.flatnonzero(ends) + 1)
    kept = [run for run in runs if len(run) and told[run[0], 1:].sum() > 0.5]
    parts = (run[at : at + _LONGEST] for run in kept for at in range(0, len(run), _LONGEST))
    return [part for part in parts if len(part) >= _FEWEST]


def _groups(words: list[NDArray[np.intp]]) -> Iterator[list[int]]:
    """Numbers of words that are settled at once, of like length: a bounded number of letters."""
    order = sorted(range(len(words)), key=lambda n: len(words[n]))
    while order:
        at_once = max(1, _AT_ONCE // len(words[order[-1]]))
        yield order[-at_once:]
        del order[-at_once:]


def _side_by_side(words: list[NDArray[np.intp]]) -> NDArray[np.intp]:
    """(words, longest) their glyphs, -1 beyond the end of each."""
    places = np.full((len(words), max(map(len, words))), -1, np.intp)
    for row, own in zip(places, words, strict=True):
        row[: len(own)] = own
    return places


def _spelled(own: Floats, there: NDArray[np.bool_], chain: Chain) -> tuple[Floats, Floats]:
    """Each letter given that its word is spelled, and how much better the word reads so.

    Forward and backward messages (Rabiner 1989) over pairs of letters, all words at once.

    Args:
        own: (words, longest, 27) what each glyph is by itself.
        there: (words, longest) which of them there are.
        chain: of letters.
    """
    words, longest, side = own.shape
    by_second = chain.ratio.transpose(1, 0, 2)
    before = np.zeros((longest + 1, words, side, side))
    before[0, :, 0, 0] = 1.0
    fits = np.zeros(words)
    for place in range(longest):
        here = there[:, place]
        step = (before[place].transpose(2, 0, 1) @ by_second).transpose(1, 0, 2)
        step = step * own[:, place, None, :]
        scale = step.sum(axis=(1, 2))
        fits += np.where(here, np.log(np.maximum(scale, 1e-300)), 0.0)
        step /= np.maximum(scale, 1e-300)[:, None, None]
        before[place + 1] = np.where(here[:, None, None], step, before[place])
    ends = (before[longest] * chain.last).sum(axis=(1, 2))
    fits += np.log(np.maximum(ends, 1e-300))
    after = np.broadcast_to(chain.last, (words, side, side)).copy()
    spelled = own.copy()
    for place in range(longest - 1, -1, -1):
        here = there[:, place]
        told = (before[place + 1] * after).sum(axis=1)
        told /= np.maximum(told.sum(axis=1, keepdims=True), 1e-300)
        spelled[here, place] = told[here]
        told = (after * own[:, place, None, :]).transpose(1, 2, 0)
        step = (by_second @ told).transpose(2, 1, 0)
        step /= np.maximum(step.max(axis=(1, 2), keepdims=True), 1e-300)
        after = np.where(here[:, None, None], step, after)
    return spelled, fits


def _shares(fits: Floats) -> Floats:
    """(words,) how likely each word is spelled, by itself and by the others of the page."""
    prior = np.full(len(fits), _SPELLED)
    for _ in range(_ROUNDS):
        odds = np.log(prior / (1 - prior)) + fits
        share = 1 / (1 + np.exp(-np.clip(odds, -50, 50)))
        prior = (_USUAL * _SPELLED + share.sum() - share) / (_USUAL + len(fits) - 1)
        prior = np.clip(prior, 0.02, 0.98)
    return np.asarray(share, np.float64)
