"""Small valid inputs of every format, and ways to spoil them, for tests of hostile input."""

import gzip
import hashlib
import io
import json
import struct
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import pytest
from hypothesis import strategies as st

from archives import glyph, idx, png, recipe_text
from hwcli.dataset import write_info
from hwcli.shards import Split
from small_datasets import Row, dataset_of

Files = dict[str, bytes]

_MORE = "[image]\nstroke = 0\n"
_INGEST = ("ingest", "r.toml", "--out", "out", "--jobs", "1", "--json")
GLYPHS = [glyph(k, 16) for k in range(6)]
LABELS = np.arange(6, dtype=np.uint8) % 2


def _alone(files: Files) -> Files:
    return files


@dataclass(frozen=True)
class Seed:
    """A valid input: files, of which one is spoilt before or after they are packed."""

    files: Files
    commands: tuple[tuple[str, ...], ...] = (_INGEST,)
    pack: Callable[[Files], Files] = _alone
    fixed: Files = field(default_factory=dict)
    """Files that stay as they are."""


def recipe(url: str, format: str, part: str) -> Files:
    return {"r.toml": recipe_text(url, format, part, more=_MORE).encode()}


def zipped(files: Files, method: int | None = None) -> bytes:
    import zipfile

    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if method is None else method) as out:
        for name, data in files.items():
            out.writestr(zipfile.ZipInfo(name), data, out.compression)
    return file.getvalue()


def tarred(files: Files) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as out:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            out.addfile(info, io.BytesIO(data))
    return file.getvalue()


def _encoded(ending: str) -> Files:
    return {
        f"{'ab'[k % 2]}/{k}.{ending}": bytes(cv2.imencode(f".{ending}", g)[1])
        for k, g in enumerate(GLYPHS)
    }


