"""hOCR, ALTO and PAGE: valid by their schemas, and nothing lost, whatever was read."""

import math
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

import hwcli as package
from conftest import Result
from hwcli.errors import UsageError
from hwcli.formats import FORMATS
from hwcli.formats.scripts import main_script, page_name
from hwcli.page.reading import Box, Candidate, Failure, Glyph, Page
from readings import FAILURES, HOSTILE_NAMES, PAGES, page_of, parsed, schema_of

PHOTOS = Path(package.__file__).parent / "assets" / "photos"
NS = {
    "h": "http://www.w3.org/1999/xhtml",
    "a": "http://www.loc.gov/standards/alto/ns-v4#",
    "p": "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15",
}

ANY = st.text(st.characters())
"""Lone surrogates as well."""


def document(form: str, *readings: Page | Failure) -> str:
    made = FORMATS[form](3)
    text = made.header(readings[0].file if len(readings) == 1 else None)
    for reading in readings:
        text += made.page(reading) if isinstance(reading, Page) else made.failure(reading)
    return text + made.footer()


def numbers(title: str, key: str) -> list[float]:
    found = re.search(rf"(?:^|; ){key} ([-\d. ]+)", title)
    assert found, (key, title)
    return [float(n) for n in found[1].split()]


def check_hocr(text: str) -> etree._Element:
    """Well-formed, each element where it belongs, boxes within those of their parents."""
    root = parsed(text)
    assert text.startswith("<!DOCTYPE html>") and root.tag == f"{{{NS['h']}}}html"
    said = root.xpath("string(//h:meta[@name='ocr-capabilities']/@content)", namespaces=NS)
    used = set(root.xpath("//h:body//@class", namespaces=NS)) - {"alternatives", "alt"}
    assert used <= set(said.split())
    ids = root.xpath("//@id")
    assert len(ids) == len(set(ids))
    parents = {
        "ocr_par": "ocr_page",
        "ocr_line": "ocr_par",
        "ocrx_word": "ocr_line",
        "ocrx_cinfo": "ocrx_word",
    }
    for kind, parent in parents.items():
        for element in root.xpath(f"//*[@class='{kind}']"):
            (above,) = element.xpath(f"ancestor::*[@class='{parent}']")
            inner = numbers(element.get("title"), "x_bboxes" if kind == "ocrx_cinfo" else "bbox")
            outer = numbers(above.get("title"), "bbox")
            assert outer[0] <= inner[0] < inner[2] <= outer[2]
            assert outer[1] <= inner[1] < inner[3] <= outer[3]
    return root


def check(form: str, text: str) -> etree._Element:
    if form == "hocr":
        return check_hocr(text)
    root = parsed(text)
    schema_of(form).assertValid(root)
    return root


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("form", ["hocr", "alto", "page"])
def test_every_page_makes_a_valid_document(form: str, name: str) -> None:
    check(form, document(form, PAGES[name]))


@pytest.mark.parametrize("form", ["hocr", "alto"])
def test_many_pages_and_failures_make_one_valid_document(form: str) -> None:
    readings = [*PAGES.values(), *FAILURES.values(), *PAGES.values()]
    root = check(form, document(form, *readings))
    pages = root.xpath("//*[@class='ocr_page']" if form == "hocr" else "//a:Page", namespaces=NS)
    failures = len(FAILURES) if form == "alto" else 0
    assert len(pages) == 2 * len(PAGES) + failures


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("form", ["hocr", "alto"])
def test_failures_are_told_in_a_comment(form: str, name: str) -> None:
    root = check(form, document(form, FAILURES[name]))
    (remark,) = root.xpath("//comment()")
    kind = FAILURES[name].kind
    assert remark.text.startswith(f" {kind}: ") and remark.text.isprintable()
    if form == "alto":
        (page,) = root.xpath("//a:Page", namespaces=NS)
        assert page.get("QUALITY") == "Missing" and page.get("QUALITY_DETAIL").startswith(kind)


def test_a_comment_on_a_failure_names_the_photo_once() -> None:
    made = FORMATS["hocr"](1)
    told = [made.failure(FAILURES[name]) for name in ("comma", "no path told", "one page")]
    assert told == [
        "<!-- InputError: a,b.png: no image -%2D at all -->\n",
        "<!-- Crash: b.png: the process that read it died -->\n",
        "<!-- InputError: a.tiff: page 2 is damaged (page 2) -->\n",
    ]


@given(ANY, ANY, ANY, ANY)
def test_no_text_breaks_a_document(name: str, char: str, other: str, message: str) -> None:
    page = page_of([[[char]]], file=name, others=(other,))
    for form in ("hocr", "alto", "page"):
        check(form, document(form, page))
    for form in ("hocr", "alto"):
        check(form, document(form, page, Failure(name, "InputError", message), page))


