"""MATLAB 5 files as SciPy writes them: arrays and cells, whole, damaged or hostile."""

import io
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st

from archives import glyph, recipe_text
from hwcli.dataset import open_dataset
from hwcli.errors import FetchError, HwcliError
from hwcli.fetch.archive import Folder
from hwcli.ingest import IngestOptions, ingest
from hwcli.readers import open_reader
from hwcli.readers.matlab_format import MatlabError, read_mat
from hwcli.readers.reader import Reader
from hwcli.recipe import load_recipe

IMAGES = np.stack([glyph(k) for k in range(30)])
LABELS = np.arange(30) % 3 + 1
PART = '[[source.part]]\nimages = "a.mat"\narray = "x"\nlabel_array = "y"\n'
WORDS = ((1, 2, 3), (2, 2), (1, 2, 3), (3,))
KASSEL = f"shape = [8, 16]\ntranspose = true\nmax_value = 1\ninvert = false\n{PART}"


def mat(variables: dict[str, object], *, packed: bool = True) -> bytes:
    file = io.BytesIO()
    scipy.io.savemat(file, variables, do_compression=packed)
    return file.getvalue()


def cells(arrays: list[np.ndarray]) -> np.ndarray:
    result = np.empty((1, len(arrays)), object)
    for i, array in enumerate(arrays):
        result[0, i] = array
    return result


def column(seed: int) -> np.ndarray:
    """A letter of 16×8 pixels, column by column, and a 1."""
    return np.append((glyph(seed, 16)[:, 4:12] > 0).ravel(order="F"), 1).astype(np.uint8)


def kassel(letters: int = 9) -> dict[str, object]:
    """Words whose columns are letters."""
    columns = iter([column(k) for k in range(letters)])
    images = [np.stack([next(columns) for _ in word], axis=1) for word in WORDS]
    return {"x": cells(images), "y": cells([np.asarray([w], np.uint8) for w in WORDS])}


def reader(data: bytes, more: str = PART) -> Reader:
    Path("d").mkdir(exist_ok=True)
    Path("d/a.mat").write_bytes(data)
    Path("r.toml").write_text(recipe_text("file:d/", "matlab", more))
    source = load_recipe("r.toml").source[0]
    return open_reader(source, source.part[0], Folder(Path("d")))


def read(one: Reader, rows: list[int]) -> list[np.ndarray | str]:
    blocks = one.blocks(np.asarray(rows, np.intp), 4)
    return [image for block in blocks for image in block.images()]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("dtype", ["u1", "i2", "u4", "f4", "f8", "i8", "u8"])
def test_numbers_are_read_as_scipy_wrote_them(dtype: str, packed: bool) -> None:
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    found = read_mat(mat({"x": array, "scalar": 7, "text": "no", "none": np.empty((0, 0))}))
    assert set(found) == {"x", "scalar", "none"}
    assert np.array_equal(found["x"], array)
    again = read_mat(mat({"x": array}, packed=packed))
    assert np.array_equal(again["x"], array)


def test_a_row_an_image() -> None:
    one = reader(mat({"x": IMAGES.reshape(30, -1), "y": LABELS[:, None].astype(float)}))
    listing = one.listing()
    assert [listing.labels[k] for k in listing.label] == [str(k) for k in LABELS]
    assert listing.word is None
    assert np.array_equal(read(one, list(range(30))), IMAGES)
    assert one.origin(2) == "a.mat/x#2"


def test_cells_are_words_and_their_columns_letters() -> None:
    one = reader(mat(kassel()), KASSEL)
    listing = one.listing()
    assert listing.word is not None
    assert [listing.labels[k] for k in listing.label] == [str(n) for w in WORDS for n in w]
    names = ["-".join(map(str, w)) for w in WORDS for _ in w]
    assert [listing.words[k] for k in listing.word] == names
    found = read(one, [0, 3, 8])
    for image, k in zip(found, [0, 3, 8], strict=True):
        assert np.array_equal(np.asarray(image).T, (glyph(k, 16)[:, 4:12] > 0) * 255)


