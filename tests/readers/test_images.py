"""Single images: where their labels stand, and files that are none."""

import os
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hwcli
from archives import glyph, png, recipe_text, write_zip
from hwcli.errors import FetchError
from hwcli.fetch.archive import Folder, MissingError
from hwcli.fetch.zips import ZipArchive
from hwcli.readers import open_reader
from hwcli.readers.picture import decode
from hwcli.readers.reader import Reader
from hwcli.recipe import load_recipe

SAMPLE = Path(hwcli.__file__).parent / "assets/sample/glyphs.zip"


def reader(archive: ZipArchive | Folder, label: str = "", glob: str = "*.png") -> Reader:
    part = f'[source.label]\n{label}\n[[source.part]]\nimages = "{glob}"'
    Path("r.toml").write_text(recipe_text("file:x", "images", part))
    source = load_recipe("r.toml").source[0]
    return open_reader(source, source.part[0], archive)


def labels_of(one: Reader) -> list[str]:
    listing = one.listing()
    return [listing.labels[k] for k in listing.label]


def zipped(members: dict[str, bytes]) -> ZipArchive:
    return ZipArchive(write_zip(Path("a.zip"), members))


def test_label_by_folder_in_a_zip_and_in_a_folder() -> None:
    members = {"top/b/1.png": png(glyph(1)), "top/a/2.png": png(glyph(2)), "top/readme": b""}
    assert labels_of(reader(zipped(members))) == ["b", "a"]
    for name, data in members.items():
        Path("d", name).parent.mkdir(parents=True, exist_ok=True)
        Path("d", name).write_bytes(data)
    assert labels_of(reader(Folder(Path("d")))) == ["a", "b"]


def test_label_and_writer_by_pattern() -> None:
    members = {"a-7.png": b"", "b-.png": b"", "zz.png": b"", "c-Ann .png": b""}
    one = reader(zipped(members), r"pattern = '(?P<label>\w)-(?P<writer>.*)\.png$'")
    listing = one.listing()
    assert labels_of(one) == ["a", "b", "", "c"]
    writers = [listing.writers[k] if k >= 0 else None for k in listing.writer]
    assert writers == ["7", None, None, "Ann"]


def test_label_by_table_whose_paths_leave_out_folders() -> None:
    table = "image,label,x\nImg/1.png,Ä,0\nImg/2.png, b ,0\n".encode("utf-8-sig")
    members = {"top/Img/1.png": b"", "top/Img/2.png": b"", "top/Img/3.png": b"", "t.csv": table}
    one = reader(zipped(members), 'table = "t.csv"')
    assert labels_of(one) == ["Ä", "b", ""]


@pytest.mark.parametrize(
    ("table", "told"),
    [(b"file,label\n1.png,a\n", "no column 'image'"), (b"image,label\n\xff\xfe,a", "not a table")],
)
def test_a_table_that_is_none(table: bytes, told: str) -> None:
    with pytest.raises(FetchError, match=told):
        reader(zipped({"1.png": b"", "t.csv": table}), 'table = "t.csv"').listing()


def test_nothing_that_matches_is_missing() -> None:
    with pytest.raises(MissingError, match=r"no member matches"):
        reader(zipped({"a.txt": b""}))


def test_real_glyphs_of_the_sample_decode() -> None:
    for glob in ("dhcd/*.png", "chinese-mnist/*.jpg", "bhmsds/*.png"):
        one = reader(ZipArchive(SAMPLE), glob=glob)
        rows = np.arange(len(one.listing()))
        images = [i for b in one.blocks(rows, 100) for i in b.images()]
        assert all(isinstance(i, np.ndarray) and i.ndim == 2 for i in images)
        assert len(images) == len(rows)


