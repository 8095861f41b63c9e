"""Recipes: the shipped ones, and every kind of mistake in one's own."""

import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archives import recipe_text
from conftest import Result
from hwcli.errors import HwcliError, RecipeError
from hwcli.recipe import Recipe, load_recipe, shipped, unverified
from hwcli.structure import structure_or

Hwcli = Callable[..., Result]

GOOD = recipe_text("https://example.org/a.zip", "images", '[[source.part]]\nimages = "*.png"')


def write(text: str) -> str:
    Path("r.toml").write_text(text, encoding="utf-8")
    return "r.toml"


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_recipe_loads_and_bears_its_own_name(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    for source in recipe.source:
        nowhere = source.url.startswith("file:") and source.mirror_path  # handed out by hand
        assert nowhere or source.url.startswith(("https:", "kaggle:", "package:"))


def test_the_recipes_that_readers_are_promised_are_shipped() -> None:
    names = (
        "mnist emnist-byclass emnist-bymerge emnist-letters emnist-balanced emnist-digits "
        "emnist-mnist latin sample multi-script ahcd dhcd chinese-mnist baybayin kannada "
        "english-handwritten hangul bhmsds math-symbols omniglot cmaterdb kassel-letters "
        "everything emnist-hex kannada-mnist dig-mnist kmnist kuzushiji school-hands "
        "letterforms"
    )
    promised = set(names.split())
    assert promised <= set(shipped())


@pytest.mark.parametrize("name", shipped())
def test_classes_are_characters_and_not_names(name: str) -> None:
    for source in load_recipe(name).source:
        for character in (*source.classes.values(), *source.alphabet, *source.stack):
            assert 1 <= len(character) <= 3, (source.name, character)


def test_latin_folds_byclass_onto_the_classes_of_bymerge() -> None:
    by_name = {s.name: s for s in load_recipe("latin").source}
    folded, merged = by_name["emnist-byclass"].alphabet, by_name["emnist-bymerge"].alphabet
    assert len(folded) == 62
    assert set(folded) == set(merged)
    apart = load_recipe("emnist-byclass").source[0].alphabet
    assert all(a in (b, b.upper()) for a, b in zip(folded, apart, strict=True))


def test_everything_folds_every_latin_source_onto_the_classes_of_latin() -> None:
    latin = load_recipe("latin").source
    merged = {c for s in latin for c in (*s.alphabet, *s.classes.values(), *s.stack)}
    sources = load_recipe("everything").source
    assert len(sources) == len({s.name for s in sources}) == 28
    for source in sources:
        if source.script in ("Latn", "Zmth"):
            assert {*source.alphabet, *source.classes.values()} - {"×"} <= merged, source.name


def test_original_proportions_add_up_to_the_21_946_of_the_work() -> None:
    assert sum(load_recipe("multi-script").proportions["original"].values()) == 21_946


def test_baybayin_lists_63_different_syllables() -> None:
    source = next(s for s in load_recipe("multi-script").source if s.name == "baybayin")
    assert len(source.classes) == len(set(source.classes.values())) == 63
    assert source.character("yo_yu") == "ᜌᜓ"
    assert source.character("e_i") == "ᜁ"


def test_unknown_name_exits_4_and_names_the_one_meant(hwcli: Hwcli) -> None:
    result = hwcli("ingest", "mulit-script")
    assert result.code == 4
    assert "did you mean 'multi-script'?" in result.err
    assert result.err.count("\n") == 2


MISTAKES = {
    "unknown key": (GOOD.replace("format =", "formt ="), "did you mean 'format'?"),
    "unknown key at the top": (GOOD.replace("title =", "tilte ="), "did you mean 'title'?"),
    "a class that is a number": (GOOD + "[source.classes]\na = 1\n", "expected text in quotes"),
    "an empty class": (GOOD + '[source.classes]\na = ""\n', "must be a character"),
    "a control code as class": (GOOD + '[source.classes]\na = "\\u0000"\n', "must be a character"),
    "a script that is none": (GOOD.replace('"Latn"', '"latin"'), "ISO 15924"),
    "no citation": (GOOD.replace("Nobody (2024). Nothing.", ""), "citation"),
    "another schema": (GOOD.replace("recipe/1", "recipe/9"), "hwcli.recipe/9"),
    "a wrong target": (GOOD.replace('"char"', '"letter"'), "target"),
    "a wrong format": (GOOD.replace('"images"', '"jpegs"'), "format"),
    "an address of no known kind": (GOOD.replace("https:", "ftp:"), "expected https:"),
    "plain http": (GOOD.replace("https:", "http:"), "use https"),
    "kaggle without owner": (GOOD.replace("https://example.org/a.zip", "kaggle:x"), "owner/name"),
    "a member outside": (GOOD.replace('"*.png"', '"../*.png"'), "no path inside"),
    "a table outside": (GOOD + '[source.label]\ntable = "/etc/passwd"\n', "no path inside"),
    "a pattern that is none": (GOOD + "[source.label]\npattern = '('\n", "pattern"),
    "a pattern without groups": (GOOD + "[source.label]\npattern = 'a'\n", "has no group"),
    "no part": (GOOD.split("[[source.part]]")[0], "part"),
    "no source": (GOOD.split("[[source]]")[0], "source"),
    "the same source twice": (GOOD + GOOD[GOOD.index("[[source]]") :], "a name of its own"),
    "shares above one": (
        GOOD.replace("[[source]]", "[split]\nval=0.6\ntest=0.6\n[[source]]"),
        "val",
    ),
    "val not a number": (GOOD.replace("[[source]]", "[split]\nval=nan\n[[source]]"), "val"),
    "fit above size": (GOOD.replace("[[source]]", "[image]\nfit=40\n[[source]]"), "fit"),
    "an official split without one": (
        GOOD.replace("[[source]]", '[split]\nby="official"\n[[source]]'),
        "official",
    ),
    "proportions of nobody": (
        GOOD.replace("[[source]]", "[proportions.x]\ntwo = 5\n[[source]]", 1),
        "two",
    ),
    "a wrong checksum": (GOOD.replace("format", 'sha256 = {a = "12"}\nformat'), "64"),
    "text as truth": (GOOD.replace("format", 'invert = "yes"\nformat'), "invert"),
    "stacks of pixels": (
        GOOD.replace('"images"', '"idx"') + '[source.stack]\n"=" = ["-", "-"]\n',
        "single images",
    ),
    "stacks without end": (
        GOOD.replace("format", "stack_count = 1000000000000\nformat"),
        "stack_count must be",
    ),
    "a name too long for a file": (GOOD.replace('name = "test"', f'name = "{"x" * 200}"'), "name"),
    "from an unknown recipe": (GOOD + '[[source]]\nfrom = "dhdc"\n', "did you mean 'dhcd'?"),
    "from an unknown source": (
        GOOD + '[[source]]\nfrom = "latin/bhmds"\n',
        "source[1].from: latin has no source 'bhmds', did you mean 'bhmsds'?",
    ),
    "from a number": (GOOD + "[[source]]\nfrom = 1\n", "expected text in quotes"),
    "from itself": (GOOD + '[[source]]\nfrom = "r.toml"\n', "takes from this recipe"),
    "one name for two sources": (
        GOOD + '[[source]]\nfrom = "latin"\nname = "x"\n',
        "5 sources, which share no name",
    ),
    "a misspelt key beside from": (
        GOOD + '[[source]]\nfrom = "dhcd"\nlimt = 5\n',
        "did you mean 'limit'?",
    ),
    "a bad value beside from": (GOOD + '[[source]]\nfrom = "dhcd"\nlimit = 0\n', "at least 1"),
    "no TOML": ("schema = = 1", "not TOML"),
    "no text": ("\x00", "not TOML"),
    "too deep": ("a = " + "[" * 5000, "not TOML"),
}


@pytest.mark.parametrize("why", MISTAKES)
def test_a_mistake_is_told_in_one_line_with_its_place(why: str, hwcli: Hwcli) -> None:
    text, told = MISTAKES[why]
    result = hwcli("ingest", write(text))
    assert result.code == 4, result.err
    assert told in result.err
    assert result.err.startswith("hwcli: error: r.toml")
    assert result.err.count("\n") == 1


def test_the_good_recipe_that_mistakes_are_made_in_is_good() -> None:
    assert load_recipe(write(GOOD)).source[0].script == "Latn"


def test_a_missing_file_and_one_in_no_encoding_are_recipe_errors() -> None:
    with pytest.raises(RecipeError, match="No such file"):
        load_recipe("none.toml")
    Path("b.toml").write_bytes(b'name = "\xff"')
    with pytest.raises(RecipeError, match="not TOML"):
        load_recipe("b.toml")


def test_file_addresses_are_taken_from_where_the_recipe_lies() -> None:
    Path("sub").mkdir()
    Path("sub/r.toml").write_text(GOOD.replace("https://example.org/a.zip", "file:pics/"))
    assert load_recipe("sub/r.toml").source[0].url == f"file:{Path('sub/pics').resolve()}/"


def test_from_takes_all_sources_of_a_recipe_or_one_and_what_is_given_goes_before() -> None:
    more = """
[[source]]
from = "multi-script"

[[source]]
from = "multi-script/dhcd"
name = "two"
limit = 7
split_by = "random"
classes = { digit_0 = "0" }
"""
    recipe = load_recipe(write(GOOD + more))
    script = load_recipe("multi-script").source
    assert recipe.source[1:7] == script
    dhcd = next(s for s in script if s.name == "dhcd")
    assert recipe.source[7] == replace(
        dhcd, name="two", limit=7, split_by="random", classes={**dhcd.classes, "digit_0": "0"}
    )


def test_from_a_file_is_taken_from_where_the_borrower_lies_and_its_files_from_where_it_lies() -> (
    None
):
    Path("sub/own").mkdir(parents=True)
    Path("sub/own/lender.toml").write_text(GOOD.replace("https://example.org/a.zip", "file:a.zip"))
    borrower = GOOD.split("[[source]]")[0] + '[[source]]\nfrom = "own/lender.toml/one"\n'
    Path("sub/r.toml").write_text(borrower)
    assert load_recipe("sub/r.toml").source[0].url == f"file:{Path('sub/own/a.zip').resolve()}"


def test_recipes_that_take_from_each_other_in_a_circle_are_refused() -> None:
    for own, other in (("r", "s"), ("s", "t"), ("t", "r")):
        Path(f"{own}.toml").write_text(GOOD + f'[[source]]\nfrom = "{other}.toml"\n')
    with pytest.raises(RecipeError, match=r"t\.toml: source\[1\]\.from: r\.toml takes from"):
        load_recipe("r.toml")


def test_corrections_are_taken_from_where_the_recipe_lies() -> None:
    Path("sub/fixes").mkdir(parents=True)
    inside = str(Path("sub/abs.csv").resolve())
    names = f'corrections = ["a.csv", "fixes/../fixes/b.csv", "{inside}"]\n'
    Path("sub/r.toml").write_text(names + GOOD)
    found = load_recipe("sub/r.toml").corrections
    wanted = ("sub/a.csv", "sub/fixes/b.csv", "sub/abs.csv")
    assert found == tuple(str(Path(p).resolve()) for p in wanted)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("../a.csv", "'../a.csv' is outside the recipe's folder"),
        ("x/../../a.csv", "is outside"),
        ("/etc/passwd", "is outside"),
        ("link.csv", "is outside"),
        ("links/a.csv", "is outside"),
        ("", "an entry is no path"),
        ("a\\u0000.csv", "an entry is no path"),
    ],
)
def test_corrections_from_elsewhere_are_refused(name: str, told: str, hwcli: Hwcli) -> None:
    """A recipe that is passed on must not have other files read than those beside it."""
    Path("a.csv").write_text("action,source,origin,label\n")
    Path("sub").mkdir()
    Path("sub/link.csv").symlink_to("../a.csv")
    Path("sub/links").symlink_to("..")
    Path("sub/r.toml").write_text(f'corrections = ["{name}"]\n{GOOD}')
    result = hwcli("ingest", "sub/r.toml")
    assert result.code == 4
    assert told in result.err


