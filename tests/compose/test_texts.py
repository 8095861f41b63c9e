"""What is written on pages: signs where they belong, and not too many."""

from collections import Counter
from dataclasses import replace

import numpy as np

from composed import sample_stock
from hwcli.compose.stock import Stock
from hwcli.compose.texts import in_a_sentence, random_expression, random_word


def with_signs() -> Stock:
    """The sample's stock, with a glyph of each sign that it does not have."""
    stock = sample_stock()
    some = stock.rows["A"]
    rows = {**dict.fromkeys(""",;:!?()[]'"*<>%&@#=""", some), **stock.rows}
    return replace(stock, rows=rows, chars=tuple(rows))


def sentences(stock: Stock) -> list[str]:
    rng = np.random.default_rng(0)
    words = (random_word(stock, "Latn", rng) for _ in range(3000))
    return ["".join(in_a_sentence(word, stock, rng)) for word in words]


def test_words_are_followed_by_points_and_stand_within_brackets_and_quotes() -> None:
    texts = sentences(with_signs())
    ends = Counter(text[-1] for text in texts if text[0] not in "([\"'")
    assert all(ends[sign] > 10 for sign in ".,;:!?")
    around = Counter(text[0] + text[-1] for text in texts)
    assert all(around[pair] > 5 for pair in ("()", "[]", '""', "''"))
    signs = sum(not c.isalnum() for text in texts for c in text)
    assert 0.02 < signs / sum(map(len, texts)) < 0.12  # the old characters stay the most by far


def test_signs_that_there_are_none_of_are_left_out() -> None:
    assert all(set(text) <= set(sample_stock().rows) for text in sentences(sample_stock()))


def test_brackets_of_equations_are_closed() -> None:
    rng = np.random.default_rng(0)
    texts = ["".join(random_expression(with_signs(), rng)) for _ in range(600)]
    bracketed = [text for text in texts if "(" in text]
    assert 40 < len(bracketed) < 200
    for text in texts:
        assert text.count("(") == text.count(")") <= 1
        assert text.find("(") <= text.find(")")
    assert any("<" in text for text in texts) and any("*" in text for text in texts)
    assert sum("=" in text for text in texts) > 300
