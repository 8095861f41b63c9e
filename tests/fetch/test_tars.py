"""Tars read in place, and what becomes one in the cache: .tar.gz and its like, 7z."""

import builtins
import bz2
import gzip
import io
import lzma
import pickle
import tarfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwcli.errors import DependencyError, FetchError
from hwcli.fetch.archive import Archive, Files, Limits, MissingError
from hwcli.fetch.opened import open_archive
from hwcli.fetch.tars import TarArchive

MEMBERS = {"top/a.png": b"a" * 700, "b": b"", "d/" * 80 + "ä.png": bytes(range(256)) * 4}


def tarred(members: dict[str, bytes] = MEMBERS, format: int = tarfile.PAX_FORMAT) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=format) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def special(kind: bytes, name: str = "odd", target: str = "top/a.png") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        info = tarfile.TarInfo("top/a.png")
        info.size = 3
        archive.addfile(info, io.BytesIO(b"abc"))
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, target
        archive.addfile(info)
    return file.getvalue()


def opened(data: bytes, name: str = "a.tar", limits: Limits | None = None) -> Archive:
    Path(name).write_bytes(data)
    return open_archive(Path(name), Path("cache"), limits or Limits())


def contents(one: Archive) -> dict[str, bytes]:
    result = {}
    for name in one.names():
        with one.open(name) as file:
            result[name] = file.read()
        assert one.read(name, 1 << 20) == result[name]
        assert one.read(name, 5) == result[name][:6]
    return result


@pytest.mark.parametrize("format", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_a_tar_is_read_in_place(format: int) -> None:
    one = opened(tarred(format=format))
    assert contents(one) == MEMBERS
    assert one.size("top/a.png") == 700
    assert not Path("cache").exists()
    assert contents(pickle.loads(pickle.dumps(one))) == MEMBERS
    with pytest.raises(MissingError, match="no member x"):
        one.open("x")


def test_a_member_is_a_file_one_can_move_in() -> None:
    with opened(tarred()).open("top/a.png") as file:
        assert (file.seek(-2, 2), file.read(), file.seek(1), len(file.read())) == (
            698,
            b"aa",
            1,
            699,
        )


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_compressed_tar_is_unpacked_once(pack: Callable[[bytes], bytes]) -> None:
    one = opened(pack(tarred()), "whatever")
    assert contents(one) == MEMBERS
    (made,) = (p for p in Path("cache").rglob("*") if p.is_file())
    before = made.stat().st_mtime_ns
    again = open_archive(Path("whatever"), Path("cache"), Limits())
    assert again == one
    assert made.stat().st_mtime_ns == before
    assert one.digests()[0].endswith(" whatever")


def test_a_single_compressed_file_stays_as_it_is() -> None:
    assert isinstance(opened(gzip.compress(b"1,2\n"), "t.csv.gz"), Files)


def test_dots_in_front_are_no_part_of_a_name() -> None:
    assert opened(tarred({"./x/a": b"1"})).names() == ["x/a"]


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_are_refused(kind: bytes) -> None:
    with pytest.raises(FetchError, match="'odd' is a link or device"):
        opened(special(kind)).names()


@pytest.mark.parametrize(
    ("kind", "names"),
    [(tarfile.DIRTYPE, ["top/a.png"]), (tarfile.LNKTYPE, ["top/a.png", "odd"])],
)
def test_folders_are_not_there_and_a_second_name_is(kind: bytes, names: list[str]) -> None:
    one = opened(special(kind))
    assert one.names() == names
    assert all(data == b"abc" for data in contents(one).values())


def test_a_second_name_of_what_is_not_there_is_not_there() -> None:
    assert opened(special(tarfile.LNKTYPE, target="/etc/passwd")).names() == ["top/a.png"]


def pax_of(size: int) -> bytes:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, size
    return info.tobuf() + bytes(size)


def claiming(size: int) -> bytes:
    info = tarfile.TarInfo("x")
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT) + bytes(512)