@pytest.mark.parametrize(
    "name, expected",
    [
        ("markup", HOSTILE_NAMES["markup"]),
        ("newline", HOSTILE_NAMES["newline"]),
        ("control", "bell%07%1B[31m\x7f\x85.png"),
        ("not utf-8", "caf%E9%FF.png"),
        ("not a character", "%EF%BF%BE%EF%BF%BF.png"),
        ("unicode", HOSTILE_NAMES["unicode"]),
    ],
)
def test_names_of_files(name: str, expected: str) -> None:
    page = PAGES[f"named {name}"]
    alto, pagexml = (parsed(document(form, page)) for form in ("alto", "page"))
    assert alto.xpath("string(//a:fileName)", namespaces=NS) == expected
    assert pagexml.xpath("string(//p:Page/@imageFilename)", namespaces=NS) == expected


def test_what_xml_forbids_is_told_as_unknown_and_white_space_is_kept() -> None:
    page = PAGES["control"]
    expected = ["\ufffd", "\t", "\n", "\ufffd", "\ufffd", "\ufffd", " ", ""]
    hocr, alto, pagexml = (parsed(document(f, page)) for f in ("hocr", "alto", "page"))
    assert [e.text or "" for e in hocr.xpath("//*[@class='ocrx_cinfo']")] == expected
    assert alto.xpath("//a:Glyph/@CONTENT", namespaces=NS) == [*expected[:-1], "\ufffd"]
    assert alto.xpath("//a:String/@CONTENT", namespaces=NS) == ["".join(expected)]
    glyphs = pagexml.xpath("//p:Glyph/p:TextEquiv/p:Unicode", namespaces=NS)
    assert [e.text or "" for e in glyphs] == expected


def test_a_name_in_hocr_is_one_quoted_word() -> None:
    (title,) = check_hocr(document("hocr", PAGES["named markup"])).xpath(
        "//*[@class='ocr_page']/@title"
    )
    image, box, _ = title.split("; ")
    assert image == "image \"a <b> & %22c%22 'd'%3B bbox 1 2 3 4 ]]> --> -- .png\""
    assert box == "bbox 0 0 1000 800"


@pytest.mark.parametrize("form", ["hocr", "alto", "page"])
def test_text_and_confidences_are_those_of_the_page(form: str) -> None:
    page = PAGES["plain"]
    root = check(form, document(form, page))
    if form == "hocr":
        shown = root.xpath("//*[@class='ocrx_cinfo']")
        chars = [e.text for e in shown]
        confidences = [numbers(e.get("title"), "x_conf")[0] / 100 for e in shown]
        words = [w.xpath("string()") for w in root.xpath("//*[@class='ocrx_word']")]
        assert [re.sub("[a8]", "", w) for w in words] == ["AB", "C", "D"]
        titles = root.xpath("//*[@class='ocrx_word']/@title")
        of_words = [numbers(t, "x_wconf")[0] for t in titles]
        assert of_words == [56, 75, 75]
    elif form == "alto":
        shown = root.xpath("//a:Glyph", namespaces=NS)
        chars = [e.get("CONTENT") for e in shown]
        confidences = [float(e.get("GC")) for e in shown]
        assert root.xpath("//a:String/@CONTENT", namespaces=NS) == ["AB", "C", "D"]
        assert root.xpath("//a:String/@WC", namespaces=NS) == ["0.5625", "0.75", "0.75"]
    else:
        shown = root.xpath("//p:Glyph/p:TextEquiv[@index='0']", namespaces=NS)
        chars = [e.xpath("string(p:Unicode)", namespaces=NS) for e in shown]
        confidences = [float(e.get("conf")) for e in shown]
        texts = root.xpath("//p:Word/p:TextEquiv/p:Unicode/text()", namespaces=NS)
        assert texts == ["AB", "C", "D"]
        region = root.xpath("string(//p:TextRegion/p:TextEquiv/p:Unicode)", namespaces=NS)
        assert region == page.text == "AB C\nD"
    assert chars == [g.char for g in page.glyphs]
    assert confidences == [0.75] * 4


def test_boxes() -> None:
    page = PAGES["plain"]
    hocr, alto, pagexml = (parsed(document(f, page)) for f in ("hocr", "alto", "page"))
    assert numbers(hocr.xpath("//*[@class='ocrx_cinfo']/@title")[1], "x_bboxes") == [20, 10, 28, 30]
    glyph = alto.xpath("//a:Glyph", namespaces=NS)[1]
    assert [glyph.get(k) for k in ("HPOS", "VPOS", "WIDTH", "HEIGHT")] == ["20", "10", "8", "20"]
    points = pagexml.xpath("//p:Glyph/p:Coords/@points", namespaces=NS)[1]
    assert points == "20,10 28,10 28,30 20,30"


