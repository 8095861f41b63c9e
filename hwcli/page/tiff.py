"""Where the pages of a TIFF are: its directories, without those of thumbnails and masks.

https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf (TIFF 6.0), and BigTIFF.
"""

import struct
from mmap import mmap
from typing import NamedTuple

_SUBFILE = 254
"""Tag: bit 0 a smaller copy of another page, bit 2 a mask."""
_OLD_SUBFILE = 255
"""Tag: 2 a smaller copy."""
_WIDTH = {1: "B", 3: "H"}
"""Types of values that are not four bytes."""
_MOST = 1 << 16
"""Directories that are looked at."""


class _Layout(NamedTuple):
    """How a directory is stored: number of entries, an entry, an offset."""

    entries: struct.Struct
    entry: struct.Struct
    offset: struct.Struct


def pages_in(data: bytes | mmap) -> tuple[list[int], bool]:
    """Numbers from 0 of the directories that are pages, and whether the end of them was found.

    The first directory is always a page; the end of a file without any was not found.
    """
    order = "<" if data[:2] == b"II" else ">"
    if data[2:4] in (b"+\0", b"\0+"):
        first, layout = 8, _Layout(*(struct.Struct(order + f) for f in ("Q", "HHQ8s", "Q")))
    else:
        first, layout = 4, _Layout(*(struct.Struct(order + f) for f in ("H", "HHI4s", "I")))
    frames: list[int] = []
    seen: set[int] = set()
    try:
        (at,) = layout.offset.unpack_from(data, first)
        while at and at not in seen:
            if len(seen) == _MOST:
                return frames, False
            is_page, following = _directory(data, at, layout)
            if is_page or not seen:
                frames.append(len(seen))
            seen.add(at)
            at = following
    except (struct.error, OverflowError):  # an offset out of the file
        return frames, False
    return frames, bool(frames)


def _directory(data: bytes | mmap, at: int, layout: _Layout) -> tuple[bool, int]:
    """Whether the directory at `at` is of a page, and where the next is, 0 if there is none."""
    (count,) = layout.entries.unpack_from(data, at)
    at += layout.entries.size
    is_page = True
    for index in range(min(count, 64)):  # they are sorted, and these two come first
        tag, kind, _, field = layout.entry.unpack_from(data, at + index * layout.entry.size)
        if tag > _OLD_SUBFILE:
            break
        (value,) = struct.unpack_from(layout.entry.format[0] + _WIDTH.get(kind, "I"), field)
        if (tag == _SUBFILE and value & 5) or (tag == _OLD_SUBFILE and value == 2):
            is_page = False
    (following,) = layout.offset.unpack_from(data, at + count * layout.entry.size)
    return is_page, following
