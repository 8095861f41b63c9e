"""Output formats: one small file each, one dict."""

from collections.abc import Callable
from typing import Protocol

from hwcli.formats.jsonl import JsonlFormat
from hwcli.formats.plain import TextFormat
from hwcli.formats.table import CsvFormat
from hwcli.page.reading import Failure, Page


class Format(Protocol):
    """Turns readings into text, photo by photo."""

    def header(self) -> str:
        """What stands before the first record."""
        ...

    def page(self, page: Page) -> str:
        """A photo that was read."""
        ...

    def failure(self, failure: Failure) -> str:
        """A photo that could not be read."""
        ...


FORMATS: dict[str, Callable[[int], Format]] = {
    "jsonl": lambda topk: JsonlFormat(),
    "csv": lambda topk: CsvFormat(topk),
    "text": lambda topk: TextFormat(),
}
"""Name to a maker of the format, given how many candidates a glyph has."""
