"""NumPy's files: arrays of every type that images come in, whole, damaged or hostile."""

import gzip
import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archives import glyph, recipe_text, write_zip
from hwcli.errors import FetchError, HwcliError
from hwcli.fetch.archive import Folder, MissingError
from hwcli.fetch.zips import ZipArchive
from hwcli.readers import open_reader
from hwcli.readers.reader import Reader
from hwcli.recipe import load_recipe

IMAGES = np.stack([glyph(k) for k in range(50)])
LABELS = np.arange(50) % 3


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def npz(*, packed: bool = True, **arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    (np.savez_compressed if packed else np.savez)(file, **arrays)
    return file.getvalue()


def reader(files: dict[str, bytes], part: str, more: str = "", *, zipped: bool = False) -> Reader:
    Path("r.toml").write_text(recipe_text("file:x", "numpy", f"{more}\n[[source.part]]\n{part}"))
    source = load_recipe("r.toml").source[0]
    if zipped:
        return open_reader(source, source.part[0], ZipArchive(write_zip(Path("a.zip"), files)))
    for name, data in files.items():
        Path("d", name).parent.mkdir(parents=True, exist_ok=True)
        Path("d", name).write_bytes(data)
    return open_reader(source, source.part[0], Folder(Path("d")))


APART = 'images = "i.npy"\nlabels = "l.npy"'
TOGETHER = 'images = "*x/a.npz"\narray = "images"\nlabel_array = "labels"'


def apart(images: np.ndarray, labels: np.ndarray = LABELS, more: str = "") -> Reader:
    return reader({"i.npy": npy(images), "l.npy": npy(labels)}, APART, more)


def read(one: Reader, rows: list[int], size: int = 7) -> list[np.ndarray | str]:
    blocks = one.blocks(np.asarray(rows, np.intp), size)
    return [image for block in blocks for image in block.images()]


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("packed", [False, True])
def test_an_npz_in_a_zip_or_a_folder_below_any_folder(zipped: bool, packed: bool) -> None:
    data = npz(packed=packed, images=IMAGES, labels=LABELS)
    one = reader({"set-master/x/a.npz": data}, TOGETHER, zipped=zipped)
    listing = one.listing()
    assert [listing.labels[k] for k in listing.label] == [str(k) for k in LABELS]
    assert (listing.writer == -1).all()
    assert np.array_equal(read(one, list(range(50))), IMAGES)
    assert one.origin(3) == "set-master/x/a.npz#3"


AS_STORED = {
    "bool": (IMAGES > 127, "max_value = 1", (IMAGES > 127) * 255),
    "shares": ((IMAGES / 255).astype(np.float32), "max_value = 1", IMAGES),
    "doubles": (IMAGES.astype(">f8"), "", IMAGES),
    "64 bits": (IMAGES.astype(np.int64), "", IMAGES),
    "one channel": (IMAGES[..., None], "", IMAGES),
    "three channels": (np.repeat(IMAGES[..., None], 3, axis=3), "", IMAGES),
    "rows of pixels": (IMAGES.reshape(50, -1), "", IMAGES),
    "rows of a shape": (IMAGES.reshape(50, -1), "shape = [14, 56]", IMAGES.reshape(50, 14, 56)),
    "a number more": (
        np.concatenate([IMAGES.reshape(50, -1), np.ones((50, 1), np.uint8)], axis=1),
        "shape = [28, 28]",
        IMAGES,
    ),
}


@pytest.mark.parametrize("why", AS_STORED)
def test_pixels_of_any_type_and_shape_become_grey(why: str) -> None:
    stored, more, expected = AS_STORED[why]
    found = np.asarray(read(apart(stored, more=more), list(range(50))), np.int32)
    assert np.abs(found - expected).max() <= 1


@pytest.mark.parametrize(
    "labels",
    [LABELS.astype(np.uint8), LABELS.astype(float), LABELS.reshape(-1, 1), LABELS.astype(str)],
)
def test_labels_of_any_type_are_text(labels: np.ndarray) -> None:
    listing = apart(IMAGES, labels).listing()
    assert [listing.labels[k] for k in listing.label] == [str(k) for k in LABELS]


def test_pixels_out_of_range_are_faults_of_their_image() -> None:
    images = IMAGES.astype(np.float32)
    images[1, 0, 0], images[2, 0, 0], images[3, 0, 0] = 256, -1, np.nan
    found = read(apart(images), [0, 1, 2, 3])
    assert isinstance(found[0], np.ndarray)
    assert found[1:] == ["pixels outside 0 to 255"] * 3


@settings(max_examples=30, deadline=None)
@given(st.sets(st.integers(0, 49)), st.integers(1, 60))
def test_any_ascending_rows_in_blocks_of_any_size(rows: set[int], size: int) -> None:
    one = apart(IMAGES)
    assert all(
        np.array_equal(got, IMAGES[row])
        for got, row in zip(read(one, sorted(rows), size), sorted(rows), strict=True)
    )


def header(text: str) -> bytes:
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + bytes(100)


def described(descr: str, order: str, shape: str) -> bytes:
    return header(f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n")


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path("bomb"),))  # type: ignore[return-value]


