"""Composed pages: what is known of them is so."""

import numpy as np
import pytest

from composed import sample_dataset, sample_stock
from hwcli.compose.canvas import Placed, blank
from hwcli.compose.hand import random_hand, write_glyph
from hwcli.compose.page import compose
from hwcli.compose.stock import Stock, load_stock
from hwcli.compose.styles import STYLES
from hwcli.compose.writing import LAYOUTS
from hwcli.errors import DatasetError
from hwcli.shards import Split
from synthetic import make_dataset


def test_the_same_seed_composes_the_same_page() -> None:
    first, again, other = (
        compose(sample_stock(), np.random.default_rng([3, n])) for n in (1, 1, 2)
    )
    assert np.array_equal(first.grey, again.grey) and np.array_equal(first.ids, again.ids)
    assert first.grey.shape != other.grey.shape or not np.array_equal(first.grey, other.grey)


@pytest.mark.parametrize("seed", range(12))
def test_ink_stands_where_the_page_says(seed: int) -> None:
    """Numbers are those of the glyphs, and what they mark differs from the paper beside it."""
    page = compose(sample_stock(), np.random.default_rng([5, seed]))
    assert page.grey.dtype == np.uint8 and page.grey.shape == page.ids.shape
    assert page.ids.max() <= len(page.glyphs) and page.ids.min() >= -1
    marked = page.ids > 0
    assert marked.sum() > 20 * len(set(page.ids[marked].tolist())) ** 0.5
    grey = page.grey.astype(float)
    assert abs(grey[marked].mean() - np.median(grey[~marked])) > 3


def test_every_layout_writes() -> None:
    rng = np.random.default_rng(0)
    for name, (_, lay_out) in LAYOUTS.items():
        canvas = blank(300, 500)
        lay_out(canvas, sample_stock(), "Latn", random_hand(rng, 40.0), rng)
        assert canvas.glyphs, name
        assert set(np.unique(canvas.ids)) - {0} <= set(range(1, len(canvas.glyphs) + 1)), name


def test_what_does_not_fit_is_not_written() -> None:
    rng = np.random.default_rng(0)
    written = write_glyph(sample_stock(), "A", random_hand(rng, 40.0), rng)
    canvas = blank(60, 60)
    canvas.put(written, 50, 50, Placed("A", "Latn", 0, 0))
    assert not canvas.glyphs and not canvas.ids.any()
    canvas.put(written, 5, 55, Placed("A", "Latn", 0, 0))
    assert len(canvas.glyphs) == 1 and (canvas.ids == 1).sum() > 30


@pytest.mark.parametrize("pen", [2.0, 4.0, 8.0])
def test_strokes_are_as_wide_as_the_pen(pen: float) -> None:
    from dataclasses import replace

    from hwcli.glyph import stroke_width

    rng = np.random.default_rng(1)
    hand = replace(random_hand(rng, 60.0), pen=pen, slant=0.0, wobble=0.0)
    widths = [
        stroke_width((255 * write_glyph(sample_stock(), char, hand, rng).ink).astype(np.uint8))
        for char in "ABEHTMNWK"
    ]
    assert np.median(widths) == pytest.approx(pen, rel=0.35)


@pytest.mark.parametrize("char", sorted(set(STYLES) & set("7ZX01")))
def test_a_style_adds_ink_or_another_shape(char: str) -> None:
    stock, rng = sample_stock(), np.random.default_rng(2)
    if char not in stock.rows:
        pytest.skip(f"no {char} in the sample")
    plain = stock.images[stock.rows[char][0][0]]
    styled = STYLES[char][1](plain, rng, lambda part: stock.draw(part, rng))
    assert styled.dtype == np.uint8 and styled.max() > 200
    assert styled.shape != plain.shape or not np.array_equal(styled, plain)


def test_a_stock_of_few_holds_that_many_of_each() -> None:
    stock = load_stock(sample_dataset(), [Split.train], most=3)
    assert max(sum(map(len, rows)) for rows in stock.rows.values()) == 3
    assert {script for script, chars in stock.scripts.items() if chars} == set(stock.scripts)
    assert len(stock.images) >= sum(sum(map(len, rows)) for rows in stock.rows.values())


def test_no_glyphs_is_told(tmp_path) -> None:
    make_dataset(tmp_path / "d", splits=(Split.train,))
    with pytest.raises(DatasetError, match="has no glyphs in test"):
        load_stock(tmp_path / "d", [Split.test])


def test_a_person_writes_with_their_own_glyphs() -> None:
    """Those who wrote most of a script are known, and what is drawn of them is theirs."""
    stock, rng = sample_stock(), np.random.default_rng(4)
    people = [person for some in stock.people.values() for person in some]
    assert people
    for person in people:
        char = next(iter(person))
        own = stock.images[person[char]]
        drawn = stock.draw(char, rng, person)
        assert any(np.array_equal(drawn, image) for image in own)


@pytest.mark.parametrize("script", ["Latn", "Zyyy"])
@pytest.mark.parametrize("chars", ["7", "X", "ab", "ÄÖ"])
def test_pages_can_be_of_any_few_characters(chars: str, script: str) -> None:
    """Those without digits, without capitals, or without what another way to write is made of."""
    full = sample_stock()
    shapes = dict(zip(chars, ("7", "X"), strict=False))
    stock = Stock(
        full.images, tuple(chars), {script: tuple(chars)},
        {c: full.rows[shape] for c, shape in shapes.items()}, {script: ()},
    )  # fmt: skip
    for seed in range(3):
        rng = np.random.default_rng([9, seed])
        for _, lay_out in LAYOUTS.values():
            canvas = blank(300, 400)
            lay_out(canvas, stock, script, random_hand(rng, 40.0), rng)
            assert all(g.char in chars and g.script == script for g in canvas.glyphs)