def test_a_file_that_links_to_itself_is_not_followed_for_ever(hwcli: Hwcli) -> None:
    Path("round.csv").symlink_to("round.csv")
    result = hwcli("ingest", write(f'corrections = ["round.csv"]\n{GOOD}'), "--offline")
    assert result.code == 4
    assert "symbolic links" in result.err


def test_from_does_not_take_corrections_along() -> None:
    """They name sources and labels as that recipe has them, not as the borrower may."""
    Path("lender.toml").write_text(f'corrections = ["a.csv"]\n{GOOD}')
    borrower = GOOD.split("[[source]]")[0] + '[[source]]\nfrom = "lender.toml"\n'
    assert load_recipe("lender.toml").corrections
    assert load_recipe(write(borrower)).corrections == ()


def test_multi_script_writes_nothing_twice() -> None:
    tree = tomllib.loads(shipped()["multi-script"].read_text(encoding="utf-8"))
    assert len(tree["source"]) == 6
    assert all(set(s) <= {"from", "split_by"} for s in tree["source"])
    assert [s.name for s in load_recipe("multi-script").source] == [
        s["from"] for s in tree["source"]
    ]


@pytest.mark.parametrize(
    ("label", "character"),
    [
        ("1", "a"),
        ("3", "c"),
        ("0", None),
        ("4", None),
        ("x", None),
        ("-1", None),
        ("", None),
        ("9" * 5000, None),
        ("0" * 20 + "1", None),
    ],
)
def test_an_alphabet_counts_from_its_first_label(label: str, character: str | None) -> None:
    extra = 'alphabet = "abc"\nfirst_label = 1\n[[source.part]]\nimages = "x"\nlabels = "y"'
    source = load_recipe(write(recipe_text("file:x", "idx", extra))).source[0]
    assert source.character(label) == character


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
KEYS = st.sampled_from(
    ["schema", "name", "title", "target", "source", "split", "image", "x", "part"]
)
trees = st.recursive(
    leaves, lambda t: st.lists(t, max_size=3) | st.dictionaries(KEYS, t, max_size=5), max_leaves=12
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(KEYS, trees))
def test_whatever_the_data_the_answer_is_a_recipe_error(data: dict[str, object]) -> None:
    with pytest.raises(HwcliError):
        structure_or(data, Recipe, "x", RecipeError)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_shipped_recipe_with_one_value_spoilt_loads_or_is_refused(data: st.DataObject) -> None:
    tree = tomllib.loads(GOOD)
    where = data.draw(st.sampled_from([tree, tree["source"][0], tree["source"][0]["part"][0]]))
    key = data.draw(st.sampled_from(sorted(where)))
    where[key] = data.draw(trees)
    try:
        recipe = structure_or(tree, Recipe, "x", RecipeError)
    except RecipeError as error:
        assert error.message.startswith("x: ")
    else:
        assert recipe.source


def test_a_recipe_can_be_taken_without_its_digests() -> None:
    recipe = load_recipe("emnist-mnist")
    assert recipe.source[0].member_sha256
    assert not any(s.member_sha256 or s.sha256 for s in unverified(recipe).source)
