"""Hostile input of every kind through the command line: refused in one line, the right code."""

import hashlib
import io
import json
import os
import shutil
import socket
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest

from archives import folder_zip, glyph, png, recipe_text, write_zip
from conftest import Result
from hostile import dataset_files, resealed, tarred, zipped
from test_fuzz import put

Hwcli = Callable[..., Result]
IMAGES = {f"{c}/{k}.png": png(glyph(10 * i + k)) for i, c in enumerate("ab") for k in range(4)}
ONE = png(glyph(1))


def recipe(url: str) -> str:
    part = '[[source.part]]\nimages = "*.png"'
    Path("r.toml").write_text(recipe_text(url, "images", part, more="[image]\nstroke = 0\n"))
    return "r.toml"


def zip_of_link() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        info = zipfile.ZipInfo("a/x.png")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        out.writestr(info, "/etc/passwd")
    return file.getvalue()


def tar_of(kind: bytes, target: str = "/etc/passwd") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as out:
        for name, data in IMAGES.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            out.addfile(info, io.BytesIO(data))
        info = tarfile.TarInfo("a/odd.png")
        info.type, info.linkname = kind, target
        out.addfile(info)
    return file.getvalue()


def claiming(size: int) -> bytes:
    """A zip of which a member claims `size` bytes."""
    raw = bytearray(zipped({"a/0.png": ONE}))
    at = raw.rindex(b"PK\1\2")
    raw[at + 24 : at + 28] = struct.pack("<I", size)
    return bytes(raw)


def overlapping() -> bytes:
    """A zip whose directory names one member's bytes many times."""
    raw = zipped({"a/0.png": ONE})
    at, end = raw.rindex(b"PK\1\2"), raw.rindex(b"PK\5\6")
    entry = raw[at:end]
    directory = b"".join(entry.replace(b"a/0.png", b"a/%d.png" % k) for k in range(10))
    tail = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 10, 10, len(directory), at, 0)
    return raw[:at] + directory + tail


def encrypted() -> bytes:
    raw = bytearray(zipped({"a/0.png": ONE}))
    raw[raw.rindex(b"PK\1\2") + 8] |= 1
    return bytes(raw)


ARCHIVES: dict[str, tuple[str, bytes, int, str]] = {
    "a path that leads up": ("zip", zipped({"../../a/x.png": ONE}), 5, "outside the archive"),
    "one with backslashes": ("zip", zipped({"..\\a\\x.png": ONE}), 5, "outside the archive"),
    "an absolute path": ("zip", zipped({"/abs/a/x.png": ONE}), 5, "outside the archive"),
    "a drive": ("zip", zipped({"C:/a/x.png": ONE}), 5, "outside the archive"),
    "a link": ("zip", zip_of_link(), 5, "is a link"),
    "a claim of 4 GB": ("zip", claiming(0xFFFFFFFE), 5, "claims 4 GiB"),
    "a member named ten times": ("zip", overlapping(), 5, "lies in another's bytes"),
    "more members than allowed": ("zip", zipped({f"a/{k}.png": b"" for k in range(2000)}), 5,
                                  "2,000 members, at most 999"),
    "a cipher": ("zip", encrypted(), 5, "is encrypted"),
    "a zip in a zip": ("zip", zipped({"a/x.zip": zipped(IMAGES)}), 5, "no member matches"),
    "a zip called an image": ("zip", zipped({"a/x.png": zipped(IMAGES)}), 6, "not one row is good"),
    "half a zip": ("zip", zipped(IMAGES)[:-50], 5, "not a whole zip"),
    "a zip of nothing": ("zip", b"", 5, "not a whole zip"),
    "a name of many lines": ("zip", zipped({"../a\n\x1b[2J\nTraceback.png": ONE}), 5, "outside"),
    "a path that leads up in a tar": ("tar", tarred({"a/../../x.png": ONE}), 5, "outside"),
    "an absolute path in a tar": ("tar", tarred({"/abs/a/x.png": ONE}), 5, "outside"),
    "a symbolic link in a tar": ("tar", tar_of(tarfile.SYMTYPE), 5, "is a link or device"),
    "a device in a tar": ("tar", tar_of(tarfile.BLKTYPE), 5, "is a link or device"),
    "a pipe in a tar": ("tar", tar_of(tarfile.FIFOTYPE), 5, "is a link or device"),
    "half a tar": ("tar", tarred(IMAGES)[:600], 5, "not a whole tar"),
    "more members than allowed in a tar": ("tar", tarred({f"{k}": b"" for k in range(1001)}), 5,
                                           "1,000 members, at most 999"),
    "a gzip that is none": ("tar.gz", b"\x1f\x8b\x08broken", 5, ""),
}  # fmt: skip