def test_alternatives() -> None:
    page = PAGES["plain"]
    hocr, alto, pagexml = (parsed(document(f, page)) for f in ("hocr", "alto", "page"))
    first = hocr.xpath("(//*[@class='alternatives'])[1]/*")
    assert [(e.tag.split("}")[1], e.xpath("string()")) for e in first] == [
        *(("ins", "A"), ("del", "a"), ("del", "8"))
    ]
    costs = [numbers(e.get("title"), "nlp")[0] for e in first]
    assert costs == [pytest.approx(-math.log(p), abs=1e-3) for p in (0.75, 0.2, 0.1)]
    variants = alto.xpath("(//a:Glyph)[1]/a:Variant", namespaces=NS)
    assert [(v.get("CONTENT"), v.get("VC")) for v in variants] == [("a", "0.2"), ("8", "0.1")]
    equivalents = pagexml.xpath("(//p:Glyph)[1]/p:TextEquiv", namespaces=NS)
    assert [(e.get("index"), e.get("conf"), e[0].text) for e in equivalents] == [
        *(("0", "0.75", "A"), ("1", "0.2", "a"), ("2", "0.1", "8"))
    ]


def test_a_page_without_alternatives_has_no_markup_for_them() -> None:
    text = document("hocr", PAGES["right to left"], page_of([[["A"]]]))
    assert text.count('class="alternatives"') == 3 and text.count('class="ocrx_cinfo"') == 4
    assert "Variant" not in document("alto", page_of([[["A"]]]))


def test_alto_keeps_characters_of_several_code_points_as_variants() -> None:
    root = check("alto", document("alto", PAGES["combining"]))
    glyphs = root.xpath("//a:Glyph", namespaces=NS)
    assert [g.get("CONTENT") for g in glyphs] == ["é", "ᜊ", "x", "\u0301"]
    # One that is composed differently is told as it was read; so is one that cannot be composed.
    assert [g[0].get("CONTENT") for g in glyphs[:3]] == ["e\u0301", "ᜊᜒ", "x\u0338\u0301"]
    assert glyphs[0][0].get("VC") == glyphs[0].get("GC") == "0.75"
    # More than three code points are more than the schema allows: a comment has them.
    assert glyphs[0].xpath("a:Variant[not(@CONTENT)]/@VC", namespaces=NS) == ["0.1"]
    assert "".join(root.xpath("//a:String/@CONTENT", namespaces=NS)) == PAGES["combining"].text
    remarks = [c.text for c in root.xpath("//a:Glyph/comment()", namespaces=NS)]
    assert len(remarks) == 4 and "U+0300 U+0302 U+0303" in remarks[0]


def test_scripts_and_directions() -> None:
    arab = PAGES["right to left"]
    hocr, alto, pagexml = (check(f, document(f, arab)) for f in ("hocr", "alto", "page"))
    (shown,) = hocr.xpath("//*[@class='ocr_page']")
    assert (shown.get("dir"), shown.get("lang")) == ("rtl", "und-Arab")
    assert alto.xpath("//a:TextLine/@BASEDIRECTION", namespaces=NS) == ["rtl"]
    assert alto.xpath("//a:Page/@LANG", namespaces=NS) == ["und-Arab"]
    (page,) = pagexml.xpath("//p:Page", namespaces=NS)
    assert page.get("primaryScript") == "Arab - Arabic"
    assert page.get("readingDirection") == "right-to-left"
    assert set(pagexml.xpath("//p:Glyph/@script", namespaces=NS)) == {"Arab - Arabic"}
    for form in ("hocr", "alto", "page"):
        text = document(form, PAGES["plain"])
        assert "rtl" not in text and "right-to-left" not in text


def test_a_line_in_another_script_than_its_page_says_so() -> None:
    first, second = PAGES["plain"], PAGES["right to left"]
    moved = tuple(
        Glyph(g.box, g.line + 2, g.word, g.script, g.candidates, g.flags) for g in second.glyphs
    )
    lines = (*first.lines, *second.lines)
    both = page_of([])
    both = Page(
        *("both.png", both.width, both.height, "Latn", lines, (*first.glyphs, *moved)),
        *("m", 0.0, False),
    )
    hocr, alto, pagexml = (parsed(document(f, both)) for f in ("hocr", "alto", "page"))
    schema_of("alto").assertValid(alto)
    schema_of("page").assertValid(pagexml)
    assert hocr.xpath("//*[@class='ocr_line']/@dir") == ["rtl"]
    assert hocr.xpath("//*[@class='ocr_line']/@lang") == ["und-Arab"]
    assert alto.xpath("//a:TextLine/@LANG", namespaces=NS) == ["und-Arab"]
    assert alto.xpath("//a:Page/@OTHERLANGS", namespaces=NS) == ["und-Arab"]
    assert pagexml.xpath("//p:TextLine/@primaryScript", namespaces=NS) == ["Arab - Arabic"]


