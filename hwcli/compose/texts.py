"""What is written on composed pages: words, numbers and expressions of one script."""

from numpy.random import Generator

from hwcli.compose.stock import Stock

_VARIABLES = "XYZabnt"


def random_word(stock: Stock, script: str, rng: Generator, longest: int = 9) -> list[str]:
    """The characters of a made-up word or number."""
    count = int(rng.integers(1, longest + 1))
    if script != "Latn":
        own = stock.scripts[script]
        return [own[i] for i in rng.integers(len(own), size=count)]
    kind = rng.random()
    if kind < 0.25:
        return _of(stock, "0123456789", count, rng)
    if kind < 0.45:
        return _of(stock, "ABCDEFGHIJKLMNOPQRSTUVWXYZ", count, rng)
    small = "abCdefghIJKLMnOPqrStUVWXYZ"
    if kind < 0.9:
        often = "aeeInOtrSabCdhLMUPg"
        return _of(stock, small + 2 * often, count, rng)
    return _of(stock, "".join(c for c in stock.scripts["Latn"] if len(c) == 1), count, rng)


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
