"""PAGE of 2019-07-15, PRImA's format: https://github.com/PRImA-Research-Lab/PAGE-XML."""

import os
from datetime import UTC, datetime
from math import prod
from typing import ClassVar

from hwcli import __version__
from hwcli.errors import UsageError
from hwcli.formats.markup import char, content, file_name, nested
from hwcli.formats.scripts import is_right_to_left, main_script, page_name
from hwcli.page.reading import Box, Failure, Glyph, Line, Page, Word, bounding_box

_NAMESPACE = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"
_DIGITS = 11
"""Of a number of seconds that is still a date."""


class PageFormat:
    """A `TextRegion` of `TextLine`s of `Word`s of `Glyph`s, alternatives as `TextEquiv`s."""

    name: ClassVar[str] = "page"
    suffix: ClassVar[str] = ".page.xml"
    many: ClassVar[bool] = False

    def __init__(self, topk: int) -> None:
        self._full = False

    def header(self, file: str | None = None) -> str:
        """Nothing: without a page there is no document."""
        return ""

    def go_on(self, after: int) -> None:
        """Remember that it holds its page already."""
        self._full = after > 0

    def page(self, page: Page) -> str:
        """The document.

        Raises:
            UsageError: it holds a page already.
        """
        if self._full:
            raise UsageError(
                "a PAGE document holds one page", hint="--out DIR writes a file for each"
            )
        self._full = True
        number = "" if page.page is None else _item("imageProperties", "page", str(page.page))
        script, rtl = page_name(page.script), is_right_to_left(page.glyphs)
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<PcGts xmlns="{_NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
            f' xsi:schemaLocation="{_NAMESPACE} {_NAMESPACE}/pagecontent.xsd">\n'
            f"<Metadata>\n<Creator>hwcli {__version__}</Creator>\n<Created>{_now()}</Created>\n"
            f"<LastChange>{_now()}</LastChange>\n"
            f"{_item('processingStep', 'recognition', f'model {page.model}')}{number}"
            f'</Metadata>\n<Page imageFilename="{file_name(page.file)}"'
            f' imageWidth="{page.width}" imageHeight="{page.height}" primaryScript="{script}"'
            f"{_direction(rtl) * rtl}>\n{_region(page)}</Page>\n</PcGts>\n"
        )

    def failure(self, failure: Failure) -> str:
        """Nothing: a `Page` has a width and a height, and of this photo they are not known."""
        return ""

    def footer(self) -> str:
        """Nothing."""
        return ""


def _region(page: Page) -> str:
    if not page.lines:
        return ""
    rtl = is_right_to_left(page.glyphs)
    lines = "".join(_line(n, *found, page.script, rtl) for n, found in enumerate(nested(page)))
    box = bounding_box([line.box for line in page.lines])
    return (
        '<ReadingOrder><OrderedGroup id="order"><RegionRefIndexed index="0" regionRef="r0"/>'
        "</OrderedGroup></ReadingOrder>\n"
        f'<TextRegion id="r0" orientation="{_righting(page.angle_deg)}"'
        f' textLineOrder="top-to-bottom" production="handwritten-printscript">\n{_coords(box)}\n'
        f"{lines}{_text(page.text)}"
        "</TextRegion>\n"
    )


def _line(
    number: int,
    line: Line,
    words: list[tuple[Word, list[Glyph]]],
    inherited: str,
    page_rtl: bool,
) -> str:
    all_glyphs = [g for _, glyphs in words for g in glyphs]
    script, rtl = main_script(all_glyphs), is_right_to_left(all_glyphs, page_rtl)
    name = f"l{number}"
    inside = "".join(
        _word(f"{name}w{n}", word, glyphs, script, rtl) for n, (word, glyphs) in enumerate(words)
    )
    own = _script(script, inherited) + _direction(rtl) * (rtl != page_rtl)
    return (
        f'<TextLine id="{name}" index="{number}"{own}>{_coords(line.box)}\n'
        f"{inside}{_text(line.text)}</TextLine>\n"
    )


def _word(name: str, word: Word, glyphs: list[Glyph], inherited: str, line_rtl: bool) -> str:
    letters = "".join([_glyph(f"{name}g{n}", glyph) for n, glyph in enumerate(glyphs)])
    confidence = round(prod(g.confidence for g in glyphs), 4)
    rtl = is_right_to_left(glyphs)
    own = _script(main_script(glyphs), inherited) + _direction(rtl) * (rtl != line_rtl)
    return (
        f'<Word id="{name}"{own}>{_coords(word.box)}\n'
        f'{letters}<TextEquiv conf="{confidence}"><Unicode>{content(word.text)}</Unicode>'
        "</TextEquiv></Word>\n"
    )


def _glyph(name: str, glyph: Glyph) -> str:
    flags = f' comments="{char(" ".join(glyph.flags))}"' if glyph.flags else ""
    equivalents = "".join(
        [
            f'<TextEquiv index="{n}" conf="{p}"><Unicode>{char(text)}</Unicode></TextEquiv>'
            for n, (text, p) in enumerate(glyph.candidates)
        ]
    )
    return (
        f'<Glyph id="{name}" script="{page_name(glyph.script)}"{flags}>{_coords(glyph.box)}'
        f"{equivalents}</Glyph>\n"
    )


def _text(text: str) -> str:
    return f"<TextEquiv><Unicode>{content(text)}</Unicode></TextEquiv>\n"


def _script(script: str, inherited: str) -> str:
    return "" if script == inherited else f' primaryScript="{page_name(script)}"'


def _direction(rtl: bool) -> str:
    return f' readingDirection="{"right-to-left" if rtl else "left-to-right"}"'


def _righting(angle_deg: float) -> float:
    """The clockwise turn that rights the lines, in (−180, 180] as the schema has it."""
    return 180.0 if angle_deg == 180 else -angle_deg or 0.0


def _item(kind: str, name: str, value: str) -> str:
    return f'<MetadataItem type="{kind}" name="{name}" value="{file_name(value)}"/>\n'


def _coords(box: Box) -> str:
    x0, y0, x1, y1 = box
    return f'<Coords points="{x0},{y0} {x1},{y0} {x1},{y1} {x0},{y1}"/>'


def _now() -> str:
    """The time, which the schema wants told; https://reproducible-builds.org/specs/source-date-epoch/."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    known = epoch.isdecimal() and len(epoch) <= _DIGITS
    when = datetime.fromtimestamp(int(epoch), UTC) if known else datetime.now(UTC)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
