"""The page of an evaluation: one file, escaped, readable without a script and without a network."""

import csv
import hashlib
import io
import json
import re
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from evaluations import HOSTILE, audit_of, judgement_of, pictures, probabilities_of
from hwcli.characters import codepoints
from hwcli.dataset import Dataset, SourceEntry
from hwcli.errors import UsageError
from hwcli.glyph import Normalisation
from hwcli.judging.evaluation import LeftOut, Matching
from hwcli.model_info import ModelInfo
from hwcli.report.page import Refused, Section, write_page
from hwcli.report.page.write import page_of
from hwcli.report.suspects import CSV_COLUMNS, suspects_csv
from synthetic import make_dataset

VOID = frozenset(("meta", "img", "input", "br", "link", "use", "path", "line", "circle"))
MADE = datetime(2026, 3, 9, 12, 30, tzinfo=UTC)
EVIL = "</script><img src=x onerror=alert(1)>&\"'"


class Page(HTMLParser):
    """What a browser would make of a page, as far as tests ask."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.within: list[str] = []
        self.words: list[str] = []
        self.unseen: list[str] = []
        self.needs_script: list[bool] = []
        self.scripts: list[str] = []
        self.headings: list[int] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), (tag, attrs)
        self.handle_startendtag(tag, attrs)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)
            self.within.append(dict(attrs).get("class") or "")
        if tag == "script":
            self.scripts.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self.needs_script.append("needs-js" in " ".join(self.within).split())

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self.within.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data
        elif self.open and self.open[-1] == "b":
            self.unseen.append(data)
        elif self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        return [a for t, a in self.tags if t == tag and wanted.items() <= a.items()]

    def of_class(self, name: str) -> list[dict[str, str]]:
        return [a for _, a in self.tags if name in a.get("class", "").split()]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    made = make_dataset(tmp_path_factory.mktemp("data") / "letters", rows=20)
    cited = SourceEntry(
        "made <up>", "Latn", "MIT & more", f"A. {EVIL} (2020). See https://example.org/a?b=c&d.",
        homepage="javascript:alert(1)", rows=12,
    )  # fmt: skip
    good = SourceEntry("good", "Deva", "CC0-1.0", "नि", homepage="https://example.org/x", rows=8)
    recipe = {"schema": "s", "title": EVIL, "nothing": None, "source": [{"name": "नि"}],
              "missing": ["gone.zip"], "notes": [EVIL]}  # fmt: skip
    info = replace(made.info, sources=(cited, good), title=EVIL, recipe=recipe)
    return replace(made, info=info)


def section(dataset: Dataset, *, audited: bool = True, rows: int = 3000, **more: object) -> Section:
    rng = np.random.default_rng(0)
    n = len(HOSTILE)
    truth = rng.integers(0, n - 1, rows)
    probabilities = probabilities_of(truth, n, rng)
    scripts = ["Latn" if k % 3 else "Deva" for k in range(n)]
    judgement = judgement_of(
        truth, probabilities, HOSTILE, scripts,
        source=(truth % 2).astype(np.int32), sources=("made <up>", "good"),
        writer=(truth % 7).astype(np.int32), groups=(("<script>", '"'),), **more,  # type: ignore[arg-type]
    )  # fmt: skip
    audit = audit_of(
        judgement, probabilities, pictures(), labels=90, outliers=40,
        origin=lambda k: f"{EVIL}\n{k}.png", source="made <up>",
    )  # fmt: skip
    model = ModelInfo("net", {"width": 3}, "char", HOSTILE, tuple(scripts), Normalisation(fit=24),
                      dataset=EVIL, dataset_sha256="ab" * 32)  # fmt: skip
    return Section(judgement, audit if audited else None, model, dataset, pictures(), (EVIL,))


@pytest.fixture(scope="module")
def made(dataset: Dataset) -> Section:
    return section(dataset, warning="these were in training")


@pytest.fixture(scope="module")
def page(made: Section) -> Page:
    return Page(page_of([made], command=f"hwcli eval {EVIL}", made=MADE))


def test_ids_are_unique_and_every_link_within_the_page_leads_somewhere(page: Page) -> None:
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids)) > 5
    targets = [a["href"][1:] for _, a in page.tags if a.get("href", "").startswith("#")]
    assert targets and set(targets) <= set(ids)


def test_nothing_is_asked_of_the_network(page: Page) -> None:
    allowed = {"a": "href"}
    for tag, attributes in page.tags:
        for name, value in attributes.items():
            if name in ("src", "href", "srcset", "action", "data", "poster"):
                local = value.startswith(("data:image/", "#"))
                assert local or allowed.get(tag) == name, (tag, name, value[:80])
            assert not name.startswith("on")
    links = [a["href"] for a in page.all("a") if not a["href"].startswith("#")]
    assert links and all(link.startswith(("https://", "http://")) for link in links)
    assert not page.all("link") and not page.all("iframe")
    policy = page.all("meta", **{"http-equiv": "Content-Security-Policy"})[0]["content"]
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert "connect-src" not in policy and "unsafe-inline'; script" in policy


def test_the_script_is_the_one_that_the_policy_allows(page: Page) -> None:
    policy = page.all("meta", **{"http-equiv": "Content-Security-Policy"})[0]["content"]
    digest = b64encode(hashlib.sha256(page.scripts[-1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy


def test_names_that_are_markup_stay_text(page: Page, made: Section) -> None:
    assert EVIL in page.text
    assert not [a for a in page.all("img") if a.get("src") == "x"]
    assert len(page.scripts) == 2, "the data of the matrix, and ours"
    assert json.loads(page.scripts[0])["classes"]
    rows = [a for a in page.all("tr") if "data-char" in a]
    occur = [c.char for c in made.judgement.evaluation.classes if c.support]
    assert [a["data-char"] for a in rows][: len(occur)] == occur
    assert all(f"U+{ord(c):04X}" in a["data-find"] for a in rows for c in a["data-char"])


def test_every_image_has_a_description_and_a_size(page: Page) -> None:
    images = page.all("img")
    assert len(images) > 100
    assert all(a.get("alt") for a in images)
    assert all("width" in a for a in page.of_class("glyph"))


def test_headings_descend_one_by_one(page: Page, dataset: Dataset) -> None:
    several = Page(page_of([section(dataset, rows=200)] * 2, command="x", made=MADE))
    for headings in (page.headings, several.headings):
        assert headings[0] == 1 and headings.count(1) == 1
        assert all(b - a <= 1 for a, b in pairwise(headings))


def test_tables_have_headers_with_a_scope(page: Page) -> None:
    assert page.all("th") and all(a.get("scope") in ("col", "row") for a in page.all("th"))


def test_the_figures_are_there_without_a_script(page: Page, made: Section) -> None:
    e = made.judgement.evaluation
    text = page.text
    for share in (*e.top.values(), e.macro.f1, e.ece, e.lenient[0].top["1"]):
        assert f"{100 * share:.2f} %" in text
    low = e.intervals.top["1"]
    assert f"{100 * low.low:.2f} – {100 * low.high:.2f} %" in text
    assert "7 people were drawn anew" in text
    assert "these were in training" in text
    for group in (*e.scripts, *e.sources):
        assert group.name in text and f"{group.n:,}" in text
    assert "MIT & more" in text and "gone.zip" in text and "hwcli eval" in text
    assert "9 March 2026" in text
    for s in e.classes:
        assert f"{100 * s.f1:.1f} %" in text
    for mistake in e.confused[:30]:
        assert f"{mistake.count:,} of" in text


def test_thresholds_are_sentences(page: Page, made: Section) -> None:
    for t in made.judgement.evaluation.confidence.thresholds:
        if t.confidence is not None and 0 < t.coverage < 1:
            assert f"reject below {t.confidence:.2f}"[:-1] in page.text
            assert f"{100 * t.coverage:.1f} % are kept" in page.text


def test_every_character_is_drawn_or_told_by_its_code_points(page: Page) -> None:
    odd = [c for c in page.text if ord(c) > 0x17F and c not in "–—‘’“”…→←↑↓−·•"]
    assert not odd, odd
    told = page.text + " ".join(page.unseen)
    for name in HOSTILE[:-1]:
        assert name in told.replace("\u25cc", "") or codepoints(name) in told, name
    shapes = {a["id"] for a in page.all("path")}
    assert shapes == {a["href"][1:] for a in page.all("use")}


def test_cards_have_what_the_corrections_need(page: Page, made: Section) -> None:
    assert made.audit
    cards = page.of_class("suspect")
    assert len(cards) == 100
    table = {r["sha256"] + r["kind"]: r for r in csv_rows(suspects_csv(made.audit.suspects))}
    for card in cards:
        cells = [*json.loads(card["data-row"]), *json.loads(card["data-rest"])]
        row = dict(zip(CSV_COLUMNS, ["", card["data-correction"], *cells], strict=True))
        assert row == table[row["sha256"] + row["kind"]]
    kinds = [json.loads(card["data-row"])[6] for card in cards]
    assert kinds == ["label"] * 80 + ["outlier"] * 20
    assert page.of_class("triage")[0]["data-columns"] == ",".join(CSV_COLUMNS)
    assert len([a for a in page.all("button") if a.get("data-action")]) == 300


def csv_rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_what_can_only_be_done_with_a_script_is_hidden_without(page: Page) -> None:
    tags = zip(page.tags, page.needs_script, strict=True)
    controls = [hidden for (tag, _), hidden in tags if tag in ("input", "button", "progress")]
    assert len(controls) > 100 and all(controls)


def test_several_evaluations_begin_with_a_table(dataset: Dataset) -> None:
    one, two = section(dataset, rows=300), section(dataset, rows=400, audited=False, model="other")
    refused = Refused("third <b>", "far", "no class in common & more")
    text = page_of([one, two], command="x", refused=[refused], made=MADE)
    page = Page(text)
    assert "3 evaluations" in page.text
    assert {a["id"] for a in page.all("h2") if "id" in a} == {"p1", "p2"}
    assert [a["href"] for a in page.all("a") if a["href"] in ("#p1", "#p2")] == ["#p1", "#p2"]
    assert "third <b>" in page.text and "not judged: no class in common & more" in page.text
    assert len(page.of_class("triage")) == 1


def test_which_classes_were_judged(dataset: Dataset) -> None:
    matching = Matching(3, (LeftOut("ß", 17),), ("ж", "नि"), {"ä": "Ä"}, {"1": 0.5})
    text = Page(page_of([section(dataset, rows=300, matching=matching)], command="x")).text
    assert "share 3 classes" in text and "ß 17" in text and "ä → Ä" in text
    assert "2 classes of the model have no rows here" in text and "50.00 %" in text


def test_a_script_as_target_and_no_mistakes(dataset: Dataset) -> None:
    truth = np.arange(60) % 2
    sure = np.eye(2, dtype=np.float32)[truth]
    judgement = judgement_of(truth, sure, ("Latn", "Deva"), ("Latn", "Deva"), target="script")
    model = ModelInfo("net", {}, "script", ("Latn", "Deva"), ("Latn", "Deva"), Normalisation())
    page = Page(page_of([Section(judgement, None, model, dataset, pictures())], command="x"))
    assert "No mistake was made" in page.text and "2 scripts" in page.text
    assert "who wrote what is not known" in page.text


def test_a_figure_that_cannot_be_drawn_costs_no_results(
    made: Section, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError("too large")

    for name in ("draw_confusion", "draw_reliability", "draw_risk_coverage"):
        monkeypatch.setattr(f"hwcli.report.page.view.{name}", fail)
    page = Page(page_of([made], command="x"))
    assert "could not be drawn" in page.text
    assert f"{100 * made.judgement.evaluation.top['1']:.2f} %" in page.text
    assert len(caplog.records) == 3


def test_it_is_written_whole_and_a_place_that_cannot_be_is_told(
    made: Section, tmp_path: Path
) -> None:
    write_page(tmp_path / "new" / "index.html", [made], command="x", made=MADE)
    text = (tmp_path / "new" / "index.html").read_text("utf-8")
    assert text.startswith("<!doctype html>") and text.rstrip().endswith("</html>")
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["index.html"]
    assert len(text) < 2_000_000
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match="cannot be written"):
        write_page(tmp_path / "file" / "index.html", [made], command="x")


def test_the_same_twice(made: Section) -> None:
    first, second = (page_of([made], command="x", made=MADE) for _ in range(2))
    assert first == second
