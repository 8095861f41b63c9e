"""Strings as XML 1.0 can hold them, and the lines, words and glyphs that elements nest by."""

import re
from collections.abc import Iterator
from functools import lru_cache
from html import escape  # xml.sax.saxutils would import urllib, which takes 20 ms
from itertools import groupby
from operator import attrgetter

from hwcli.page.reading import Failure, Glyph, Line, Page, Word

_NOT_XML = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What no document may hold, not even as a reference: https://www.w3.org/TR/xml/#charsets."""

_SPACES = str.maketrans({"\t": "&#9;", "\n": "&#10;", "\r": "&#13;"})
"""References that keep white space as it is, in attributes as in elements."""


def content(text: str) -> str:
    """What was read, for an attribute or an element; U+FFFD for what XML forbids."""
    return escape(_NOT_XML.sub("\ufffd", text)).translate(_SPACES)


char = lru_cache(maxsize=4096)(content)
"""`content` of single characters, which are few and come often."""


def file_name(text: str) -> str:
    """A path for an attribute or an element.

    What XML forbids becomes `%XX`, byte by byte, as in a URL: control characters, and bytes of the
    name that are no UTF-8. `%` itself stays as it is.
    """
    return escape(_NOT_XML.sub(_percent, text)).translate(_SPACES)


def one_word(text: str) -> str:
    """As `file_name`, and white space but the space, quotes and semicolons are `%XX` too."""
    return file_name(re.sub('[\t\n\r";]', _percent, text))


def comment(text: str) -> str:
    """A comment of one line."""
    shown = "".join(c if c.isprintable() else _percent(c) for c in text)
    return f"<!-- {shown.replace('--', '-%2D')} -->"  # two hyphens would end it


def failed(failure: Failure) -> str:
    """The comment that stands for a photo that could not be read."""
    said = failure.message
    if failure.file not in said:
        said = f"{failure.file}: {said}"
    page = "" if failure.page is None else f" (page {failure.page})"
    return comment(f"{failure.kind}: {said}{page}")


def nested(page: Page) -> Iterator[tuple[Line, list[tuple[Word, list[Glyph]]]]]:
    """The lines of `page`, each with its words, each with its glyphs."""
    by_line = groupby(page.glyphs, key=attrgetter("line"))
    for line, (_, of_line) in zip(page.lines, by_line, strict=True):
        by_word = groupby(of_line, key=attrgetter("word"))
        yield (
            line,
            [(w, list(of_word)) for w, (_, of_word) in zip(line.words, by_word, strict=True)],
        )


def _percent(found: "re.Match[str] | str") -> str:
    text = found if isinstance(found, str) else found[0]
    if "\udc80" <= text <= "\udcff":  # a byte of a file name that Python could not decode
        return f"%{ord(text) - 0xDC00:02X}"
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))
