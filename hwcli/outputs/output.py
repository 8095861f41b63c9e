"""What every output takes, and what it knows of earlier runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hwcli.formats import Format
from hwcli.page.reading import Failure, Page


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one photo, or of some of its pages: a record for each."""

    file: str
    """As it was named."""
    sha256: str
    """Hex, of its content; empty where that could not be read."""
    readings: tuple[Page | Failure, ...]
    """None at all where an earlier run has done it already."""
    more: bool = False
    """More pages of the photo are in the next result."""

    @property
    def failed(self) -> bool:
        """Whether any of its pages could not be read."""
        return any(isinstance(reading, Failure) for reading in self.readings)


class Output(Protocol):
    """Takes results one by one; what it has taken is there even if we are killed."""

    def done(self, file: str) -> str | None:
        """The sha256 with which an earlier run has read `file`, None if it has not."""
        ...

    def write(self, result: Result) -> None:
        """Write the records of `result`; one without any is what `done` knew of."""
        ...

    def close(self) -> None:
        """Write what stands behind the last record; also after an error or an interrupt."""
        ...


def records(format_: Format, readings: Sequence[Page | Failure]) -> str:
    """The text of `readings` one after the other."""
    return "".join(format_.page(r) if isinstance(r, Page) else format_.failure(r) for r in readings)