def test_a_word_is_in_one_split_only() -> None:
    words = [np.asarray([[k % 7 + 1, k % 5 + 1, k % 3 + 1]], np.uint8) for k in range(60)]
    images = [
        np.stack(
            [np.append((glyph(3 * k + i, 16)[:, 4:12] > 0).ravel("F"), 1) for i in range(3)], 1
        )
        for k in range(60)
    ]
    Path("d").mkdir()
    Path("d/a.mat").write_bytes(mat({"x": cells(images), "y": cells(words)}))
    text = recipe_text("file:d/", "matlab", KASSEL, more='[split]\nby = "word"\n')
    Path("r.toml").write_text(text)
    ingest(load_recipe("r.toml"), Path("o"), IngestOptions())
    rows = open_dataset(Path("o")).load()
    assert len(set(rows.split)) == 3
    splits: dict[bytes, set[int]] = {}
    for origin, split in zip(rows.origins, rows.split, strict=True):
        word = words[int(str(origin).rpartition("#")[2]) // 3].tobytes()
        splits.setdefault(word, set()).add(int(split))
    assert len(splits) > 10
    assert all(len(s) == 1 for s in splits.values())


def element(kind: int, data: bytes) -> bytes:
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def array(shape: tuple[int, ...], data: bytes, kind: int = 9) -> bytes:
    head = element(6, struct.pack("<II", kind, 0)) + element(
        5, struct.pack(f"<{len(shape)}i", *shape)
    )
    return element(14, head + element(1, b"x") + element(2, data))


HEAD = bytes(124) + b"\x00\x01IM"

DAMAGED = {
    "nothing": (b"", "no MATLAB 5 file"),
    "version 7.3": (b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM", "HDF5|damaged|no variable"),
    "another order": (HEAD[:-2] + b"XX", "no MATLAB 5 file"),
    "a billion rows": (HEAD + array((1 << 30, 1 << 30), b"abc"), "not as many as it says"),
    "a negative shape": (HEAD + array((-1, -3), b"abc"), "not as many as it says"),
    "cut": (mat({"x": IMAGES.reshape(30, -1)}, packed=False)[:-50], "bytes early"),
    "not deflate": (HEAD + struct.pack("<II", 15, 4) + b"abcd", "damaged"),
    "a bomb": (
        HEAD + (lambda b: struct.pack("<II", 15, len(b)) + b)(zlib.compress(bytes(600 << 20), 1)),
        "MiB unpacked",
    ),
    "no variable": (mat({"z": IMAGES[0]}), "no variable 'x' of numbers, there are: z"),
    "fewer labels": (mat({"x": IMAGES.reshape(30, -1), "y": LABELS[1:]}), "30 images, 29 labels"),
    "cells and an array": (mat({**kassel(), "y": LABELS}), "do not go together"),
    "cells of other sizes": (
        mat({**kassel(), "y": cells([np.ones((1, 2), np.uint8)] * 4)}),
        "more or fewer labels",
    ),
    "no image": (mat({"x": IMAGES.reshape(30, -1)[:, :7], "y": LABELS}), "has no images"),
}


@pytest.mark.parametrize("why", DAMAGED)
def test_damage_is_one_line(why: str) -> None:
    data, told = DAMAGED[why]
    with pytest.raises(FetchError, match=told) as caught:
        reader(data).listing()
    assert "\n" not in caught.value.message


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_the_bytes_the_answer_is_rows_or_one_error(data: st.DataObject) -> None:
    raw = bytearray(mat(kassel(), packed=False))
    for _ in range(data.draw(st.integers(1, 5))):
        raw[data.draw(st.integers(116, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        one = reader(bytes(raw), KASSEL)
        read(one, list(range(len(one.listing()))))
    except HwcliError as error:
        assert "\n" not in error.message


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_bytes_of_no_meaning_are_a_matlab_error_or_nothing(tail: bytes) -> None:
    with suppress(MatlabError):
        read_mat(HEAD + tail)