def around() -> set[Path]:
    """All there is beside the working directory, and in it."""
    return set(Path.cwd().parent.rglob("*"))


def refused(result: Result, code: int, told: str) -> None:
    assert result.code == code, result
    assert result.out == ""
    assert told in result.err
    lines = result.err.rstrip("\n").split("\n")
    assert lines[0].startswith("hwcli: error: ")
    assert all(line.startswith("hwcli: hint: ") for line in lines[1:])
    assert len(lines) <= 2


@pytest.mark.parametrize("why", ARCHIVES)
def test_a_hostile_archive_is_refused_and_nothing_is_written(why: str, hwcli: Hwcli) -> None:
    ending, data, code, told = ARCHIVES[why]
    path = Path(f"a.{ending}")
    path.write_bytes(data)
    which = recipe(f"file:{path}")
    before = around()
    result = hwcli("ingest", which, "--max-members", 999, "--max-expanded", 1, "--jobs", 1)
    refused(result, code, told)
    left = {p for p in around() - before if "cache" not in p.parts and p.name != "data"}
    assert not left


def test_a_second_name_of_a_member_is_read_and_one_of_anything_else_is_not(hwcli: Hwcli) -> None:
    Path("a.tar").write_bytes(tar_of(tarfile.LNKTYPE))
    assert hwcli("ingest", recipe("file:a.tar"), "--out", "d").code == 0
    assert "8 rows" in hwcli("ingest", "--verify", "d").out


def enormous(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = b"\x89PNG\r\n\x1a\n"
    for kind, data in ((b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 999)), (b"IEND", b"")):
        parts += struct.pack(">I", len(data)) + kind + data
        parts += struct.pack(">I", zlib.crc32(kind + data))
    return parts


def saved(mode: str, format: str, **more: object) -> bytes:
    import PIL.Image

    file = io.BytesIO()
    image = PIL.Image.fromarray(255 - glyph(5)).convert(mode)
    if more.pop("animated", False):
        more |= {"save_all": True, "append_images": [image.rotate(90)]}
    image.save(file, format, **more)
    return file.getvalue()


