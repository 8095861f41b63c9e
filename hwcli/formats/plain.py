"""Plain text: the lines of each photo, an empty line between photos."""

from typing import ClassVar

from hwcli.page.reading import Failure, Page


class TextFormat:
    """Text only; photos that failed leave nothing (standard error tells of them)."""

    name: ClassVar[str] = "text"
    suffix: ClassVar[str] = ".txt"
    many: ClassVar[bool] = True

    def __init__(self, topk: int) -> None:
        self._first = True

    def header(self, file: str | None = None) -> str:
        """Nothing."""
        return ""

    def go_on(self, after: int) -> None:
        """Part the next photo from those before."""
        self._first = not after

    def page(self, page: Page) -> str:
        """The lines of a photo that was read."""
        between = "" if self._first else "\n"
        self._first = False
        return f"{between}{page.text}\n"

    def failure(self, failure: Failure) -> str:
        """Nothing."""
        return ""

    def footer(self) -> str:
        """Nothing."""
        return ""
