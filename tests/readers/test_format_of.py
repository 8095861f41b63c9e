"""The format of a part: given, told by the ending of its name, or by its first bytes."""

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from archives import glyph, idx, png, recipe_text
from hwcli.fetch.archive import Folder
from hwcli.readers import READERS, format_of
from hwcli.recipe import Source, load_recipe, shipped


def source_of(name: str) -> Source:
    text = recipe_text("file:x", "images", f'[[source.part]]\nimages = "{name}"')
    Path("r.toml").write_text(text.replace('format = "images"\n', ""))
    source = load_recipe("r.toml").source[0]
    assert source.format is None
    return source


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("x/train-images-idx3-ubyte.gz", "idx"),
        ("t10k-images-idx3-ubyte", "idx"),
        ("a.CSV", "csv"),
        ("a.tsv.gz", "csv"),
        ("*x/a.npz", "numpy"),
        ("a.npy", "numpy"),
        ("a.npy.gz", "numpy"),
        ("ocr.mat", "matlab"),
        ("data/train-*.parquet", "parquet"),
        ("train/data-*.arrow", "parquet"),
        ("shard-*.tar", "webdataset"),
        ("*.png", "images"),
        ("*", "images"),
    ],
)
def test_a_format_that_is_not_given_is_told_by_the_name(name: str, format: str) -> None:
    source = source_of(name)
    assert format_of(source, source.part[0]) == format


def saved(kind: str) -> bytes:
    path = Path("saved")
    with path.open("wb") as file:
        if kind == "npy":
            np.save(file, np.zeros(3))
        elif kind == "npz":
            np.savez(file, a=np.zeros(3))
        else:
            scipy.io.savemat(file, {"a": np.zeros(3)})
    return path.read_bytes()


@pytest.mark.parametrize(
    ("data", "format"),
    [
        (idx(np.zeros((2, 3, 3), np.uint8)), "idx"),
        (gzip.compress(idx(np.zeros((2, 3, 3), np.uint8)), mtime=0), "idx"),
        (b"1,2,3,4,5\n", "csv"),
        (b"7\t2\t3\t4\t5\n", "csv"),
        (b"PAR1....", "parquet"),
        (b"ARROW1\0\0", "parquet"),
        (b"\xff\xff\xff\xff\0\0", "parquet"),
        (b"\x89HDF\r\n\x1a\n", "matlab"),
        (png(glyph(1)), "images"),
        (b"", "images"),
        (b"\x1f\x8bjunk", "images"),
    ],
)
def test_what_the_name_does_not_tell_the_first_bytes_do(data: bytes, format: str) -> None:
    Path("d/top").mkdir(parents=True)
    Path("d/top/file").write_bytes(data)
    source = source_of("file")
    assert format_of(source, source.part[0], Folder(Path("d"))) == format


@pytest.mark.parametrize(
    ("kind", "format"), [("npy", "numpy"), ("npz", "numpy"), ("mat", "matlab")]
)
def test_files_that_others_have_written_are_told(kind: str, format: str) -> None:
    Path("d").mkdir()
    Path("d/file").write_bytes(saved(kind))
    source = source_of("file")
    assert format_of(source, source.part[0], Folder(Path("d"))) == format


def test_what_is_missing_is_left_to_the_reader() -> None:
    Path("d").mkdir()
    source = source_of("file")
    assert format_of(source, source.part[0], Folder(Path("d"))) == "images"


@pytest.mark.parametrize("name", shipped())
def test_what_shipped_recipes_say_is_what_would_be_told(name: str) -> None:
    for source in load_recipe(name).source:
        for part in source.part:
            assert format_of(source, part) in READERS
            assert format_of(replace(source, format=None), part) == source.format
