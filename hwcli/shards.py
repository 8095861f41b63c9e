"""HDF5 shards, blocks of glyphs with their labels: what is in one, and reading it."""

import errno
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from enum import IntEnum
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from hwcli.errors import DatasetError
from hwcli.heaps import file_has_endless_heap

SCHEMA = "hwcli.shard/1"
CHUNK_ROWS = 256
"""Rows a chunk: random batches of 256 then read at the speed of the disk."""


_SLACK = 1 << 20
"""Bytes of a column that may be claimed all the same: fill values of short ones are not stored."""


class Split(IntEnum):
    """What a row is for; the number is what a shard stores."""

    train = 0
    val = 1
    test = 2


@dataclass(frozen=True, slots=True)
class Tables:
    """What the indices in a shard's columns stand for."""

    classes: tuple[str, ...]
    """Characters, one Unicode string a class."""
    scripts: tuple[str, ...]
    """ISO 15924 codes."""
    sources: tuple[str, ...]
    """Names of the sources."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """N glyphs, a column an array."""

    images: NDArray[np.uint8]
    """(N, size, size), ink 255 on 0."""
    label: NDArray[np.int32]
    """(N,) index into the classes."""
    script: NDArray[np.int32]
    """(N,) index into the scripts."""
    source: NDArray[np.int32]
    """(N,) index into the sources."""
    writer: NDArray[np.int32]
    """(N,) number of the person within the dataset, −1 unknown."""
    split: NDArray[np.uint8]
    """(N,) a `Split`."""
    origin: NDArray[np.bytes_]
    """(N,) UTF-8: the path inside the source, with `#row` where a file holds many."""

    def __len__(self) -> int:
        return len(self.images)

    @property
    def origins(self) -> list[str]:
        """`origin` as text."""
        return list(map(bytes.decode, self.origin.tolist()))

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_] | slice) -> "Rows":
        """The rows at `index`, as a NumPy index or mask."""
        return Rows(*(getattr(self, f.name)[index] for f in fields(self)))


_ORIGIN_BYTES = 1024
"""Of an origin; the middle of a longer one is left out."""
_CUT = "…".encode()


def coded(origins: Iterable[str]) -> NDArray[np.bytes_]:
    """A column of these `origins`, (N,)."""
    return np.asarray([o if len(o) <= _ORIGIN_BYTES else _cut(o) for o in map(str.encode, origins)])


def _cut(origin: bytes) -> bytes:
    half = (_ORIGIN_BYTES - len(_CUT)) // 2
    parts = origin[:half], origin[-half:]  # less the halves of characters at the cuts
    return _CUT.join(part.decode(errors="ignore").encode() for part in parts)


def concatenate(parts: Sequence[Rows]) -> Rows:
    """All rows of `parts` (at least one), in order."""
    return Rows(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Rows)))


COLUMNS = {
    "label": np.dtype(np.int32),
    "script": np.dtype(np.int32),
    "source": np.dtype(np.int32),
    "writer": np.dtype(np.int32),
    "split": np.dtype(np.uint8),
}
"""All but images and origin, and how they are stored."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """N glyphs without their images and origins; the fields are those of `Rows`."""

    label: NDArray[np.int32]
    script: NDArray[np.int32]
    source: NDArray[np.int32]
    writer: NDArray[np.int32]
    split: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.label)

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> "Columns":
        """The rows at `index`, as a NumPy index or mask."""
        return Columns(*(getattr(self, f.name)[index] for f in fields(self)))


@dataclass(frozen=True, slots=True, eq=False)
class ShardColumns:
    """A shard's columns and tables, checked; its images are not read."""

    tables: Tables
    columns: Columns
    size: int
    """Side of its images, px."""


@dataclass(frozen=True, slots=True, eq=False)
class Shard:
    """A shard's rows and tables, checked."""

    tables: Tables
    rows: Rows


def read_shard(path: Path) -> Shard:
    """The whole shard at `path`, every index checked against its table.

    Raises:
        DatasetError: missing, not HDF5, or damaged.
    """
    with reading_shard(path), open_shard(path) as file:
        tables = _read_tables(file, path)
        rows = _read_rows(file, path)
    _check(rows, tables, path)
    return Shard(tables, rows)


def read_columns(path: Path) -> ShardColumns:
    """The shard at `path` but for its images and origins, every index checked against its table.

    Raises:
        DatasetError: missing, not HDF5, or damaged.
    """
    with reading_shard(path), open_shard(path) as file:
        tables = _read_tables(file, path)
        images = shard_images(file, path)
        columns = Columns(**_read_columns(file, images, path))
        size = int(images.shape[1])
    _check_ranges(columns, tables, path)
    return ShardColumns(tables, columns, size)


