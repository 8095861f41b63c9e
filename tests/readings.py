"""Readings made by hand, odd ones among them, and the formats' official schemas."""

from functools import cache
from pathlib import Path

from lxml import etree

from hwcli.page.reading import (
    Box,
    Candidate,
    Failure,
    Glyph,
    Line,
    Page,
    Word,
    bounding_box,
)

SCHEMAS = Path(__file__).parent / "schemas"

HOSTILE_NAMES = {
    "markup": "a <b> & \"c\" 'd'; bbox 1 2 3 4 ]]> --> -- .png",
    "newline": "two\nlines\tand\ra tab.png",
    "control": "bell\x07\x1b[31m\x7f\x85.png",
    "not utf-8": "caf\udce9\udcff.png",
    "not a character": "\ufffe\uffff.png",
    "hyphens": "-----",
    "backslash": "a\\tb\\.png",
    "comma": "a,b.png",
    "unicode": "фото \u202e\u2028 写真 😀.png",
}


def page_of(
    lines: list[list[list[str]]],
    *,
    file: str = "photo.png",
    script: str = "Latn",
    others: tuple[str, ...] = (),
    number: int | None = None,
    angle_deg: float = 0.0,
) -> Page:
    """A page with these characters: lines of words of glyphs; `others` are candidates of each."""
    glyphs = []
    for row, line in enumerate(lines):
        for column, word in enumerate(line):
            for place, char in enumerate(word):
                x, y = 10 + 100 * column + 10 * place, 10 + 30 * row
                rest = [Candidate(c, round(0.2 / 2**n, 4)) for n, c in enumerate(others)]
                best = Candidate(char, 0.75)
                glyphs.append(
                    Glyph(Box(x, y, x + 8, y + 20), row, column, script, (best, *rest), ("case",))
                )
    made = []
    for row, line in enumerate(lines):
        words = []
        for column, word in enumerate(line):
            boxes = [g.box for g in glyphs if (g.line, g.word) == (row, column)]
            words.append(Word(bounding_box(boxes), "".join(word)))
        text = " ".join(w.text for w in words)
        made.append(Line(bounding_box([w.box for w in words]), text, tuple(words)))
    return Page(
        file=file,
        width=1000,
        height=800,
        script=script if glyphs else "Zyyy",
        lines=tuple(made),
        glyphs=tuple(glyphs),
        model="m",
        angle_deg=angle_deg,
        inverted=False,
        page=number,
    )


PAGES = {
    "plain": page_of([[["A", "B"], ["C"]], [["D"]]], others=("a", "8"), angle_deg=-2.5),
    "empty": page_of([]),
    "page of several": page_of([[["A"]]], number=3),
    "markup": page_of([[["<", "&", ">", '"', "'", "]", "]", ">", "-", "-"]]], others=("<", "&lt;")),
    "combining": page_of(
        [[["e\u0301", "ᜊᜒ", "x\u0338\u0301", "\u0301"]]],
        script="Tglg",
        others=("ᜊᜒ", "q\u0301\u0300\u0302\u0303"),
    ),
    "emoji": page_of([[["😀", "👩\u200d🚀"]]], script="Zsye", others=("👩\u200d🚀", "🏳️\u200d🌈")),
    "right to left": page_of([[["ش", "ب"], ["ك"]]], script="Arab", others=("س",)),
    "control": page_of([[["\x00", "\t", "\n", "\ud800", "\ufffe", "\x1b", " ", ""]]]),
    "unknown script": page_of([[["A"]]], script="Qqqq"),
    **{f"named {k}": page_of([[["A"]]], file=v) for k, v in HOSTILE_NAMES.items()},
}
FAILURES = {
    **{k: Failure(v, "InputError", f"{v}: no image -- at all") for k, v in HOSTILE_NAMES.items()},
    "no path told": Failure("b.png", "Crash", "the process that read it died"),
    "one page": Failure("a.tiff", "InputError", "a.tiff: page 2 is damaged", 2),
}


@cache
def schema_of(name: str) -> etree.XMLSchema:
    """The official schema of `alto` or `page`, without the network."""
    file = {"alto": "alto-4-4.xsd", "page": "page-2019-07-15.xsd"}[name]
    tree = etree.parse(SCHEMAS / file)
    for found in tree.iter("{*}import"):
        found.set("schemaLocation", (SCHEMAS / "xlink.xsd").as_uri())
    return etree.XMLSchema(tree)


def parsed(document: str) -> etree._Element:
    """The root of a document of XML, from the bytes that are written."""
    return etree.fromstring(document.encode("utf-8"))
