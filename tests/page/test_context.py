"""What the line and the page say of a glyph."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwcli.page.context import Settled, settle_by_topics
from hwcli.page.topics import topics_of

LATIN = tuple("+-./0123456789:=ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt÷")
ARABIC = tuple("ابتثجحخدذرزسشصضطظعغفقكلمنهوي")
MIXED = (*LATIN, *ARABIC, "␡")
SCRIPTS = ("Latn",) * len(LATIN) + ("Arab",) * len(ARABIC) + ("Zyyy",)

Row = str | dict[str, float]


def rows_of(rows: list[Row], classes: tuple[str, ...]) -> np.ndarray:
    """Probabilities of `rows`: a character that is surely read, or shares of several."""
    out = np.full((len(rows), len(classes)), 1e-5)
    for number, row in enumerate(rows):
        for char, share in ({row: 0.97} if isinstance(row, str) else row).items():
            out[number, classes.index(char)] = share
    return np.asarray(out / out.sum(axis=1, keepdims=True), np.float32)


def settled(
    rows: list[Row],
    line: list[int] | None = None,
    word: list[int] | None = None,
    classes: tuple[str, ...] = MIXED,
) -> Settled:
    probabilities = rows_of(rows, classes)
    before = probabilities.copy()
    out = settle_by_topics(
        probabilities,
        np.asarray(line or [0] * len(rows), np.int32),
        np.asarray(word or [0] * len(rows), np.int32),
        topics_of(classes, SCRIPTS[: len(classes)]),
    )
    assert (probabilities == before).all()
    assert out.probabilities.sum(axis=1) == pytest.approx(np.ones(len(rows)), abs=1e-5)
    is_char = np.array([c != "␡" for c in classes])
    best, first = ((p * is_char).argmax(axis=1) for p in (out.probabilities, probabilities))
    assert (out.changed == (best != first)).all()
    return out


def read(out: Settled, classes: tuple[str, ...] = MIXED) -> str:
    return "".join(classes[i] for i in out.probabilities.argmax(axis=1))


ROUND = {"0": 0.6, "O": 0.39}
CROSS: Row = {"K": 0.5, "X": 0.3, "n": 0.15}
PLUS: Row = {"t": 0.6, "+": 0.39}
BAR: Row = {"1": 0.55, "ا": 0.44}


@pytest.mark.parametrize(
    "rows, expected",
    [
        pytest.param([*"HELL", ROUND], "HELLO", id="a round glyph among letters is an O"),
        pytest.param([*"274", ROUND, *"9"], "27409", id="among digits it is a zero"),
        pytest.param([*"2", CROSS, *"+3=7"], "2X+3=7", id="an unknown is mostly x"),
        pytest.param([*"X", PLUS, *"5=12"], "X+5=12", id="a cross between numbers is a plus"),
        pytest.param([*"hea", PLUS, *"ed"], "heated", id="and in a word a t"),
        pytest.param([*"بحم", BAR, *"ن"], "بحمان", id="a bar among Arabic letters is an alif"),
        pytest.param([*"205", BAR, *"7"], "20517", id="and a one among digits"),
        pytest.param([*"HELL", "0"], "HELL0", id="what is sure is not changed"),
        pytest.param([*"KA05MX1234"], "KA05MX1234", id="nor are the letters and digits of a code"),
        pytest.param([*"XQZW"], "XQZW", id="nor are words of no language"),
    ],
)
def test_look_alikes_are_settled_by_their_line(rows: list[Row], expected: str) -> None:
    assert read(settled(rows)) == expected


def test_one_character_over_and_over_is_read_alike() -> None:
    doubtful: list[Row] = [{"9": 0.55, "q": 0.44} if n % 3 else {"q": 0.9, "9": 0.09}
                           for n in range(30)]  # fmt: skip
    assert read(settled(doubtful, [n // 10 for n in range(30)])) == "q" * 30


def test_a_glyph_that_stands_alone_stays_exactly_what_it_is() -> None:
    for row in (ROUND, CROSS, "q"):
        alone = settled([row])
        assert alone.probabilities == pytest.approx(rows_of([row], MIXED), abs=1e-3)
        assert not alone.changed.any()


def test_what_is_alike_in_two_scripts_is_sooner_of_the_more_usual_one() -> None:
    bar: Row = {"ا": 0.55, "1": 0.44}
    assert read(settled([bar])) == "1"
    assert read(settled(["ب", bar])) == "با", "unless its neighbours say otherwise"
    assert read(settled(["ب"])) == "ب", "what is sure stays, in any script"


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([{"5": 0.7, "S": 0.29}, "7"], id="beside a digit"),
        pytest.param([{"5": 0.7, "S": 0.29}, "A"], id="beside a letter"),
        pytest.param(["+", {"Y": 0.8, "+": 0.19}], id="beside a sign"),
    ],
)
def test_two_characters_are_not_forced(rows: list[Row]) -> None:
    assert not settled(rows).changed.any()


def test_the_page_helps_lines_of_one_glyph() -> None:
    rows: list[Row] = [*"بحمسشعغ", BAR]
    assert read(settled(rows, list(range(8))))[-1] == "ا"
    assert read(settled(["7", BAR], [0, 1]))[-1] == "1"


def test_the_line_counts_more_than_the_page() -> None:
    rows: list[Row] = [*"HELL", ROUND, *"2749", ROUND]
    assert read(settled(rows, [0] * 5 + [1] * 5))[4::5] == "O0"


def test_a_topic_ends_sooner_between_words() -> None:
    def zero(word: list[int]) -> float:
        out = settled([*"ABDE", {"0": 0.5, "D": 0.49}, *"27"], word=word)
        return float(out.probabilities[4, MIXED.index("0")])

    assert zero([0, 0, 0, 0, 1, 1, 1]) > zero([0] * 7)


def test_glyphs_of_a_line_need_not_stand_together() -> None:
    rows: list[Row] = ["H", "2", "E", "7", "L", "4", ROUND, ROUND]
    mixed = settled(rows, [0, 1] * 4)
    assert read(mixed)[6:] == "O0"


@pytest.mark.parametrize("share", [0.3, 0.9, 1.0])
def test_what_is_no_character_stays_as_likely(share: float) -> None:
    rows: list[Row] = [*"2749", {"␡": share, "0": (1 - share) * 0.5, "O": (1 - share) * 0.5}]
    out = settled(rows)
    at = MIXED.index("␡")
    assert out.probabilities[4, at] == pytest.approx(rows_of(rows, MIXED)[4, at], abs=1e-6)
    if share < 1:
        assert out.probabilities[4, MIXED.index("0")] > out.probabilities[4, MIXED.index("O")]


def test_scraps_tell_nothing_of_the_topic() -> None:
    scrap: Row = {"␡": 0.999, "A": 0.001}
    assert settled([scrap] * 6 + [ROUND]).probabilities[6] == pytest.approx(
        rows_of([ROUND], MIXED)[0], abs=0.01
    )


def test_small_letters_are_likely_in_algebra_and_unlikely_among_capitals() -> None:
    assert settled([*"2X+3=7"]).small[1] > 0.6
    assert settled([*"HEX", *"ABD"]).small[2] < 0.2
    assert settled(["X"]).small[0] == pytest.approx(0.5, abs=0.01)


def test_what_may_be_none_is_told_as_changed_and_by_its_case_all_the_same() -> None:
    doubtful: Row = {"␡": 0.45, "0": 0.33, "O": 0.21}
    out = settled([*"ABDEFG", doubtful, *"HNRT"])
    assert out.changed[6]
    assert out.small[6] == pytest.approx(settled([*"ABDEFG", "O", *"HNRT"]).small[6], abs=0.05)


def test_no_glyphs() -> None:
    none = settle_by_topics(
        np.empty((0, len(MIXED)), np.float32),
        *[np.empty(0, np.int32)] * 2,
        topics_of(MIXED, SCRIPTS),
    )
    assert none.probabilities.shape == (0, len(MIXED))
    assert not len(none.small)


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.sampled_from([0.02, 0.3, 5.0]))
def test_any_page_gives_probabilities(seed: int, count: int, spread: float) -> None:
    rng = np.random.default_rng(seed)
    classes = MIXED[:: int(rng.integers(1, 40))]
    probabilities = rng.dirichlet([spread] * len(classes), count).astype(np.float32)
    line = rng.integers(0, 4, count).astype(np.int32)
    word = rng.integers(0, 3, count).astype(np.int32)
    topics = topics_of(classes, [SCRIPTS[MIXED.index(c)] for c in classes])
    out = settle_by_topics(probabilities, line, word, topics)
    assert np.isfinite(out.probabilities).all()
    assert out.probabilities.sum(axis=1) == pytest.approx(np.ones(count), abs=1e-4)
    assert ((out.small >= 0) & (out.small <= 1)).all()
