"""The page of a review in a real browser, opened from the disk."""

import csv
import io
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from conftest import Result
from hwcli.corrections import ACTIONS
from hwcli.dataset import open_dataset
from hwcli.review.record import ReviewRecord, parse_review
from pages import written

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH")
Hwcli = Callable[..., Result]


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--no-first-run"],
        )
        yield chromium
        chromium.close()


@pytest.fixture
def folder(hwcli: Hwcli, tmp_path: Path) -> Path:
    Image.fromarray(written(["AB3X7 HELLO", "KONTR 4R2B"])).save(tmp_path / "page.png")
    (tmp_path / "bad.png").write_bytes(b"no image")
    flags = ("--review", tmp_path / "seen", "--min-confidence", 1)
    assert hwcli("ocr", tmp_path / "page.png", tmp_path / "bad.png", *flags).code == 8
    return tmp_path / "seen"


class Page:
    """The page as who sits before it sees it; whatever it says of an error fails the test."""

    def __init__(self, context: object, folder: Path) -> None:
        self.faults: list[str] = []
        self.asked: list[str] = []
        self.page = context.new_page()
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda said: self.faults.append(said.text))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto((folder / "index.html").as_uri())
        assert self.faults == []

    def press(self, *keys: str) -> None:
        for key in keys:
            if key.isascii():
                self.page.keyboard.press(key)
            else:  # a key of another keyboard than the one that is made up here
                self.page.evaluate(
                    "(key) => document.activeElement.dispatchEvent("
                    "new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }))",
                    key,
                )

    def card(self, number: int) -> object:
        return self.page.locator(".suspect").nth(number)

    def verdict(self, number: int) -> str:
        return self.card(number).locator(".verdict").inner_text().strip()

    @property
    def current(self) -> int:
        cards = "[...document.querySelectorAll('.suspect')]"
        return self.page.evaluate(f"{cards}.findIndex((c) => c.hasAttribute('aria-current'))")

    @property
    def count(self) -> str:
        return self.page.locator(".count").inner_text()

    def saved(self) -> list[dict[str, str]]:
        with self.page.expect_download() as download:
            self.page.locator(".save").first.click()
        assert download.value.suggested_filename == "corrections.csv"
        self.file = Path(download.value.path())
        return list(csv.DictReader(io.StringIO(self.file.read_text("utf-8"), newline="")))


@pytest.fixture
def opened(browser: object, folder: Path) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page = Page(context, folder)
    yield page
    assert page.faults == []
    context.close()


def record(folder: Path) -> ReviewRecord:
    return parse_review((folder / "review.json").read_bytes(), "review.json")


def test_corrected_by_key_by_click_and_by_typing_saved_and_ingested(
    opened: Page, folder: Path, hwcli: Hwcli
) -> None:
    glyphs = record(folder).glyphs
    total = len(glyphs)
    assert opened.count == f"0 of {total} looked at" and opened.current == 0
    opened.press("3", "Enter", "Delete", " ", "ä", "Shift+Q")
    opened.card(6).locator("[data-char]").nth(1).click()
    opened.card(7).get_by_role("button", name="no character").click()
    opened.card(8).get_by_role("button", name="right as it is").click()
    opened.card(9).locator("input").fill("U+0061 U+0301")
    opened.card(9).locator("input").press("Enter")
    opened.press("1")  # what was read: right as it is
    verdicts = [opened.verdict(number) for number in range(11)]
    third, second = glyphs[0].topk[2].char, glyphs[6].topk[1].char
    assert verdicts == [
        *(f"→ {third}", "right", "no character", "", "→ ä", "→ Q"),
        *(f"→ {second}", "no character", "right", "→ a\u0301", "right"),
    ]
    assert opened.count == f"10 of {total} looked at" and opened.current == 11
    rows = opened.saved()
    assert [row["action"] for row in rows[:11]] == [
        *("relabel", "keep", "drop", "", "relabel", "relabel"),
        *("relabel", "drop", "keep", "relabel", "keep"),
    ]
    assert {row["action"] for row in rows[11:]} == {""} and {*ACTIONS} > {"keep"}
    told = [row["correction"] for row in rows[:11]]
    assert told == [third, "", "", "", "ä", "Q", second, "", "", "a\u0301", ""]
    assert [row["origin"] for row in rows] == [glyph.origin for glyph in glyphs]
    code, _, err = hwcli("ingest", "--from-review", folder, "--corrections", opened.file)
    assert code == 0 and "5 corrected, 3 right as they were read" in err, err
    classes = open_dataset(Path("data/seen")).info.classes
    assert {"ä", "Q", "a\u0301"} <= set(classes)


