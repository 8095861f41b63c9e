"""Members that the recipe has a digest for."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from archives import glyph, idx, recipe_text, write_zip
from hwcli.errors import FetchError, RecipeError
from hwcli.fetch.archive import MissingError
from hwcli.fetch.zips import ZipArchive
from hwcli.readers import open_reader
from hwcli.readers.reader import Reader
from hwcli.recipe import load_recipe

FILES = {
    "emnist-master/gzip/i": idx(np.stack([glyph(k) for k in range(4)])),
    "emnist-master/gzip/l": idx(np.arange(4, dtype=np.uint8)),
}
GOOD = {name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()}
PART = '[[source.part]]\nimages = "gzip/i"\nlabels = "gzip/l"'


def reader(digests: str, files: dict[str, bytes] = FILES, part: str = PART) -> Reader:
    Path("r.toml").write_text(
        recipe_text("file:x", "idx", f"[source.member_sha256]\n{digests}\n{part}")
    )
    source = load_recipe("r.toml").source[0]
    return open_reader(source, source.part[0], ZipArchive(write_zip(Path("a.zip"), files)))


def test_the_right_member_below_any_folder_is_read() -> None:
    images, labels = GOOD.values()
    one = reader(f'"gzip/i" = ["{images}"]\n"gzip/l" = ["{"0" * 64}", "{labels}"]')
    assert len(one.listing()) == 4


@pytest.mark.parametrize("name", ["gzip/i", "gzip/l"])
def test_another_member_is_refused_by_name(name: str) -> None:
    with pytest.raises(FetchError, match=f"{name}: sha256 is .*, expected 0000") as caught:
        reader(f'"{name}" = ["{"0" * 64}"]')
    assert caught.value.exit_code == 5
    assert "\n" not in caught.value.message


def test_a_member_that_is_not_there_is_missing_and_not_wrong() -> None:
    with pytest.raises(MissingError):
        reader(f'"gzip/i" = ["{"0" * 64}"]', {"x": b""})


@pytest.mark.parametrize("digest", [f'"{"0" * 64}"', '["0"]', "7"])
def test_digests_that_are_none_are_a_fault_of_the_recipe(digest: str) -> None:
    with pytest.raises(RecipeError, match="sha256"):
        reader(f'"gzip/i" = {digest}')


def test_two_members_that_could_be_meant_are_too_many() -> None:
    files = {"a/gzip/i": b"1", "b/gzip/i": b"2", "gzip/l": b""}
    with pytest.raises(FetchError, match="a/gzip/i and b/gzip/i match gzip/i, one is wanted"):
        reader("", files)
    files["gzip/i"] = FILES["emnist-master/gzip/i"]
    files["gzip/l"] = FILES["emnist-master/gzip/l"]
    assert len(reader("", files).listing()) == 4
