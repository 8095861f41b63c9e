"""ALTO 4.4, the Library of Congress's format: https://www.loc.gov/standards/alto/."""

import unicodedata
from math import prod
from typing import ClassVar

from hwcli import __version__
from hwcli.characters import codepoints
from hwcli.formats.markup import char, comment, content, failed, file_name, nested
from hwcli.formats.scripts import is_right_to_left, language_tag, main_script
from hwcli.page.reading import Box, Candidate, Failure, Glyph, Line, Page, Word, bounding_box

_NAMESPACE = "http://www.loc.gov/standards/alto/ns-v4#"
_SCHEMA = "https://www.loc.gov/standards/alto/v4/alto-4-4.xsd"
_LONGEST_VARIANT = 3
"""Code points that the schema lets a `Variant` have; a `Glyph` has one."""


class AltoFormat:
    """`Page`s of `TextLine`s of `String`s of `Glyph`s, alternatives as `Variant`s."""

    name: ClassVar[str] = "alto"
    suffix: ClassVar[str] = ".alto.xml"
    many: ClassVar[bool] = True

    def __init__(self, topk: int) -> None:
        self._written = 0
        self._one_file = False

    def header(self, file: str | None = None) -> str:
        """The description and the start of the layout."""
        self._one_file = file is not None
        image = (
            f"<sourceImageInformation><fileName>{file_name(file)}</fileName>"
            "</sourceImageInformation>\n"
            if file is not None
            else ""
        )
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<alto xmlns="{_NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
            f' xsi:schemaLocation="{_NAMESPACE} {_SCHEMA}" SCHEMAVERSION="4.4">\n'
            f"<Description>\n<MeasurementUnit>pixel</MeasurementUnit>\n{image}"
            '<Processing ID="reading"><processingCategory>contentGeneration</processingCategory>'
            "<processingSoftware><softwareName>hwcli ocr</softwareName>"
            f"<softwareVersion>{__version__}</softwareVersion></processingSoftware></Processing>\n"
            "</Description>\n<Layout>\n"
        )

    def go_on(self, after: int) -> None:
        """Number the next pages from `after` on."""
        self._written = after

    def page(self, page: Page) -> str:
        """The `Page` of a photo that was read."""
        start = self._start(page.file, page.page)
        others = sorted({g.script for g in page.glyphs} - {page.script})
        other = f' OTHERLANGS="{" ".join(map(language_tag, others))}"' if others else ""
        size = f'WIDTH="{page.width}" HEIGHT="{page.height}"'
        rtl = is_right_to_left(page.glyphs)
        lines = [
            _line(f"p{self._written}l{n}", line, words, page.script, rtl)
            for n, (line, words) in enumerate(nested(page))
        ]
        return (
            f'{start} {size} ROTATION="{-page.angle_deg or 0.0}"'
            f' LANG="{language_tag(page.script)}"{other}>\n'
            f'<PrintSpace HPOS="0" VPOS="0" {size}>\n{self._block(page, lines)}</PrintSpace>\n'
            "</Page>\n"
        )

    def failure(self, failure: Failure) -> str:
        """A `Page` of which nothing but its error is known, and a comment with the path."""
        detail = file_name(f"{failure.kind}: {failure.message}")
        start = self._start(failure.file, failure.page)
        return f'{failed(failure)}\n{start} QUALITY="Missing" QUALITY_DETAIL="{detail}"/>\n'

    def footer(self) -> str:
        """The end of the document."""
        return "</Layout>\n</alto>\n"

    def _start(self, file: str, number: int | None) -> str:
        """The start tag of the next page, not closed yet."""
        self._written += 1
        if self._one_file:
            return f'<Page ID="p{self._written}" PHYSICAL_IMG_NR="{number or self._written}"'
        # The schema names one image for all of a document, so that many can only be remarked on.
        said = comment(file if number is None else f"{file} (page {number})")
        return f'{said}\n<Page ID="p{self._written}" PHYSICAL_IMG_NR="{self._written}"'

    def _block(self, page: Page, lines: list[str]) -> str:
        if not lines:
            return ""
        place = _place(bounding_box([line.box for line in page.lines]))
        return f'<TextBlock ID="p{self._written}b" {place}>\n{"".join(lines)}</TextBlock>\n'


def _line(
    name: str, line: Line, words: list[tuple[Word, list[Glyph]]], inherited: str, page_rtl: bool
) -> str:
    all_glyphs = [g for _, glyphs in words for g in glyphs]
    script = main_script(all_glyphs)
    strings = "<SP/>\n".join(
        _string(f"{name}w{n}", word, glyphs, script) for n, (word, glyphs) in enumerate(words)
    )
    direction = ' BASEDIRECTION="rtl"' if is_right_to_left(all_glyphs, page_rtl) else ""
    language = _language(script, inherited)
    return f'<TextLine ID="{name}" {_place(line.box)}{language}{direction}>\n{strings}</TextLine>\n'


def _string(name: str, word: Word, glyphs: list[Glyph], inherited: str) -> str:
    letters = "".join([_glyph(f"{name}g{n}", glyph) for n, glyph in enumerate(glyphs)])
    confidence = round(prod(g.confidence for g in glyphs), 4)
    return (
        f'<String ID="{name}" {_place(word.box)} CONTENT="{content(word.text)}" WC="{confidence}"'
        f"{_language(main_script(glyphs), inherited)}>\n{letters}</String>\n"
    )


def _glyph(name: str, glyph: Glyph) -> str:
    best = glyph.candidates[0]
    content = _one_code_point(best.char)
    variants = glyph.candidates[1:] if content == best.char else glyph.candidates
    start = f'<Glyph ID="{name}" {_place(glyph.box)} CONTENT="{char(content)}" GC="{best.p}"'
    if not variants:
        return f"{start}/>\n"
    return f"{start}>{''.join([_variant(v) for v in variants])}</Glyph>\n"


def _variant(candidate: Candidate) -> str:
    text = candidate.char
    if len(text) > _LONGEST_VARIANT:
        text = unicodedata.normalize("NFC", text)
    if len(text) > _LONGEST_VARIANT:
        return f'<Variant VC="{candidate.p}"/>{comment(codepoints(text))}'
    return f'<Variant CONTENT="{char(text)}" VC="{candidate.p}"/>'


def _one_code_point(text: str) -> str:
    """`text`, if need be composed, or else its base character alone."""
    if len(text) == 1:
        return text
    return unicodedata.normalize("NFC", text)[:1] or "\ufffd"


def _language(script: str, inherited: str) -> str:
    return "" if script == inherited else f' LANG="{language_tag(script)}"'


def _place(box: Box) -> str:
    x0, y0, x1, y1 = box
    return f'HPOS="{x0}" VPOS="{y0}" WIDTH="{x1 - x0}" HEIGHT="{y1 - y0}"'
