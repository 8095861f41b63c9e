"""Letters settled by their words, and nothing where there are no words."""

import string
import tracemalloc

import numpy as np
import pytest

from hwcli.characters import NO_CHARACTER
from hwcli.page.spelling import Speller, chain

CLASSES = tuple(string.digits + string.ascii_uppercase + "abdefghnqrt+ÅЖ")
SCRIPTS = tuple(
    "Cyrl" if c == "Ж" else "Zyyy" if c in string.digits + "+" else "Latn" for c in CLASSES
)
SPELLER = Speller(CLASSES, SCRIPTS)


def place(char: str) -> int:
    return CLASSES.index(char if char in CLASSES else char.upper())


def read(words: list[str], instead: list[str], sure: float = 0.5) -> tuple[list[str], np.ndarray]:
    """What is made of `words`, each letter of which may as well be that of `instead`."""
    text, other = "".join(words), "".join(instead)
    told = np.full((len(text), len(CLASSES)), 1e-4, np.float32)
    for row, (char, second) in enumerate(zip(text, other, strict=True)):
        told[row, place(char)] += 1 - sure
        told[row, place(second)] += sure
    told /= told.sum(axis=1, keepdims=True)
    number = np.concatenate([[n] * len(word) for n, word in enumerate(words)]).astype(np.int32)
    settled = SPELLER.settled(told, np.zeros(len(text), np.int32), number)
    assert settled.dtype == np.float32
    assert settled.sum(axis=1) == pytest.approx(1, abs=1e-5)
    best = "".join(CLASSES[i] for i in settled.argmax(axis=1)).lower()
    return [best[np.flatnonzero(number == n)[0] :][: len(w)] for n, w in enumerate(words)], settled


def test_words_are_read_as_words() -> None:
    words = ["national", "handwriting", "question", "perder"]
    instead = ["uallouel", "hondwrltlnq", "gvesflon", "qehdeh"]
    assert read(words, instead, 0.52)[0] == words


def test_what_is_no_word_stays() -> None:
    """Rows of letters as on a form: nothing is made of them."""
    rows = ["xqzkv", "bdfghjk", "wvxzq", "qqxzj", "kzxvq"]
    assert read(rows, ["eaein", "aeionrt", "eaeie", "aenie", "aeoie"], 0.3)[0] == rows


def test_digits_and_lone_letters_stay_as_they_are() -> None:
    _, settled = read(["4711", "a", "ok", "3x+2"], ["1177", "o", "ak", "8k+7"])
    told = np.full((1, len(CLASSES)), 1e-4, np.float32)
    told[0, place("a")] += 0.5
    told[0, place("o")] += 0.5
    assert settled[4] == pytest.approx((told / told.sum())[0], abs=1e-5)


def test_the_share_of_what_is_no_letter_of_latin_stays_small_or_large() -> None:
    _, settled = read(["ЖЖЖЖ"], ["ÅÅÅÅ"])
    assert settled[0, place("Ж")] == pytest.approx(0.5, abs=0.01)


def test_doubts_that_it_is_a_character_stay() -> None:
    classes = (*CLASSES, NO_CHARACTER)
    told = np.zeros((3, len(classes)), np.float32)
    for row, (char, second) in enumerate(zip("the", "fno", strict=True)):
        told[row, [place(char), place(second)]] += [0.3, 0.3]
    told[:, -1] = 0.4
    zeros = np.zeros(3, np.int32)
    settled = Speller(classes, (*SCRIPTS, "Zyyy")).settled(told, zeros, zeros)
    assert settled[:, -1] == pytest.approx(0.4) and settled.sum(axis=1) == pytest.approx(1)
    assert settled[2, place("e")] > 0.305


def test_case_is_none_of_its_business() -> None:
    """Both cases of a letter gain alike."""
    classes = ("A", "a", "X", "x", "N", "n", "D", "d")
    told = np.tile(np.array([0.2, 0.3, 0.1, 0.4, 0, 0, 0, 0], np.float32), (3, 1))
    told[1] = [0, 0, 0, 0, 0.5, 0.5, 0, 0]
    told[2] = [0, 0, 0, 0, 0, 0, 0.5, 0.5]
    zeros = np.zeros(3, np.int32)
    settled = Speller(classes, ("Latn",) * 8).settled(told, zeros, zeros)
    assert settled[0, 1] / settled[0, 0] == pytest.approx(1.5, rel=1e-4)
    assert settled[0, :2].sum() > 0.5


def test_a_row_of_many_letters_is_no_word_and_takes_little_memory() -> None:
    """A page whose gaps fail, or a table of letters: one run among words of five."""
    rng, count = np.random.default_rng(0), 3000
    told = rng.dirichlet(np.full(len(CLASSES), 0.05), count).astype(np.float32)
    word = np.concatenate([np.zeros(400), 1 + np.arange(count - 400) // 5]).astype(np.int32)
    tracemalloc.start()
    settled = SPELLER.settled(told, np.zeros(count, np.int32), word)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 100e6
    assert np.isfinite(settled).all() and settled.sum(axis=1) == pytest.approx(1, abs=1e-4)


def test_nothing_is_settled_to_nothing() -> None:
    empty = np.empty((0, len(CLASSES)), np.float32)
    none = np.empty(0, np.int32)
    assert SPELLER.settled(empty, none, none).shape == empty.shape


def test_the_chain_knows_what_follows_q() -> None:
    ratio = chain().ratio
    q, u, z = (ord(c) - 96 for c in "quz")
    assert ratio[0, q, u] > 3 > 1 > ratio[0, q, z]
    assert np.isfinite(ratio).all() and (ratio > 0).all() and (chain().last > 0).all()
