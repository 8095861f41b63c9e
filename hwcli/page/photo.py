"""Photos from files: the bytes, then pages upright and in grey, within limits, or why not."""

import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from hwcli.errors import HwcliError, InputError
from hwcli.page.flat import Mode
from hwcli.page.kinds import HEAD, kind_of
from hwcli.page.pdf import PdfPages
from hwcli.page.raster import ImagePages
from hwcli.page.sheet import MAX_MEGAPIXELS as MAX_MEGAPIXELS
from hwcli.page.sheet import NoPages
from hwcli.page.sheet import Pages as Pages
from hwcli.page.sheet import Photo as Photo
from hwcli.page.sheet import Sheet as Sheet
from hwcli.page.source import Piped as Piped
from hwcli.page.source import Source as Source

_MOST_BYTES = 1 << 30
"""Of a file, which is held in memory."""


def read_bytes(source: Source) -> bytes:
    """All of the file, which begins like an image or a PDF.

    Raises:
        InputError: missing, not to be read, empty, too large, or nothing of the kind.
    """
    if isinstance(source, Piped):
        return source.data
    try:
        status = source.stat()
        if stat.S_ISDIR(status.st_mode):
            raise InputError(f"{source}: not a file, or a folder that cannot be read")
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{source}: not a file")
        if status.st_size > _MOST_BYTES:
            raise InputError(f"{source}: larger than {_MOST_BYTES >> 30} GiB")
        with source.open("rb") as file:
            _kind(file.read(HEAD), str(source))
            file.seek(0)
            return file.read(_MOST_BYTES)
    except OSError as error:
        raise InputError(f"{source}: {error.strerror or error}") from error
    except ValueError as error:  # a NUL in the name
        raise InputError(f"{source}: {error}") from error


def pages_of(
    data: bytes,
    name: str,
    *,
    max_megapixels: float = MAX_MEGAPIXELS,
    colour: bool = False,
    start: int = 1,
) -> Iterator[Sheet]:
    """The pages of the file `data`, in order, each decoded when it is asked for.

    All pages of TIFF and PDF, of anything else the first image. They are turned as EXIF says,
    transparency on white, in grey. A page that cannot be decoded, or a file, is a sheet that says
    why, and the next page comes all the same.

    Args:
        data: the file.
        name: stands in errors.
        max_megapixels: images of more are refused before they are decoded.
        colour: `grey` is RGB instead, uint8 (H, W, 3), and not reduced.
        start: number of the first page wanted, from 1.
    """
    pages = open_pages(data, name, max_megapixels=max_megapixels, colour=colour)
    with closing(pages):
        for number in range(start, pages.count + 1):
            yield pages.page(number)


def open_pages(
    data: bytes, name: str, *, max_megapixels: float = MAX_MEGAPIXELS, colour: bool = False
) -> Pages:
    """The pages of the file `data` in any order, each as `pages_of` gives it."""
    mode: Mode = "RGB" if colour else "L"
    try:
        kind = _kind(data[:HEAD], name)
        if kind == "PDF":
            return PdfPages(data, name, max_megapixels=max_megapixels, mode=mode)
    except HwcliError as error:
        return NoPages(error)
    return ImagePages(data, kind, name, max_megapixels=max_megapixels, mode=mode)


def decode_photo(
    data: bytes,
    name: str,
    *,
    max_megapixels: float = MAX_MEGAPIXELS,
    colour: bool = False,
    page: int | None = None,
) -> Photo:
    """The photo in `data`, or its page number `page`, as `pages_of` gives it.

    Raises:
        InputError: it cannot be decoded, or there is no such page.
        DependencyError: a library that it needs is not installed.
    """
    pages = pages_of(data, name, max_megapixels=max_megapixels, colour=colour, start=page or 1)
    photo = next((sheet.photo for sheet in pages), None)
    if photo is None:
        raise InputError(f"{name}: there is no page {page}")
    if isinstance(photo, HwcliError):
        raise photo
    return photo


def load_photo(path: Path, *, max_megapixels: float = MAX_MEGAPIXELS) -> Photo:
    """The photo at `path`, the first page if there are several.

    Raises:
        InputError: as `read_bytes` and `decode_photo`.
        DependencyError: a library that it needs is not installed.
    """
    return decode_photo(read_bytes(path), str(path), max_megapixels=max_megapixels)


def _kind(head: bytes, name: str) -> str:
    if not head:
        raise InputError(f"{name}: the file is empty")
    kind = kind_of(head)
    if kind is None:
        raise InputError(
            f"{name}: not an image that can be read",
            hint="JPEG, PNG, TIFF, WebP, BMP, GIF, PNM, HEIC, AVIF and PDF are",
        )
    return kind
