"""Pages of PDF files, drawn by PDFium."""

import math
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np

from hwcli.errors import DependencyError, HwcliError, InputError
from hwcli.page.flat import Mode
from hwcli.page.sheet import Photo, Sheet, reduction, telling

_DPI = 200
"""A letter 3 mm high has 24 pixels then; boxes are told at this resolution."""
_POINTS = 72
"""Of PDF, to the inch: ISO 32000-1, 8.3.2.3."""
_LONGEST_SIDE = 30_000
"""Pixels."""
_PASSWORD = 4
"""PDFium's FPDF_ERR_PASSWORD."""


def pdf_pages(
    data: bytes, name: str, *, max_megapixels: float, mode: Mode, start: int
) -> Iterator[Sheet]:
    """The pages of the PDF `data` from number `start` on, at 200 dpi, fewer if that is too many.

    Args:
        data: the file.
        name: stands in errors.
        max_megapixels: that a page may have.
        mode: of the pixels; pages in colour are not reduced.
        start: from 1.
    """
    try:
        pdfium = _pdfium(name)
        document = _opened(pdfium, data, name)
    except HwcliError as error:
        yield Sheet(None, error)
        return
    with closing(document):
        count = len(document)  # one at least
        for number in range(start, count + 1):
            page = None if count == 1 else number
            title = name if page is None else f"{name}: page {page}"
            try:
                with telling(title, (pdfium.PdfiumError, ValueError, OverflowError, OSError)):
                    photo = _drawn(document, number - 1, title, max_megapixels, mode)
            except HwcliError as error:
                yield Sheet(page, error, count)
            else:
                yield Sheet(page, photo, count)


def _pdfium(name: str) -> Any:
    try:
        import pypdfium2  # noqa: PLC0415 (an extra, and no other format needs it)
    except ImportError as error:
        hint = "pip install 'hwcli[pdf]'"
        raise DependencyError(f"{name}: PDF needs pypdfium2: {hint}", hint=hint) from error
    return pypdfium2


def _opened(pdfium: Any, data: bytes, name: str) -> Any:
    try:
        with telling(name, ()):
            document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if error.err_code == _PASSWORD:
            raise InputError(
                f"{name}: the PDF is encrypted", hint="take its password off first"
            ) from error
        why = "damaged PDF" if error.err_code else "the PDF has no pages"
        raise InputError(f"{name}: {why}") from error
    return document


def _drawn(document: Any, index: int, name: str, max_megapixels: float, mode: Mode) -> Photo:
    with closing(document[index]) as page:
        width, height = (side / _POINTS for side in page.get_size())  # inches
        if not (width > 0 and height > 0 and math.isfinite(width * height)):
            raise InputError(f"{name}: the page has no size")
        most = math.sqrt(max_megapixels * 1e6 / (width * height))
        dpi = min(_DPI, most, _LONGEST_SIDE / max(width, height))
        reduced = reduction(round(height * dpi), round(width * dpi)) if mode == "L" else 1
        scale = dpi / reduced / _POINTS
        with closing(page.render(scale=scale, grayscale=mode == "L", rev_byteorder=True)) as drawn:
            pixels = np.array(drawn.to_numpy(), np.uint8)
    return Photo(pixels, pixels.shape[0] * reduced, pixels.shape[1] * reduced, reduced)