def test_undo_goes_back_one_by_one(opened: Page) -> None:
    opened.press("x", "Enter", "2")
    opened.press("Backspace")
    assert (opened.verdict(2), opened.current) == ("", 2)
    opened.press("Control+z")
    assert (opened.verdict(1), opened.verdict(0), opened.current) == ("", "→ x", 1)
    opened.page.locator(".undo").click()
    assert opened.count.startswith("0 of") and opened.page.locator(".undo").is_disabled()
    opened.press("y", "ArrowLeft", "z", "Backspace")  # back to what it was before, not to nothing
    assert opened.verdict(0) == "→ y"


def test_a_second_click_takes_a_decision_back(opened: Page) -> None:
    drop = opened.card(0).get_by_role("button", name="no character")
    drop.click()
    assert opened.verdict(0) == "no character" and drop.get_attribute("aria-pressed") == "true"
    drop.click()
    assert opened.verdict(0) == "" and opened.count.startswith("0 of")


def test_work_survives_a_reload_and_is_of_this_run(
    opened: Page, folder: Path, hwcli: Hwcli
) -> None:
    opened.press("x", "Enter", "Delete")
    before = opened.saved()
    opened.page.reload()
    assert opened.count.startswith("3 of") and opened.current == 3
    assert [opened.verdict(n) for n in range(4)] == ["→ x", "right", "no character", ""]
    assert opened.saved() == before
    hwcli("ocr", folder.parent / "page.png", "--review", folder, "--min-confidence", 0.99)
    opened.page.reload()
    assert opened.count.startswith("0 of")


def test_digits_are_typed_where_that_is_wanted(opened: Page, folder: Path) -> None:
    first = ("keep", "") if record(folder).glyphs[0].char == "0" else ("relabel", "0")
    opened.press("0")  # no key of its own
    opened.page.locator(".digits").check()
    opened.card(1).click()
    opened.press("7")
    rows = opened.saved()
    assert [(r["action"], r["correction"]) for r in rows[:2]] == [
        first,
        ("relabel", "7"),
    ]


def test_orders_and_what_is_open(opened: Page, folder: Path) -> None:
    glyphs = record(folder).glyphs
    opened.press("Enter", "Enter")
    opened.page.locator(".todo").check()
    assert not opened.card(0).is_visible() and opened.card(2).is_visible()
    opened.page.locator(".todo").uncheck()
    opened.page.locator(".order").select_option("char")
    shown = opened.page.locator(".as .char").all_text_contents()
    assert shown == sorted(glyph.char for glyph in glyphs)
    rows = opened.saved()  # in the order of the review whatever is seen
    assert [row["action"] for row in rows[:3]] == ["keep", "keep", ""]


def test_a_browser_that_keeps_nothing_says_so(browser: object, folder: Path) -> None:
    context = browser.new_context()
    context.add_init_script(
        "Storage.prototype.setItem = () => { throw new DOMException('no', 'SecurityError'); };"
    )
    page = Page(context, folder)
    assert page.page.locator(".lost").is_visible() and not page.page.locator(".kept").is_visible()
    page.press("x")
    assert page.verdict(0) == "→ x" and page.saved()[0]["correction"] == "x"
    context.close()


@pytest.mark.parametrize("width", [1280, 820, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_every_screen_and_asks_for_nothing(
    browser: object, folder: Path, width: int, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = Page(context, folder)
    wide = page.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width
    images = page.page.evaluate(
        "[...document.images].every((i) => i.complete && i.naturalWidth > 0)"
    )
    assert images
    for card in page.page.locator(".suspect").all()[:3]:
        frame, view = card.locator(".view i").bounding_box(), card.locator(".view").bounding_box()
        assert view["x"] - 6 <= frame["x"] and view["y"] - 6 <= frame["y"]
        assert frame["x"] + frame["width"] <= view["x"] + view["width"] + 6
        assert frame["y"] + frame["height"] <= view["y"] + view["height"] + 6
    assert [url for url in page.asked if not url.startswith(("file:", "data:"))] == []
    assert "bad.png" in page.page.locator("#not-read").inner_text()
    context.close()
