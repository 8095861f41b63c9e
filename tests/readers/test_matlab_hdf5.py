"""MATLAB 7.3 files, written as MATLAB lays them out in HDF5: whole, damaged or hostile."""

import io
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archives import glyph, recipe_text
from hwcli.errors import FetchError
from hwcli.fetch.archive import Folder
from hwcli.readers import open_reader
from hwcli.readers.matlab_format import MatlabError
from hwcli.readers.matlab_hdf5 import read_mat73
from hwcli.readers.reader import Reader
from hwcli.recipe import load_recipe

IMAGES = np.stack([glyph(k) for k in range(12)])
LABELS = np.arange(12, dtype=np.float64) % 3
PART = '[[source.part]]\nimages = "a.mat"\narray = "x"\nlabel_array = "y"\n'
HEAD = (
    b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Mon Jan  1 00:00:00 2024 HDF5 schema 1.00"
)


def blank(file: io.BytesIO) -> h5py.File:
    return h5py.File(file, "w", userblock_size=512)


def whole(file: io.BytesIO) -> bytes:
    raw = file.getvalue()
    return HEAD.ljust(124) + b"\0\2IM" + raw[128:]


def mat73(**arrays: np.ndarray | list[np.ndarray]) -> bytes:
    """As `save -v7.3` writes it: axes turned round, packed, cells as references to #refs#."""
    file = io.BytesIO()
    with blank(file) as out:
        for name, value in arrays.items():
            if isinstance(value, list):
                refs = out.require_group("#refs#")
                cells = [refs.create_dataset(f"{name}{i}", data=a.T) for i, a in enumerate(value)]
                made = out.create_dataset(name, (len(cells), 1), h5py.ref_dtype)
                made[:, 0] = [c.ref for c in cells]
                made.attrs["MATLAB_class"] = np.bytes_("cell")
            else:
                made = out.create_dataset(name, data=value.T, compression="gzip", shuffle=True)
                made.attrs["MATLAB_class"] = np.bytes_(str(value.dtype))
    return whole(file)


def reader(data: bytes, more: str = "") -> Reader:
    Path("d").mkdir(exist_ok=True)
    Path("d/a.mat").write_bytes(data)
    Path("r.toml").write_text(recipe_text("file:d/", "matlab", more + PART))
    source = load_recipe("r.toml").source[0]
    return open_reader(source, source.part[0], Folder(Path("d")))


def read(one: Reader, rows: list[int]) -> list[np.ndarray | str]:
    return [i for b in one.blocks(np.asarray(rows, np.intp), 5) for i in b.images()]


def test_an_array_of_images_comes_with_its_axes_as_matlab_has_them() -> None:
    one = reader(mat73(x=IMAGES, y=LABELS[None]))
    listing = one.listing()
    assert [listing.labels[k] for k in listing.label] == [str(int(k)) for k in LABELS]
    assert np.array_equal(read(one, list(range(12))), IMAGES)


def test_cells_of_words_come_letter_by_letter() -> None:
    words = [np.asarray([[1, 2, 3]], np.uint8), np.asarray([[2, 1]], np.uint8)]
    columns = [(glyph(k, 16)[:, 4:12] > 0).ravel(order="F").astype(np.uint8) for k in range(5)]
    images = [np.stack(columns[:3], axis=1), np.stack(columns[3:], axis=1)]
    more = "shape = [8, 16]\ntranspose = true\nmax_value = 1\ninvert = false\n"
    one = reader(mat73(x=images, y=words), more)
    listing = one.listing()
    assert [listing.labels[k] for k in listing.label] == list("12321")
    assert listing.words == ("1-2-3", "2-1")
    assert np.array_equal(np.asarray(read(one, [4])[0]).T > 0, glyph(4, 16)[:, 4:12] > 0)


def hostile(kind: str) -> bytes:
    file = io.BytesIO()
    Path("other.h5").unlink(missing_ok=True)
    with h5py.File("other.h5", "w") as other:
        other["x"] = IMAGES
    with blank(file) as out:
        out["y"] = LABELS[None]
        match kind:
            case "external link":
                out["x"] = h5py.ExternalLink("other.h5", "/x")
            case "soft link":
                out["x"] = h5py.SoftLink("/y")
            case "virtual":
                layout = h5py.VirtualLayout(IMAGES.shape, np.uint8)
                layout[...] = h5py.VirtualSource("other.h5", "x", IMAGES.shape)
                out.create_virtual_dataset("x", layout)
            case "external storage":
                out.create_dataset("x", IMAGES.shape, np.uint8, external=[("other.h5", 0, 9408)])
            case "a claim":
                out.create_dataset("x", (1 << 20, 100), np.uint8, chunks=(1000, 100))
            case "a larger claim":
                out.create_dataset("x", (1 << 40, 100), np.uint8, chunks=(1000, 100))
            case "a large piece":
                size = {"chunks": (1 << 29, 1), "maxshape": (None, 1)}
                made = out.create_dataset("x", (10, 1), "u1", compression="gzip", **size)
                made.id.write_direct_chunk((0, 0), b"x" * 100)
            case "a plug-in":
                out.create_dataset("x", data=IMAGES, compression="lzf")
            case "text":
                out.create_dataset("x", data=np.zeros((3, 3), np.uint16)).attrs["MATLAB_class"] = (
                    np.bytes_("char")
                )
    return whole(file)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("external link", "no variable 'x'"),
        ("soft link", "no variable 'x'"),
        ("virtual", "another file"),
        ("external storage", "another file"),
        ("a claim", "not in it"),
        ("a larger claim", "MiB unpacked"),
        ("a large piece", "in pieces of"),
        ("a plug-in", "filter"),
        ("text", "no variable 'x'"),
    ],
)
def test_what_is_not_in_the_file_or_too_large_is_refused(kind: str, told: str) -> None:
    with pytest.raises(FetchError, match=told) as caught:
        reader(hostile(kind))
    assert "\n" not in caught.value.message


GOOD = mat73(x=IMAGES, y=LABELS[None], z=[LABELS[None]])


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_damage_is_one_line_or_arrays(data: st.DataObject) -> None:
    raw = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(512, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.one_of(st.just(len(raw)), st.integers(512, len(raw))))
    try:
        assert isinstance(read_mat73(io.BytesIO(bytes(raw[:cut]))), dict)
    except MatlabError as error:
        assert "\n" not in str(error)