def _pictures(*endings: str) -> Seed:
    files = {n: d for e in endings for n, d in list(_encoded(e).items())[: 6 // len(endings) + 1]}
    fixed = recipe("file:a.zip", "images", '[[source.part]]\nimages = "*"')
    return Seed(files, pack=lambda f: {"a.zip": zipped(f)}, fixed=fixed)


def _zip() -> Seed:
    fixed = recipe("file:a.zip", "images", '[[source.part]]\nimages = "*.png"')
    return Seed({"a.zip": zipped(_encoded("png"))}, fixed=fixed)


def _tar() -> Seed:
    fixed = recipe("file:a.tar", "images", '[[source.part]]\nimages = "*.png"')
    return Seed({"a.tar": tarred(_encoded("png"))}, fixed=fixed)


def _tar_gz() -> Seed:
    fixed = recipe("file:a.tar.gz", "images", '[[source.part]]\nimages = "*.png"')
    one = Seed({"a.tar": tarred(_encoded("png"))}, fixed=fixed)
    return Seed(one.files, pack=lambda f: {"a.tar.gz": gzip.compress(f["a.tar"], 1)}, fixed=fixed)


def _idx(ending: str) -> Seed:
    part = f'[[source.part]]\nimages = "i{ending}"\nlabels = "l{ending}"'
    files = {f"i{ending}": idx(np.stack(GLYPHS)), f"l{ending}": idx(LABELS)}
    unpack = gzip.compress if ending == ".gz" else bytes

    def pack(inner: Files) -> Files:
        return {f"d/{n}": unpack(b) for n, b in inner.items()}

    return Seed(files, pack=pack, fixed=recipe("file:d/", "idx", part))


def _npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def _numpy() -> Seed:
    part = '[[source.part]]\nimages = "x.npy"\nlabels = "y.npy"'
    files = {"d/x.npy": _npy(np.stack(GLYPHS)), "d/y.npy": _npy(LABELS)}
    return Seed(files, fixed=recipe("file:d/", "numpy", part))


def _npz() -> Seed:
    part = '[[source.part]]\nimages = "a.npz"\narray = "x"\nlabel_array = "y"'
    files = {"x.npy": _npy(np.stack(GLYPHS)), "y.npy": _npy(LABELS)}
    fixed = recipe("file:d/", "numpy", part)
    return Seed(files, pack=lambda f: {"d/a.npz": zipped(f)}, fixed=fixed)


def _pixel_table() -> Seed:
    rows = [",".join(map(str, [LABELS[k], *g.ravel()])) for k, g in enumerate(GLYPHS)]
    fixed = recipe("file:d/", "csv", '[[source.part]]\nimages = "t.csv"')
    return Seed({"d/t.csv": "\n".join(rows).encode()}, fixed=fixed)


def _label_table() -> Seed:
    files = {f"d/{k}.png": png(g) for k, g in enumerate(GLYPHS)}
    lines = ["file\tchar\twho\tpart"] + [
        f"{k}.png\t{'ab'[k % 2]}\tw{k}\t{'train' if k < 3 else 'test'}" for k in range(6)
    ]
    label = (
        '[source.label]\ntable = "t.tsv"\npath_column = "file"\nlabel_column = "char"\n'
        'writer_column = "who"\nsplit_column = "part"\n[[source.part]]\nimages = "*.png"'
    )
    table = {"d/t.tsv": "\n".join(lines).encode()}
    return Seed(table, fixed=files | recipe("file:d/", "images", label))


def _mat5() -> Seed:
    import scipy.io

    file = io.BytesIO()
    scipy.io.savemat(file, {"x": np.stack(GLYPHS), "y": LABELS})
    return _mat(file.getvalue())


def _mat(data: bytes) -> Seed:
    part = '[[source.part]]\nimages = "a.mat"\narray = "x"\nlabel_array = "y"'
    return Seed({"d/a.mat": data}, fixed=recipe("file:d/", "matlab", part))


def _mat73() -> Seed:
    import h5py

    file = io.BytesIO()
    with h5py.File(file, "w", userblock_size=512) as out:
        for name, value in {"x": np.stack(GLYPHS), "y": LABELS}.items():
            made = out.create_dataset(name, data=value.T, compression="gzip", shuffle=True)
            made.attrs["MATLAB_class"] = np.bytes_(str(value.dtype))
    return _mat(b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM" + file.getvalue()[128:])


def _arrow_table() -> "tuple[object, object]":
    pa = pytest.importorskip("pyarrow")
    rows = [{"bytes": png(g), "path": f"{k}.png"} for k, g in enumerate(GLYPHS)]
    images = pa.array(rows, pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
    return pa, pa.table({"image": images, "label": pa.array(LABELS.tolist())})


def _parquet() -> Seed:
    _, table = _arrow_table()
    import pyarrow.parquet as pq

    file = io.BytesIO()
    pq.write_table(table, file)
    part = '[source.label]\nlabel_column = "label"\n[[source.part]]\nimages = "t.parquet"'
    return Seed({"d/t.parquet": file.getvalue()}, fixed=recipe("file:d/", "parquet", part))


def _arrow() -> Seed:
    pa, table = _arrow_table()
    file = io.BytesIO()
    with pa.ipc.new_stream(file, table.schema) as out:
        out.write_table(table)
    part = '[source.label]\nlabel_column = "label"\n[[source.part]]\nimages = "t.arrow"'
    return Seed({"d/t.arrow": file.getvalue()}, fixed=recipe("file:d/", "parquet", part))


def _webdataset() -> Seed:
    files = {}
    for k, g in enumerate(GLYPHS):
        files[f"{k}.png"] = png(g)
        files[f"{k}.json"] = json.dumps({"label": "ab"[k % 2], "who": f"w{k}"}).encode()
    part = (
        '[source.label]\nlabel_column = "label"\nwriter_column = "who"\n'
        '[[source.part]]\nimages = "s.tar"'
    )
    fixed = recipe("file:d/", "webdataset", part)
    return Seed(files, pack=lambda f: {"d/s.tar": tarred(f)}, fixed=fixed)


@cache
def dataset_files() -> Files:
    """`dataset.json` and the shards of a small dataset."""
    rows = [Row(k, "ab"[k % 2], Split(k % 3), k % 2, k % 3) for k in range(12)]
    with TemporaryDirectory() as base:
        dataset = dataset_of(rows, Path(base) / "ds")
        counts = {**dataset.info.counts, "class": {"a": 6, "b": 6}}
        write_info(dataset.folder, replace(dataset.info, counts=counts))
        folder = dataset.folder
        return {f"ds/{p.name}": p.read_bytes() for p in sorted(folder.iterdir())}


def resealed(files: Files) -> Files:
    """`files` with the shards' sha256 in `dataset.json` made right, as an attacker would."""
    try:
        data = json.loads(files["ds/dataset.json"])
        for entry in data["shards"]:
            entry["sha256"] = hashlib.sha256(files[f"ds/{entry['file']}"]).hexdigest()
    except (ValueError, KeyError, TypeError, RecursionError):
        return files
    return files | {"ds/dataset.json": json.dumps(data).encode()}


_OF_DATASETS = (
    ("ingest", "--info", "ds"), ("ingest", "--verify", "ds"),
    ("ingest", "merge", "ds", "whole", "--out", "m"), ("ingest", "--cite", "ds"),
    ("ingest", "--export", "imagefolder", "ds", "--out", "e1"),
    ("ingest", "--export", "webdataset", "ds", "--out", "e2"),
    ("ingest", "--export", "npz", "ds", "--out", "e3"),
)  # fmt: skip


def _whole() -> Files:
    return {n.replace("ds/", "whole/"): d for n, d in dataset_files().items()}


def _shard() -> Seed:
    files = dataset_files()
    inner = {n: d for n, d in files.items() if n.endswith("0.h5")}
    fixed = {n: d for n, d in files.items() if n not in inner}

    def pack(changed: Files) -> Files:
        return resealed(fixed | changed)

    return Seed(inner, _OF_DATASETS, pack, _whole())


def _dataset_json() -> Seed:
    files = dataset_files()
    fixed = {n: d for n, d in files.items() if n.endswith(".h5")}
    return Seed({"ds/dataset.json": files["ds/dataset.json"]}, _OF_DATASETS, fixed=fixed | _whole())


def _recipe() -> Seed:
    part = (
        'invert = false\nlimit = 5\nsha256 = {}\n[source.classes]\na = "A"\nb = "B"\n'
        '[source.label]\npattern = "(?P<label>[ab])/(?P<writer>.)"\n'
        '[[source.part]]\nimages = "*.png"\nsplit = "train"'
    )
    more = (
        "[image]\nsize = 28\nfit = 20\nstroke = 0\n[split]\nval = 0.2\ntest = 0.2\nseed = 3\n"
        "[proportions.p]\none = 4\n"
    )
    text = recipe_text("file:a.zip", "images", part, more=more).encode()
    fixed = {"a.zip": zipped(_encoded("png"))}
    commands = (_INGEST, ("ingest", "r.toml", "--show", "--json"))
    return Seed({"r.toml": text}, commands, fixed=fixed)


def _corrections() -> Seed:
    top = 'corrections = ["c.csv"]\n' + _MORE
    part = '[[source.part]]\nimages = "*.png"'
    text = recipe_text("file:a.zip", "images", part, more=top)
    lines = [
        "action;correction;source;origin;sha256;label;top1",
        *(f"relabel;{k};one;{'ab'[k % 2]}/{k}.png;;{'ab'[k % 2]};x" for k in (1, 2)),
        'drop;;"one";a/0.png;' + "0" * 64 + ";a",
        ";;one;b/3.png;;b",
    ]
    fixed = {"a.zip": zipped(_encoded("png")), "r.toml": text.encode()}
    return Seed({"c.csv": "\n".join(lines).encode()}, fixed=fixed)


def _own(name: str, data: Callable[[], Files]) -> Seed:
    commands = (
        ("ingest", name, "--out", "out", "--jobs", "1"),
        ("ingest", name, "--write-recipe", "w.toml"),
    )
    return Seed(data(), commands)


def _own_folder() -> Seed:
    return _own("own", lambda: {f"own/{n}": d for n, d in _encoded("png").items()})


def _own_table() -> Seed:
    def files() -> Files:
        pictures = {f"own/{k}.png": png(g) for k, g in enumerate(GLYPHS)}
        lines = [f"{k}.png,{'ab'[k % 2]}" for k in range(6)]
        return {"own/labels.csv": "\n".join(["file,label", *lines]).encode()} | pictures

    return _own("own", files)


def _own_zip() -> Seed:
    return _own("a.zip", lambda: {"a.zip": zipped(_encoded("png"))})


def _own_npz() -> Seed:
    def pack(inner: Files) -> Files:
        return {"a.npz": zipped(inner)}

    one = _own("a.npz", lambda: {"x.npy": _npy(np.stack(GLYPHS)), "y.npy": _npy(LABELS)})
    return Seed(one.files, one.commands, pack)


def _7z() -> Seed:
    py7zr = pytest.importorskip("py7zr")
    file = io.BytesIO()
    with py7zr.SevenZipFile(file, "w") as out:
        for name, data in _encoded("png").items():
            out.writestr(data, name)
    fixed = recipe("file:a.7z", "images", '[[source.part]]\nimages = "*.png"')
    return Seed({"a.7z": file.getvalue()}, fixed=fixed)


SEEDS: dict[str, Callable[[], Seed]] = {
    "png": lambda: _pictures("png"),
    "jpeg": lambda: _pictures("jpg"),
    "other pictures": lambda: _pictures("bmp", "tiff", "webp", "pgm", "gif", "jp2"),
    "zip": _zip,
    "tar": _tar,
    "tar.gz": _tar_gz,
    "7z": _7z,
    "idx": lambda: _idx(""),
    "idx.gz": lambda: _idx(".gz"),
    "npy": _numpy,
    "npz": _npz,
    "pixel table": _pixel_table,
    "label table": _label_table,
    "mat v5": _mat5,
    "mat v7.3": _mat73,
    "parquet": _parquet,
    "arrow": _arrow,
    "webdataset": _webdataset,
    "shard": _shard,
    "dataset.json": _dataset_json,
    "recipe": _recipe,
    "corrections": _corrections,
    "own folder": _own_folder,
    "own folder with a table": _own_table,
    "own zip": _own_zip,
    "own npz": _own_npz,
}


@cache
def seed(kind: str) -> Seed:
    return SEEDS[kind]()


_MAGIC = (
    b"PK\3\4",
    b"PK\5\6",
    b"PK\1\2",
    b"\x1f\x8b\x08",
    b"BZh9",
    b"\xfd7zXZ\0",
    b"7z\xbc\xaf\x27\x1c",
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff\xe0",
    b"\xff\xc0",
    b"GIF89a",
    b"BM",
    b"II*\0",
    b"MM\0*",
    b"RIFF\0\0\0\0WEBPVP8 ",
    b"\0\0\0\x0cjP  \r\n\x87\n",
    b"\x00\x00\x00\x20ftypavif",
    b"P5\n9 9\n255\n",
    b"P6 99999 99999 255 ",
    b"\x93NUMPY\1\0",
    b"\x89HDF\r\n\x1a\n",
    b"PAR1",
    b"ARROW1\0\0",
    b"ustar\00000",
    b"\0\0\x08\x03",
    b"\0\0\x08\x01",
    b"IDAT",
    b"IEND",
    b"acTL",
    b"fcTL",
    b"iCCP",
    b"\0" * 8,
    b"\xff" * 4,
    b"\xff" * 8,
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\0\0\0\x80",
    b"\x80\0\0\0",
    b"\r\n",
    b"\n",
    b"\0",
    b"\x1b[2J",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b",",
    b"\t",
    b'"',
    b"../",
    b"/etc/passwd",
    b"-1",
    b"1e999",
    b"nan",
    b"9" * 30,
    b"0x10",
    b"[[[[",
    b"{{{{",
    b"\\ud800",
    b"\xf0\x9f\x98\x80",
    b"\xcc\x81",
    b"null",
    b"true",
    b'""',
    b"[]",
    b"{}",
)

_NASTY = (
    None,
    True,
    False,
    0,
    -1,
    1,
    10**6,
    2**31,
    2**63,
    10**30,
    -0.5,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "x",
    "..",
    "../x",
    "/etc/passwd",
    "a\nb",
    "\x1b[31m",
    "\ud800",
    "\udcff",
    "e\u0301",
    "A" * 300,
    "\0",
    [],
    {},
    [[]],
    [None],
    [1],
    ["x", "x"],
    {"a": 1},
    {"": None},
    {"a": {"b": []}},
    "ä",
    "😀",
)

_NASTY_TOML = (
    "true",
    "0",
    "-1",
    "99999999999999999999",
    "nan",
    "inf",
    "1e308",
    '""',
    '"x"',
    '".."',
    '"../x"',
    '"/etc/passwd"',
    '"a\\nb"',
    '"\\u001b[31m"',
    "[]",
    "{}",
    "[[]]",
    '["x"]',
    "{ a = 1 }",
    "1979-05-27",
    "1979-05-27T07:32:00Z",
    "07:32:00",
    '"("',
    '"(?P<label>"',
    '"**"',
    '"["',
    '"*"',
    '"file:"',
    '"\\u0301"',
    '"package:../../../etc"',
    '"file:/dev"',
    '"file:/dev/null"',
    '"https://"',
    '"kaggle:a/b"',
    "1",
    "2",
    '"official"',
    '"writer"',
    '"idx"',
    '"csv"',
    '"numpy"',
    '"matlab"',
    '"parquet"',
    '"webdataset"',
)


def _spoil_json(draw: st.DrawFn, raw: bytes) -> bytes:
    """One value of the JSON `raw`, or one key, is another."""
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        return raw
    at = data
    while isinstance(at, dict | list) and at:
        key = draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
        inner = at[key]
        if isinstance(inner, dict | list) and inner and draw(st.integers(0, 4)):
            at = inner
            continue
        how = draw(st.integers(0, 5))
        if how == 0:
            del at[key]
        elif how == 1 and isinstance(at, dict):
            at[str(draw(st.sampled_from(_NASTY)))] = at.pop(key)
        elif how == 2 and isinstance(at, list):
            at.append(at[key])
        else:
            at[key] = draw(st.sampled_from(_NASTY))
        break
    return json.dumps(data).encode()


def _spoil_toml(draw: st.DrawFn, raw: bytes) -> bytes:
    lines = raw.decode("utf-8", "surrogateescape").split("\n")
    at = draw(st.integers(0, len(lines) - 1))
    key, sign, _ = lines[at].partition(" = ")
    if sign:
        lines[at] = f"{key} = {draw(st.sampled_from(_NASTY_TOML))}"
    elif draw(st.booleans()):
        del lines[at]
    return "\n".join(lines).encode("utf-8", "surrogateescape")


def _spoil_bytes(draw: st.DrawFn, raw: bytes, others: list[bytes]) -> bytes:
    data = bytearray(raw)

    def place(size: int) -> int:
        return draw(st.integers(0, max(0, size)))

    at = place(len(data) - 1)
    match draw(st.integers(0, 9)):
        case 0 | 1 | 2 if data:
            data[at] ^= draw(st.integers(1, 255))
        case 3:
            del data[at:]
        case 4:
            data[at:at] = data[at : at + place(200)]
        case 5:
            data[at:at] = draw(st.sampled_from(_MAGIC))
        case 6:
            magic = draw(st.sampled_from(_MAGIC))
            data[at : at + len(magic)] = magic
        case 7:
            del data[at : at + place(64)]
        case 8:
            number = draw(st.sampled_from((0, 1, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 28)))
            kind = draw(st.sampled_from((">I", "<I")))
            data[at : at + 4] = struct.pack(kind, number)
        case _:
            other = draw(st.sampled_from(others))
            start = place(len(other) - 1)
            data[at : at + place(200)] = other[start : start + place(400)]
    return bytes(data)


@st.composite
def spoilt(draw: st.DrawFn, kind: str) -> Files:
    """The files of the seed `kind`, one of them spoilt, packed, and perhaps spoilt then."""
    one = seed(kind)
    files = dict(one.files)
    name = draw(st.sampled_from(sorted(files)))
    others = list(files.values())
    for _ in range(draw(st.integers(1, 3))):
        files[name] = _spoil(draw, name, files[name], others)
    if one.pack is not _alone and not draw(st.integers(0, 4)):
        packed = one.pack(dict(one.files))
        name = draw(st.sampled_from(sorted(packed)))
        packed[name] = _spoil(draw, name, packed[name], list(packed.values()))
    else:
        packed = one.pack(files)
    return one.fixed | packed


def _spoil(draw: st.DrawFn, name: str, raw: bytes, others: list[bytes]) -> bytes:
    if name.endswith(".json") and draw(st.integers(0, 3)):
        return _spoil_json(draw, raw)
    if name.endswith(".toml") and draw(st.integers(0, 3)):
        return _spoil_toml(draw, raw)
    return _spoil_bytes(draw, raw, others)