def read_origins(path: Path, rows: NDArray[np.intp]) -> list[str]:
    """The origins of `rows` of the shard at `path`, which ascend; the others are not read.

    Raises:
        DatasetError: missing, not HDF5, or damaged.
    """
    with reading_shard(path), open_shard(path) as file:
        column = _column(file, "origin", path)
        if column.dtype.kind != "S" or column.ndim != 1:
            raise DatasetError(f"{path}: column origin is {column.dtype} {column.shape}")
        once, back = np.unique(rows, return_inverse=True)
        texts = [text.decode() for text in column[once].astype(bytes).tolist()]
        return [texts[i] for i in back.tolist()]


def open_shard(path: Path) -> h5py.File:
    """The HDF5 file at `path`, of which libhdf5 can be trusted to come to an end.

    Raises:
        OSError: it is none.
    """
    if path.is_fifo():
        raise OSError("is a pipe")
    if file_has_endless_heap(path):
        raise OSError("a heap without an end")
    return h5py.File(path, "r")


@contextmanager
def reading_shard(path: Path) -> Iterator[None]:
    """Faults of a damaged shard, met in the context, become one line about `path`.

    Raises:
        DatasetError: instead of what h5py raises.
    """
    try:
        yield
    except FileNotFoundError:
        raise DatasetError(
            f"{path}: no such shard", hint="run `hwcli ingest` for it again"
        ) from None
    except (OSError, KeyError, RuntimeError, ValueError, TypeError, MemoryError) as error:
        raise DatasetError(
            f"{path}: not a whole shard ({error})", hint="run `hwcli ingest` for it again"
        ) from error


def _read_tables(file: h5py.File, path: Path) -> Tables:
    schema = file.attrs.get("schema")
    if schema != SCHEMA:
        raise DatasetError(f"{path}: schema {schema!r:.60}, expected {SCHEMA!r}")
    return Tables(*(tuple(map(str, file.attrs[k])) for k in ("classes", "scripts", "sources")))


def _read_rows(file: h5py.File, path: Path) -> Rows:
    images = shard_images(file, path)
    columns = _read_columns(file, images, path)
    origin = _column(file, "origin", path)
    if origin.dtype.kind != "S" or origin.shape != images.shape[:1]:
        raise DatasetError(f"{path}: column origin is {origin.dtype} {origin.shape}")
    return Rows(images=images[:], **columns, origin=origin[:].astype(bytes))


def _read_columns(file: h5py.File, images: h5py.Dataset, path: Path) -> dict[str, NDArray[Any]]:
    for name, dtype in COLUMNS.items():
        column = _column(file, name, path)
        if column.dtype != dtype or column.shape != images.shape[:1]:
            raise DatasetError(f"{path}: column {name} is {column.dtype} {column.shape}")
    return {name: file[name][:] for name in COLUMNS}


def shard_images(file: h5py.File, path: Path) -> h5py.Dataset:
    """The images in `file`, seen to be uint8 (N, S, S) and really in it; not read yet.

    Raises:
        DatasetError: they are not.
    """
    images = _column(file, "images", path)
    square = images.ndim == 3 and images.shape[1] == images.shape[2] >= 1
    if images.dtype != np.uint8 or not square:
        raise DatasetError(f"{path}: images are {images.dtype} {images.shape}, not uint8 (N, S, S)")
    return images


def _column(file: h5py.File, name: str, path: Path) -> h5py.Dataset:
    """The dataset `name`, whose values must be in this very file."""
    column = file[name]
    if not isinstance(column, h5py.Dataset):
        raise DatasetError(f"{path}: {name} is no column")
    if column.external or column.is_virtual or column.file != file:
        raise DatasetError(f"{path}: column {name} lies in another file")
    if column.id.get_create_plist().get_nfilters():  # 10 MB could become 10 GB
        raise DatasetError(f"{path}: column {name} is compressed, which no shard is")
    stored = min(column.id.get_storage_size(), path.stat().st_size) + _SLACK
    if column.size * column.dtype.itemsize > stored:
        raise DatasetError(f"{path}: claims {len(column):,} rows of {name} that are not in it")
    return column


def _check(rows: Rows, tables: Tables, path: Path) -> None:
    _check_ranges(rows, tables, path)
    if not _is_utf8(rows.origin):
        raise DatasetError(f"{path}: column origin is not UTF-8")


def _check_ranges(rows: Rows | Columns, tables: Tables, path: Path) -> None:
    limits = {
        "label": (0, len(tables.classes)),
        "script": (0, len(tables.scripts)),
        "source": (0, len(tables.sources)),
        "split": (0, len(Split)),
    }
    for name, (low, high) in limits.items():
        column = getattr(rows, name)
        if len(column) and not (column.min() >= low and column.max() < high):
            raise DatasetError(f"{path}: column {name} leaves the range {low} to {high - 1}")


def _is_utf8(texts: NDArray[np.bytes_]) -> bool:
    if texts.tobytes().isascii():
        return True
    try:
        for text in texts.tolist():
            text.decode()
    except UnicodeDecodeError:
        return False
    return True


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of the file at `path`."""
    if path.is_fifo():
        raise OSError(errno.EINVAL, "is a pipe, which may never end", str(path))
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
