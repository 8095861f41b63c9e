"""hOCR 1.2, which is HTML: http://kba.github.io/hocr-spec/1.2/."""

from math import log, prod
from typing import ClassVar

from hwcli import __version__
from hwcli.formats.markup import char, failed, file_name, nested, one_word
from hwcli.formats.scripts import is_right_to_left, language_tag, main_script
from hwcli.page.reading import Box, Failure, Glyph, Line, Page, Word, bounding_box

_HEAD = f"""\
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta charset="utf-8"/>
<title>%s</title>
<meta name="ocr-system" content="hwcli {__version__}"/>
<meta name="ocr-capabilities" content="ocr_page ocr_par ocr_line ocrx_word ocrx_cinfo ocrp_lang\
 ocrp_dir ocrp_nlp ocrp_wconf"/>
<meta name="ocr-langs" content="unknown"/>
<meta name="ocr-scripts" content="unknown"/>
<style>
.ocr_page::before {{ content: attr(title); color: gray; font-size: small }}
.ocr_line {{ display: block }}
ins.alt {{ text-decoration: none }}
del.alt {{ display: none }}
</style>
</head>
<body>
"""
_UNLIKELY = 1e-4
"""The smallest probability that a record tells; what is rounded to 0 is taken for half of it."""


class HocrFormat:
    """`ocr_page`s of `ocr_line`s of `ocrx_word`s of `ocrx_cinfo`s, in well-formed XHTML."""

    name: ClassVar[str] = "hocr"
    suffix: ClassVar[str] = ".hocr"
    many: ClassVar[bool] = True

    def __init__(self, topk: int) -> None:
        self._written = 0

    def header(self, file: str | None = None) -> str:
        """The head, and the start of the body."""
        return _HEAD % file_name("hwcli ocr" if file is None else file)

    def go_on(self, after: int) -> None:
        """Number the next pages from `after` on."""
        self._written = after

    def page(self, page: Page) -> str:
        """The `ocr_page` of a photo that was read."""
        number = self._written
        self._written += 1
        name = one_word(page.file)
        source = "" if page.page is None else f'; x_source "{name}#page={page.page}"'
        angle = f"; textangle {-page.angle_deg}" if page.angle_deg else ""
        rtl = is_right_to_left(page.glyphs)
        lines = [
            _line(f"{number + 1}_{n}", line, words, page.script, rtl, angle)
            for n, (line, words) in enumerate(nested(page), 1)
        ]
        paragraph = ""
        if lines:
            box = _words(bounding_box([line.box for line in page.lines]))
            paragraph = (
                f'<p class="ocr_par" id="par_{number + 1}" title="bbox {box}">\n'
                f"{''.join(lines)}</p>\n"
            )
        language = language_tag(page.script)
        return (
            f'<div class="ocr_page" id="page_{number + 1}" lang="{language}" xml:lang="{language}"'
            f'{_direction(rtl) * rtl} title=\'image "{name}"; bbox 0 0 {page.width}'
            f" {page.height}; ppageno {number}{source}'>\n{paragraph}</div>\n"
        )

    def failure(self, failure: Failure) -> str:
        """A comment."""
        return f"{failed(failure)}\n"

    def footer(self) -> str:
        """The end of the document."""
        return "</body>\n</html>\n"


def _line(
    name: str,
    line: Line,
    words: list[tuple[Word, list[Glyph]]],
    inherited: str,
    page_rtl: bool,
    angle: str,
) -> str:
    all_glyphs = [g for _, glyphs in words for g in glyphs]
    script, rtl = main_script(all_glyphs), is_right_to_left(all_glyphs, page_rtl)
    language = ""
    if script != inherited:
        tag = language_tag(script)
        language = f' lang="{tag}" xml:lang="{tag}"'
    language += _direction(rtl) * (rtl != page_rtl)
    inside = "\n".join(
        [_word(f"{name}_{n}", word, glyphs) for n, (word, glyphs) in enumerate(words, 1)]
    )
    return (
        f'<span class="ocr_line" id="line_{name}"{language}'
        f' title="bbox {_words(line.box)}{angle}">{inside}</span>\n'
    )


def _word(name: str, word: Word, glyphs: list[Glyph]) -> str:
    # White space between letters would show as gaps, so there is none.
    letters = "".join([_glyph(g) for g in glyphs])
    confidence = round(100 * prod(g.confidence for g in glyphs))
    return (
        f'<span class="ocrx_word" id="word_{name}"'
        f' title="bbox {_words(word.box)}; x_wconf {confidence}">{letters}</span>'
    )


def _glyph(glyph: Glyph) -> str:
    x0, y0, x1, y1 = glyph.box
    best = glyph.candidates[0]
    info = (
        f'<span class="ocrx_cinfo" title="x_bboxes {x0} {y0} {x1} {y1}; x_conf {100 * best.p:.2f}">'
        f"{char(best.char)}</span>"
    )
    if len(glyph.candidates) == 1:
        return info
    others = "".join(
        f'<del class="alt" title="nlp {_cost(p)}">{char(text)}</del>'
        for text, p in glyph.candidates[1:]
    )
    return (
        f'<span class="alternatives"><ins class="alt" title="nlp {_cost(best.p)}">{info}</ins>'
        f"{others}</span>"
    )


def _cost(p: float) -> str:
    """The negative logarithm of a probability."""
    return f"{-log(max(p, _UNLIKELY / 2)) or 0.0:.4f}"


def _direction(rtl: bool) -> str:
    return f' dir="{"rtl" if rtl else "ltr"}"'


def _words(box: Box) -> str:
    return f"{box.x0} {box.y0} {box.x1} {box.y1}"
