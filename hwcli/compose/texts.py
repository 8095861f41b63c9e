"""What is written on composed pages: words, numbers and expressions of one script."""

from numpy.random import Generator

from hwcli.compose.stock import Stock

_VARIABLES = "XYZabnt"
_POINTS = ".,.,;:!?"
"""What may stand after a word; `.` and `,` are as usual as here."""
_AROUND = ("()", "()", "[]", '""', "''")
"""What may stand around a word."""
_LETTERS, _USUAL = "abCdefghIJKLMnOPqrStUVWXYZ", "eaInrtOSLdUMChPg"
"""The small letters as EMNIST by merge names them, and the usual ones of them."""
_GIVEN, _IN_CAPITALS = 0.85, 0.2
"""Share of the words that are some of those given, if any are, and of these in capitals."""
_JOINED_LETTERS = 0.85
"""Share of the joined-up words that are small letters."""
_POINTED, _ENCLOSED, _BRACKETED = 0.12, 0.05, 0.25
"""Shares of words with a sign after them and with signs around them, of equations with brackets."""


def random_word(
    stock: Stock, script: str, rng: Generator, longest: int = 9, *, joined: bool = False
) -> list[str]:
    """The characters of a made-up word or number; any of the script where it has none of these.

    What is `joined` up is mostly small letters.
    """
    if script == "Latn" and stock.words and longest > 1 and rng.random() < _GIVEN:
        return _given(stock, rng)
    count = int(rng.integers(1, longest + 1))
    if script == "Latn":
        joined = joined and rng.random() < _JOINED_LETTERS
        kind = _small(count, rng) if joined else _kind(stock, rng)
        chars = _of(stock, kind, count, rng)
        if chars:
            return chars
    own = stock.scripts[script]
    return [own[i] for i in rng.integers(len(own), size=count)]


def _given(stock: Stock, rng: Generator) -> list[str]:
    """One of the words that are to be written, now and then in capitals, as far as it can be."""
    word = stock.words[rng.integers(len(stock.words))]
    word = word.upper() if rng.random() < _IN_CAPITALS else word
    return [c if c in stock.rows else c.swapcase() for c in word
            if c in stock.rows or c.swapcase() in stock.rows]  # fmt: skip


def _small(count: int, rng: Generator) -> str:
    """What a word of small letters is drawn from: all of them, usual ones oftener.

    Small letters that look like their capitals go by these.
    """
    return _LETTERS + (count > 2) * _USUAL * int(rng.integers(3))


def _kind(stock: Stock, rng: Generator) -> str:
    """The Latin characters that a word is made of."""
    kind = rng.random()
    if kind < 0.25:
        return "0123456789"
    if kind < 0.45:
        return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    if kind < 0.9:
        return _LETTERS + 2 * "aeeInOtrSabCdhLMUPg"
    return "".join(c for c in stock.scripts["Latn"] if len(c) == 1)


def in_a_sentence(word: list[str], stock: Stock, rng: Generator) -> list[str]:
    """`word`, now and then with signs around or after it, as far as there are glyphs of them."""
    kind = rng.random()
    if kind < _POINTED:
        return word + _of(stock, _POINTS, 1, rng)
    pairs = [pair for pair in _AROUND if set(pair) <= set(stock.rows)]
    if kind < _POINTED + _ENCLOSED and pairs:
        around = pairs[rng.integers(len(pairs))]
        return [around[0], *word, around[1]]
    return word


def random_expression(stock: Stock, rng: Generator) -> list[str]:
    """The characters of an equation; a character after `^` stands raised."""
    out: list[str] = []
    terms = int(rng.integers(1, 5))
    first, last = _bracketed(terms, rng)
    for term in range(terms):
        if term:
            out += [str(rng.choice(list("+++---//÷÷*")))]
        out += ["("] * (term == first)
        out += _of(stock, "0123456789", int(rng.integers(0 if term else 1, 3)), rng)
        if rng.random() < 0.6:
            out += _of(stock, _VARIABLES, 1, rng)
            if rng.random() < 0.4:
                out += ["^", str(rng.integers(2, 10))]
        out += [")"] * (term == last)
    if rng.random() < 0.8:
        out += [str(rng.choice(list(9 * "=" + "<>")))]
        out += _of(stock, "0123456789", int(rng.integers(1, 4)), rng)
    known = set(stock.rows) | {"^"}
    return [char for char in out if char in known]


def _bracketed(terms: int, rng: Generator) -> tuple[int, int]:
    """The terms between which an equation of `terms` has brackets, −1 for none."""
    if terms < 2 or rng.random() >= _BRACKETED:
        return -1, -1
    first = int(rng.integers(terms - 1))
    return first, int(rng.integers(first + 1, terms))


def _of(stock: Stock, chars: str, count: int, rng: Generator) -> list[str]:
    known = [c for c in chars if c in stock.rows]
    return [known[i] for i in rng.integers(len(known), size=count)] if known else []
