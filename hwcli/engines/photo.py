"""One photo: its bytes, what is on each of its pages, and what goes wrong with it, as records."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hwcli.errors import HwcliError
from hwcli.page.photo import MAX_MEGAPIXELS, Sheet, Source, pages_of, read_bytes
from hwcli.page.reader import Reader, ReadingOptions
from hwcli.page.reading import Failure, Page


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How photos are read."""

    model: Path
    reading: ReadingOptions = field(default_factory=ReadingOptions)
    max_megapixels: float = MAX_MEGAPIXELS
    device: str = "auto"
    """`auto` is ONNX Runtime on the CPU; `cuda` and the like are torch."""


def new_reader(options: ReadOptions, threads: int) -> Reader:
    """A reader of photos; `threads` of the CPU, 0 for one a core.

    Raises:
        ModelError: the model cannot be used.
    """
    return Reader(options.model, options.reading, device=options.device, threads=threads)


def read_photo(
    reader: Reader, source: Source, options: ReadOptions, known: str | None
) -> tuple[str, Iterator[Page | Failure]]:
    """The sha256 of `source`, and what is on each of its pages: nothing if `known` is that.

    Whatever cannot be read is a `Failure`; nothing is raised.
    """
    sha256, pages = read_pages(reader, source, options, known)
    return sha256, (reading for reading, _ in pages)


def read_pages(
    reader: Reader, source: Source, options: ReadOptions, known: str | None, *, start: int = 1
) -> tuple[str, Iterator[tuple[Page | Failure, int]]]:
    """As `read_photo` from the page number `start` on, each with how many pages the file has."""
    name, sha256 = str(source), ""
    try:
        data = read_bytes(source)
        sha256 = hashlib.sha256(data).hexdigest()
    except HwcliError as error:
        return sha256, iter(((Failure(name, type(error).__name__, error.message), 1),))
    except MemoryError:
        message = f"{name}: not enough memory to read it"
        return sha256, iter(((Failure(name, "MemoryError", message), 1),))
    if sha256 == known:
        return sha256, iter(())
    sheets = pages_of(data, name, max_megapixels=options.max_megapixels, start=start)
    return sha256, ((_read_sheet(reader, sheet, name), sheet.count) for sheet in sheets)


def _read_sheet(reader: Reader, sheet: Sheet, name: str) -> Page | Failure:
    try:
        if isinstance(sheet.photo, HwcliError):
            raise sheet.photo
        return reader.read(sheet.photo, name, sheet.number)
    except HwcliError as error:
        return Failure(name, type(error).__name__, error.message, sheet.number)
    except MemoryError:
        message = f"{name}: not enough memory to read it"
        return Failure(name, "MemoryError", message, sheet.number)
