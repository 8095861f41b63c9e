"""`--strict` ends with 11 where the dataset is not all that its recipe promises."""

from collections.abc import Callable
from pathlib import Path

import pytest

from archives import emnist_zip, glyph, png, recipe_text, write_zip
from conftest import Result

Hwcli = Callable[..., Result]
FOLDERS = "[[source.part]]\nimages = '*.png'"


def folders(**extra: bytes) -> str:
    members = {f"{c}/{k}.png": png(glyph(10 * i + k)) for i, c in enumerate("ab") for k in range(9)}
    write_zip(Path("a.zip"), members | {f"a/{name}.png": data for name, data in extra.items()})
    Path("test.toml").write_text(recipe_text("file:a.zip", "images", FOLDERS), "utf-8")
    return "test.toml"


def test_a_clean_source_and_its_duplicates_pass(hwcli: Hwcli) -> None:
    result = hwcli("ingest", folders(again=png(glyph(0))), "--strict")
    assert result.code == 0, result.err
    assert "duplicate" in result.out


@pytest.mark.parametrize(
    ("data", "told"),
    [(b"junk", "not an image"), (png(glyph(10)), "bear different characters")],
    ids=["corrupt", "conflict"],
)
def test_what_is_not_clean_is_named_and_the_dataset_is_there_all_the_same(
    data: bytes, told: str, hwcli: Hwcli
) -> None:
    recipe = folders(odd=data)
    assert hwcli("ingest", recipe).code == 0
    result = hwcli("ingest", recipe, "--strict")
    assert result.code == 11
    assert told in result.err
    assert Path("data/test/dataset.json").exists()


def test_a_missing_part_does_not_pass(hwcli: Hwcli) -> None:
    emnist_zip(Path("m/emnist/gzip.zip"), ("test",))
    command = ("ingest", "emnist-bymerge", "--mirror", "m", "--allow-missing", "--unverified")
    assert hwcli(*command).code == 0
    result = hwcli(*command, "--strict")
    assert result.code == 11
    assert "is missing" in result.err
