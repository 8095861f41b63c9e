"""Parquet and Arrow tables, as Hugging Face's `datasets` and others write them."""

import builtins
import io
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archives import glyph, png, recipe_text, write_zip
from hwcli.errors import DependencyError, FetchError
from hwcli.fetch.archive import Folder
from hwcli.fetch.zips import ZipArchive
from hwcli.readers import open_reader
from hwcli.readers.reader import Reader
from hwcli.recipe import load_recipe

pa = pytest.importorskip("pyarrow")
import pyarrow.parquet as pq  # noqa: E402

IMAGES = np.stack([glyph(k) for k in range(20)])
LABELS = [k % 3 for k in range(20)]
NAMES = json.dumps(
    {"info": {"features": {"label": {"names": ["α", "β", "γ"], "_type": "ClassLabel"}}}}
)


def structs(images: np.ndarray = IMAGES) -> "pa.Array":
    rows = [{"bytes": png(i), "path": f"{k}.png"} for k, i in enumerate(images)]
    return pa.array(rows, pa.struct([("bytes", pa.binary()), ("path", pa.string())]))


def lists(images: np.ndarray = IMAGES) -> "pa.Array":
    return pa.array(images.tolist(), pa.list_(pa.list_(pa.uint8())))


def flat(images: np.ndarray = IMAGES) -> "pa.Array":
    values = pa.array(images.reshape(-1))
    return pa.FixedSizeListArray.from_arrays(values, images[0].size)


COLUMNS = {
    "files with a path": structs,
    "raw bytes": lambda: pa.array([png(i) for i in IMAGES]),
    "large raw bytes": lambda: pa.array([png(i) for i in IMAGES], pa.large_binary()),
    "rows of pixels": lists,
    "a flat row of fixed length": flat,
    "floats": lambda: pa.array((IMAGES.astype(float)).reshape(20, -1).tolist()),
}


def table(images: "pa.Array", **more: list[object]) -> "pa.Table":
    return pa.table({"image": images, "label": LABELS[: len(images)], **more})


def parquet(one: "pa.Table", rows: int = 6) -> bytes:
    file = io.BytesIO()
    pq.write_table(one, file, row_group_size=rows)
    return file.getvalue()


def arrow(one: "pa.Table", *, indexed: bool = False, rows: int = 6) -> bytes:
    file = io.BytesIO()
    writer = (pa.ipc.new_file if indexed else pa.ipc.new_stream)(file, one.schema)
    with writer:
        writer.write_table(one, rows)
    return file.getvalue()


def reader(files: dict[str, bytes], images: str, more: str = "", *, zipped: bool = False) -> Reader:
    text = recipe_text("file:x", "parquet", f'{more}\n[[source.part]]\nimages = "{images}"')
    Path("r.toml").write_text(text.replace('format = "parquet"\n', ""))
    source = load_recipe("r.toml").source[0]
    if zipped:
        return open_reader(source, source.part[0], ZipArchive(write_zip(Path("a.zip"), files)))
    for name, data in files.items():
        Path("d", name).parent.mkdir(parents=True, exist_ok=True)
        Path("d", name).write_bytes(data)
    return open_reader(source, source.part[0], Folder(Path("d")))


def labels_of(one: Reader) -> list[str]:
    listing = one.listing()
    return [listing.labels[k] for k in listing.label]


