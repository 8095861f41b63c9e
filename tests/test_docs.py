"""What docs/ and README say exists."""

import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

from conftest import Result
from hwcli.glyph import Normalisation
from hwcli.recipe import Balance, LabelRule, Part, Recipe, Source, Splitting, load_recipe

ROOT = Path(__file__).parents[1]
RECIPES = (ROOT / "docs" / "recipes.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
SCALE = (ROOT / "docs" / "scale.md").read_text("utf-8")


def section(heading: str) -> str:
    match = re.search(rf"^## {re.escape(heading)}.*?$(.*?)(?=^## |\Z)", RECIPES, re.S | re.M)
    assert match, heading
    return match[1]


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("The whole", Recipe),
        ("`[image]`", Normalisation),
        ("`[split]`", Splitting),
        ("`[balance]`", Balance),
        ("`[[source]]`", Source),
        ("`[[source.part]]`", Part),
        ("`[source.label]`", LabelRule),
    ],
)
def test_every_key_of_a_recipe_is_explained_and_no_other(heading: str, kind: type) -> None:
    text = section(heading)
    known = {f.name for f in fields(kind)}
    if kind is Balance:
        assert all(f"`{name}`" in text for name in known)
        return
    first = re.findall(r"^\| (.*?) \|", text, re.M)
    keys = {name for cell in first for name in re.findall(r"`(\w+)`", cell)}
    if kind is Source:
        assert "`bibtex`" in text
        keys = keys - {"from"} | {"bibtex"}
    assert keys == known


def test_the_recipe_that_the_page_shows_is_good() -> None:
    example = re.search(r"```toml\n(.*?)```", RECIPES, re.S)
    assert example
    Path("mine.toml").write_text(example[1], "utf-8")
    assert load_recipe("mine.toml").name == "mine"


@pytest.mark.parametrize("command", ["ingest", "train", "eval", "ocr"])
def test_every_option_in_readme_exists(command: str, hwcli: Callable[..., Result]) -> None:
    result = hwcli(command, "--help")
    known = set(re.findall(r"--[a-z][a-z0-9-]+", result.out))
    used = set()
    for line in (README + SCALE).replace("\\\n", " ").splitlines():
        for part in re.findall(rf"hwcli {command}\b([^|#`]*)", line):
            used |= set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", part))
    assert used <= known, used - known


def test_every_model_is_in_readme_with_its_parameters(hwcli: Callable[..., Result]) -> None:
    table = README[README.index("| model | what |") :]
    table = table[: table.index("\n\n")].splitlines()[2:]
    rows = [[cell.strip(" `") for cell in line.split("|")[1:-1]] for line in table]
    listed = [line.split() for line in hwcli("train", "--list").out.splitlines()[4:]]
    shown = {words[0]: words for words in listed if words}
    assert {row[0] for row in rows} == set(shown)
    for name, _, parameters, classes in rows:
        assert not classes or {parameters, classes} <= set(shown[name]), name


def test_every_recipe_is_in_readme() -> None:
    from hwcli.recipe import shipped

    table = README[README.index("| recipe | what |") :]
    named = set(re.findall(r"`([a-z0-9-]+)`", table[: table.index("\n\n")]))
    expanded = {f"emnist{n}" if n.startswith("-") else n for n in named}
    assert set(shipped()) <= expanded
