"""Recipes written out: whatever is in them, they read back equal."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwcli.errors import RecipeError
from hwcli.recipe import Recipe, load_recipe, shipped
from hwcli.recipe.toml import recipe_toml, toml_text

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
plain = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | texts
values = st.recursive(
    plain, lambda v: st.lists(v, max_size=3) | st.dictionaries(texts, v, max_size=3), max_leaves=8
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(texts, values, max_size=5))
def test_any_tree_reads_back_equal(tree: dict[str, object]) -> None:
    assert tomllib.loads(toml_text(tree)) == tree


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=20), st.sampled_from(["", "a", "t", "t.b", "s"]))
def test_a_comment_is_never_more_than_a_comment(text: str, place: str) -> None:
    tree = {"a": 1, "t": {"b": "x"}, "s": [{"c": 1}, {"c": 2}]}
    written = toml_text(tree, {place: [text]})
    assert tomllib.loads(written) == tree
    assert "# " in written or not text.strip()
    written.encode()


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_recipe_reads_back_equal(name: str) -> None:
    Path("copy.toml").write_text(recipe_toml(load_recipe(name)), encoding="utf-8")
    assert load_recipe("copy.toml") == load_recipe(name)


def own(url: str) -> Recipe:
    recipe = load_recipe("bhmsds")
    source = replace(recipe.source[0], url=url, mirror_path="", name="o", sha256={})
    return replace(recipe, source=(source,))


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("pics/", "file:pics/"),
        ("pics.zip", "file:pics.zip"),
        ("a b/#?%41[x]/", "file:a b/#?%41[x]/"),
        ("", "file:./"),
    ],
)
def test_files_near_the_recipe_are_named_from_where_it_lies(path: str, written: str) -> None:
    recipe = own(f"file:{Path('r').resolve()}/{path}")
    Path("r").mkdir()
    text = recipe_toml(recipe, Path("r"))
    assert tomllib.loads(text)["source"][0]["url"] == written
    Path("r/x.toml").write_text(text)
    here = load_recipe("r/x.toml").source[0].url
    assert here.rstrip("/") == recipe.source[0].url.rstrip("/")


def test_files_far_from_the_recipe_are_named_from_the_root() -> None:
    far = own("file:/nowhere/near/")
    assert 'url = "file:/nowhere/near/"' in recipe_toml(far, Path("a/b/c/d/e"))


def test_corrections_are_named_from_where_the_recipe_lies_or_refused_elsewhere() -> None:
    """None may lie outside a recipe's folder, so such a copy could not be read."""
    Path("r/s").mkdir(parents=True)
    path = str(Path("r/s/fixes.csv").resolve())
    recipe = replace(own("https://example.org/a.zip"), corrections=(path,))
    text = recipe_toml(recipe, Path("r"))
    assert tomllib.loads(text)["corrections"] == ["s/fixes.csv"]
    Path("r/x.toml").write_text(text)
    assert load_recipe("r/x.toml").corrections == (path,)
    Path("r/y.toml").write_text(recipe_toml(recipe))
    assert load_recipe("r/y.toml").corrections == (path,)
    with pytest.raises(RecipeError, match="outside the folder of the recipe"):
        recipe_toml(recipe, Path("other"))


def test_keys_that_are_labels_are_quoted_and_patterns_are_not_escaped() -> None:
    text = recipe_toml(load_recipe("bhmsds"))
    assert '"plus" = "+"\n' in text
    assert r"pattern = '/(?P<label>[a-z0-9]+)-\d+\.png$'" in text
    assert text.index("[image]") < text.index("[[source]]")
