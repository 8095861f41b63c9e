"""Finding photos: folders, globs, lists and images on standard input."""

import io
import os
import sys
import tracemalloc
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwcli.errors import InputError
from hwcli.page.inputs import find_photos, in_order, natural_key
from hwcli.page.photo import Piped
from photo_files import samples


def made(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


def found(*items: str, **options: object) -> list[str]:
    return [str(p) for p in find_photos(items, **options)]


def listed(text: bytes, **options: object) -> list[str]:
    return found("-", stdin=io.BytesIO(text), **options)


def test_folders_in_natural_order_without_hidden_files() -> None:
    made("f/p10.png", "f/p2.PNG", "f/.h.png", "f/.git/x.png", "f/notes.txt", "f/b/1.jpg",
         "f/b10/1.pdf", "f/b9/2.heic", "f/b9/1.tiff")  # fmt: skip
    expected = ["f/p2.PNG", "f/p10.png", "f/b/1.jpg", "f/b9/1.tiff", "f/b9/2.heic", "f/b10/1.pdf"]
    assert found("f") == found("f/") == expected
    os.chdir("f")
    assert found(".") == [e[2:] for e in expected]


def test_what_is_named_is_taken_hidden_or_not_and_as_often() -> None:
    made(".h/.x.png", ".h/1.png", "notes.txt")
    assert found(".h/.x.png", "notes.txt", ".h", ".h") == [
        ".h/.x.png", "notes.txt", ".h/1.png", ".h/1.png",
    ]  # fmt: skip


def test_order_of_names() -> None:
    names = ["a2", "a10", "a", "B1", "b1x", "b01", "b1", "1", "02", "10", "x-1", "x1", "٣", "4"]
    ordered = sorted(sorted(names), key=natural_key)
    assert ordered == [
        "1", "02", "٣", "4", "10", "a", "a2", "a10", "B1", "b01", "b1", "b1x", "x1", "x-1",
    ]  # fmt: skip
    assert natural_key("9" * 250) < natural_key("1" + "0" * 250)


@pytest.mark.parametrize(
    ("globs", "expected"),
    [
        (["*.jpg"], ["1.jpg", "a/1.jpg", "a/b/1.jpg"]),
        (["*.jpg", "2.*"], ["1.jpg", "2.png", "a/1.jpg", "a/2.png", "a/b/1.jpg"]),
        (["a/*"], ["a/1.jpg", "a/2.png"]),
        (["a/**"], ["a/1.jpg", "a/2.png", "a/b/1.jpg"]),
        (["**/1.jpg"], ["1.jpg", "a/1.jpg", "a/b/1.jpg"]),
        (["a/**/1.jpg"], ["a/1.jpg", "a/b/1.jpg"]),
        (["[2-9].???"], ["2.png", "a/2.png"]),
    ],
)
def test_globs(globs: list[str], expected: list[str]) -> None:
    made("f/1.jpg", "f/2.png", "f/a/1.jpg", "f/a/2.png", "f/a/b/1.jpg", "f/a/b/1.txt", "z.gif")
    assert found("f", "z.gif", globs=globs) == [*(f"f/{e}" for e in expected), "z.gif"]


def test_nothing_found_says_what_was_looked_for() -> None:
    made("f/1.png", "g/1.txt")
    for items, globs, told in (
        (["g"], [], "^g: no images found$"),
        (["f", "g"], ["*.jpg", "x*"], r"^f, g: no images found that match \*.jpg or x\*$"),
        (["none", "no"], [], "none, no: no such file"),
    ):
        with pytest.raises(InputError, match=told) as caught:
            found(*items, globs=globs)
        assert "none" in items or ".png" in (caught.value.hint or "")


def test_a_missing_file_among_others_is_kept() -> None:
    made("1.png")
    assert found("none.png", "1.png", "no/thing") == ["none.png", "1.png", "no/thing"]


def test_links() -> None:
    made("f/1.png", "g/2.png")
    Path("f/loop").symlink_to(Path("f").absolute())
    Path("f/other").symlink_to(Path("g").absolute())
    Path("f/3.png").symlink_to(Path("g/2.png").absolute())
    Path("f/4.png").symlink_to("nowhere")
    Path("f/5.png").symlink_to("5.png")
    Path("f/6.png").symlink_to(Path("g").absolute())
    assert found("f") == ["f/1.png", "f/3.png", "f/4.png", "f/5.png"]
    assert found("f/other") == ["f/other/2.png"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_folder_that_cannot_be_read_is_kept() -> None:
    made("f/a/1.png", "f/b/1.png")
    Path("f/a").chmod(0)
    try:
        assert found("f") == ["f/a", "f/b/1.png"]
    finally:
        Path("f/a").chmod(0o700)


def test_deep_folders() -> None:
    home = Path.cwd()
    Path("top").mkdir()
    os.chdir("top")
    for _ in range(1500):  # deeper than Python recurses, and than a path may be long
        Path("ddd").mkdir()
        os.chdir("ddd")
    os.chdir(home)
    (last,) = found("top")
    assert last.startswith("top/ddd/ddd") and len(last) >= 4000
    os.chdir("top/" + "ddd/" * 700)
    os.chdir("ddd/" * 800)
    for _ in range(1500):  # pytest would recurse to remove them
        os.chdir("..")
        Path("ddd").rmdir()
    os.chdir(home)


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes")
def test_odd_names() -> None:
    names = [b"\xff.png", "é\n x.png".encode(), "写真.png".encode()]
    Path("f").mkdir()
    for name in names:
        Path("f", os.fsdecode(name)).touch()
    assert sorted(os.fsencode(p) for p in found("f")) == sorted(b"f/" + n for n in names)
    assert [os.fsencode(p) for p in listed(b"\0".join(names), from0=True)] == names


def test_lists() -> None:
    assert listed(b"a.png\nb c.png\n") == listed(b"a.png\n\nb c.png") == ["a.png", "b c.png"]
    assert listed(b"\xef\xbb\xbfa.png\r\nb.png\r\n\r\n") == ["a.png", "b.png"]
    assert listed(b"a\n.png\0b\r\0\0", from0=True) == ["a\n.png", "b\r"]
    assert listed("ü.png\n".encode()) == ["ü.png"]
    made("f/1.png")
    assert listed(b"f\n") == ["f/1.png"]


@pytest.mark.parametrize("text", [b"", b"\n\n", b"\r\n"])
def test_empty_lists(text: bytes) -> None:
    with pytest.raises(InputError, match="no paths on standard input"):
        listed(text)
    made("1.png")
    assert found("1.png", "-", stdin=io.BytesIO(text)) == ["1.png"]


def test_no_standard_input() -> None:
    with pytest.raises(InputError, match="no standard input"):
        found("-", stdin=None)


def test_what_is_neither_list_nor_image_ends() -> None:
    with pytest.raises(InputError, match="neither an image nor a list"):
        list(find_photos(["-"], stdin=io.BytesIO(b"x.png\n" + b"y" * 200_000)))


SAMPLES = samples()


class Dribble(io.RawIOBase):
    """Gives a few bytes at a time, and counts how often it was asked."""

    def __init__(self, data: bytes, step: int) -> None:
        self._data = io.BytesIO(data)
        self._step = step
        self.asked = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        self.asked += 1
        data = self._data.read(min(self._step, len(buffer)))
        buffer[: len(data)] = data
        return len(data)


@pytest.mark.parametrize("name", SAMPLES)
def test_images_on_standard_input(name: str) -> None:
    for stdin in (io.BytesIO(SAMPLES[name]), io.BufferedReader(Dribble(SAMPLES[name], 300))):
        (photo,) = find_photos(["-"], stdin=stdin)
        assert isinstance(photo, Piped) and str(photo) == "-"
        assert photo.data == SAMPLES[name]


def test_the_first_path_does_not_wait_for_the_second() -> None:
    pipe = Dribble(b"1.png\n" * 100, 6)
    photos = find_photos(["-"], stdin=io.BufferedReader(pipe))
    assert str(next(photos)) == "1.png" and pipe.asked == 1


def test_a_million_paths_are_not_held() -> None:
    class Endless(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:
            text = (b"some/where/a/photo.png\n" * 5000)[: len(buffer)]
            buffer[: len(text)] = text
            return len(text)

    photos = find_photos(["-"], stdin=io.BufferedReader(Endless()))
    next(photos)
    tracemalloc.start()
    assert sum(1 for _ in islice(photos, 50_000)) == 50_000
    assert tracemalloc.get_traced_memory()[1] < 2 << 20
    tracemalloc.stop()


def test_a_folder_is_looked_at_when_it_is_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    made(*(f"f/{n}/1.png" for n in range(100)))
    looked: list[str] = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda p: (looked.append(p), scandir(p))[1])
    next(find_photos(["f"]))
    assert looked == ["f", "f/0"]


@given(st.sets(st.text("0012aA.é٣", min_size=1, max_size=7), max_size=60))
def test_names_come_in_natural_order_however_many_forms_they_have(names: set[str]) -> None:
    assert in_order(list(names)) == sorted(sorted(names), key=natural_key)


def test_an_image_is_no_list_that_ends_in_nul() -> None:
    """A thousand names of nothing would come of it."""
    with pytest.raises(InputError, match="is an image, not a list of paths"):
        listed(b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01" + bytes(range(256)) * 8, from0=True)