WRONG = {
    "cut in a member": (tarred()[:1200], "ends behind the file"),
    "cut in a header": (tarred()[:1100] + b"x" * 50, "ends behind|no member's header"),
    "junk": (b"junk" * 1000, "no member's header"),
    "a header of megabytes": (pax_of(2 << 20), "a header of"),
    "a claim of petabytes": (claiming(1 << 50), "ends behind the file"),
    "lengths that are wrong": (pax_of(512)[:512] + b"99999 path=x\n" + bytes(499), "lengths"),
    "a sparse file": (special(b"S"), "sparse"),
    "nothing": (b"", ""),
}


@pytest.mark.parametrize("why", WRONG)
def test_a_tar_that_is_wrong_is_one_line(why: str) -> None:
    data, told = WRONG[why]
    one = opened(data)
    if not told:
        assert one.names() == []
        return
    with pytest.raises(FetchError, match=told) as caught:
        one.names()
    assert "\n" not in caught.value.message


def test_limits_say_how_to_raise_them() -> None:
    with pytest.raises(FetchError, match="3 members, at most 2") as caught:
        opened(tarred(), limits=Limits(max_members=2)).names()
    assert "--max-members" in str(caught.value.hint)
    with pytest.raises(FetchError, match="GiB unpacked") as caught:
        opened(gzip.compress(tarred()), "a.tgz", Limits(max_expanded_gib=0))
    assert "--max-expanded" in str(caught.value.hint)
    assert not [p for p in Path("cache").rglob("*") if p.is_file()]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_compressed_tar_that_is_damaged_leaves_nothing(pack: Callable[[bytes], bytes]) -> None:
    random = bytes(k * k % 251 for k in range(5000))
    packed = pack(tarred({f"{k}": random for k in range(30)}))
    with pytest.raises(FetchError, match="damaged"):
        opened(packed[: len(packed) * 9 // 10], "a.tgz")
    assert not [p for p in Path("cache").rglob("*") if p.is_file()]


def seven_zip(members: dict[str, bytes]) -> bytes:
    py7zr = pytest.importorskip("py7zr")
    file = io.BytesIO()
    with py7zr.SevenZipFile(file, "w") as archive, pytest.MonkeyPatch.context() as patch:
        patch.setattr("py7zr.py7zr.check_archive_path", lambda name: True)
        for name, data in members.items():
            archive.writestr(data, name)
    return file.getvalue()


def test_a_7z_becomes_a_tar() -> None:
    one = opened(seven_zip(MEMBERS), "a.7z")
    assert isinstance(one, TarArchive)
    assert contents(one) == MEMBERS
    assert one.digests()[0].endswith(" a.7z")


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x"])
def test_a_7z_with_names_that_lead_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(FetchError, match="outside"):
        opened(seven_zip({"a": b"1", name: b"2"}), "a.7z")
    assert not [p for p in Path("cache").rglob("*") if p.is_file()]


def test_a_7z_with_a_link_is_refused() -> None:
    py7zr = pytest.importorskip("py7zr")
    Path("link").symlink_to("/etc/passwd")
    with py7zr.SevenZipFile("l.7z", "w") as archive:
        archive.write("link")
    with pytest.raises(FetchError, match="is a link"):
        open_archive(Path("l.7z"), Path("cache"), Limits())


def test_without_py7zr_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    data, real = seven_zip(MEMBERS), builtins.__import__

    def missing(name: str, *args: object, **more: object) -> object:
        if name.startswith("py7zr"):
            raise ImportError(name)
        return real(name, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(DependencyError, match="py7zr") as caught:
        opened(data, "a.7z")
    assert caught.value.hint == "pip install 'hwcli[7z]'"


@cache
def good(kind: str) -> bytes:
    if kind == "7z":
        return seven_zip(MEMBERS)
    return gzip.compress(tarred()) if kind == "gz" else tarred()


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["tar", "gz", "7z"]), st.data())
def test_any_damage_is_told_or_does_no_harm(kind: str, data: st.DataObject) -> None:
    raw = bytearray(good(kind))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.one_of(st.just(len(raw)), st.integers(0, len(raw))))
    try:
        assert all(isinstance(k, str) for k in contents(opened(bytes(raw[:cut]), f"a.{kind}")))
    except FetchError as error:
        assert "\n" not in error.message
