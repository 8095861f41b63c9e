"""Looks through an HDF5 file for heaps that its library would walk through for ever.

The heap that holds texts of any length (https://docs.hdfgroup.org/hdf5/v1_14/_f_m_t3.html, III.E,
"Global Heap") is a row of objects, each with its size. Where that of free space is 0, libhdf5 1.14
never gets past it, and cannot be interrupted: nothing but a look before it can help.
"""

import mmap
import struct
from pathlib import Path

_HEAD = struct.Struct("<4sB3xQ")
"""Signature, version, bytes of the heap with this head."""
_OBJECT = struct.Struct("<HHIQ")
"""Index, references, nothing, bytes of the object: of free space with this head."""


def endless_heap(data: "bytes | mmap.mmap") -> int:
    """Where in the HDF5 file `data` a heap begins that has no end; −1 if there is none."""
    at = data.find(b"GCOL")
    while at >= 0:
        if _is_endless(data, at):
            return at
        at = data.find(b"GCOL", at + 1)
    return -1


def file_has_endless_heap(path: Path) -> bool:
    """`endless_heap` of the file at `path`."""
    with path.open("rb") as file:
        if not file.read(1):
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return endless_heap(data) >= 0


def _is_endless(data: "bytes | mmap.mmap", start: int) -> bool:
    if start + _HEAD.size > len(data):
        return False
    _, version, size = _HEAD.unpack_from(data, start)
    end = start + size
    if version != 1 or end > len(data):
        return False  # libhdf5 sees that for itself
    at = start + _HEAD.size
    while at + _OBJECT.size <= end:
        index, _, _, count = _OBJECT.unpack_from(data, at)
        step = count if index == 0 else _OBJECT.size + count + -count % 8
        if step == 0:
            return True
        at += step
    return False
