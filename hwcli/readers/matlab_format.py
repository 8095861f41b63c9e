"""Arrays of numbers, and cells of them, out of a MATLAB 5 file (what `save -v6` and `-v7` write).

The format: https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf. Its two kinds of
arrays that hold handwriting are few lines; SciPy, which reads all of it, is 35 MB to install.
Nothing in a file is ever executed.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_BYTES = 1 << 29
"""Of a file's arrays together, unpacked."""
MAX_CELLS = 5_000_000
_MATRIX, _COMPRESSED = 14, 15
_CELL = 1
_NUMBERS = range(6, 16)
"""Classes of arrays: double, single, and whole numbers of 8 to 64 bits."""
_TYPES = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}

Numbers = NDArray[np.generic]
Value = Numbers | list[Numbers]
"""An array, or the arrays of a cell array in MATLAB's order."""


class MatlabError(ValueError):
    """What is wrong with a file, in words that go after its name."""


def read_mat(data: bytes) -> dict[str, Value]:
    """The arrays of numbers, and the cell arrays of those, in the file `data`, by name.

    Variables of other classes (text, structures, …) are passed over.

    Raises:
        MatlabError: not such a file, or damaged.
    """
    if len(data) < 128 or data[126:128] not in (b"IM", b"MI"):
        raise MatlabError("no MATLAB 5 file")
    order = "<" if data[126:128] == b"IM" else ">"
    budget = MAX_BYTES
    result: dict[str, Value] = {}
    for kind, body in _Elements(data[128:], order, padded=True):
        if kind == _COMPRESSED:
            unpacker = zlib.decompressobj()
            try:
                body = unpacker.decompress(body, budget)
            except zlib.error as error:
                raise MatlabError(f"damaged ({error})") from error
            if unpacker.unconsumed_tail:
                raise MatlabError(f"more than {MAX_BYTES >> 20} MiB unpacked")
            kind, body = next(iter(_Elements(body, order)), (0, b""))
        budget -= len(body)
        if kind == _MATRIX:
            name, value = _matrix(body, order)
            if name and value is not None:
                result[name] = value
    return result


@dataclass(frozen=True, slots=True)
class _Elements:
    """Iterates over the data elements of a body: kind and bytes."""

    data: bytes
    order: str
    padded: bool = True

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        at, size = 0, len(self.data)
        while at + 8 <= size:
            kind, count = struct.unpack_from(f"{self.order}II", self.data, at)
            if kind >> 16:  # a small element: four bytes of data in the tag
                kind, count, start, end = kind & 0xFFFF, kind >> 16, at + 4, at + 8
                if count > 4:
                    raise MatlabError("damaged (a small element that is none)")
            else:
                start = at + 8
                end = start + count + (-count % 8 if kind != _COMPRESSED else 0)
            if start + count > size:
                raise MatlabError(f"ends {start + count - size} bytes early")
            yield kind, self.data[start : start + count]
            at = end


def _matrix(body: bytes, order: str, *, inside: bool = False) -> tuple[str, Value | None]:
    """Name and value of the array `body`; None for classes that are not read."""
    if not body:
        return "", np.empty((0, 0))
    elements = iter(_Elements(body, order))
    flags, shape, name = (next(elements, (0, b""))[1] for _ in range(3))
    if len(flags) < 4 or not 8 <= len(shape) <= 128 or len(shape) % 4:
        raise MatlabError("damaged (an array without its head)")
    kind = struct.unpack_from(f"{order}I", flags)[0] & 0xFF
    size = struct.unpack(f"{order}{len(shape) // 4}i", shape)
    text = name.decode("latin-1")
    if kind in _NUMBERS:
        return text, _numbers(next(elements, (0, b"")), size, order)
    if kind != _CELL or inside:
        return text, None
    cells: list[Numbers] = []
    for part, content in elements:
        value = _matrix(content, order, inside=True)[1] if part == _MATRIX else None
        if not isinstance(value, np.ndarray) or len(cells) >= MAX_CELLS:
            return text, None
        cells.append(value)
    return text, cells


def _numbers(element: tuple[int, bytes], size: tuple[int, ...], order: str) -> Numbers:
    stored, data = element
    dtype = np.dtype(order + _TYPES[stored]) if stored in _TYPES else None
    count = int(np.prod(size, dtype=object))
    if dtype is None or min(size) < 0 or count * dtype.itemsize != len(data):
        raise MatlabError("damaged (an array whose values are not as many as it says)")
    return np.frombuffer(data, dtype).reshape(size, order="F")
