"""What is written on composed pages: words, numbers and expressions of one script."""

from numpy.random import Generator

from hwcli.compose.stock import Stock

_VARIABLES = "XYZabnt"


def random_word(stock: Stock, script: str, rng: Generator, longest: int = 9) -> list[str]:
    """The characters of a made-up word or number; any of the script where it has none of these."""
    count = int(rng.integers(1, longest + 1))
    chars = _of(stock, _kind(stock, rng), count, rng) if script == "Latn" else []
    if chars:
        return chars
    own = stock.scripts[script]
    return [own[i] for i in rng.integers(len(own), size=count)]


def _kind(stock: Stock, rng: Generator) -> str:
    """The Latin characters that a word is made of."""
    kind = rng.random()
    if kind < 0.25:
        return "0123456789"
    if kind < 0.45:
        return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    if kind < 0.9:
        return "abCdefghIJKLMnOPqrStUVWXYZ" + 2 * "aeeInOtrSabCdhLMUPg"
    return "".join(c for c in stock.scripts["Latn"] if len(c) == 1)


def random_expression(stock: Stock, rng: Generator) -> list[str]:
    """The characters of an equation; a character after `^` stands raised."""
    out: list[str] = []
    for term in range(int(rng.integers(1, 5))):
        if term:
            out += [str(rng.choice(list("++--/÷")))]
        out += _of(stock, "0123456789", int(rng.integers(0 if term else 1, 3)), rng)
        if rng.random() < 0.6:
            out += _of(stock, _VARIABLES, 1, rng)
            if rng.random() < 0.4:
                out += ["^", str(rng.integers(2, 10))]
    if rng.random() < 0.8:
        out += ["=", *_of(stock, "0123456789", int(rng.integers(1, 4)), rng)]
    known = set(stock.rows) | {"^"}
    return [char for char in out if char in known]


def _of(stock: Stock, chars: str, count: int, rng: Generator) -> list[str]:
    known = [c for c in chars if c in stock.rows]
    return [known[i] for i in rng.integers(len(known), size=count)] if known else []