PICTURES: dict[str, tuple[Callable[[], bytes], str]] = {
    "50,000 × 50,000": (lambda: enormous(50_000, 50_000), "too large: 50000×50000 pixels"),
    "2 billion wide": (lambda: enormous(2**31 - 1, 1), "too large"),
    "of no width": (lambda: enormous(0, 5), "corrupt"),
    "half a PNG": (lambda: ONE[: len(ONE) // 2], "corrupt"),
    "a header alone": (lambda: ONE[:33], "corrupt"),
    "half a JPEG": (lambda: saved("L", "JPEG")[:90], "corrupt"),
    "text": (lambda: b"\x89PNG but no", "not an image"),
    "nothing": (lambda: b"", "empty file"),
    "a TIFF with tags beyond its end": (lambda: b"II*\0\x08\0\0\0\xff\xff" + b"\xff" * 60, ""),
}


@pytest.mark.parametrize("why", PICTURES)
def test_a_hostile_picture_is_dropped_by_name(why: str, hwcli: Hwcli) -> None:
    make, told = PICTURES[why]
    write_zip(Path("a.zip"), {**IMAGES, "a/odd.png": make()})
    result = hwcli("ingest", recipe("file:a.zip"), "--out", "d", "--json")
    assert result.code == 0, result
    dropped = json.loads(result.out)["dropped"]
    assert [d["examples"] for d in dropped] == [["a/odd.png"]]
    assert told in dropped[0]["reason"]


ODD = {
    "16 bit": lambda: bytes(cv2.imencode(".png", glyph(5).astype(np.uint16) * 257)[1]),
    "CMYK": lambda: saved("CMYK", "JPEG"),
    "an animated PNG": lambda: saved("L", "PNG", animated=True),
    "a JPEG called a PNG": lambda: saved("L", "JPEG"),
    "colours of a palette": lambda: saved("P", "PNG"),
}


@pytest.mark.parametrize("why", ODD)
def test_an_odd_picture_is_read(why: str, hwcli: Hwcli) -> None:
    write_zip(Path("a.zip"), {**IMAGES, "a/odd.png": ODD[why]()})
    result = hwcli("ingest", recipe("file:a.zip"), "--out", "d", "--json")
    assert result.code == 0, result
    assert json.loads(result.out)["counts"]["class"]["a"] == 5


def shard(change: Callable[[h5py.File], None]) -> Callable[[], None]:
    def run() -> None:
        path = Path("ds/s-0.h5")
        with h5py.File(path, "r+") as file:
            change(file)
        files = {f"ds/{p.name}": p.read_bytes() for p in Path("ds").iterdir()}
        put(resealed(files))

    return run


def column(name: str, **options: object) -> Callable[[], None]:
    def change(file: h5py.File) -> None:
        del file[name]
        file.create_dataset(name, **options)

    return shard(change)


def compressed(file: h5py.File) -> None:
    images = np.zeros((7, 2000, 2000), np.uint8)
    del file["images"]
    file.create_dataset("images", data=images, compression="gzip", chunks=(7, 2000, 2000))


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((7, 8, 8), np.uint8)
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (7, 8, 8))
    del file["images"]
    file.create_virtual_dataset("images", layout)


def looped(file: h5py.File) -> None:
    del file["images"]
    file["images"], file["more"] = h5py.SoftLink("/more"), h5py.SoftLink("/images")


def endless_heap() -> None:
    raw = bytearray(Path("ds/s-0.h5").read_bytes())
    at = raw.index(b"GCOL") + 16
    raw[at : at + 16] = bytes(16)
    Path("ds/s-0.h5").write_bytes(raw)
    put(resealed({f"ds/{p.name}": p.read_bytes() for p in Path("ds").iterdir()}))


def told(path: tuple[object, ...], value: object) -> Callable[[], None]:
    """`dataset.json` with another value at `path`."""

    def run() -> None:
        data = json.loads(Path("ds/dataset.json").read_bytes())
        at = data
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = value
        Path("ds/dataset.json").write_text(json.dumps(data))

    return run


def nested(raw: bytes) -> Callable[[], None]:
    return lambda: Path("ds/dataset.json").write_bytes(raw)


def piped(name: str) -> Callable[[], None]:
    def run() -> None:
        Path("ds", name).unlink()
        os.mkfifo(Path("ds", name))

    return run


def twice() -> None:
    data = json.loads(Path("ds/dataset.json").read_bytes())
    data["shards"].append(data["shards"][0])
    Path("ds/dataset.json").write_text(json.dumps(data))


def deep() -> object:
    value: object = 1
    for _ in range(400):
        value = [value]
    return value


DATASETS: dict[str, tuple[Callable[[], object], str]] = {
    "images flat": (column("images", data=np.zeros((7, 64), np.uint8)), "not uint8 (N, S, S)"),
    "images of floats": (column("images", data=np.zeros((7, 8, 8))), "not uint8 (N, S, S)"),
    "labels of text": (column("label", data=["x"] * 7), "column label is"),
    "images compressed": (shard(compressed), "is compressed"),
    "images elsewhere": (
        column("images", shape=(7, 8, 8), dtype="u1", external=[("/etc/passwd", 0, 448)]),
        "in another file"),
    "images put together": (shard(virtual), "in another file"),
    "images that are links": (shard(looped), "not a whole shard"),
    "a petabyte": (column("images", shape=(10**9, 1000, 1000), dtype="u1", chunks=(256, 8, 8)),
                   "that are not in it"),
    "a heap without an end": (endless_heap, "a heap without an end"),
    "a pipe for a shard": (piped("s-0.h5"), "pipe"),
    "a pipe for its description": (piped("dataset.json"), ""),
    "a folder for a shard": (lambda: (Path("ds/s-0.h5").unlink(), Path("ds/s-0.h5").mkdir()),
                             "s-0.h5"),
    "a shard listed twice": (twice, "listed twice"),
    "a shard above": (told(("shards", 0, "file"), "../s-0.h5"), "outside the dataset's folder"),
    "a shard at the root": (told(("shards", 0, "file"), "/etc/passwd"), "outside the dataset's"),
    "a shard of no name": (told(("shards", 0, "file"), ".."), "outside the dataset's folder"),
    "a name that is a path": (told(("name",), "../../x"), "name"),
    "classes a text": (told(("classes",), "ab"), "classes"),
    "rows a text": (told(("shards", 0, "rows"), "7"), "expected a whole number"),
    "a size of nothing": (told(("normalisation", "size"), 0), "size"),
    "half a character": (told(("title",), "\ud800"), "is no text"),
    "no number": (told(("normalisation", "stroke"), float("nan")), "no number"),
    "a recipe too deep": (told(("recipe", "x"), deep()), "in each other"),
    "10 MB of brackets": (nested(b"[" * (10 << 20)), "not JSON"),
    "10 MB of lists": (nested(b"[" * (5 << 20) + b"]" * (5 << 20)), "not JSON"),
    "a list": (nested(b"[]"), "expected a table"),
    "no UTF-8": (nested(b'{"a": "\xff"}'), "not JSON"),
    "a list of duplicates above": (
        told(("duplicates",), {"file": "../x", "sha256": "", "exact": 0, "near": 0, "conflict": 0}),
        "outside the dataset's folder"),
    "a folder for the duplicates": (
        lambda: (Path("ds/duplicates.csv").mkdir(), told(("duplicates",), {
            "file": "duplicates.csv", "sha256": "", "exact": 0, "near": 0, "conflict": 0})())
       , "duplicates.csv"),
}  # fmt: skip


@pytest.mark.parametrize("why", DATASETS)
def test_a_hostile_dataset_is_refused(why: str, hwcli: Hwcli) -> None:
    change, told = DATASETS[why]
    put(dataset_files())
    change()
    before = around()
    refused(hwcli("ingest", "--verify", "ds"), 6, told)
    assert around() == before


def test_a_dataset_of_nothing_is_told_as_one(hwcli: Hwcli) -> None:
    put(dataset_files())
    data = json.loads(Path("ds/dataset.json").read_bytes())
    data |= {"classes": [], "scripts": [], "sources": [], "shards": [], "counts": {}}
    Path("ds/dataset.json").write_text(json.dumps(data))
    assert "0 rows" in hwcli("ingest", "--verify", "ds").out
    assert hwcli("ingest", "--info", "ds").code == 6


@pytest.fixture
def killed(hwcli: Hwcli, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that a run has left which was killed when all but done."""
    folder_zip(Path("a.zip"), each=100)
    monkeypatch.setattr("hwcli.ingest.series.SHARD_ROWS", 256)
    with monkeypatch.context() as patch:
        patch.setattr("hwcli.ingest.write_info", lambda *_: (_ for _ in ()).throw(SystemExit(9)))
        assert hwcli("ingest", recipe("file:a.zip"), "--out", "d", "--jobs", 1).code == 9
    assert len(Path("d.partial/progress.jsonl").read_bytes().splitlines()) > 1
    return Path("d.partial")


def table(change: Callable[[Path], object]) -> Callable[[dict[str, object]], None]:
    """Another file of numbers, and its digest."""

    def run(data: dict[str, object]) -> None:
        done = data["done"][0]  # type: ignore[index]
        path = (Path("d.partial") / done["shard"]["file"]).with_suffix(".rows.npy")
        change(path)
        if path.is_file():
            done["rows_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()

    return run


def mark(name: str, value: object) -> Callable[[dict[str, object]], None]:
    return lambda data: data["done"][-1]["mark"].__setitem__(name, value)  # type: ignore[index]


def entry(name: str, value: object) -> Callable[[dict[str, object]], None]:
    return lambda data: data["done"][0]["shard"].__setitem__(name, value)  # type: ignore[index]


PROGRESS: dict[str, Callable[[dict[str, object]], object]] = {
    "as it was": lambda data: None,
    "a step beyond the last": mark("step", 10**9),
    "a step before the first": mark("step", -1),
    "more rows than there are": mark("used", 10**6),
    "rows below nothing": mark("used", -3),
    "a list of duplicates of exabytes": mark("pairs_bytes", 10**18),
    "a list of less than nothing": mark("pairs_bytes", -1),
    "drops of nobody": mark("dropped", [{"source": "x", "reason": "y", "count": 1}]),
    "a shard above": entry("file", "../a.zip"),
    "a shard that is the list": entry("file", "duplicates.csv"),
    "rows that are not there": entry("rows", 10**12),
    "objects": table(lambda p: np.save(p, np.asarray([[{}, 1]], object), allow_pickle=True)),
    "a flat table": table(lambda p: np.save(p, np.zeros(4, np.uint64))),
    "a wide table": table(lambda p: np.save(p, np.zeros((256, 9), np.uint64))),
    "a table of text": table(lambda p: p.write_text("x")),
    "numbers beyond the plan": table(lambda p: np.save(p, np.full((256, 2), 10**9, np.uint64))),
    "a table of petabytes": table(lambda p: p.write_bytes(
        b"\x93NUMPY\1\0v\0" + b"{'descr': '<u8', 'fortran_order': False, "
        b"'shape': (99999999999999, 2), }".ljust(117) + b"\n")),
    "a link for a table": table(lambda p: (p.unlink(), p.symlink_to("/dev/zero"))),
    "a pipe for a table": table(lambda p: (p.unlink(), os.mkfifo(p))),
    "a list of one shard twice": lambda data: data["done"].append(data["done"][0]),  # type: ignore[attr-defined]
    "a folder that nobody made": lambda data: Path("d.partial/x/y").mkdir(parents=True),
}  # fmt: skip


@pytest.mark.parametrize("why", PROGRESS)
def test_hostile_progress_is_not_believed(why: str, killed: Path, hwcli: Hwcli) -> None:
    path = killed / "progress.jsonl"
    head, *done = map(json.loads, path.read_bytes().splitlines())
    data = {**head, "done": done}
    PROGRESS[why](data)
    done = data.pop("done")
    path.write_text("".join(f"{json.dumps(line)}\n" for line in (data, *done)))
    result = hwcli("ingest", recipe("file:a.zip"), "--out", "d", "--jobs", 1)
    assert result.code == 0, result
    assert result.err.count("\n") == ("going on" in result.err)
    assert "300 rows" in hwcli("ingest", "--verify", "d").out
    assert not killed.exists()


def test_a_folder_of_oddities_is_read_as_far_as_it_can_be(hwcli: Hwcli) -> None:
    put({f"own/{n}": d for n, d in IMAGES.items()})
    os.mkfifo("own/a/pipe.png")
    Path("own/a/link.png").symlink_to("/dev/zero")
    Path("own/b/round").symlink_to("..")
    with socket.socket(socket.AF_UNIX) as end:
        end.bind("own/b/socket.png")
        result = hwcli("ingest", "own", "--out", "d", "--jobs", 1)
    assert result.code == 0, result
    assert "8 rows" in result.out


def test_files_that_vanish_are_dropped_by_name(
    hwcli: Hwcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    put({f"own/{n}": d for n, d in IMAGES.items()})
    from hwcli.ingest import make_plan

    def planned(*args: object) -> object:
        plan = make_plan(*args)  # type: ignore[arg-type]
        shutil.rmtree("own/a")
        return plan

    monkeypatch.setattr("hwcli.ingest.make_plan", planned)
    result = hwcli("ingest", recipe("file:own/"), "--out", "d", "--jobs", 1, "--json")
    assert result.code == 0, result
    assert json.loads(result.out)["dropped"][0]["count"] == 4


@pytest.mark.parametrize("name", ["r.toml", "pipe", "/dev/zero", "/dev/null", "."])
def test_what_is_no_file_is_refused(name: str, hwcli: Hwcli) -> None:
    if not name.startswith(("/", ".")):
        os.mkfifo(name)
    result = hwcli("ingest", name)
    assert result.code in (3, 4), result
    assert result.err.count("\n") <= 2


TABLES = {
    "NULs": (b"file,label\na/0.png\0,\0x\n", 6),
    "a million columns": (b"file,label" + b",x" * 10**6 + b"\na/0.png,q\n", 0),
    "a cell of a million": (b"file,label\n" + b"x" * 10**6 + b",q\n", 5),
    "a quote without an end": (b'file,label\n"a/0.png,q\n' * 9, 6),
    "no UTF-8": (b"file,label\n\xff\xfe,q\n", 5),
    "nothing": (b"", 6),
}


@pytest.mark.parametrize("why", TABLES)
def test_a_hostile_table_of_labels(why: str, hwcli: Hwcli) -> None:
    data, code = TABLES[why]
    put({f"d/{n}": d for n, d in IMAGES.items()} | {"d/t.csv": data})
    part = '[source.label]\ntable = "t.csv"\npath_column = "file"\nlabel_column = "label"\n'
    text = recipe_text("file:d/", "images", part + '[[source.part]]\nimages = "*.png"')
    Path("r.toml").write_text(text)
    result = hwcli("ingest", "r.toml", "--out", "o", "--jobs", 1)
    assert result.code == code, result
    assert result.err.count("\n") <= 2


HEAD = b"action,source,origin,label,correction\n"
CORRECTIONS = {
    "NULs": (HEAD + b"drop,one,\0,a,\n", "a NUL"),
    "a million columns": (b"x," * 10**6 + b"actoin\n", "no column 'action'"),
    "a million lines of nothing to do": (HEAD + b",\n" * 10**6 + b"?,\n", "line 1000002: action"),
    "a cell of a million": (HEAD + b"drop," + b"x" * 10**6 + b"\n", "field larger"),
    "a quote without an end": (HEAD + b'drop,one,"a\n' * 9, "line 2: ',' expected"),
    "no UTF-8": (HEAD + b"drop,\xff\xfe,a,a,\n", "not text in UTF-8"),
    "UTF-16": (HEAD.decode().encode("utf-16"), "not text in UTF-8"),
    "what steers a terminal": (HEAD + b"\x1b[2J\n", "action '\\x1b[2j'"),
    "nothing": (b"", "no column 'action'"),
}


@pytest.mark.parametrize("why", CORRECTIONS)
@pytest.mark.parametrize("by", ["the recipe", "the command"])
def test_hostile_corrections_are_refused_before_anything_is_fetched(
    why: str, by: str, hwcli: Hwcli
) -> None:
    data, told = CORRECTIONS[why]
    Path("c.csv").write_bytes(data)
    which = recipe("https://127.0.0.1:9/a.zip")
    more = ["--corrections", "c.csv"]
    if by == "the recipe":
        Path(which).write_text('corrections = ["c.csv"]\n' + Path(which).read_text())
        more = []
    refused(hwcli("ingest", which, *more), 4, told)


@pytest.mark.parametrize("name", ["pipe", "/dev/zero", ".", "none.csv", "x" * 300])
def test_corrections_that_are_no_file_are_refused(name: str, hwcli: Hwcli) -> None:
    os.mkfifo("pipe")
    refused(hwcli("ingest", "sample", "--corrections", name), 4, name)


def test_corrections_of_200_000_rows_that_are_not_there(hwcli: Hwcli) -> None:
    """Nothing is looked for line by line."""
    rows = b"".join(b"drop,o%d,%d,a,\n" % (k % 90_000, k) for k in range(200_000))
    Path("c.csv").write_bytes(HEAD + rows)
    result = hwcli("ingest", "sample", "--corrections", "c.csv", "--out", "d", "--jobs", 1)
    assert result.code == 0, result
    assert "c.csv: 200,000 not applied" in result.out
    assert result.err.count("\n") <= 8
