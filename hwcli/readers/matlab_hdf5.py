"""Arrays of numbers, and cells of them, out of a MATLAB 7.3 file, which is HDF5.

How MATLAB lays variables out: https://www.mathworks.com/help/matlab/import_export/mat-file-versions.html
Nothing outside the file is read: links to other files, virtual datasets and external storage are
refused, and so are filters that HDF5 would look for as plug-ins.
"""

from typing import IO

import h5py
import numpy as np

from hwcli.heaps import endless_heap
from hwcli.readers.matlab_format import MAX_BYTES, MAX_CELLS, MatlabError, Numbers, Value

SIGNATURE = b"\x89HDF\r\n\x1a\n"
_DAMAGE = (
    OSError,
    RuntimeError,
    LookupError,
    ValueError,
    TypeError,
    ArithmeticError,
    AttributeError,
    MemoryError,
)
"""What h5py raises of a file that is damaged, by the layer that meets it."""
_FILTERS = (h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32)
_MAX_CHUNK = 256 << 20
"""Bytes of a piece that HDF5 unpacks at once."""
_DEFLATE = 1040
"""Deflate packs at most 1032 : 1; what claims more is not there."""


def read_mat73(file: IO[bytes]) -> dict[str, Value]:
    """The arrays of numbers, and the cell arrays of those, in `file`, by name.

    Raises:
        MatlabError: not such a file, or damaged.
    """
    if endless_heap(file.read()) >= 0:
        raise MatlabError("damaged (a heap without an end)")
    file.seek(0)
    try:
        with h5py.File(file, "r") as opened:
            return _variables(opened)
    except MatlabError:
        raise
    except _DAMAGE as error:
        text = " ".join(str(error).split())
        raise MatlabError(f"damaged ({text:.120})") from error


def _variables(file: h5py.File) -> dict[str, Value]:
    budget = _Budget()
    result: dict[str, Value] = {}
    for name in file:
        if not isinstance(file.get(name, getlink=True), h5py.HardLink):
            continue
        if name.startswith("#") or not isinstance(file.get(name, getclass=True), type):
            continue
        found = file[name]
        if not isinstance(found, h5py.Dataset):
            continue
        if h5py.check_ref_dtype(found.dtype) is h5py.Reference:
            cells = _cells(file, found, budget)
            if cells is not None:
                result[name] = cells
        elif found.dtype.kind in "buif" and _class(found) != "char":
            result[name] = budget.read(found)
    return result


def _class(dataset: h5py.Dataset) -> str:
    told = dataset.attrs.get("MATLAB_class", b"")
    return told.decode("latin-1") if isinstance(told, bytes) else str(told)


class _Budget:
    """Bytes that the arrays of a file may still have."""

    def __init__(self) -> None:
        self._left = MAX_BYTES

    def read(self, dataset: h5py.Dataset) -> Numbers:
        """The array, its axes as MATLAB has them.

        Raises:
            MatlabError: too large, or not in this file.
        """
        if "MATLAB_empty" in dataset.attrs:
            return np.empty((0, 0))
        self.check(dataset)
        return np.asarray(dataset[()]).T

    def check(self, dataset: h5py.Dataset) -> None:
        """Raise unless `dataset` lies in this file and can be read within the limits."""
        count = int(np.prod(dataset.shape or (), dtype=object))
        size = count * dataset.dtype.itemsize
        self._left -= size
        if self._left < 0:
            raise MatlabError(f"more than {MAX_BYTES >> 20} MiB unpacked")
        if dataset.is_virtual or dataset.external:
            raise MatlabError(f"{dataset.name} lies in another file")
        if size > dataset.id.get_storage_size() * _DEFLATE:
            raise MatlabError(f"{dataset.name} claims {size:,} bytes that are not in it")
        chunk = int(np.prod(dataset.chunks or (), dtype=object)) * dataset.dtype.itemsize
        if chunk > _MAX_CHUNK:
            raise MatlabError(f"{dataset.name} is packed in pieces of {chunk:,} bytes")
        filters = dataset.id.get_create_plist()
        for i in range(filters.get_nfilters()):
            if filters.get_filter(i)[0] not in _FILTERS:
                raise MatlabError(f"{dataset.name} is packed by a filter that MATLAB has not")


def _cells(file: h5py.File, dataset: h5py.Dataset, budget: _Budget) -> list[Numbers] | None:
    """The arrays of a cell array in MATLAB's order; None if one of them is none of numbers."""
    count = int(np.prod(dataset.shape or (), dtype=object))
    if count > MAX_CELLS:
        raise MatlabError(f"more than {MAX_CELLS:,} cells")
    budget.check(dataset)
    cells: list[Numbers] = []
    for reference in np.asarray(dataset[()]).ravel():
        if not reference:
            return None
        cell = file[reference]
        if not isinstance(cell, h5py.Dataset) or cell.dtype.kind not in "buif":
            return None
        cells.append(budget.read(cell))
    return cells
