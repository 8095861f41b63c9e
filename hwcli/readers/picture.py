"""Image files (PNG, JPEG, …) as grey pixels: fast where they are good, quiet where they are not."""

import io
import struct
import warnings
from collections.abc import Iterable, Iterator
from itertools import islice

import cv2
import numpy as np
import PIL.Image
from numpy.typing import NDArray

from hwcli.glyph import Image
from hwcli.muting import muted
from hwcli.readers.reader import MAX_PIXELS, MAX_SIDE

# OpenCV would write a line to standard error for every damaged file; we count them. Decoding
# processes import this module too.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_BODY = 33
"""Where the first chunk after a PNG's header begins."""
_PNG_HEAD = struct.Struct(">12x4sIIxB7xI4s")
"""Of a PNG: name of its header, width, height, colour type; length and name of the next chunk."""
_PNG_END = b"\0\0\0\0IEND\xaeB`\x82"
_PNG_ALPHA = (4, 6)
"""Colour types with an alpha channel."""
_KEPT_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"IDAT")
"""Size, colours, transparency, rotation, pixels: https://www.w3.org/TR/png-3/."""
_JPEG = b"\xff\xd8\xff"
_FRAMES = frozenset((*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), 0xCD, 0xCE, 0xCF))
"""Markers of a JPEG that tell its size (SOF): ITU-T T.81, table B.1."""
_PARSING = (
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    RuntimeError,
    MemoryError,
    struct.error,
)
"""What Pillow's parsers raise of bytes that they did not expect, by the format."""
_BATCH = 64
"""Files that are read before they are decoded."""
_MUTED_BYTES = 4 << 20
"""Bytes of pixels that are decoded in one go while standard error is shut."""


def decode(data: bytes) -> Image | str:
    """The image file `data` as grey uint8 (H, W), or the reason why it cannot be one.

    The size is taken from the header and checked before anything is allocated. Where an image has
    an alpha channel it is laid on white paper.
    """
    return next(decode_all((data,)))


def decode_all(files: Iterable[bytes | str]) -> Iterator[Image | str]:
    """`decode` of each of `files`; what is a reason already is passed on."""
    todo = iter(files)
    while batch := list(islice(todo, _BATCH)):
        batch.reverse()
        while batch:
            yield from _some(batch)


def _some(batch: list[bytes | str]) -> list[Image | str]:
    """The last files of `batch` decoded and taken off it: as many as fit into the memory meant."""
    done: list[Image | str] = []
    room = _MUTED_BYTES
    with muted():
        while batch and room > 0:
            data = batch.pop()
            image = data if isinstance(data, str) else _decoded(data)
            done.append(image)
            room -= 0 if isinstance(image, str) else image.nbytes
    return done


def _decoded(data: bytes) -> Image | str:
    alpha = False
    if data.startswith(_PNG):
        head = data[: _PNG_HEAD.size].ljust(_PNG_HEAD.size)
        name, width, height, colour, length, chunk = _PNG_HEAD.unpack(head)
        if len(data) < _PNG_BODY or name != b"IHDR":
            return "corrupt"
        alpha = colour in _PNG_ALPHA
        is_plain = chunk == b"IDAT" and _PNG_BODY + 24 + length == len(data)
        if not is_plain or not data.endswith(_PNG_END):
            data = _plain_png(data)  # other chunks, more than one of pixels, or something behind
    else:
        size = _jpeg_size(data) if data.startswith(_JPEG) else _other_size(data)
        if isinstance(size, str):
            return size
        width, height = size
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        return f"too large: {width}×{height} pixels"
    if not data:
        return "corrupt"
    try:
        flag = cv2.IMREAD_UNCHANGED if alpha else cv2.IMREAD_GRAYSCALE
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    except cv2.error:
        return "corrupt"
    if image is None:
        return "corrupt"
    return _on_paper(np.asarray(image)) if alpha else np.asarray(image, np.uint8)


def _jpeg_size(data: bytes) -> tuple[int, int] | str:
    """(width, height) as the JPEG `data` claims, or why there is none."""
    at, end = 2, len(data) - 9
    while at <= end:
        marker = data[at + 1]
        if data[at] != 0xFF:
            break
        if marker in _FRAMES:
            return (data[at + 7] << 8) + data[at + 8], (data[at + 5] << 8) + data[at + 6]
        if marker == 0xFF:  # padding
            at += 1
        elif marker == 0x01 or 0xD0 <= marker <= 0xD9:  # without a body
            at += 2
        else:
            at += 2 + (data[at + 2] << 8) + data[at + 3]
    return "corrupt"


def _other_size(data: bytes) -> tuple[int, int] | str:
    """(width, height) as the header claims, or why there is none."""
    if not data:
        return "empty file"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of tags that are odd
            with PIL.Image.open(io.BytesIO(data)) as image:  # reads the header only
                return image.size
    except PIL.Image.DecompressionBombError:
        return "too large"
    except _PARSING:
        return "not an image"


def _plain_png(data: bytes) -> bytes:
    """The PNG `data` with only what its pixels need; empty if it ends early.

    What is left out may be large when unpacked, such as a colour profile.
    """
    pieces, at, size = [data[:_PNG_BODY]], _PNG_BODY, len(data)
    while at + 12 <= size:
        kind = data[at + 4 : at + 8]
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if end > size:
            return b""
        if kind == b"IEND" or (kind == b"IDAT" and end + 12 == size):
            pieces.append(data[at:])
            return b"".join(pieces)
        if kind in _KEPT_CHUNKS:
            pieces.append(data[at:end])
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
