import numpy as np
import pytest

from hwcli.characters import NO_CHARACTER
from hwcli.errors import UsageError
from hwcli.page.choice import Choice, allowed_classes, as_allowed, parse_chars, parse_scripts

CLASSES, SCRIPTS = ("0", "1", "+", "-", "C", "a", "ب", "नि"), (*("Latn",) * 6, "Arab", "Deva")


@pytest.mark.parametrize(
    ("text", "chars"),
    [
        ("0-9+-=", "0123456789+-="),
        ("+-=0-2", "+-=012"),
        ("a-cX", "abcX"),
        ("-", "-"),
        ("a-", "a-"),
        ("-a", "-a"),
        ("a-Z", "a-Z"),
        ("०-३", "०१२३"),
        ("0 - 9", "0-9"),
        ("!-/", "!-/"),
    ],
)
def test_ranges_run_over_digits_or_letters_alone(text: str, chars: str) -> None:
    """So that `+-=` is a plus, a minus and an equals sign, as whoever types it means."""
    assert parse_chars(text) == frozenset(chars)


def test_marks_stay_with_their_letter() -> None:
    assert parse_chars("निa") == {"नि", "a"}


@pytest.mark.parametrize("text", ["", "  ", "9-0"])
def test_what_is_no_set_of_characters(text: str) -> None:
    with pytest.raises(UsageError):
        parse_chars(text)


def test_scripts_whatever_their_case() -> None:
    assert parse_scripts("latn, Arab") == {"Latn", "Arab"}
    assert parse_scripts("auto") == frozenset()
    for text in ("", "Latin", "L,A", "automatic"):
        with pytest.raises(UsageError):
            parse_scripts(text)


@pytest.mark.parametrize(
    ("choice", "left"),
    [
        (Choice(chars=parse_chars("0-9+-")), "01+-"),
        (Choice(scripts=frozenset({"Arab"})), "ب"),
        (Choice(chars=parse_chars("0-9ب"), scripts=frozenset({"Latn"})), "01"),
        (Choice(chars=frozenset("c")), "C"),
        (Choice(chars=frozenset("A0")), "0"),
    ],
)
def test_the_classes_that_are_left(choice: Choice, left: str) -> None:
    """c is C where that stands for both cases; A is not a where it does not."""
    mask = allowed_classes(choice, CLASSES, SCRIPTS, {"C"})
    assert mask is not None
    assert "".join(np.asarray(CLASSES)[mask]) == left


def test_what_every_script_uses_is_left_by_any() -> None:
    choice = Choice(scripts=frozenset({"Arab"}))
    mask = allowed_classes(choice, ("7", "a", "ب"), ("Zyyy", "Latn", "Arab"), set())
    assert mask is not None
    assert mask.tolist() == [True, False, True]


def test_what_is_no_character_makes_no_script_known() -> None:
    classes, scripts = ("a", NO_CHARACTER), ("Latn", "Zyyy")
    with pytest.raises(UsageError, match="not of this model") as caught:
        allowed_classes(Choice(scripts=frozenset({"Zyyy"})), classes, scripts, set())
    assert caught.value.hint == "it knows Latn"
    mask = allowed_classes(Choice(chars=frozenset("a")), classes, scripts, set())
    assert mask is not None and mask.all()


def test_everything_is_left_where_nothing_was_asked_for() -> None:
    assert allowed_classes(Choice(), CLASSES, SCRIPTS, set()) is None


@pytest.mark.parametrize(
    "choice",
    [
        Choice(chars=frozenset("%")),
        Choice(scripts=frozenset({"Grek"})),
        Choice(chars=frozenset("0"), scripts=frozenset({"Arab"})),
    ],
)
def test_what_the_model_does_not_know_is_told(choice: Choice) -> None:
    with pytest.raises(UsageError) as caught:
        allowed_classes(choice, CLASSES, SCRIPTS, set())
    assert "Latn" in str(caught.value.hint) or "0 1" in str(caught.value.hint)


def test_the_case_that_was_asked_for_is_written() -> None:
    lower = Choice(chars=frozenset("c"))
    assert (as_allowed("C", lower), as_allowed("c", lower), as_allowed("x", lower)) == (
        "c", "c", "x",
    )  # fmt: skip
    assert as_allowed("C", Choice()) == "C"
    assert as_allowed("C", Choice(chars=frozenset("cC"))) == "C"


def test_what_nobody_names_is_read_only_if_it_is_asked_for() -> None:
    classes, scripts = ("a", "�", "␡"), ("Latn", "Knda", "Zyyy")
    for choice, expected in (
        (Choice(), [True, False, True]),
        (Choice(chars=frozenset("a�")), [True, True, True]),
        (Choice(scripts=frozenset({"Latn"})), [True, False, True]),
    ):
        allowed = allowed_classes(choice, classes, scripts, frozenset())
        assert allowed is not None and allowed.tolist() == expected
    assert allowed_classes(Choice(), ("a", "b"), ("Latn",) * 2, frozenset()) is None
