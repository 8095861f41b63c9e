"""Plain text: the lines of each photo, an empty line between photos."""

from hwcli.page.reading import Failure, Page


class TextFormat:
    """Text only; photos that failed leave nothing (standard error tells of them)."""

    def __init__(self) -> None:
        self._first = True

    def header(self) -> str:
        """Nothing."""
        return ""

    def page(self, page: Page) -> str:
        """The lines of a photo that was read."""
        between = "" if self._first else "\n"
        self._first = False
        return f"{between}{page.text}\n"

    def failure(self, failure: Failure) -> str:
        """Nothing."""
        return ""
