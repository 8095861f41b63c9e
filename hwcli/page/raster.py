"""Image files into upright grey pixels, by Pillow."""

import io
import logging
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import nullcontext

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError, features

from hwcli.errors import DependencyError, HwcliError, InputError
from hwcli.muting import muted
from hwcli.page.flat import SIDEWAYS, Mode, flat, turned
from hwcli.page.sheet import Photo, Sheet, check_size, reduction, telling
from hwcli.page.tiff import pages_in

logging.getLogger("PIL").setLevel(logging.CRITICAL)  # what is odd in a file is told once, by us

_ORIENTATION = 0x0112
"""EXIF 2.3, 4.6.4: how the photo is to be turned."""
_DRAFTS = (2, 4, 8)
"""Factors by which a JPEG can be decoded reduced."""
_FAULTS = (
    *(OSError, SyntaxError, EOFError, ValueError, TypeError, LookupError, AttributeError),
    *(ArithmeticError, AssertionError, RuntimeError, struct.error, zlib.error),
)
"""What Pillow's parsers raise of bytes that they did not expect, by the format."""


def image_pages(
    data: bytes, kind: str, name: str, *, max_megapixels: float, mode: Mode, start: int
) -> Iterator[Sheet]:
    """The pages of the image file `data` from number `start` on: of a TIFF all, else the first.

    Args:
        data: the file.
        kind: Pillow's name of its format.
        name: stands in errors.
        max_megapixels: pages of more are refused.
        mode: of the pixels; photos in colour are not reduced.
        start: from 1.
    """
    frames, whole = pages_in(data) if kind == "TIFF" else ([0], True)
    count = len(frames) + (not whole)
    image: ImageFile.ImageFile | None = None
    for number in range(start, len(frames) + 1):
        page = None if count == 1 else number
        title = name if page is None else f"{name}: page {page}"
        try:
            # libtiff tells standard error what it thinks of a file.
            quiet = muted() if kind == "TIFF" else nullcontext()
            with quiet, telling(title, _FAULTS), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Pillow warns of odd metadata
                image = image or _opened(data, kind, title)
                if frames[number - 1]:
                    image.seek(frames[number - 1])
                photo = _photo(image, title, max_megapixels, mode)
        except HwcliError as error:
            yield Sheet(page, error, count)
        else:
            yield Sheet(page, photo, count)
    if image is not None:
        image.close()
    if not whole:
        title = f"{name}: page {count}" if count > 1 else name
        lost = InputError(f"{title}: damaged image (what comes from here on cannot be found)")
        yield Sheet(count if count > 1 else None, lost, count)


def _opened(data: bytes, kind: str, name: str) -> ImageFile.ImageFile:
    if kind == "HEIF":
        _learn_heif(name)
    elif kind == "AVIF" and not features.check("avif"):
        raise DependencyError(
            f"{name}: this Pillow reads no AVIF: pip install --upgrade pillow",
            hint="pip install --upgrade pillow",
        )
    Image.MAX_IMAGE_PIXELS = None  # Pillow's own guard: ours says what to do about it
    try:
        return Image.open(io.BytesIO(_plain(data) if kind == "PNG" else data), formats=(kind,))
    except UnidentifiedImageError as error:
        raise InputError(f"{name}: damaged image, or of a rare kind") from error


def _learn_heif(name: str) -> None:
    """Let Pillow read HEIC, if what that needs is installed."""
    try:
        import pillow_heif  # noqa: PLC0415 (an extra, and no other format needs it)
    except ImportError as error:
        hint = "pip install 'hwcli[heic]'"
        raise DependencyError(f"{name}: HEIC needs pillow-heif: {hint}", hint=hint) from error
    if "HEIF" not in Image.OPEN:
        pillow_heif.register_heif_opener(decode_threads=1, thumbnails=False)


def _plain(png: bytes) -> bytes:
    """The PNG without colour profiles: Pillow would unpack them, or refuse what is large."""
    pieces, kept, at = [], 0, 8
    while at + 8 <= len(png):
        size, kind = struct.unpack_from(">I4s", png, at)
        if kind == b"IDAT":
            break
        if kind == b"iCCP":
            pieces.append(png[kept:at])
            kept = at + 12 + size
        at += 12 + size
    return b"".join([*pieces, png[kept:]]) if pieces else png


def _photo(image: ImageFile.ImageFile, name: str, max_megapixels: float, mode: Mode) -> Photo:
    width, height = full = image.size
    check_size(width, height, name, max_megapixels)
    reduced = reduction(height, width) if mode == "L" else 1
    if mode == "L" and image.format in ("JPEG", "MPO"):
        # The grey wanted is what a JPEG stores, and it can be decoded reduced.
        small = reduced in _DRAFTS and min(full) >= reduced
        image.draft("L", (width // reduced, height // reduced) if small else None)
    image.load()
    is_reduced = image.format in ("JPEG", "MPO") and image.size != full
    turn = _orientation(image)
    pixels = turned(flat(image, mode), turn)
    if not is_reduced:
        width, height = pixels.size  # Pillow may have turned a TIFF already
        pixels = pixels.reduce(reduced) if reduced > 1 else pixels
    elif turn in SIDEWAYS:
        width, height = height, width
    return Photo(np.asarray(pixels, np.uint8), height, width, reduced)


def _orientation(image: Image.Image) -> object:
    """What EXIF says; 1, upright, where it is not to be read: pixels are what counts."""
    try:
        return image.getexif().get(_ORIENTATION, 1)
    except _FAULTS:
        return 1
