"""Photos from files: decoded upright and in grey, within limits, or refused in one line."""

import io
import logging
import math
import stat
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from hwcli.errors import InputError

logger = logging.getLogger(__name__)

SUFFIXES = frozenset(
    {".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
)
"""What a folder is searched for, lower case."""
_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
MAX_MEGAPIXELS = 100.0
"""Larger photos are refused unless `--max-mpixels` allows them."""
_READ_AT = 12e6
"""Photos of more pixels are read reduced by a whole factor: writing is never that fine."""


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A decoded photo, upright."""

    grey: NDArray[np.uint8]
    """uint8 (height / reduced, width / reduced), as light as the paper looks."""
    height: int
    """Of the photo itself, px."""
    width: int
    """Of the photo itself, px."""
    reduced: int = 1
    """How many pixels of the photo a pixel of `grey` is wide and high."""


def load_photo(path: Path, *, max_megapixels: float = MAX_MEGAPIXELS) -> Photo:
    """The photo at `path`, turned as its EXIF orientation says, transparency on white, in grey.

    Raises:
        InputError: missing, empty, not an image, truncated, or larger than `max_megapixels`.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputError(f"{path}: not a file")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    except ValueError as error:  # a NUL in the name
        raise InputError(f"{path}: {error}") from error
    return decode_photo(data, str(path), max_megapixels=max_megapixels)


def decode_photo(
    data: bytes, name: str, *, max_megapixels: float = MAX_MEGAPIXELS, colour: bool = False
) -> Photo:
    """The photo in `data`, as `load_photo` gives it; `name` stands in errors.

    With `colour`, `grey` is RGB instead: uint8 (H, W, 3).

    Raises:
        InputError: as `load_photo`.
    """
    if not data:
        raise InputError(f"{name}: the file is empty")
    Image.MAX_IMAGE_PIXELS = None  # Pillow's own guard: ours says what to do about it
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of odd metadata; pixels are what counts
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                _check_size(image, name, max_megapixels)
                if image.format in ("GIF", "TIFF") and getattr(image, "n_frames", 1) > 1:
                    logger.warning("%s: only the first of several pages is read", name)
                pixels = _upright(image, "RGB" if colour else "L")
    except UnidentifiedImageError as error:
        raise InputError(
            f"{name}: not an image that can be read",
            hint="JPEG, PNG, TIFF, WebP, BMP and GIF are; convert others first",
        ) from error
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, OverflowError) as error:
        raise InputError(f"{name}: damaged image ({error})") from error
    except MemoryError as error:
        raise InputError(f"{name}: not enough memory to decode it") from error
    height, width = pixels.shape[:2]
    reduced = 1 if colour else max(1, math.ceil(math.sqrt(height * width / _READ_AT)))
    if reduced > 1:
        pixels = np.asarray(Image.fromarray(pixels).reduce(reduced), np.uint8)
    return Photo(pixels, height, width, reduced)


def _check_size(image: Image.Image, name: str, max_megapixels: float) -> None:
    megapixels = image.width * image.height / 1e6
    if megapixels > max_megapixels:
        raise InputError(
            f"{name}: {image.width}×{image.height} is {megapixels:.0f} megapixels,"
            f" the limit is {max_megapixels:g}",
            hint="raise it with --max-mpixels if the photo can be trusted",
        )


def _upright(image: Image.Image, mode: str) -> NDArray[np.uint8]:
    turned = ImageOps.exif_transpose(image)
    if turned.mode.startswith(("I", "F")):  # 16 and 32 bits: scaled by what is there
        values = np.nan_to_num(np.asarray(turned, np.float64))
        low, high = float(values.min()), float(values.max())
        scaled = (values - low) * (255 / (high - low) if high > low else 0.0)
        return np.asarray(Image.fromarray(scaled.astype(np.uint8)).convert(mode), np.uint8)
    if turned.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in turned.info:
        turned = turned.convert("RGBA")
        paper = Image.new("RGBA", turned.size, (255, 255, 255, 255))
        turned = Image.alpha_composite(paper, turned)
    return np.asarray(turned.convert(mode), np.uint8)
