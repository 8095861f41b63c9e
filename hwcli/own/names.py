"""From the names people give to classes to the characters they stand for; nothing is guessed.

A name is read in some other way than as it stands only where that way is well defined: a code
point, a Unicode name, a case in words, a sign in words, percent encoding. All else stays as it is.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote_to_bytes

from hwcli.own.signs import SIGN_OF

Why = Literal[
    "code point", "Unicode name", "case in words", "sign in words", "percent encoding", "composed"
]

_PLUS = re.compile(r"(?:[Uu]\+(?=.{4})|0x|\\u(?=.{4}))([0-9A-Fa-f]{2,6})")
_GLYPH_NAME = re.compile(r"(?:uni(?=.{4}$)|[uU])((?=[0-9A-F]*$|[0-9])[0-9A-Fa-f]{4,6})")
"""As the Adobe Glyph List has it; in lower case only if that cannot be a word."""
_BARE = re.compile(r"[0-9A-Fa-f]+")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_LOWER = frozenset(("lower", "lowercase", "small"))
_UPPER = frozenset(("upper", "uppercase", "capital", "cap"))
_FILLING = frozenset(("case", "letter"))
_UNDERSCORED = re.compile(r"_([^\W\d_])|([^\W\d_])_")
_VIRAMA = 9
"""Combining class of the signs that join two consonants into one character."""
_JOINERS = "\u200c\u200d\ufe0e\ufe0f"
_FEW = 10
"""Names below which two hexadecimal digits are not taken for code points."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A name that stands for a character."""

    character: str
    why: Why


def is_character(text: str) -> bool:
    """Whether `text` is one character as people see it: with its marks, or a conjunct."""
    if len(text) <= 1:
        return bool(text)
    bases = [i for i, c in enumerate(text) if not _is_mark(c)]
    joined = sum(unicodedata.combining(text[:b].rstrip(_JOINERS)[-1]) == _VIRAMA
                 for b in bases[1:])  # fmt: skip
    return len(bases) - joined == 1


def _is_mark(c: str) -> bool:
    return unicodedata.category(c).startswith("M") or c in _JOINERS


def read_names(names: Iterable[str]) -> dict[str, Reading]:
    """How those of `names` are read that stand for another text than their own.

    They are looked at together: `0041` is a code point only if all names are like it, and words
    for signs count only where half of the names are characters one way or another.
    """
    given = {n for n in names if n}
    found = _all_bare(given)
    for name in given - set(found):
        if reading := _alone(name, given):
            found[name] = reading
    words = {n: SIGN_OF[w] for n in given - set(found) if (w := _plain(n)) in SIGN_OF}
    known = sum(n in found or n in words or is_character(n) for n in given)
    if 2 * known >= len(given):
        found |= {n: Reading(c, "sign in words") for n, c in words.items()}
    return {name: found[name] for name in sorted(found)}


def _plain(name: str) -> str:
    return re.sub(r"[ -]", "_", name.strip().lower())


def _alone(name: str, others: set[str]) -> Reading | None:
    """The reading of a name of two characters and more."""
    if len(name) < 2:
        return None
    if character := _code_points(name):
        return Reading(character, "code point")
    if _PERCENT.fullmatch(name) and (character := _unquoted(name)):
        return Reading(character, "percent encoding")
    if character := _cased(name, others):
        return Reading(character, "case in words")
    if character := _by_unicode_name(name):
        return Reading(character, "Unicode name")
    composed = unicodedata.normalize("NFC", name)  # macOS takes names apart: é is e and an accent
    return Reading(composed, "composed") if len(composed) < len(name) else None


def _code_points(name: str) -> str:
    """The text of `U+0041`, `uni0041`, `U+0915 U+094D U+0937`; empty if it is none."""
    pieces = [p for p in re.split(r"[ _-]|(?<=[0-9A-Fa-f])(?=[Uu]\+)", name) if p]
    found = [_PLUS.fullmatch(p) or _GLYPH_NAME.fullmatch(p) for p in pieces]
    characters = [_assigned(m[1]) for m in found if m]
    return "".join(characters) if len(characters) == len(pieces) and all(characters) else ""


def _assigned(digits: str) -> str:
    number = int(digits, 16)
    known = number <= 0x10FFFF and unicodedata.category(chr(number)) not in ("Cc", "Cs", "Cn")
    return chr(number) if known else ""


def _all_bare(names: set[str]) -> dict[str, Reading]:
    """Names that are all hexadecimal code points of one length, without a mark that says so.

    Where no name has a letter they may as well be counted, so they must all be ASCII letters and
    digits: a count from 0 or 1 never is.
    """
    lengths = {len(n) for n in names}
    if len(lengths) != 1 or not lengths <= {2, 4, 5} or not all(map(_BARE.fullmatch, names)):
        return {}
    characters = {n: _assigned(n) for n in names}
    ascii_ = all(c.isascii() and c.isalnum() for c in characters.values())
    short = lengths == {2}
    if not all(characters.values()) or (short and len(names) < _FEW):
        return {}
    if (short or all(n.isdecimal() for n in names)) and not ascii_:
        return {}
    if not all(unicodedata.category(c)[0] in "LNMPS" for c in characters.values()):
        return {}
    return {n: Reading(c, "code point") for n, c in characters.items()}


def _unquoted(name: str) -> str:
    try:
        text = unquote_to_bytes(name).decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return text if text.isprintable() else ""


def _cased(name: str, others: set[str]) -> str:
    """The letter of `a_lower`, `upper_A`, `small letter a`, or `a_` beside no `a`."""
    if match := _UNDERSCORED.fullmatch(name):
        letter: str = match[1] or match[2]
        return letter if letter.lower() != letter.upper() and letter not in others else ""
    words = [w for w in re.split(r"[ _-]+", name) if w.lower() not in _FILLING]
    letters = [w for w in words if len(w) == 1 and w.lower() != w.upper()]
    if len(words) != 2 or len(letters) != 1:
        return ""
    how = next(w.lower() for w in words if w != letters[0])
    cased = letters[0].lower() if how in _LOWER else letters[0].upper() if how in _UPPER else ""
    return cased if len(cased) == 1 else ""


def _by_unicode_name(name: str) -> str:
    """The character of `LATIN SMALL LETTER A`, but no pictures: `red_apple` is an apple."""
    spaced = name.replace("_", " ").strip()
    if " " not in spaced or not spaced.isascii():
        return ""
    try:
        character = unicodedata.lookup(spaced)
    except KeyError:
        return ""
    plain = len(character) == 1 and unicodedata.category(character) not in ("So", "Cc", "Zs", "Cf")
    return character if plain else ""