def test_every_script_of_page_is_known_and_no_other() -> None:
    listed = schema_names()
    assert {page_name(name[:4]) for name in listed} == listed
    assert page_name("Qaaa") == page_name("") == "other"


def schema_names() -> set[str]:
    from readings import SCHEMAS

    tree = etree.parse(SCHEMAS / "page-2019-07-15.xsd")
    found = tree.xpath("//*[@name='ScriptSimpleType']//@value")
    assert len(found) > 100
    return set(map(str, found))


def test_the_script_of_most_glyphs_is_that_of_a_line() -> None:
    def glyph(script: str) -> Glyph:
        return Glyph(Box(0, 0, 1, 1), 0, 0, script, (Candidate("A", 1.0),))

    assert main_script([glyph("Zmth"), glyph("Arab"), glyph("Arab")]) == "Arab"


def test_slopes_are_told_the_way_each_format_counts_them() -> None:
    hocr, alto, pagexml = (parsed(document(f, PAGES["plain"])) for f in ("hocr", "alto", "page"))
    # Lines that rise by 2.5° are turned counter-clockwise, and clockwise is the way to right them.
    assert numbers(hocr.xpath("//*[@class='ocr_line']/@title")[0], "textangle") == [2.5]
    assert alto.xpath("//a:Page/@ROTATION", namespaces=NS) == ["2.5"]
    assert pagexml.xpath("//p:TextRegion/@orientation", namespaces=NS) == ["2.5"]


def test_pages_of_a_file_with_several() -> None:
    page = PAGES["page of several"]
    hocr, alto, pagexml = (parsed(document(f, page)) for f in ("hocr", "alto", "page"))
    assert 'x_source "photo.png#page=3"' in hocr.xpath("//*[@class='ocr_page']/@title")[0]
    assert alto.xpath("//a:Page/@PHYSICAL_IMG_NR", namespaces=NS) == ["3"]
    assert pagexml.xpath("//p:MetadataItem[@name='page']/@value", namespaces=NS) == ["3"]
    several = parsed(document("alto", page, page, FAILURES["one page"]))
    assert several.xpath("//a:Page/@PHYSICAL_IMG_NR", namespaces=NS) == ["1", "2", "3"]
    assert several.xpath("//comment()")[0].text == " photo.png (page 3) "


def test_page_holds_one_photo_and_none_that_failed() -> None:
    assert not FORMATS["page"].many and FORMATS["alto"].many and FORMATS["hocr"].many
    made = FORMATS["page"](1)
    assert made.header() + made.failure(FAILURES["one page"]) + made.footer() == ""
    made.page(PAGES["plain"])
    with pytest.raises(UsageError, match="holds one page"):
        made.page(PAGES["plain"])


def test_page_is_the_same_bytes_when_the_time_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert "<Created>1970-01-02T00:00:00Z</Created>" in document("page", PAGES["plain"])
    for odd in ("", "9" * 40, "x"):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", odd)
        check("page", document("page", PAGES["plain"]))


@pytest.mark.parametrize("form", ["hocr", "alto"])
def test_bundled_photos_are_valid(hwcli: Callable[..., Result], form: str) -> None:
    photos = sorted(p for p in PHOTOS.iterdir() if p.suffix in {".jpg", ".png"})
    result = hwcli("ocr", PHOTOS, "missing.png", "--topk", 3, "--format", form)
    root = check(form, result.out)
    named = "//*[@class='ocr_page']" if form == "hocr" else "//a:Page[@WIDTH]"
    assert result.code == 8 and len(root.xpath(named, namespaces=NS)) == len(photos) > 1
    assert any("missing.png" in c.text for c in root.xpath("//comment()"))


def test_bundled_photo_is_valid_page(hwcli: Callable[..., Result]) -> None:
    code, out, err = hwcli("ocr", PHOTOS / "card-1.jpg", "--topk", 3, "--format", "page")
    root = check("page", out)
    assert (code, err) == (0, "")
    text = root.xpath("string(//p:TextRegion/p:TextEquiv/p:Unicode)", namespaces=NS)
    assert text == "ABCDI\nKOLMR\nEHXWT"
    alto = check("alto", hwcli("ocr", PHOTOS / "card-1.jpg", "--format", "alto").out)
    assert alto.xpath("string(//a:fileName)", namespaces=NS).endswith("card-1.jpg")


def test_page_refuses_several_photos(hwcli: Callable[..., Result]) -> None:
    code, out, err = hwcli("ocr", PHOTOS, "--format", "page")
    assert (code, out) == (2, "") and "--out DIR" in err