def bomb(width: int, height: int) -> bytes:
    """A PNG header that claims a size, and no pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    crc = zlib.crc32(b"IHDR" + head)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + head + struct.pack(">I", crc)


GOOD = png(glyph(1))
JPEG = bytes(cv2.imencode(".jpg", glyph(1))[1])
NOT_IMAGES = {
    "empty": (b"", "empty file"),
    "text": (b"hello, I am a picture", "not an image"),
    "a claim of 50,000 × 50,000": (bomb(50_000, 50_000), "too large"),
    "a claim of 4,000,000,000 × 1": (bomb(4_000_000_000, 1), "too large"),
    "a claim of 0 × 0": (bomb(0, 0), "corrupt"),
    "a PNG of its name only": (GOOD[:8], "corrupt"),
    "a PNG cut in its pixels": (GOOD[:60], "corrupt"),
    "a JPEG of its head only": (JPEG[:20], "corrupt"),
    "a web page": (b"<html>", "not an image"),
}


@pytest.mark.parametrize("why", NOT_IMAGES)
def test_what_is_no_image_is_named_with_its_reason(why: str) -> None:
    data, told = NOT_IMAGES[why]
    answer = decode(data)
    assert isinstance(answer, str)
    assert told in answer


def test_a_bad_file_does_not_touch_its_neighbours() -> None:
    one = reader(zipped({"a/1.png": GOOD, "a/2.png": b"junk", "a/3.png": GOOD}))
    first, bad, last = (i for b in one.blocks(np.arange(3), 8) for i in b.images())
    assert bad == "not an image"
    assert np.array_equal(first, glyph(1))
    assert np.array_equal(last, glyph(1))


def test_a_member_that_lies_about_its_checksum_is_dropped() -> None:
    path = write_zip(Path("a.zip"), {"a/1.png": GOOD})
    data = bytearray(path.read_bytes())
    data[60] ^= 0xFF
    path.write_bytes(bytes(data))
    one = reader(ZipArchive(path))
    (bad,) = (i for b in one.blocks(np.arange(1), 8) for i in b.images())
    assert bad == "corrupt in its archive"


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_transparent_paper_is_white(depth: type) -> None:
    top = np.iinfo(depth).max
    image = np.zeros((8, 8, 4), depth)
    image[2:6, 2:6, 3] = top  # black ink on nothing
    answer = decode(bytes(cv2.imencode(".png", image)[1]))
    assert isinstance(answer, np.ndarray)
    assert answer[0, 0] == 255
    assert answer[3, 3] == 0


def test_colour_and_one_bit_come_as_grey() -> None:
    colour = np.full((5, 4, 3), 200, np.uint8)
    assert np.array_equal(decode(png(colour)), np.full((5, 4), 200, np.uint8))
    bits = cv2.imencode(".png", glyph(1), [cv2.IMWRITE_PNG_BILEVEL, 1])[1]
    answer = decode(bytes(bits))
    assert isinstance(answer, np.ndarray)
    assert set(np.unique(answer)) == {0, 255}


def test_what_a_png_tells_besides_its_pixels_does_no_harm(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A colour profile that is none: libpng would print a warning."""
    body = b"iCCP" + b"x\0\0junk"
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    with_profile = GOOD[:33] + chunk + GOOD[33:]
    assert np.array_equal(decode(with_profile), glyph(1))
    assert capfd.readouterr().err == ""


def png_of(pixels: bytes, more: bytes = b"", kind: tuple[int, int, int] = (8, 0, 0)) -> bytes:
    """A PNG of 28×28 whose checksums are right, whatever else is wrong with it."""

    def chunk(name: bytes, body: bytes) -> bytes:
        check = zlib.crc32(name + body)
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", check)

    depth, colour, interlace = kind
    head = struct.pack(">IIBBBBB", 28, 28, depth, colour, 0, 0, interlace)
    pieces = (chunk(b"IHDR", head), more, chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(pieces)


LINES = b"".join(b"\0" + row.tobytes() for row in glyph(1))
PACKED = zlib.compress(LINES)
NOISY = {
    "too few pixels": png_of(zlib.compress(LINES[:100])),
    "too many pixels": png_of(zlib.compress(LINES + bytes(500))),
    "another checksum in the pixels": png_of(PACKED[:-1] + b"x"),
    "an unknown filter": png_of(zlib.compress(b"\x09" + LINES[1:])),
    "something behind the pixels": png_of(PACKED + b"junk"),
    "a depth that is none": png_of(PACKED, kind=(3, 0, 0)),
    "a palette that is missing": png_of(PACKED, kind=(8, 3, 0)),
    "a JPEG with zeros in it": JPEG[:-60] + bytes(20) + JPEG[-40:],
    "a checksum of the file that is wrong": GOOD[:-20] + b"x" + GOOD[-19:],
}


@pytest.mark.parametrize("why", NOISY)
def test_decoders_are_not_heard(why: str, capfd: pytest.CaptureFixture[str]) -> None:
    decode(NOISY[why])
    os.write(2, b"still here")
    assert capfd.readouterr().err == "still here"


def test_threads_that_decode_at_once_leave_standard_error_open(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(decode, [*NOISY.values(), GOOD] * 40))
    os.write(2, b"still here")
    assert capfd.readouterr().err == "still here"


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([GOOD, JPEG]), st.data())
def test_flipped_bytes_end_as_an_image_or_a_reason(good: bytes, data: st.DataObject) -> None:
    raw = bytearray(good)
    for _ in range(data.draw(st.integers(1, 5))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    answer = decode(bytes(raw[: data.draw(st.integers(0, len(raw)))]))
    assert isinstance(answer, str) or answer.ndim == 2


def test_labels_writers_and_splits_of_a_table_with_tabs() -> None:
    table = b"file\twho\tset\tchar\n1.png\tAnn\tTrain\ta\n2.png\t\ttest\tb, c\n"
    rule = (
        'table = "t.tsv"\npath_column = "file"\nlabel_column = "char"\n'
        'writer_column = "who"\nsplit_column = "set"'
    )
    one = reader(zipped({"top/1.png": b"", "top/2.png": b"", "top/t.tsv": table}), rule)
    listing = one.listing()
    assert labels_of(one) == ["a", "b, c"]
    assert (listing.writers, list(listing.writer)) == (("Ann",), [0, -1])
    assert listing.split is not None
    assert list(listing.split) == [0, 2]


def test_splits_by_pattern_and_those_that_are_none() -> None:
    members = {"train/a/1.png": b"", "test/b/2.png": b""}
    rule = "pattern = '^(?P<split>[a-z]+)/'"
    listing = reader(zipped(members), rule).listing()
    assert listing.split is not None
    assert list(listing.split) == [0, 2]
    assert [listing.labels[k] for k in listing.label] == ["a", "b"]
    with pytest.raises(FetchError, match="split 'extra' is none of train, val and test"):
        reader(zipped({**members, "extra/a/3.png": b""}), rule).listing()
