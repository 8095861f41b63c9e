"""Columns of a table as labels and images: files, raw bytes, or lists of pixels."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from hwcli.errors import FetchError
from hwcli.glyph import Image
from hwcli.readers.picture import decode_all
from hwcli.readers.reader import Block
from hwcli.readers.values import ValueBlock, shape_of
from hwcli.recipe import Source
from hwcli.structure import StructureError, parse_json

if TYPE_CHECKING:
    import pyarrow as pa

_MAX_FILE = 64 << 20
"""Bytes of one image file."""
_DEPTH = 3
"""Lists in lists at most: rows, columns, channels."""


@dataclass(frozen=True, slots=True)
class BytesBlock:
    """Image files as they are, or why there is none."""

    files: tuple[bytes | str, ...]

    def images(self) -> Iterator[Image | str]:
        """Each decoded, or the reason why it cannot be."""
        return decode_all(
            "file too large" if isinstance(f, bytes) and len(f) > _MAX_FILE else f
            for f in self.files
        )


@dataclass(frozen=True, slots=True)
class RowBlock:
    """Blocks, one after the other."""

    parts: tuple[Block, ...]

    def images(self) -> Iterator[Image | str]:
        """The images of each."""
        return chain.from_iterable(part.images() for part in self.parts)


@dataclass(frozen=True, slots=True)
class FaultBlock:
    """Rows without an image."""

    count: int
    reason: str

    def images(self) -> Iterator[Image | str]:
        """The reason, for each."""
        return iter([self.reason] * self.count)


def is_image(kind: "pa.DataType") -> bool:
    """Whether a column of this type can hold images."""
    import pyarrow.types as types  # noqa: PLC0415  # an extra

    if types.is_struct(kind):
        return bool(kind.get_field_index("bytes") >= 0)
    return bool(types.is_binary(kind) or types.is_large_binary(kind) or _is_list(kind))


def block_of(column: "pa.Array", source: Source, what: str) -> Block:
    """The images of `column`.

    Raises:
        FetchError: it has none, or too large ones.
    """
    import pyarrow.types as types  # noqa: PLC0415  # an extra

    kind = column.type
    if types.is_struct(kind) and kind.get_field_index("bytes") >= 0:
        column, kind = column.field("bytes"), kind.field("bytes").type
    if types.is_binary(kind) or types.is_large_binary(kind):
        return BytesBlock(tuple(b or "no image in its row" for b in column.to_pylist()))
    if not _is_list(kind):
        raise FetchError(f"{what}: a column of {kind!s:.60} has no images")
    return _pixels(column, source, what)


def _pixels(column: "pa.Array", source: Source, what: str) -> Block:
    """Lists of pixels, all of one size, or else each by itself."""
    values = _array_of(column)
    if values is None and len(column) == 1:
        return FaultBlock(1, "not rows of pixels of one length")
    if values is None:
        rows = (column.slice(i, 1) for i in range(len(column)))
        return RowBlock(tuple(_pixels(row, source, what) for row in rows))
    if values.dtype.kind not in "buif":
        raise FetchError(f"{what}: pixels of type {values.dtype} are not read")
    if not values.size:
        return FaultBlock(len(column), "no pixels in its row")
    return ValueBlock(values, shape_of(values.shape[1:], source.shape, what), source.max_value)


def _array_of(column: "pa.Array") -> "np.ndarray[tuple[int, ...], np.dtype[np.generic]] | None":
    """(N, …) numbers, None if the lists differ in length or something is missing."""
    import pyarrow.compute as compute  # noqa: PLC0415  # an extra

    shape = [len(column)]
    for _ in range(_DEPTH + 1):
        if column.null_count:
            return None
        if not _is_list(column.type):
            return np.asarray(column.to_numpy(zero_copy_only=False)).reshape(shape)
        lengths = compute.list_value_length(column).unique()
        if len(lengths) > 1:
            return None
        shape.append(lengths[0].as_py() if len(lengths) else 0)
        column = column.flatten()
    return None


def _is_list(kind: "pa.DataType") -> bool:
    import pyarrow.types as types  # noqa: PLC0415  # an extra

    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def texts_of(column: "pa.Array", names: tuple[str, ...]) -> list[str]:
    """The column as text: numbers by their place in `names`, if there are any; empty for null."""
    result = []
    for value in column.to_pylist():
        if isinstance(value, int) and not isinstance(value, bool) and names:
            result.append(names[value] if 0 <= value < len(names) else "")
        elif isinstance(value, float) and value.is_integer():
            result.append(str(int(value)))
        else:
            result.append("" if value is None else str(value).strip())
    return result


def class_names(column: str, *descriptions: bytes) -> tuple[str, ...]:
    """Names of the classes of `column`, as Hugging Face's `datasets` writes them; empty if none.

    Args:
        column: its name.
        descriptions: JSON, of which the first that has names counts: what stands in the schema
            under `huggingface`, and `dataset_info.json`.
    """
    for text in descriptions:
        try:
            told = parse_json(text)
        except StructureError:
            continue
        told = told.get("info", told) if isinstance(told, dict) else {}
        features = told.get("features") if isinstance(told, dict) else None
        feature = features.get(column) if isinstance(features, dict) else None
        names = feature.get("names") if isinstance(feature, dict) else None
        if isinstance(names, list) and all(isinstance(n, str) for n in names):
            return tuple(names)
    return ()