DAMAGED = {
    "pickles": (npy(np.asarray([Bomb()] * 50, object)), "pickles are not read"),
    "a trillion rows": (described("'|u1'", "False", "(1000000000000, 28, 28)"), "not in it"),
    "a negative shape": (described("'|u1'", "False", "(-1, 28, 28)"), "not an array"),
    "code as shape": (described("'|u1'", "False", "(__import__('os'),)"), "not an array"),
    "no shape": (described("'|u1'", "False", "()"), "is not read"),
    "commas only": (described("'|u1'", "False", "(5,,28)"), "is not read"),
    "a structure": (described("[('a', '<i4')]", "False", "(50,)"), "not an array"),
    "Fortran's order, too large": (
        described("'|u1'", "True", "(2000, 1000, 1000)") + bytes(3_000_000),
        "Fortran",
    ),
    "rows of no image": (npy(np.zeros((50, 7), np.uint8)), "has no images"),
    "too large": (described("'|u1'", "False", "(0, 50000, 50000)"), "not read"),
    "nothing": (b"", "damaged"),
    "text": (b"hello, this is not an array at all", "no NumPy file"),
    "a header cut": (npy(IMAGES)[:40], "damaged"),
    "fewer images": (npy(IMAGES[:-1]), "49 images, 50 labels"),
}


@pytest.mark.parametrize("why", DAMAGED)
def test_damage_is_one_line(why: str) -> None:
    data, told = DAMAGED[why]
    with pytest.raises(FetchError, match=told) as caught:
        reader({"i.npy": data, "l.npy": npy(LABELS)}, APART).listing()
    assert "\n" not in caught.value.message
    assert not Path("bomb").exists()


def test_pixels_that_end_early_and_pixels_that_are_text_are_one_line() -> None:
    one = reader({"i.npy": npy(IMAGES)[:-100], "l.npy": npy(LABELS)}, APART)
    with pytest.raises(FetchError, match="damaged"):
        read(one, list(range(50)))
    with pytest.raises(FetchError, match="pixels of type"):
        read(apart(np.full((50, 4), "a")), [0])


def test_an_array_that_is_not_there_is_told_with_those_that_are() -> None:
    part = 'images = "a.npz"\narray = "pictures"\nlabel_array = "labels"'
    with pytest.raises(FetchError, match="no array 'pictures', there are: images, labels"):
        reader({"a.npz": npz(images=IMAGES, labels=LABELS)}, part).listing()


def test_a_glob_wants_one_member() -> None:
    with pytest.raises(MissingError, match="no member matches"):
        reader({"y/a.npz": b""}, TOGETHER)
    with pytest.raises(FetchError, match="one is wanted"):
        reader({"1x/a.npz": b"", "2x/a.npz": b""}, TOGETHER)


def test_a_part_without_labels_is_refused() -> None:
    with pytest.raises(FetchError, match="needs `labels`"):
        reader({"i.npy": npy(IMAGES)}, 'images = "i.npy"')


def test_a_name_in_an_npz_that_is_no_utf_8_is_damage() -> None:
    data = bytearray(npz(images=IMAGES, labels=LABELS))
    data[7], data[30] = 8, 0xC3  # the flag, and the first letter of `images` in its own header
    with pytest.raises(FetchError, match="damaged"):
        reader({"a.npz": bytes(data)}, TOGETHER.replace("*x/", "")).listing()


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_whatever_the_bytes_the_answer_is_rows_or_one_error(data: st.DataObject) -> None:
    good = data.draw(st.sampled_from([npy(IMAGES[:3]), npz(images=IMAGES[:3], labels=LABELS[:3])]))
    raw = bytearray(good)
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, min(len(raw), 160) - 1))] = data.draw(st.integers(0, 255))
    name = "a.npz" if zipfile.is_zipfile(io.BytesIO(good)) else "i.npy"
    part = TOGETHER.replace("*x/", "") if name == "a.npz" else APART
    one = reader({name: bytes(raw), "l.npy": npy(LABELS[:3])}, part)
    try:
        count = len(one.listing())
        read(one, list(range(count)))
    except HwcliError as error:
        assert "\n" not in error.message


@pytest.mark.parametrize("shape", [(50, 28, 28), (50, 784)])
def test_fortrans_order_comes_row_by_row(shape: tuple[int, ...]) -> None:
    one = apart(np.asfortranarray(IMAGES.reshape(shape)))
    assert np.array_equal(read(one, [0, 3, 49]), IMAGES[[0, 3, 49]])


def test_an_array_that_is_gzipped_whatever_it_is_called() -> None:
    files = {"i.npy": gzip.compress(npy(IMAGES)), "l.npy": gzip.compress(npy(LABELS))}
    assert np.array_equal(read(reader(files, APART), [1, 2]), IMAGES[1:3])
