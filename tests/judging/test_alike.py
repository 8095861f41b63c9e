import pytest

from hwcli.errors import UsageError
from hwcli.judging.alike import case_groups, group_numbers, parse_groups


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("0Oo,1lI|,5S", (("0", "O", "o"), ("1", "l", "I", "|"), ("5", "S"))),
        ("0 O", (("0", "O"),)),
        ("नि नी", (("नि", "नी"),)),
        ("U+002C U+002E", ((",", "."),)),
        ("U+0928+093F x", (("नि", "x"),)),
        ("OOo", (("O", "o"),)),
        (" 0O , xX ", (("0", "O"), ("x", "X"))),
    ],
)
def test_groups_as_they_are_written(text: str, groups: tuple[tuple[str, ...], ...]) -> None:
    assert parse_groups(text) == groups


@pytest.mark.parametrize("text", ["", "0", "0O,", "OO", "U+110000 x", "U+D800 x"])
def test_what_is_no_group_is_told(text: str) -> None:
    with pytest.raises(UsageError):
        parse_groups(text)


def test_case_by_full_folding() -> None:
    assert case_groups(("a", "A", "ß", "ẞ", "1", "Σ", "σ", "ς")) == (
        ("a", "A"), ("ß", "ẞ"), ("Σ", "σ", "ς"),
    )  # fmt: skip
    assert case_groups(("a", "b")) == ()


def test_groups_that_share_a_member_are_one() -> None:
    numbers = group_numbers(("0", "O", "o", "Q"), (("0", "O"), ("O", "o"), ("Q", "?")))
    assert numbers == [0, 0, 0, 1]
    assert group_numbers(("a", "b"), ()) == [0, 1]
