"""Webdataset tars: as the source itself, and as shards in a folder."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from archives import glyph, png, recipe_text, write_zip
from hwcli.errors import FetchError
from hwcli.fetch.archive import Archive, Folder
from hwcli.fetch.tars import TarArchive
from hwcli.fetch.zips import ZipArchive
from hwcli.readers import open_reader
from hwcli.readers.reader import Reader
from hwcli.recipe import load_recipe


def tarred(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def shard(first: int, count: int = 5, ending: str = "cls") -> bytes:
    members = {}
    for k in range(first, first + count):
        told = json.dumps(
            {"label": k % 3, "who": f"w{k % 2}", "part": "test" if k % 2 else "train"}
        )
        members[f"x/{k:04}.png"] = png(glyph(k))
        members[f"x/{k:04}.{ending}"] = told.encode() if ending == "json" else f"{k % 3}\n".encode()
    return tarred(members)


def reader(archive: Archive, images: str, part: str = "", label: str = "") -> Reader:
    more = f'[source.label]\n{label}\n[[source.part]]\nimages = "{images}"\n{part}'
    Path("r.toml").write_text(recipe_text("file:x", "webdataset", more))
    source = load_recipe("r.toml").source[0]
    return open_reader(source, source.part[0], archive)


def labels_of(one: Reader) -> list[str]:
    listing = one.listing()
    return [listing.labels[k] for k in listing.label]


def read(one: Reader, rows: list[int], size: int = 4) -> list[np.ndarray | str]:
    blocks = list(one.blocks(np.asarray(rows, np.intp), size))
    assert len(blocks) == -(-len(rows) // size)
    return [image for block in blocks for image in block.images()]


def on_disk(**shards: bytes) -> Folder:
    Path("d").mkdir(exist_ok=True)
    for name, data in shards.items():
        Path("d", f"{name}.tar").write_bytes(data)
    return Folder(Path("d"))


@pytest.mark.parametrize("ending", ["cls", "txt", "json"])
def test_labels_of_every_kind_and_rows_over_shards(ending: str) -> None:
    one = reader(on_disk(a=shard(0, 5, ending), b=shard(5, 5, ending)), "*.tar")
    assert labels_of(one) == [str(k % 3) for k in range(10)]
    assert np.array_equal(read(one, [0, 3, 4, 5, 9]), np.stack([glyph(k) for k in (0, 3, 4, 5, 9)]))
    assert one.origin(6) == "x/0006.png"


def test_a_source_that_is_the_tar_itself() -> None:
    Path("t.tar").write_bytes(shard(0))
    one = reader(TarArchive(Path("t.tar")), "*")
    assert labels_of(one) == ["0", "1", "2", "0", "1"]
    assert np.array_equal(read(one, [2]), [glyph(2)])


def test_writers_and_splits_of_keys() -> None:
    rule = 'writer_column = "who"\nsplit_column = "part"'
    listing = reader(on_disk(a=shard(0, 4, "json")), "a.tar", label=rule).listing()
    assert listing.writers == ("w0", "w1")
    assert listing.split is not None
    assert list(listing.split) == [0, 2, 0, 2]


def test_which_file_holds_the_label_can_be_said() -> None:
    members = {
        "1.jpg": png(glyph(1)),
        "1.cls": b"7",
        "1.txt": b"seven",
        "1.json": b'{"label": "7!"}',
    }
    folder = on_disk(a=tarred(members))
    assert labels_of(reader(folder, "a.tar")) == ["7"]
    assert labels_of(reader(folder, "a.tar", 'labels = "txt"')) == ["seven"]
    assert labels_of(reader(folder, "a.tar", 'labels = "json"')) == ["7!"]


def test_a_sample_without_a_label_has_none_and_one_without_an_image_is_none() -> None:
    members = {"1.png": png(glyph(1)), "2.cls": b"2", "3.png": b"junk", "3.json": b'{"label": [1]}'}
    one = reader(on_disk(a=tarred(members)), "a.tar")
    assert labels_of(one) == ["", ""]
    assert read(one, [1]) == ["not an image"]


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"1.png": b"", "1.json": b"{"}, "not JSON"),
        ({"1.png": b"", "1.json": b"[" * 100_000}, "not JSON"),
        ({"1.png": b"", "1.txt": b"x" * (2 << 20)}, "too large for a label"),
        ({"1.txt": b"x"}, "no image"),
    ],
)
def test_tars_that_are_none(members: dict[str, bytes], told: str) -> None:
    with pytest.raises(FetchError, match=told) as caught:
        reader(on_disk(a=tarred(members)), "a.tar").listing()
    assert "\n" not in caught.value.message


def test_a_tar_in_a_zip_is_refused_with_a_hint() -> None:
    with pytest.raises(FetchError, match="tar in an archive") as caught:
        reader(ZipArchive(write_zip(Path("a.zip"), {"a.tar": shard(0)})), "*.tar")
    assert caught.value.hint