def read(one: Reader, rows: list[int], size: int = 7) -> list[np.ndarray | str]:
    blocks = list(one.blocks(np.asarray(rows, np.intp), size))
    assert len(blocks) == -(-len(rows) // size)
    return [image for block in blocks for image in block.images()]


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("kind", COLUMNS)
def test_images_come_as_they_are_whatever_holds_them(kind: str, zipped: bool) -> None:
    one = reader({"x/t.parquet": parquet(table(COLUMNS[kind]()))}, "x/t.parquet", zipped=zipped)
    assert labels_of(one) == [str(k) for k in LABELS]
    assert np.array_equal(read(one, list(range(20))), IMAGES)
    assert np.array_equal(read(one, [1, 7, 19], 2), IMAGES[[1, 7, 19]])
    assert one.origin(7) == "x/t.parquet#7"


@pytest.mark.parametrize("indexed", [False, True])
def test_a_folder_of_save_to_disk(indexed: bool) -> None:
    whole = table(structs())
    files = {
        "train/data-00000-of-00002.arrow": arrow(whole.slice(0, 12), indexed=indexed),
        "train/data-00001-of-00002.arrow": arrow(whole.slice(12), indexed=indexed),
        "train/dataset_info.json": json.dumps(json.loads(NAMES)["info"]).encode(),
        "train/state.json": b"{}",
    }
    one = reader(files, "train/data-*.arrow")
    assert labels_of(one) == ["αβγ"[k] for k in LABELS]
    assert np.array_equal(read(one, list(range(20))), IMAGES)
    assert one.origin(13) == "train/data-00001-of-00002.arrow#1"


def test_names_of_classes_in_the_file_and_rows_without_one() -> None:
    one = table(structs()).replace_schema_metadata({"huggingface": NAMES})
    one = one.set_column(1, "label", pa.array([0, -1, 3, None, 2, *[1] * 15]))
    assert labels_of(reader({"t.parquet": parquet(one)}, "t.parquet"))[:5] == ["α", "", "", "", "γ"]


def test_writers_and_splits_row_by_row() -> None:
    more = {"who": ["Ann", None] * 10, "part": ["train", "Test", "validation", "dev"] * 5}
    rule = '[source.label]\nwriter_column = "who"\nsplit_column = "part"'
    listing = reader({"t.parquet": parquet(table(structs(), **more))}, "t.parquet", rule).listing()
    assert listing.writers == ("Ann",)
    assert list(listing.writer[:2]) == [0, -1]
    assert listing.split is not None
    assert list(listing.split[:4]) == [0, 2, 1, 1]


def test_rows_that_are_no_images_are_named_and_harm_nobody() -> None:
    ragged = [[[1, 2], [3, 4]], [[1], [2, 3]], None, [], [[9, 9], [9, 9]]]
    images = pa.array(ragged, pa.list_(pa.list_(pa.uint8())))
    one = reader({"t.parquet": parquet(table(images))}, "t.parquet")
    one.listing()
    first, *bad, last = read(one, [0, 1, 2, 3, 4])
    assert np.array_equal(first, [[1, 2], [3, 4]])
    assert all(isinstance(b, str) for b in bad)
    assert np.array_equal(last, [[9, 9], [9, 9]])
    rows = [{"bytes": None, "path": "x.png"}, {"bytes": b"junk", "path": None}, None]
    one = reader({"u.parquet": parquet(table(pa.array(rows, structs().type)))}, "u.parquet")
    one.listing()
    assert read(one, [0, 1, 2]) == ["no image in its row", "not an image", "no image in its row"]


@pytest.mark.parametrize(
    ("one", "more", "told"),
    [
        (lambda: pa.table({"image": structs(), "y": LABELS}), "", "no column 'label'"),
        (lambda: pa.table({"x": LABELS, "label": LABELS}), "", "which column has the images"),
        (lambda: table(structs(), s=["?"] * 20), '[source.label]\nsplit_column = "s"', "none of"),
    ],
)
def test_tables_that_are_not_what_the_recipe_says(one: object, more: str, told: str) -> None:
    with pytest.raises(FetchError, match=told):
        reader({"t.parquet": parquet(one())}, "t.parquet", more).listing()  # type: ignore[operator]


def test_without_pyarrow_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    one, real = reader({"t.parquet": parquet(table(structs()))}, "t.parquet"), builtins.__import__

    def missing(name: str, *args: object, **more: object) -> object:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(DependencyError, match="pyarrow") as caught:
        one.listing()
    assert caught.value.hint == "pip install 'hwcli[parquet]'"


@cache
def good(kind: str) -> bytes:
    one = table(structs() if "files" in kind else lists())
    return parquet(one) if "parquet" in kind else arrow(one, indexed="indexed" in kind)


KINDS = ["parquet files", "parquet", "arrow files", "arrow", "arrow indexed"]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(KINDS), st.data())
def test_any_damage_is_one_line_or_rows(kind: str, data: st.DataObject) -> None:
    raw = bytearray(good(kind))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.one_of(st.just(len(raw)), st.integers(0, len(raw))))
    one = reader({"t.parquet": bytes(raw[:cut])}, "t.parquet")
    try:
        count = len(one.listing())
        assert len(read(one, list(range(count)))) == count
    except FetchError as error:
        assert "\n" not in error.message
