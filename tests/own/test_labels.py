"""`--labels`: what it may say, and what is made of a pattern without names."""

import re

import pytest

from hwcli.errors import UsageError
from hwcli.own.labels import LabelWish, parse_labels


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("", LabelWish()),
        ("folder", LabelWish("folder")),
        ("csv:a.csv", LabelWish("csv", table="a.csv")),
        ("csv:a.csv:Image File:char", LabelWish("csv", "", "a.csv", ("Image File", "char"))),
        ("pattern:^(?P<label>.)_", LabelWish("pattern", "^(?P<label>.)_")),
    ],
)
def test_what_it_may_say(text: str, wish: LabelWish) -> None:
    assert parse_labels(text) == wish


@pytest.mark.parametrize(
    ("pattern", "name", "label"),
    [
        (r"^(.)_", "A_1.png", "A"),
        (r"\((.)\)", "x(B).png", "B"),
        (r"[](](?:x|y)(\d)", "(x7.png", "7"),
        (r"(?P<writer>\d+)_(\w)\.", "12_c.png", "c"),
        (r"[^(]\\?(z)", "az", "z"),
    ],
)
def test_the_only_group_without_a_name_is_the_label(pattern: str, name: str, label: str) -> None:
    found = re.search(parse_labels(f"pattern:{pattern}").pattern, name)
    assert found is not None and found["label"] == label


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("folders", "expected folder"),
        ("csv:", "expected folder"),
        ("csv:a.csv:b", "expected folder"),
        ("csv:a::b", "expected folder"),
        ("pattern:", "expected folder"),
        ("pattern:(", "unterminated"),
        ("pattern:abc", "no groups"),
        ("pattern:(a)(b)", "2 groups"),
        ("pattern:(?P<writer>a)", "no groups"),
        ("pattern:" + "(" * 200 + ")" * 200, "pattern"),
    ],
)
def test_what_it_may_not(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        parse_labels(text)
