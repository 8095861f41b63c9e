"""The directory of a zip as columns: what zipfile finds, or left to zipfile."""

import io
import struct
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwcli.errors import FetchError
from hwcli.fetch.zip_directory import ZipDirectory, _directory_of, _plain_directory, read_directory
from hwcli.fetch.zips import ZipArchive

ENTRY = 46
"""Bytes of an entry before its name."""


class OldInfo(zipfile.ZipInfo):
    """A member named in cp437, as zips were before UTF-8."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.filename.encode("cp437"), self.flag_bits & ~0x800


@dataclass(frozen=True)
class Member:
    name: str = "a/1.png"
    data: bytes = b"x" * 40
    method: int = zipfile.ZIP_STORED
    is_old: bool = False
    comment: bytes = b""
    extra: bytes = b""
    mode: int = 0o100644

    @property
    def info(self) -> zipfile.ZipInfo:
        info = (OldInfo if self.is_old else zipfile.ZipInfo)()
        info.filename = self.name  # set here, it may have a NUL
        info.comment, info.extra = self.comment, self.extra
        info.compress_type = self.method
        info.external_attr = self.mode << 16
        return info


def fields(*numbers: int, size: int = 5) -> bytes:
    return b"".join(struct.pack("<HH", n, size) + b"e" * size for n in numbers)


def zipped(
    *members: Member,
    comment: bytes = b"",
    prefix: bytes = b"",
    many: int = zipfile.ZIP_FILECOUNT_LIMIT,
    large: int = zipfile.ZIP64_LIMIT,
) -> bytes:
    """A zip. One of more members than `many` ends as zip64 does; so is one larger than `large`."""
    file = io.BytesIO()
    with (
        patch.object(zipfile, "ZIP_FILECOUNT_LIMIT", many),
        patch.object(zipfile, "ZIP64_LIMIT", large),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # of names that are there already
        with zipfile.ZipFile(file, "w") as archive:
            archive.comment = comment
            for member in members:
                with archive.open(member.info, "w", force_zip64=True) as out:
                    out.write(member.data)
    return prefix + file.getvalue()


def plain(raw: bytes) -> ZipDirectory | None:
    return _plain_directory(io.BytesIO(raw))


def by_zipfile(raw: bytes) -> ZipDirectory:
    return _directory_of(zipfile.ZipFile(io.BytesIO(raw)))


def told(directory: ZipDirectory) -> tuple[object, ...]:
    columns = directory.places, directory.flags, directory.attributes
    lists = (c.tolist() for c in columns)
    return directory.names, directory.stored, *lists, directory.expanded, directory.start


def outcome(call: Callable[[], ZipDirectory]) -> object:
    try:
        return told(call())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        return type(error), str(error)


A, B = Member(), Member("b.png", b"y" * 9, zipfile.ZIP_DEFLATED)
ORDINARY = {
    "one": zipped(A),
    "two": zipped(A, B),
    "nothing in it": zipped(Member(data=b"")),
    "a folder": zipped(Member("a/", b""), A),
    "UTF-8": zipped(A, Member("ä/क.png")),
    "cp437": zipped(Member("ä/é.png", is_old=True), A),
    "both": zipped(Member("ä/é.png", is_old=True), Member("ä/é.png")),
    "a name twice": zipped(A, B, A),
    "no name": zipped(A, Member("")),
    "lines in a name": zipped(A, Member("a\nb")),
    "comments": zipped(Member(comment=b"c" * 300), B, comment=b"of all"),
    "a comment as long as can be": zipped(A, comment=b"c" * 65535),
    "extra fields": zipped(Member(extra=fields(0x5455, 0x7875)), B),
    "a stub of an extra field": zipped(Member(extra=fields(0x5455) + b"abc")),
    "so many that zip64 is needed": zipped(A, B, many=1),
    "that and a comment": zipped(A, B, many=1, comment=b"of all"),
}


@pytest.mark.parametrize("why", ORDINARY)
def test_an_ordinary_directory_is_what_zipfile_finds(why: str) -> None:
    found = plain(ORDINARY[why])
    assert found is not None
    assert told(found) == told(by_zipfile(ORDINARY[why]))


def changed(at: int, data: bytes, *, end: bool = False, raw: bytes = ORDINARY["two"]) -> bytes:
    """`raw` with `data` at that place in its first entry, or in its end record."""
    start = raw.index(b"PK\5\6" if end else b"PK\1\2") + at
    return raw[:start] + data + raw[start + len(data) :]


def ended64(at: int, data: bytes) -> bytes:
    """A zip with other bytes in its zip64 end record."""
    raw = ORDINARY["so many that zip64 is needed"]
    start = raw.index(b"PK\6\6") + at
    return raw[:start] + data + raw[start + len(data) :]


ODD = {
    "no members": zipped(),
    "bytes before it": zipped(A, prefix=b"MZ" * 10),
    "larger than zip has room for": zipped(A, large=10),
    "a name with a NUL": zipped(Member("a\0b")),
    "another name in an extra field": zipped(Member(extra=fields(0x7075))),
    "very many extra fields": zipped(Member(extra=fields(*range(2, 40)))),
    "a signature in a name": zipped(A, Member("PK\1\2")),
    "a signature in a comment": zipped(A, Member(comment=b"PK\1\2" * 20)),
    "a zip's end in its comment": zipped(A, comment=b"PK\5\6" + bytes(40)),
    "bytes behind it": zipped(A, comment=b"abc")[:-1],
    "a name that ends behind it": changed(28, b"\xff"),
    "fewer entries than there are": changed(8, b"\1\0\1\0", end=True),
    "entries elsewhere": changed(8, b"\1\0", end=True),
    "another disk": changed(4, b"\1\0\1\0", end=True),
    "zip64: entries elsewhere": ended64(24, b"\1"),
    "zip64: another disk": ended64(16, b"\1"),
}


@pytest.mark.parametrize("why", ODD)
def test_an_odd_directory_is_left_to_zipfile(why: str) -> None:
    assert plain(ODD[why]) is None
    Path("a.zip").write_bytes(ODD[why])
    assert told(read_directory(Path("a.zip"))) == told(by_zipfile(ODD[why]))


BAD = {
    "no zip": b"no zip",
    "nothing": b"",
    "an end without a directory": ORDINARY["two"][-22:],
    "a directory cut short": changed(12, b"\1\0\0\0", end=True),
    "no signature": changed(0, b"XX"),
    "of a later version": changed(6, b"\xff"),
    "an extra field that ends elsewhere": changed(
        ENTRY + 7 + 2, b"\xff", raw=ORDINARY["extra fields"]
    ),
    "no UTF-8": changed(ENTRY, b"\xff\xfe", raw=zipped(Member("ä.png"))),
    "zip64: a disk too many": changed(-4, b"\2", end=True, raw=zipped(A, B, many=1)),
}


@pytest.mark.parametrize("why", BAD)
def test_a_bad_directory_is_refused_as_zipfile_does(why: str) -> None:
    assert plain(BAD[why]) is None
    Path("a.zip").write_bytes(BAD[why])
    with pytest.raises((zipfile.BadZipFile, ValueError, NotImplementedError)) as theirs:
        by_zipfile(BAD[why])
    with pytest.raises(FetchError) as ours:
        ZipArchive(Path("a.zip")).names()
    assert str(theirs.value) in ours.value.message
    assert "\n" not in ours.value.message


@pytest.mark.parametrize("why", ORDINARY)
def test_any_byte_changed_is_what_zipfile_finds_or_left_to_it(why: str) -> None:
    raw = ORDINARY[why]
    start = raw.index(b"PK\1\2")
    for at in range(start, min(len(raw), start + 400)):
        for change in (1, 0x80, 0xFF):
            spoilt = bytearray(raw)
            spoilt[at] ^= change
            found = plain(bytes(spoilt))
            assert found is None or told(found) == outcome(lambda s=bytes(spoilt): by_zipfile(s))


FAR = {
    "a size": lambda i: setattr(i, "file_size", (1 << 64) - 1),
    "a packed size": lambda i: setattr(i, "compress_size", (1 << 64) - 1),
    "an offset": lambda i: setattr(i, "header_offset", (1 << 64) - 1),
    "an offset below zero": lambda i: setattr(i, "header_offset", -(1 << 64)),
}


@pytest.mark.parametrize("why", FAR)
def test_numbers_of_more_than_63_bits_stay_far_away(why: str) -> None:
    file = zipfile.ZipFile(io.BytesIO(ORDINARY["two"]))
    FAR[why](file.infolist()[0])
    found = _directory_of(file)
    assert found.expanded == sum(i.file_size for i in file.infolist())
    numbers = [found.places[c].astype(object) for c in ("offset", "packed", "size")]
    assert max(abs(np.concatenate(numbers))) == 1 << 61


names = st.one_of(
    st.sampled_from(["a", "a/b.png", "a/", "/a", "../a", "", "a\0b", "PK\1\2"]),
    st.text(st.characters(exclude_categories=("Cs",)), max_size=12),
)
old_names = st.binary(min_size=1, max_size=12).map(lambda b: b.decode("cp437"))
datas = st.one_of(st.binary(max_size=60), st.integers(0, 5000).map(bytes))
members = st.builds(
    lambda name, is_old, old_name, **more: Member(
        old_name if is_old else name, is_old=is_old, **more
    ),
    name=names,
    is_old=st.booleans(),
    old_name=old_names,
    data=datas,
    method=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
    comment=st.binary(max_size=20),
    extra=st.one_of(
        st.just(b""),
        st.lists(st.integers(2, 0xFFFF), max_size=20).map(lambda n: fields(*n)),
        st.binary(max_size=12),
    ),
    mode=st.sampled_from([0, 0o100644, 0o100644, 0o120777]),
)


@st.composite
def zips(draw: st.DrawFn) -> bytes:
    """A zip of any shape, whole or damaged."""
    raw = zipped(
        *draw(st.lists(members, max_size=5)),
        comment=draw(st.one_of(st.just(b""), st.binary(max_size=30))),
        prefix=draw(st.one_of(st.just(b""), st.binary(max_size=30))),
        many=draw(st.sampled_from([0, 65535])),
        large=draw(st.sampled_from([zipfile.ZIP64_LIMIT, zipfile.ZIP64_LIMIT, 20])),
    )
    start = max(0, raw.find(b"PK\1\2"))
    bytes_ = bytearray(raw)
    for _ in range(draw(st.sampled_from([0, 0, 1, 1, 2, 5]))):
        bytes_[draw(st.integers(start, len(raw) - 1))] ^= draw(st.integers(1, 255))
    return bytes(bytes_[: draw(st.one_of(st.just(len(raw)), st.integers(0, len(raw))))])


@settings(max_examples=600, deadline=None)
@given(zips())
def test_any_zip_is_what_zipfile_finds_or_left_to_it(raw: bytes) -> None:
    theirs = outcome(lambda: by_zipfile(raw))
    found = plain(raw)
    assert found is None or told(found) == theirs
    path = Path("a.zip")
    path.write_bytes(raw)
    assert outcome(lambda: read_directory(path)) == theirs


@settings(max_examples=300, deadline=None)
@given(zips())
def test_any_zip_is_read_or_refused_in_one_line(raw: bytes) -> None:
    path = Path("a.zip")
    path.unlink(missing_ok=True)
    path.write_bytes(raw)
    archive = ZipArchive(path)
    try:
        listed = archive.names()
    except FetchError as error:
        assert "\n" not in error.message
        return
    with zipfile.ZipFile(path) as file:
        assert listed == [n for n in file.namelist() if not n.endswith("/")]
        contents = list(archive.some(listed).contents(1000))
        assert len(contents) == len(listed)
        for name, data in zip(listed, contents, strict=True):
            if isinstance(data, bytes) and len(data) > 1000:  # too long: whoever asked refuses it
                assert len(data) == 1001 and file.getinfo(name).file_size > 1000
            elif isinstance(data, bytes):
                with file.open(name) as member:
                    assert data == member.read(1001)
