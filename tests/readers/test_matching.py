"""Which members a glob means: those that fnmatch says."""

import re
from fnmatch import translate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwcli.fetch.archive import Files, MissingError
from hwcli.readers.reader import _matching, matching

NAMES = [
    "Train/a/1.png",
    "Train/a/2.PNG",
    "Test/1.png",
    "x/Train/.png",
    "Train.png",
    "a\nb.png",
    "",
]

FOUND = {
    "*": NAMES,
    "*.png": ["Train/a/1.png", "Test/1.png", "x/Train/.png", "Train.png", "a\nb.png"],
    "Train/*": ["Train/a/1.png", "Train/a/2.PNG"],
    "*Train/*.png": ["Train/a/1.png", "x/Train/.png"],
    "T*/*": ["Train/a/1.png", "Train/a/2.PNG", "Test/1.png"],
    "Train.png*.png": [],
    "Train.png*": ["Train.png"],
    "**": NAMES,
    "T*/*/*.png": ["Train/a/1.png"],
    "*[12].png": ["Train/a/1.png", "Test/1.png"],
    "Test/?.png": ["Test/1.png"],
    "Train.png": ["Train.png"],
}


@pytest.mark.parametrize("glob", FOUND)
def test_what_a_glob_finds(glob: str) -> None:
    assert _matching(NAMES, glob) == FOUND[glob]


texts = st.text("ab/.*?[]!\\\n", max_size=8)


@given(st.lists(texts, max_size=30), texts)
def test_any_glob_finds_what_fnmatch_does(names: list[str], glob: str) -> None:
    wanted = re.compile(translate(glob))
    assert _matching(names, glob) == [n for n in names if wanted.match(n)]


@given(st.lists(st.text("ab", max_size=6)), st.text("ab*", max_size=6))
def test_any_beginning_piece_and_end_is_found(names: list[str], glob: str) -> None:
    wanted = re.compile(translate(glob))
    assert _matching(names, glob) == [n for n in names if wanted.match(n)]


def test_below_a_folder_only_what_is_not_at_the_top() -> None:
    archive = Files("here", dict.fromkeys(["d/a.png", "d/e/b.png", "c.png"]))  # type: ignore[arg-type]
    assert matching(archive, "d/*", "s") == ["d/a.png", "d/e/b.png"]
    assert matching(archive, "e/*", "s") == ["d/e/b.png"]
    with pytest.raises(MissingError, match="no member matches x"):
        matching(archive, "x", "s")
