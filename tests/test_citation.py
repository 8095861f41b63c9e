"""Citations as BibTeX, read back by a small parser."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import Result
from hwcli.citation import citations, escaped
from hwcli.dataset import SourceEntry
from hwcli.recipe import load_recipe, shipped
from small_datasets import SOURCES, Row, dataset_of

Hwcli = Callable[..., Result]

REQUIRED = {
    "article": {"author", "title", "journal", "year"},
    "inproceedings": {"author", "title", "booktitle", "year"},
    "phdthesis": {"author", "title", "school", "year"},
    "misc": set(),
}
"""Fields that BibTeX's standard styles want: btxdoc.pdf, section 3.1."""


def parsed(text: str) -> dict[str, tuple[str, dict[str, str]]]:
    """Type and fields by key; fails on whatever BibTeX would fail on."""
    entries: dict[str, tuple[str, dict[str, str]]] = {}
    at = 0
    while head := re.compile(r"\s*@(\w+)\{([^\s,{}]+),").match(text, at):
        kind, key = head[1], head[2]
        assert key.casefold() not in {k.casefold() for k in entries}, key
        at, fields = head.end(), {}
        while name := re.compile(r"\s*(\w+)\s*=\s*\{").match(text, at):
            start, depth = name.end(), 1
            at = start
            while depth:
                depth += {"{": 1, "}": -1}.get(text[at], 0) if text[at - 1] != "\\" else 0
                at += 1
            fields[name[1]] = text[start : at - 1]
            comma = re.compile(r"\s*,?").match(text, at)
            assert comma
            at = comma.end()
        end = re.compile(r"\s*\}").match(text, at)
        assert end, text[at : at + 40]
        at = end.end()
        entries[key] = (kind, fields)
    assert not text[at:].strip(), text[at:]
    return entries


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_recipe_is_cited(name: str, hwcli: Hwcli) -> None:
    result = hwcli("ingest", name, "--cite")
    assert result.code == 0
    entries = parsed(result.out)
    assert entries
    sources = load_recipe(name).source
    for kind, fields in entries.values():
        assert set(fields) >= REQUIRED[kind]
        assert "title" in fields and "author" in fields, "written by hand"
    for source in sources:
        assert source.bibtex, source.name
        for key, (_, fields) in parsed(source.bibtex).items():
            assert key in entries
            plain = {k: re.sub(r"[{}]", "", v).replace("--", "-") for k, v in fields.items()}
            for part in ("title", "year", "pages", "doi", "volume"):  # nothing is made up
                assert plain.get(part, "") in source.citation, (name, key, part)
            for author in plain["author"].split(" and "):
                assert author.partition(",")[0] in source.citation


def test_a_source_without_an_entry_gets_one_of_its_text() -> None:
    [entry] = citations([SOURCES[1]], {})
    kind, fields = parsed(entry.bibtex)["one-b"]
    assert kind == "misc"
    assert fields == {"note": r'A "quoted" \& long\_name (2020). 50 \% \#1.'}
    [entry] = citations([replace(SOURCES[0], homepage="https://a.b/{c}%20d#e_f~g")], {})
    fields = parsed(entry.bibtex)["one"][1]
    assert fields["howpublished"] == r"\url{https://a.b/%7Bc%7D\%20d\#e_f~g}".replace(
        "%7B", r"\%7B"
    ).replace("%7D", r"\%7D")


def test_what_latex_takes_for_commands_is_escaped() -> None:
    text = escaped("\\ { } $ & # % _ ^ ~ é\nx")
    assert text == (
        r"\textbackslash{} \{ \} \$ \& \# \% \_ \textasciicircum{} \textasciitilde{} é x"
    )


@pytest.mark.parametrize(
    "broken",
    ["not an entry", "@misc{x, title = {open}", "@misc{x, title = {}}}", "@misc{x,}\nand text"],
)
def test_an_entry_that_is_none_is_replaced_by_the_text(broken: str) -> None:
    [entry] = citations([replace(SOURCES[2], bibtex=broken)], {})
    assert parsed(entry.bibtex) == {"b": ("misc", {"note": "Someone."})}


def test_equal_entries_are_one_and_keys_are_unique() -> None:
    def source(name: str, bibtex: str) -> SourceEntry:
        return SourceEntry(name, "Latn", "x", "y", bibtex=bibtex)

    one, other = "@misc{k,\n  title = {A}\n}\n", "@misc{K,\n  title = {B}\n}"
    found = citations([source("s", one), source("t", other), source("u", one)], {})
    assert [(c.key, c.sources) for c in found] == [("k", ("s", "u")), ("K-2", ("t",))]
    assert set(parsed("\n".join(c.bibtex for c in found))) == {"k", "K-2"}


def test_a_dataset_made_before_there_were_entries_is_cited_by_its_text(hwcli: Hwcli) -> None:
    text = load_recipe("mnist").source[0].citation
    sources = (SourceEntry("mine", "Latn", "x", text), *SOURCES[1:])
    dataset_of([Row(1, "A"), Row(2, "A", source=2)], Path("data/d"), sources=sources)
    result = hwcli("ingest", "d", "--cite")
    assert list(parsed(result.out)) == ["lecun1998gradient", "b"]
    told = json.loads(hwcli("ingest", "d", "--cite", "--json").out)
    assert [(c["key"], c["sources"]) for c in told] == [
        ("lecun1998gradient", ["mine"]), ("b", ["b"]),
    ]  # fmt: skip


def test_what_is_neither_recipe_nor_dataset_is_one_line(hwcli: Hwcli) -> None:
    assert hwcli("ingest", "nonesuch", "--cite").code == 4
    assert hwcli("ingest", "no/such", "--cite").code == 6
    assert hwcli("ingest", "--cite").code == 2


def test_what_is_ingested_keeps_its_entry(hwcli: Hwcli) -> None:
    from hwcli.dataset import open_dataset

    assert hwcli("ingest", "sample").code == 0
    assert all(s.bibtex for s in open_dataset(Path("data/sample")).info.sources)
