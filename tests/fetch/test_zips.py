"""Members of a zip read in one go: what zipfile would give, or one line."""

import pickle
import random
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archives import glyph, png, write_zip
from hwcli.errors import FetchError
from hwcli.fetch.archive import MissingError
from hwcli.fetch.zips import ZipArchive

MEMBERS = {
    "a/1.png": png(glyph(1)),
    "a/long": random.Random(1).randbytes(50_000),
    "a/zeros": bytes(50_000),
    "a/empty": b"",
    "ä/ü.png": b"u" * 100,
}


def zipped(method: int = zipfile.ZIP_DEFLATED) -> ZipArchive:
    with zipfile.ZipFile("a.zip", "w", method) as file:
        for name, data in MEMBERS.items():
            file.writestr(name, data)
    return ZipArchive(Path("a.zip"))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("limit", [0, 1, 99, 100, 49_999, 50_000, 1 << 26])
def test_members_come_whole_or_one_byte_beyond_the_limit(method: int, limit: int) -> None:
    one = zipped(method)
    for name, data in MEMBERS.items():
        assert one.read(name, limit) == data[: limit + 1]


def test_an_archive_that_was_sent_elsewhere_reads_for_itself() -> None:
    one = zipped()
    assert pickle.loads(pickle.dumps(one)).read("a/1.png", 1 << 20) == MEMBERS["a/1.png"]


def test_an_extra_field_that_only_the_member_has_is_passed_over() -> None:
    path, data, extra = Path("a.zip"), b"x" * 200, struct.pack("<HH", 0xCAFE, 300) + bytes(300)
    write_zip(path, {"a": data})
    raw = path.read_bytes()
    head = bytearray(raw[:31])
    head[28:30] = struct.pack("<H", len(extra))
    end = raw.index(b"PK\5\6")
    start = struct.unpack("<I", raw[end + 16 : end + 20])[0] + len(extra)
    moved = raw[:end] + raw[end : end + 16] + struct.pack("<I", start) + raw[end + 20 :]
    path.write_bytes(bytes(head) + extra + moved[31:])
    with zipfile.ZipFile(path) as file:
        assert file.read("a") == data
    assert ZipArchive(path).read("a", 1000) == data


def test_no_such_member_is_missing() -> None:
    with pytest.raises(MissingError, match="no member b"):
        zipped().read("b", 10)


def patched(at: int, data: bytes, *, directory: bool = False) -> ZipArchive:
    """The zip with `data` in the first member's header, or in its entry in the directory."""
    raw = bytearray(zipped().path.read_bytes())
    start = raw.index(b"PK\1\2") if directory else 0
    raw[start + at : start + at + len(data)] = data
    Path("a.zip").write_bytes(bytes(raw))
    return ZipArchive(Path("a.zip"))


LIES = {
    "another signature": (0, b"XX", False),
    "another method": (8, b"\0\0", False),
    "another name": (30, b"b", False),
    "encrypted": (6, b"\1", False),
    "a name that ends elsewhere": (26, b"\xff\xff", False),
    "another checksum": (16, b"\0\0\0\0", True),
    "more bytes than there are": (24, struct.pack("<I", 9999), True),
    "fewer bytes than there are": (24, struct.pack("<I", 9), True),
    "other packed bytes": (60, b"\xff\xff\xff", False),
}


@pytest.mark.parametrize("why", LIES)
def test_a_member_that_is_not_what_the_directory_says_is_damaged(why: str) -> None:
    at, data, directory = LIES[why]
    with pytest.raises(FetchError, match="damaged") as caught:
        patched(at, data, directory=directory).read("a/1.png", 1 << 20)
    assert "\n" not in caught.value.message


def test_members_that_share_bytes_are_refused() -> None:
    one = patched(42, b"\0\0\0\0", directory=True)
    second = one.path.read_bytes().index(b"PK\1\2", one.path.read_bytes().index(b"PK\1\2") + 1)
    raw = bytearray(one.path.read_bytes())
    raw[second + 42 : second + 46] = bytes(4)
    one.path.write_bytes(bytes(raw))
    with pytest.raises(FetchError, match="lies in another's bytes"):
        one.names()


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_damage_is_told_or_does_no_harm(data: st.DataObject) -> None:
    raw = bytearray(zipped().path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.one_of(st.just(len(raw)), st.integers(0, len(raw))))
    Path("b.zip").write_bytes(bytes(raw[:cut]))
    one = ZipArchive(Path("b.zip"))
    try:
        names = one.names()
    except FetchError:
        return
    for name in names:
        try:
            assert len(one.read(name, 1000)) <= 1001
        except FetchError as error:
            assert "\n" not in error.message


ORDERS = {
    "as they lie": lambda n: n,
    "backwards": lambda n: n[::-1],
    "with gaps": lambda n: [x for i, x in enumerate(n) if i % 10 in (0, 1, 5)],
    "with large gaps": lambda n: n[::50],
    "in disorder": lambda n: random.Random(1).sample(n, len(n)),
    "twice": lambda n: [x for x in n for _ in range(2)],
}


@pytest.mark.parametrize("order", ORDERS)
def test_some_members_come_in_any_order(order: str) -> None:
    draw = random.Random(0)
    data = {f"{k}.png": draw.randbytes(draw.choice([0, 10, 700, 5_000])) for k in range(400)}
    data["large"] = draw.randbytes(200_000)
    archive = ZipArchive(write_zip(Path("a.zip"), data))
    names = ORDERS[order](archive.names())
    sent = pickle.loads(pickle.dumps(archive.some(names)))
    assert list(sent.contents(1 << 20)) == [data[n] for n in names]
    assert list(sent.contents(99)) == [data[n][:100] for n in names]


def test_a_damaged_member_does_no_harm_to_those_beside_it() -> None:
    one = patched(16, b"\0\0\0\0", directory=True)
    first, *others = one.some(list(MEMBERS)).contents(1 << 20)
    assert isinstance(first, FetchError)
    assert others == list(MEMBERS.values())[1:]


def test_members_of_a_zip_that_was_replaced_are_not_read() -> None:
    some = zipped().some(list(MEMBERS))
    write_zip(Path("a.zip"), {"another": b""})
    assert all("replaced" in str(fault) for fault in some.contents(10))
