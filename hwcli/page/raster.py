"""Image files into upright grey pixels, by Pillow."""

import io
import logging
import struct
import warnings
import zlib
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


class ImagePages:
    """The pages of an image file: of a TIFF all, else the first."""

    def __init__(
        self, data: bytes, kind: str, name: str, *, max_megapixels: float, mode: Mode
    ) -> None:
        """Look for the pages.

        Args:
            data: the file.
            kind: Pillow's name of its format.
            name: stands in errors.
            max_megapixels: pages of more are refused.
            mode: of the pixels; photos in colour are not reduced.
        """
        self._data, self._kind, self._name = data, kind, name
        self._max_megapixels, self._mode = max_megapixels, mode
        self._frames, whole = pages_in(data) if kind == "TIFF" else ([0], True)
        self.count = len(self._frames) + (not whole)
        self._image: ImageFile.ImageFile | None = None

    def page(self, number: int) -> Sheet:
        """The page of this number, from 1 to `count`."""
        page = None if self.count == 1 else number
        title = self._name if page is None else f"{self._name}: page {page}"
        if number > len(self._frames):
            why = "damaged image (what comes from here on cannot be found)"
            return Sheet(page, InputError(f"{title}: {why}"), self.count)
        try:
            # libtiff tells standard error what it thinks of a file.
            quiet = muted() if self._kind == "TIFF" else nullcontext()
            with quiet, telling(title, _FAULTS), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Pillow warns of odd metadata
                self._image = self._image or _opened(self._data, self._kind, title)
                if self._frames[number - 1]:
                    self._image.seek(self._frames[number - 1])
                photo = _photo(self._image, title, self._max_megapixels, self._mode)
        except HwcliError as error:
            return Sheet(page, error, self.count)
        return Sheet(page, photo, self.count)

    def close(self) -> None:
        """Let go of the file."""
        if self._image is not None:
            self._image.close()


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
