"""Shards: what goes in comes out; half-written and damaged ones are refused."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hwcli.errors import DatasetError
from hwcli.shard_writer import ShardWriter
from hwcli.shards import Rows, Split, Tables, coded, concatenate, read_shard, sha256_of

TABLES = Tables(("a", "क्ष", "ᜊᜒ"), ("Latn", "Deva"), ("one", "two"))


def rows_of(count: int, size: int = 8, seed: int = 0) -> Rows:
    random = np.random.default_rng(seed)
    return Rows(
        images=random.integers(0, 256, (count, size, size), np.uint8),
        label=random.integers(0, 3, count, np.int32),
        script=random.integers(0, 2, count, np.int32),
        source=random.integers(0, 2, count, np.int32),
        writer=random.integers(-1, 40, count, np.int32),
        split=random.integers(0, 3, count, np.uint8),
        origin=coded([f"ü/{k}.png#{k}" for k in range(count)]),
    )


def write(path: Path, *parts: Rows, size: int = 8) -> Path:
    with ShardWriter(path, size=size, tables=TABLES) as shard:
        for part in parts:
            shard.append(part)
    return path


def assert_equal(a: Rows, b: Rows) -> None:
    for name in ("images", "label", "script", "source", "writer", "split", "origin"):
        left, right = getattr(a, name), getattr(b, name)
        assert left.dtype == right.dtype or name == "origin"
        assert np.array_equal(left, right), name


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.integers(0, 300), min_size=1, max_size=4),
    st.integers(1, 20),
    st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc"))), min_size=3, max_size=3),
)
def test_round_trip(counts: list[int], size: int, names: list[str]) -> None:
    tables = Tables(tuple(names), ("Latn", "Deva"), ("one", "two"))
    parts = [rows_of(n, size, seed) for seed, n in enumerate(counts)]
    with ShardWriter(Path("s.h5"), size=size, tables=tables) as shard:
        for part in parts:
            shard.append(part)
    back = read_shard(Path("s.h5"))
    assert back.tables == tables
    assert_equal(back.rows, concatenate(parts))


def test_the_same_rows_give_the_same_bytes() -> None:
    rows = rows_of(700)
    first = write(Path("a.h5"), rows)
    second = write(Path("b.h5"), rows)
    assert sha256_of(first) == sha256_of(second)


def test_chunks_are_blocks_of_rows() -> None:
    with h5py.File(write(Path("a.h5"), rows_of(600)), "r") as file:
        assert file["images"].chunks == (256, 8, 8)
        assert file["images"].compression is None


def test_a_shard_stands_under_its_name_only_when_whole() -> None:
    path = Path("a.h5")
    with pytest.raises(KeyboardInterrupt), ShardWriter(path, size=8, tables=TABLES) as shard:
        shard.append(rows_of(10))
        assert not path.exists()
        raise KeyboardInterrupt
    assert not list(Path().iterdir())


def test_images_of_another_size_are_refused() -> None:
    with pytest.raises(DatasetError, match="8 px"):
        write(Path("a.h5"), rows_of(3, size=9))


def replace(name: str, data: object, **options: object) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        del file[name]
        file.create_dataset(name, data=data, **options)

    return change


def attribute(name: str, value: object) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        del file.attrs[name]
        if value is not None:
            file.attrs[name] = value

    return change


def absent(file: h5py.File) -> None:
    del file["images"]
    file.create_dataset("images", (10**9, 28, 28), np.uint8, chunks=(256, 28, 28))


def group(file: h5py.File) -> None:
    del file["images"]
    file.create_group("images")


def elsewhere(file: h5py.File) -> None:
    Path("secret").write_bytes(bytes(640))
    del file["images"]
    file.create_dataset("images", (10, 8, 8), np.uint8, external=[("secret", 0, 640)])


def linked(file: h5py.File) -> None:
    write(Path("other.h5"), rows_of(10))
    del file["images"]
    file["images"] = h5py.ExternalLink("other.h5", "/images")


def endless_nothing(file: h5py.File) -> None:
    """Images of no pixels, and columns of which nothing is stored."""
    for name in ("images", "label", "script", "source", "writer", "split", "origin"):
        dtype = file[name].dtype
        del file[name]
        shape = (10**13, 0, 0) if name == "images" else (10**13,)
        file.create_dataset(name, shape, dtype)


def unstored(file: h5py.File) -> None:
    """A million rows of which nothing is stored: some MB here, as many TB as one likes."""
    for name in ("images", "label", "script", "source", "writer", "split", "origin"):
        dtype = file[name].dtype
        del file[name]
        file.create_dataset(name, (10**6, 1, 1) if name == "images" else (10**6,), dtype)


WRONG = {
    "images without a pixel, endless": endless_nothing,
    "columns of nothing": unstored,
    "images in a foreign file": elsewhere,
    "images by a link": linked,
    "images flat": replace("images", np.zeros((10, 64), np.uint8)),
    "images not square": replace("images", np.zeros((10, 8, 9), np.uint8)),
    "images of floats": replace("images", np.zeros((10, 8, 8), np.float32)),
    "images that are not there": absent,
    "images a group": group,
    "labels too few": replace("label", np.zeros(9, np.int32)),
    "labels of another type": replace("label", np.zeros(10, np.int64)),
    "labels out of the table": replace("label", np.full(10, 3, np.int32)),
    "negative scripts": replace("script", np.full(10, -1, np.int32)),
    "a split that is none": replace("split", np.full(10, 3, np.uint8)),
    "a source that is none": replace("source", np.full(10, 9, np.int32)),
    "origins of numbers": replace("origin", np.zeros(10)),
    "origins too few": replace("origin", np.full(3, b"x")),
    "origins of any length": replace("origin", ["x"] * 10),
    "origins in no code": replace("origin", np.full(10, b"\xff")),
    "no writers": lambda file: file.__delitem__("writer"),
    "no classes": attribute("classes", None),
    "classes a number": attribute("classes", 5),
    "no schema": attribute("schema", None),
    "another schema": attribute("schema", "other/1"),
}


@pytest.mark.parametrize("why", WRONG)
def test_a_wrong_shape_is_one_line(why: str) -> None:
    path = write(Path("a.h5"), rows_of(10))
    with h5py.File(path, "r+") as file:
        WRONG[why](file)
    with pytest.raises(DatasetError) as caught:
        read_shard(path)
    assert "\n" not in caught.value.message


def test_cut_or_foreign_files_are_one_line() -> None:
    whole = write(Path("a.h5"), rows_of(300)).read_bytes()
    for cut in (0, 4, 100, 2000, len(whole) // 2, len(whole) - 1):
        Path("b.h5").write_bytes(whole[:cut])
        with pytest.raises(DatasetError):
            read_shard(Path("b.h5"))
    with pytest.raises(DatasetError, match="no such shard"):
        read_shard(Path("none.h5"))


def test_take_keeps_the_columns_together() -> None:
    rows = rows_of(20)
    some = rows.take(rows.split == Split.test)
    assert len(some) == int((rows.split == 2).sum())
    assert_equal(rows.take(slice(0, 20)), rows)


def test_a_shard_larger_than_the_memory_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("hwcli.shards._read_rows", full)
    with pytest.raises(DatasetError, match="not a whole shard"):
        read_shard(write(Path("a.h5"), rows_of(3)))
