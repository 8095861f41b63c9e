"""What `--show` tells of a recipe's sources: how they are read, and what of them is here."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conftest import Result
from hwcli.about import about
from hwcli.fetch import FetchOptions, cached_path, mirror_path
from hwcli.fetch.here import Here, find_here
from hwcli.recipe import Part, Recipe, Source, load_recipe, shipped

Hwcli = Callable[..., Result]
URL = "https://a.b/c/x.zip"


def source_of(url: str, **more: Any) -> Source:
    more.setdefault("part", (Part("x-images-idx3-ubyte", "x-labels-idx1-ubyte", split="train"),))
    return Source("one", "Latn", url, license="MIT", citation="Nobody.", **more)


def put(path: Path, size: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))


@pytest.mark.parametrize("url", [URL, "kaggle:a/b", "https://a.b/c/", "file:///no/such"])
@pytest.mark.parametrize("mirror", ["", "mirror", "https://m.n/x"])
def test_what_is_not_here_is_not_fetched(
    url: str, mirror: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("httpx.Client.send", lambda *_, **__: pytest.fail("the network is used"))
    monkeypatch.setenv("KAGGLEHUB_CACHE", "kaggle")
    assert find_here(source_of(url), FetchOptions(mirror=mirror)) is None


def test_archives_are_found_in_mirror_cache_and_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLEHUB_CACHE", "k")
    options = FetchOptions(mirror="mirror", cache=Path("cache"))
    mirrored = source_of("https://a.b/second.zip", mirrors=(URL,))
    put(cached_path(URL, options), 11)
    assert find_here(mirrored, options) == Here("cache", 11, 1, 1)
    put(Path("mirror/a.b/second.zip"), 7)
    assert find_here(mirrored, options) == Here("mirror", 7, 1, 1)
    for version, size in (("9", 1), ("10", 2)):
        put(Path(f"k/datasets/a/b/versions/{version}/x/y.png"), size)
    assert find_here(source_of("kaggle:a/b"), options) == Here("cache", 2, 1, 1)
    put(Path("mirror/kaggle/a/b.zip"), 3)
    assert find_here(source_of("kaggle:a/b"), options) == Here("mirror", 3, 1, 1)
    put(Path("own/x/a.png"), 5)
    own = source_of(f"file://{Path('own').absolute()}")
    assert find_here(own, options) == Here("local", 5, 1, 1)


def test_of_files_fetched_one_by_one_those_that_are_here_are_counted() -> None:
    options = FetchOptions(mirror="https://m.n/x", cache=Path("cache"))
    folder = source_of("https://a.b/c/")
    put(cached_path("https://a.b/c/x-labels-idx1-ubyte", options), 4)
    assert find_here(folder, options) == Here("cache", 4, 1, 2)
    put(cached_path("https://m.n/x/a.b/c/x-images-idx3-ubyte", options), 5)
    assert find_here(folder, options) == Here("mirror", 9, 2, 2)


@pytest.mark.parametrize(
    ("more", "classes"),
    [
        ({}, None),
        ({"classes": {"1": "A", "2": "a", "3": "A"}}, 2),
        ({"alphabet": "abc", "unlisted": "?"}, 4),
        ({"classes": {"1": "-"}, "stack": {"=": ("-", "-")}}, 2),
    ],
)
def test_classes_are_the_characters_that_labels_stand_for(
    more: dict[str, Any], classes: int | None
) -> None:
    source = source_of(URL, **more)
    recipe = Recipe("hwcli.recipe/1", "r", "R", "char", (source,))
    assert about(recipe, source, FetchOptions()).classes == classes


def test_show_tells_parts_sizes_and_checksums(hwcli: Hwcli) -> None:
    put(Path("m") / mirror_path(load_recipe("emnist-bymerge").source[0]), 1234)
    shown = hwcli("ingest", "emnist-bymerge", "--show", "--mirror", "m")
    assert shown.code == 0, shown.err
    for told in (
        "size      1,234 bytes, in the mirror",
        "checksums known of 8 members",
        "format    idx",
        "classes   47",
        "split     ",
        "gzip/emnist-bymerge-test-labels-idx1-ubyte.gz (test)",
    ):
        assert told in shown.out
    assert "size      not here" in hwcli("ingest", "emnist-bymerge", "--show").out
    record = json.loads(hwcli("ingest", "emnist-bymerge", "--show", "--json", "--mirror", "m").out)
    told = record["source"][0]["about"]
    assert told["here"] == {"place": "mirror", "bytes": 1234, "files": 1, "of": 1}
    assert (told["classes"], told["digests"]) == (47, {"files": 0, "members": 8})
    assert hwcli("ingest", "emnist-bymerge", "--show", "--mirror", "none").code == 3


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_recipe_is_shown_in_80_columns(name: str, hwcli: Hwcli) -> None:
    shown = hwcli("ingest", name, "--show")
    assert shown.code == 0
    long = [line for line in shown.out.splitlines() if len(line) > 80]
    whole = ("http", "file:", ".woff2")  # addresses stay whole, wherever the project lies
    assert all(any(w in line for w in whole) and len(line.split()) <= 2 for line in long)
    assert all(s.name in shown.out for s in load_recipe(name).source)


def test_many_parts_are_not_all_told() -> None:
    from hwcli.report.recipe import as_text

    source = source_of(URL, part=tuple(Part(f"{k}.npy") for k in range(20)))
    recipe = Recipe("hwcli.recipe/1", "r", "R", "char", (source,))
    told = about(recipe, source, FetchOptions())
    text = as_text(recipe, [replace(told, here=Here("cache", 5, 1, 20))])
    assert "7.npy\n            and 12 more\n" in text
    assert "5 bytes, in the cache (1 of 20 files)" in text
