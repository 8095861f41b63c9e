"""Reads NumPy's files (.npy, .npz) without pickle or `eval`, a block of rows at a time.

The format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

import io
import re
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import FetchError
from hwcli.fetch.archive import Archive, reading
from hwcli.readers.reader import Block, Listing, Reader, listing_of, numbered, only_member
from hwcli.readers.stream import DEFLATE, exactly, opened, row_blocks
from hwcli.readers.values import ValueBlock, label_names, shape_of
from hwcli.recipe import Part, Source

_MAGIC = b"\x93NUMPY"
_MAX_HEADER = 10_000
"""Bytes; numpy itself reads no longer one."""
_MAX_LABELS = 1 << 28
"""Bytes of an array of labels."""
_MAX_FORTRAN = 1 << 30
"""Bytes of an array in Fortran's order."""
_HEADER = re.compile(
    r"\{\s*'descr':\s*'([<>|=]?(?:b1|[ui][1248]|f[248]|[US]\d{1,4}))',"
    r"\s*'fortran_order':\s*(True|False),\s*'shape':\s*\(([\d,L ]{0,200})\),?\s*\}\s*"
)
"""The header as every writer of the format writes it: numbers or text, never objects."""


_NOBODY = re.compile(r"-\d+")
"""The number of a writer who is not known."""


@dataclass(frozen=True, slots=True)
class _Array:
    """An array of which the header has been read and found good."""

    file: IO[bytes]
    """At the first value."""
    dtype: np.dtype[np.generic]
    shape: tuple[int, ...]

    @property
    def row_bytes(self) -> int:
        return int(np.prod(self.shape[1:], dtype=object)) * self.dtype.itemsize


class NumpyReader(Reader):
    """An array of images (N, H, W), (N, H, W, 1 or 3) or (N, pixels), and one of labels (N,)."""

    def __init__(self, source: Source, part: Part, archive: Archive) -> None:
        self._source = source
        self._part = part
        self._archive = archive
        self._images = only_member(archive, part.images, source.name)
        self._what = f"{source.name}: {part.images}"
        if not (part.labels or part.label_array):
            raise FetchError(f"{self._what}: a part of arrays needs `labels` or `label_array`")

    def listing(self) -> Listing:
        """Labels as text, and writers where an array has them."""
        with self._open(self._images, self._part.array) as images:
            count = images.shape[0]
            shape_of(images.shape[1:], self._source.shape, self._what)
        member = self._images
        if self._part.labels:
            member = only_member(self._archive, self._part.labels, self._source.name)
        labels = self._names(member, self._part.label_array, count)
        if not (column := self._source.label.writer_column):
            return listing_of(labels)
        people = self._names(self._images, column, count)
        return listing_of(labels, ["" if _NOBODY.fullmatch(name) else name for name in people])

    def _names(self, member: str, array: str, count: int) -> list[str]:
        """An array of `count` labels or writers, as text."""
        with self._open(member, array) as names:
            if names.shape[0] * names.row_bytes > _MAX_LABELS:
                raise FetchError(f"{self._what}: labels of more than {_MAX_LABELS >> 20} MiB")
            raw = exactly(names.file, names.shape[0] * names.row_bytes)
            values = np.frombuffer(raw, names.dtype) if raw else np.empty(0, names.dtype)
        return label_names(values, count, self._what)

    def origin(self, row: int) -> str:
        """`member#row`."""
        return f"{self._images}#{row}"

    def origins(self, rows: NDArray[np.intp]) -> NDArray[np.bytes_]:
        """`origin` of each of `rows`."""
        return numbered(self._images, rows)

    def blocks(self, rows: NDArray[np.intp], size: int) -> Iterator[Block]:
        """The images of `rows`, read in one pass over the array."""
        with self._open(self._images, self._part.array) as images:
            if images.dtype.kind not in "buif":
                raise FetchError(f"{self._what}: pixels of type {images.dtype} are not read")
            shape = shape_of(images.shape[1:], self._source.shape, self._what)
            for raw in row_blocks(images.file, rows, size, images.row_bytes):
                yield ValueBlock(raw.view(images.dtype), shape, self._source.max_value)

    @contextmanager
    def _open(self, member: str, name: str) -> Iterator[_Array]:
        with reading(self._what), opened(self._archive, member) as file:
            zipped = file.read(2) == b"PK"
            file.seek(0)
            if not zipped:
                yield self._array(file, self._archive.size(member))
                return
            with zipfile.ZipFile(file) as inner:
                info = self._inner(inner, name)
                with inner.open(info) as unpacked:
                    yield self._array(unpacked, info.compress_size)

    def _inner(self, archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
        """The array `name`, or the only one."""
        arrays = {i.filename.removesuffix(".npy"): i for i in archive.infolist()}
        chosen = name or (next(iter(arrays)) if len(arrays) == 1 else "")
        if chosen not in arrays or arrays[chosen].flag_bits & 1:
            there = ", ".join(sorted(arrays))[:200] or "none"
            raise FetchError(f"{self._what}: no array {name!r}, there are: {there}")
        return arrays[chosen]

    def _array(self, file: IO[bytes], stored: int) -> _Array:
        start = exactly(file, 10)
        wide = start[6] > 1
        (length,) = (
            struct.unpack("<I", start[8:] + exactly(file, 2))
            if wide
            else (struct.unpack("<H", start[8:]))
        )
        if start[:6] != _MAGIC or length > _MAX_HEADER:
            raise FetchError(f"{self._what}: no NumPy file")
        found = _HEADER.fullmatch(exactly(file, length).decode("latin-1"))
        if found is None:
            raise FetchError(f"{self._what}: not an array of numbers or text; pickles are not read")
        numbers = [n.strip(" L") for n in found[3].split(",")]
        if not all(n.isdecimal() and len(n) < 19 for n in numbers[:-1]) or not (
            numbers[0] and (numbers[-1].isdecimal() or not numbers[-1])
        ):
            raise FetchError(f"{self._what}: shape ({found[3]}) is not read")
        array = _Array(file, np.dtype(found[1]), tuple(int(n) for n in numbers if n))
        if not array.shape:
            raise FetchError(f"{self._what}: a single value, no array")
        if array.shape[0] * max(1, array.row_bytes) > stored * DEFLATE:
            raise FetchError(f"{self._what}: claims {array.shape} values that are not in it")
        if found[2] == "True" and len(array.shape) > 1:
            return self._by_rows(array)
        return array

    def _by_rows(self, array: _Array) -> _Array:
        """`array`, which is in Fortran's order, row after row: as a whole, so not a large one."""
        size = array.shape[0] * array.row_bytes
        if size > _MAX_FORTRAN:
            raise FetchError(
                f"{self._what}: in Fortran's order, of which {_MAX_FORTRAN >> 20} MiB are read"
            )
        values = np.frombuffer(exactly(array.file, size), array.dtype)
        rows = np.ascontiguousarray(values.reshape(array.shape, order="F"))
        return _Array(io.BytesIO(rows.tobytes()), array.dtype, array.shape)
