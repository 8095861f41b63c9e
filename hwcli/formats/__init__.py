"""Output formats: one small file each, one dict."""

from typing import ClassVar, Protocol

from hwcli.formats.alto import AltoFormat
from hwcli.formats.hocr import HocrFormat
from hwcli.formats.jsonl import JsonlFormat
from hwcli.formats.pagexml import PageFormat
from hwcli.formats.plain import TextFormat
from hwcli.formats.table import CsvFormat, TsvFormat
from hwcli.page.reading import Failure, Page


class Format(Protocol):
    """Turns readings into a document, photo by photo; an object is good for one document."""

    name: ClassVar[str]
    """What `--format` calls it."""
    suffix: ClassVar[str]
    """What the name of a file of it ends in."""
    many: ClassVar[bool]
    """Whether a document can hold more than one page."""

    def __init__(self, topk: int) -> None:
        """Prepare for glyphs that have `topk` candidates."""
        ...

    def header(self, file: str | None = None) -> str:
        """What stands before the first record.

        Args:
            file: the path that the whole document is about, None if there may be several.
        """
        ...

    def go_on(self, after: int) -> None:
        """Go on with a document in which `after` pages were numbered already."""
        ...

    def page(self, page: Page) -> str:
        """A photo that was read."""
        ...

    def failure(self, failure: Failure) -> str:
        """A photo that could not be read."""
        ...

    def footer(self) -> str:
        """What stands behind the last record."""
        ...


_ALL: tuple[type[Format], ...] = (
    *(JsonlFormat, CsvFormat, TsvFormat, TextFormat),
    *(HocrFormat, AltoFormat, PageFormat),
)

FORMATS: dict[str, type[Format]] = {kind.name: kind for kind in _ALL}
"""Name to format; `FORMATS[name](topk)` begins a document."""
