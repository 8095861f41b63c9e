"""The script of a set of characters, as an ISO 15924 code, by their Unicode names."""

import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from hwcli.own.names import is_character

UNKNOWN = "Zzzz"
"""ISO 15924: code for uncoded script."""
_MATHS = "Zmth"

_CODES = {
    "LATIN": "Latn", "GREEK": "Grek", "CYRILLIC": "Cyrl", "ARMENIAN": "Armn", "HEBREW": "Hebr",
    "ARABIC": "Arab", "SYRIAC": "Syrc", "THAANA": "Thaa", "NKO": "Nkoo", "SAMARITAN": "Samr",
    "DEVANAGARI": "Deva", "BENGALI": "Beng", "GURMUKHI": "Guru", "GUJARATI": "Gujr",
    "ORIYA": "Orya", "TAMIL": "Taml", "TELUGU": "Telu", "KANNADA": "Knda", "MALAYALAM": "Mlym",
    "SINHALA": "Sinh", "THAI": "Thai", "LAO": "Laoo", "TIBETAN": "Tibt", "MYANMAR": "Mymr",
    "GEORGIAN": "Geor", "HANGUL": "Hang", "ETHIOPIC": "Ethi", "CHEROKEE": "Cher",
    "CANADIAN": "Cans", "OGHAM": "Ogam", "RUNIC": "Runr", "TAGALOG": "Tglg", "HANUNOO": "Hano",
    "BUHID": "Buhd", "TAGBANWA": "Tagb", "KHMER": "Khmr", "MONGOLIAN": "Mong", "LIMBU": "Limb",
    "BALINESE": "Bali", "SUNDANESE": "Sund", "BATAK": "Batk", "LEPCHA": "Lepc", "OL": "Olck",
    "JAVANESE": "Java", "CHAM": "Cham", "BUGINESE": "Bugi", "MEETEI": "Mtei", "VAI": "Vaii",
    "GLAGOLITIC": "Glag", "COPTIC": "Copt", "TIFINAGH": "Tfng", "HIRAGANA": "Hira",
    "KATAKANA": "Kana", "BOPOMOFO": "Bopo", "CJK": "Hani", "KANGXI": "Hani", "YI": "Yiii",
    "GOTHIC": "Goth", "PHOENICIAN": "Phnx", "CHAKMA": "Cakm", "GRANTHA": "Gran", "MODI": "Modi",
    "SHARADA": "Shrd", "TIRHUTA": "Tirh", "ADLAM": "Adlm", "DESERET": "Dsrt", "OSMANYA": "Osma",
    "MATHEMATICAL": _MATHS,
}  # fmt: skip
"""From the first word of a character's Unicode name: https://www.unicode.org/iso15924/."""

_TOGETHER = (
    (frozenset(("Hira", "Kana", "Hani")), "Jpan"),
    (frozenset(("Hira", "Kana")), "Hrkt"),
    (frozenset(("Hira", "Hani")), "Jpan"),
    (frozenset(("Kana", "Hani")), "Jpan"),
    (frozenset(("Hang", "Hani")), "Kore"),
)
"""Scripts that ISO 15924 has one code for."""


@dataclass(frozen=True, slots=True)
class ScriptFound:
    """The script most images are of."""

    code: str
    images: dict[str, int]
    """Images by script, most first; digits and signs, which belong to none, are left out."""
    none: int
    """Images of characters that belong to no script."""
    unreadable: int
    """Images of classes that are no character."""
    doubted: bool = False
    """Whether the labels say Latin, but the images look like something else."""


def script_of(counts: Mapping[str, int]) -> ScriptFound:
    """The script of the characters in `counts`, which says how many images each has."""
    images: Counter[str] = Counter()
    none = unreadable = 0
    signs = False
    for text, count in counts.items():
        codes = {c for c in map(_code, text) if c}
        if not is_character(text) and (not codes or text.isascii()):
            unreadable += count
        elif codes:
            images[min(codes)] += count
        else:
            none += count
            signs = signs or any(unicodedata.category(c) == "Sm" for c in text)
    codes = set(images)
    together = next((code for some, code in _TOGETHER if some == codes), "")
    if unreadable > none + sum(images.values()):
        code = UNKNOWN
    elif images:
        code = together or images.most_common(1)[0][0]
    else:  # digits alone, as those of MNIST, are filed under the script they are written among
        code = _MATHS if signs else "Latn" if none else UNKNOWN
    return ScriptFound(code, dict(images.most_common()), none, unreadable)


def _code(c: str) -> str:
    words = unicodedata.name(c, "").replace("-", " ").split(" ")
    if words[0] in ("FULLWIDTH", "HALFWIDTH", "MODIFIER", "COMBINING") and len(words) > 1:
        words = words[1:]
    return _CODES.get(words[0], "")
