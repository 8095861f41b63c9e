"""idx files, gzipped or plain, whole or damaged."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archives import glyph, idx, recipe_text, write_zip
from hwcli.errors import FetchError
from hwcli.fetch.archive import Archive, Folder, MissingError
from hwcli.fetch.zips import ZipArchive
from hwcli.readers import open_reader
from hwcli.readers.reader import Reader, numbered
from hwcli.recipe import load_recipe
from hwcli.shards import coded

IMAGES = np.stack([glyph(k) for k in range(50)])
LABELS = (np.arange(50) % 3).astype(np.uint8)


def reader(archive: Archive, images: str = "i", labels: str = "l") -> Reader:
    part = f'[[source.part]]\nimages = "{images}"\nlabels = "{labels}"'
    Path("r.toml").write_text(recipe_text("file:x", "idx", part))
    source = load_recipe("r.toml").source[0]
    return open_reader(source, source.part[0], archive)


def on_disk(images: bytes, labels: bytes, suffix: str = "") -> Reader:
    Path("d").mkdir(exist_ok=True)
    Path(f"d/i{suffix}").write_bytes(images)
    Path(f"d/l{suffix}").write_bytes(labels)
    return reader(Folder(Path("d")), f"i{suffix}", f"l{suffix}")


def read(one: Reader, rows: list[int], size: int = 7) -> list[np.ndarray]:
    blocks = one.blocks(np.asarray(rows, np.intp), size)
    return [image for block in blocks for image in block.images()]


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_rows_come_as_they_are_stored(zipped: bool, suffix: str) -> None:
    pack = gzip.compress if suffix else bytes
    members = {f"x/i{suffix}": pack(idx(IMAGES)), f"x/l{suffix}": pack(idx(LABELS))}
    if zipped:
        one = reader(ZipArchive(write_zip(Path("a.zip"), members)), f"x/i{suffix}", f"x/l{suffix}")
    else:
        one = on_disk(members[f"x/i{suffix}"], members[f"x/l{suffix}"], suffix)
    listing = one.listing()
    assert [listing.labels[k] for k in listing.label] == [str(k) for k in LABELS]
    assert (listing.writer == -1).all()
    assert np.array_equal(read(one, list(range(50))), IMAGES)
    assert one.origin(3).endswith(f"i{suffix}#3")


@settings(max_examples=30, deadline=None)
@given(st.sets(st.integers(0, 49)), st.integers(1, 60))
def test_any_ascending_rows_in_blocks_of_any_size(rows: set[int], size: int) -> None:
    one = on_disk(idx(IMAGES), idx(LABELS))
    assert all(
        np.array_equal(got, IMAGES[row])
        for got, row in zip(read(one, sorted(rows), size), sorted(rows), strict=True)
    )


def header(count: int, height: int = 28, width: int = 28) -> bytes:
    return struct.pack(">4I", 0x803, count, height, width)


DAMAGED = {
    "a billion rows": (header(10**9) + bytes(1000), idx(LABELS), "not in it"),
    "too large": (header(1, 50_000, 50_000), idx(LABELS), "too large"),
    "another magic number": (b"\x00\x00\x0d\x03" + bytes(100), idx(LABELS), "no idx file"),
    "labels for images": (idx(LABELS), idx(LABELS), "no idx file"),
    "nothing": (b"", idx(LABELS), "damaged"),
    "fewer labels": (idx(IMAGES), idx(LABELS[:-1]), "50 images, 49 labels"),
    "labels cut": (idx(IMAGES), idx(LABELS)[:-1], "damaged"),
}


@pytest.mark.parametrize("why", DAMAGED)
def test_damage_is_one_line(why: str) -> None:
    images, labels, told = DAMAGED[why]
    with pytest.raises(FetchError, match=told) as caught:
        on_disk(images, labels).listing()
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_pixels_that_end_early_are_one_line(suffix: str) -> None:
    pack = gzip.compress if suffix else bytes
    one = on_disk(pack(idx(IMAGES))[:-100], pack(idx(LABELS)), suffix)
    with pytest.raises(FetchError, match="damaged"):
        read(one, list(range(50)))


def test_a_member_that_is_not_there_is_missing() -> None:
    with pytest.raises(MissingError):
        reader(ZipArchive(write_zip(Path("a.zip"), {"i": idx(IMAGES)}))).listing()


@pytest.mark.parametrize("zipped", [False, True])
def test_no_damage_of_packed_pixels_goes_unnoticed(zipped: bool) -> None:
    packed = idx(IMAGES) if zipped else gzip.compress(idx(IMAGES))
    for at in range(300, len(packed) - 8, len(packed) // 40):
        spoilt = bytearray(packed)
        spoilt[at] ^= 0x5A
        if zipped:
            path = write_zip(Path("a.zip"), {"i": packed, "l": idx(LABELS)})
            whole = bytearray(path.read_bytes())
            whole[40 + at % 400] ^= 0x5A  # within the packed bytes of the first member
            path.write_bytes(whole)
            one = reader(ZipArchive(path))
        else:
            one = on_disk(bytes(spoilt), gzip.compress(idx(LABELS)), ".gz")
        with pytest.raises(FetchError):
            one.listing()
            read(one, [0, 1, 2])


@given(
    st.lists(st.integers(0, 9) | st.integers(0, 10**9), max_size=30),
    st.sampled_from(["a", "ü/b.gz", "x" * 1500]),
)
def test_rows_are_named_all_at_once_as_one_by_one(rows: list[int], member: str) -> None:
    named = numbered(member, np.asarray(rows, np.intp))
    assert named.tolist() == coded(f"{member}#{row}" for row in rows).tolist()
