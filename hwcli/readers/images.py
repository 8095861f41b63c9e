"""Reads single images (PNG, JPEG, …) in a zip or folder; label by table, name or folder."""

import csv
import fnmatch
import io
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

import cv2
import numpy as np
import PIL.Image
from numpy.typing import NDArray

from hwcli.errors import FetchError
from hwcli.fetch.archive import Archive, MissingError, reading
from hwcli.glyph import Image
from hwcli.readers.reader import MAX_PIXELS, MAX_SIDE, Block, Listing, listing_of
from hwcli.recipe import LabelRule, Part, Source

# OpenCV would write a line to standard error for every damaged file; we count them. Decoding
# processes import this module too.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

_PNG = b"\x89PNG\r\n\x1a\n"
_KEPT_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"IDAT", b"IEND")
"""Size, colours, transparency, rotation, pixels, end: https://www.w3.org/TR/png-3/."""
_MAX_FILE = 64 << 20
"""Bytes of one image file."""
_MAX_TABLE = 256 << 20
"""Bytes of a table of labels."""


def decode(data: bytes) -> Image | str:
    """The image file `data` as grey uint8 (H, W), or the reason why it cannot be one.

    The size is taken from the header and checked before anything is allocated. Where an image has
    an alpha channel it is laid on white paper.
    """
    size = _size_of(data)
    if isinstance(size, str):
        return size
    if max(size) > MAX_SIDE or size[0] * size[1] > MAX_PIXELS:
        return f"too large: {size[0]}×{size[1]} pixels"
    alpha = data.startswith(_PNG) and data[25] in (4, 6)
    if data.startswith(_PNG):
        data = _plain_png(data)
    try:
        flag = cv2.IMREAD_UNCHANGED if alpha else cv2.IMREAD_GRAYSCALE
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flag) if data else None
    except cv2.error:
        return "corrupt"
    if image is None:
        return "corrupt"
    return _on_paper(np.asarray(image)) if alpha else np.asarray(image, np.uint8)


def _size_of(data: bytes) -> tuple[int, int] | str:
    """(width, height) as the header claims, or why there is none."""
    if not data:
        return "empty file"
    if data.startswith(_PNG):
        if len(data) < 33:
            return "corrupt"
        width, height = struct.unpack(">II", data[16:24])
        return int(width), int(height)
    try:
        with PIL.Image.open(io.BytesIO(data)) as image:  # reads the header only
            return image.size
    except PIL.Image.DecompressionBombError:
        return "too large"
    except (OSError, SyntaxError, ValueError, struct.error):
        return "not an image"


def _plain_png(data: bytes) -> bytes:
    """The PNG `data` with only what its pixels need; empty if a piece of that is damaged.

    libpng prints to standard error of what is damaged, and of flawed colour profiles too.
    """
    pieces, at = [_PNG], len(_PNG)
    while at + 12 <= len(data):
        kind = data[at + 4 : at + 8]
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if end > len(data):
            return b""
        if kind in _KEPT_CHUNKS:
            if zlib.crc32(data[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
                return b""
            pieces.append(data[at:end])
        if kind == b"IEND":
            return b"".join(pieces)
        at = end
    return b""


def _on_paper(image: NDArray[np.generic]) -> Image | str:
    """BGRA (or grey where OpenCV has dropped the alpha) of any depth as grey on white."""
    pixels = image.astype(np.float32) / (65535 if image.dtype == np.uint16 else 255)
    if pixels.ndim == 2:
        return (pixels * 255).astype(np.uint8)
    colour, alpha = pixels[..., :3], pixels[..., 3:]
    mixed = colour * alpha + (1 - alpha)
    grey = cv2.cvtColor((mixed * 255).astype(np.uint8), cv2.COLOR_BGR2GRAY)
    return np.asarray(grey, np.uint8)


@dataclass(frozen=True, slots=True)
class FileBlock:
    """Members of an archive, each an image."""

    archive: Archive
    members: tuple[str, ...]

    def images(self) -> Iterator[Image | str]:
        """Each member decoded, or the reason why it cannot be."""
        return map(self._image, self.members)

    def _image(self, name: str) -> Image | str:
        try:
            with reading(name), self.archive.open(name) as file:
                data = file.read(_MAX_FILE + 1)
        except FetchError:
            return "corrupt in its archive"
        return decode(data) if len(data) <= _MAX_FILE else "file too large"


class ImagesReader:
    """All members that match the part's glob."""

    def __init__(self, source: Source, part: Part, archive: Archive) -> None:
        self._source = source
        self._archive = archive
        glob = re.compile(fnmatch.translate(part.images))
        self._members = [n for n in archive.names() if glob.match(n)]
        if not self._members:
            raise MissingError(f"{source.name}: no member matches {part.images}")

    def listing(self) -> Listing:
        """Label and writer of each member, as the source's label rule says."""
        rule = self._source.label
        pattern = re.compile(rule.pattern) if rule.pattern else None
        table = self._table(rule) if rule.table else None
        labels, writers = [], []
        for name in self._members:
            found = pattern.search(name) if pattern else None
            groups = found.groupdict() if found else {}
            writer = (groups.get("writer") or "").strip()
            if table is not None:
                label, named = table.get(name, ("", ""))
                labels.append(label)
                writer = named or writer
            elif pattern and "label" in pattern.groupindex:
                labels.append(groups.get("label") or "")
            else:
                labels.append(PurePosixPath(name).parent.name)
            writers.append(writer)
        return listing_of(labels, writers)

    def origin(self, row: int) -> str:
        """The member's path; bytes in it that are no UTF-8 are written as escapes."""
        return self._members[row].encode("utf-8", "backslashreplace").decode()

    def blocks(self, rows: NDArray[np.intp], size: int) -> Iterator[Block]:
        """The images of `rows`, in whatever order."""
        for start in range(0, len(rows), size):
            chosen = rows[start : start + size]
            yield FileBlock(self._archive, tuple(self._members[int(r)] for r in chosen))

    def _table(self, rule: LabelRule) -> dict[str, tuple[str, str]]:
        """From member to label and writer (empty: unknown).

        A path in the table may leave out leading folders.
        """
        what = f"{self._source.name}: {rule.table}"
        with reading(what), self._archive.open(rule.table) as file:
            data = file.read(_MAX_TABLE + 1)
        if len(data) > _MAX_TABLE:
            raise FetchError(f"{what}: a table of more than {_MAX_TABLE >> 20} MiB")
        try:
            rows = csv.DictReader(io.StringIO(data.decode("utf-8-sig")))
            given = {
                r[rule.path_column]: (
                    (r[rule.label_column] or "").strip(),
                    (r[rule.writer_column] or "").strip() if rule.writer_column else "",
                )
                for r in rows
            }
        except (UnicodeDecodeError, csv.Error) as error:
            raise FetchError(f"{what}: not a CSV table ({error})") from error
        except KeyError as error:
            raise FetchError(f"{what}: has no column {error.args[0]!r}") from error
        return {name: row for name in self._members if (row := _lookup(given, name))}


def _lookup(given: dict[str, tuple[str, str]], name: str) -> tuple[str, str] | None:
    """Label and writer of member `name`, by its path or the longest tail of it in the table."""
    parts = name.split("/")
    tails = ("/".join(parts[k:]) for k in range(len(parts)))
    return next((given[t] for t in tails if t in given), None)
