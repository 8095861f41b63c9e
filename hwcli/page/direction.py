"""Lines that run from right to left: known once they are read, and then put into their order."""

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import TypeVar

from hwcli.page.reading import Glyph

_T = TypeVar("_T")
_LEFT, _RIGHT = frozenset(("L",)), frozenset(("R", "AL"))
_NUMBER = frozenset(("EN", "AN"))
"""Bidirectional classes of digits, and above of letters (Unicode Standard Annex 9)."""


def in_reading_order(glyphs: Sequence[Glyph]) -> tuple[tuple[Glyph, ...], list[int]]:
    """`glyphs`, line by line from left to right, in the order they are read; and their indices."""
    chars = [g.candidates[0].char for g in glyphs]
    if not any(_class(c) in _RIGHT for c in chars):
        return tuple(glyphs), list(range(len(glyphs)))
    order, words = reading_order(chars, [g.line for g in glyphs], [g.word for g in glyphs])
    return tuple(replace(glyphs[i], word=n) for i, n in zip(order, words, strict=True)), order


def reading_order(
    chars: Sequence[str], line: Sequence[int], word: Sequence[int]
) -> tuple[list[int], list[int]]:
    """The order in which the characters of a page are read, and the number of the word of each.

    A line runs from right to left where most of its letters do; one without letters as the page
    does. Numbers and words of other letters within it stay from left to right.

    Args:
        chars: as they stand, line by line and from left to right.
        line: number of the line of each.
        word: number of its word within the line, from 0.

    Returns:
        The index of each, in reading order; and the number of its word in that order.
    """
    page = runs_right_to_left(chars)
    order: list[int] = []
    words: list[int] = []
    for _, members in groupby(range(len(chars)), key=lambda i: line[i]):
        own = list(members)
        if not runs_right_to_left([chars[i] for i in own], page):
            order += own
            words += [word[i] for i in own]
            continue
        parts = [list(some) for _, some in groupby(own, key=lambda i: word[i])]
        for number, part in enumerate(_line_reversed(parts, chars)):
            order += part
            words += [number] * len(part)
    return order, words


def runs_right_to_left(chars: Sequence[str], otherwise: bool = False) -> bool:
    """Whether most letters among `chars` run from right to left; `otherwise` if there are none."""
    classes = [_class(c) for c in chars]
    right = sum(c in _RIGHT for c in classes)
    left = sum(c in _LEFT for c in classes)
    return right > left if right + left else otherwise


def _line_reversed(words: list[list[int]], chars: Sequence[str]) -> list[list[int]]:
    """The words of a line from right to left, each with its characters in their order."""
    is_left: list[bool] = []
    for word in words:
        classes = {_class(chars[i]) for i in word}
        after_left = bool(is_left) and is_left[-1] and bool(_NUMBER & classes)
        is_left.append(not _RIGHT & classes and (bool(_LEFT & classes) or after_left))
    return [_word_reversed(word, chars) for word in _reversed(words, is_left)]


def _word_reversed(word: list[int], chars: Sequence[str]) -> list[int]:
    classes = [_class(chars[i]) for i in word]
    is_left = [c in _LEFT or c in _NUMBER for c in classes]
    last = None
    for k, left in enumerate(is_left):
        if left and last is not None and not _RIGHT.intersection(classes[last:k]):
            is_left[last:k] = [True] * (k - last)  # signs within a number, like the point in 3.5
        last = k if left else last
    return _reversed(word, is_left)


def _reversed(items: Sequence[_T], is_left: Sequence[bool]) -> list[_T]:
    """`items` from the last to the first; of those that run to the right, neighbours stay."""
    out: list[_T] = []
    pairs = list(zip(is_left, items, strict=True))[::-1]
    for left, run in groupby(pairs, key=itemgetter(0)):
        some = [item for _, item in run]
        out += some[::-1] if left else some
    return out


def _class(char: str) -> str:
    """The bidirectional class of the first code point."""
    return unicodedata.bidirectional(char[:1]) if char else ""
