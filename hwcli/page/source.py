"""Where photos come from, known before anything is loaded that reads them."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, eq=False)
class Piped:
    """An image that came through standard input; as text it is `-`."""

    data: bytes

    def __str__(self) -> str:
        return "-"


Source = Path | Piped
"""Where a photo comes from; `str` of it is the record's file."""
