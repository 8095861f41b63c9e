"""One photo: its bytes, what is on each of its pages, and what goes wrong with it, as records."""

import hashlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import cv2

from hwcli.errors import HwcliError
from hwcli.page.finder import BUNDLED, find_finder
from hwcli.page.photo import MAX_MEGAPIXELS, Pages, Sheet, Source, open_pages, read_bytes
from hwcli.page.reader import Reader, ReadingOptions
from hwcli.page.reading import Failure, Page


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How photos are read."""

    model: Path
    """What names the characters."""
    reading: ReadingOptions = field(default_factory=ReadingOptions)
    max_megapixels: float = MAX_MEGAPIXELS
    device: str = "auto"
    """`auto` is ONNX Runtime on the CPU; `cuda` and the like are torch."""
    finder: Path = field(default_factory=lambda: find_finder(BUNDLED))
    """What finds the characters."""


def new_reader(options: ReadOptions, threads: int) -> Reader:
    """A reader of photos; `threads` of the CPU, 0 for one a core.

    Raises:
        ModelError: the model cannot be used.
    """
    return Reader(
        options.model, options.reading,
        device=options.device, threads=threads, finder=options.finder,
    )  # fmt: skip


def read_photo(
    reader: Reader, source: Source, options: ReadOptions, known: str | None
) -> tuple[str, Iterator[Page | Failure]]:
    """The sha256 of `source`, and what is on each of its pages: nothing if `known` is that.

    Whatever cannot be read is a `Failure`; nothing is raised.
    """
    opened = open_photo(source, options, known)

    def readings() -> Iterator[Page | Failure]:
        with closing(opened):
            yield from opened.read(reader)

    return opened.sha256, readings()


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A photo, or a file of several pages, whose bytes have been read."""

    name: str
    sha256: str
    """Hex, of its content; empty where that could not be read."""
    pages: Pages | Failure | None
    """None where the content is known."""

    @property
    def count(self) -> int:
        """How many readings it gives."""
        if self.pages is None or isinstance(self.pages, Failure):
            return int(self.pages is not None)
        return self.pages.count

    def read(self, reader: Reader, start: int = 1) -> Iterator[Page | Failure]:
        """What is on each page from number `start` on; whatever cannot be read is a `Failure`."""
        for number in range(start, self.count + 1):
            if isinstance(self.pages, Failure):
                yield self.pages
            elif self.pages is not None:
                yield _read_sheet(reader, self.pages.page(number), self.name)

    def close(self) -> None:
        """Let go of the file."""
        if self.pages is not None and not isinstance(self.pages, Failure):
            self.pages.close()


def open_photo(source: Source, options: ReadOptions, known: str | None) -> Opened:
    """The bytes of `source`, and what pages they hold; nothing is raised."""
    name, sha256 = str(source), ""
    try:
        data = read_bytes(source)
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 == known:
            return Opened(name, sha256, None)
        pages = open_pages(data, name, max_megapixels=options.max_megapixels)
    except HwcliError as error:
        return Opened(name, sha256, Failure(name, type(error).__name__, error.message))
    except MemoryError:
        message = f"{name}: not enough memory to read it"
        return Opened(name, sha256, Failure(name, "MemoryError", message))
    return Opened(name, sha256, pages)


def _read_sheet(reader: Reader, sheet: Sheet, name: str) -> Page | Failure:
    try:
        if isinstance(sheet.photo, HwcliError):
            raise sheet.photo
        return reader.read(sheet.photo, name, sheet.number)
    except HwcliError as error:
        return Failure(name, type(error).__name__, error.message, sheet.number)
    except MemoryError:
        pass
    except cv2.error as error:  # OpenCV has no MemoryError
        if error.code != cv2.Error.StsNoMem:
            raise
    return Failure(name, "MemoryError", f"{name}: not enough memory to read it", sheet.number)
