"""How many processes read photos, known before anything is loaded that reads them."""

import mmap
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from hwcli.page.tiff import pages_in

_READING = ("hwcli.cli", "hwcli.engines.pool")
"""What those processes are copies of has imported."""
_EACH = 4
"""Photos for each process that make up for starting it."""
_PDF_PAGE = 100_000
"""Bytes of a page, as many scans have it."""


def jobs_for(photos: int, first: Iterable[object] = ()) -> int:
    """One process a core where there is work enough to make up for starting them.

    Args:
        photos: how many there are.
        first: the first of them, among which files of many pages are looked for.
    """
    if photos < 2 * _EACH:
        photos += sum(_pages(path) for path in first if isinstance(path, Path))
    if photos < 2 * _EACH:
        return 1
    from hwcli.processes import cores  # noqa: PLC0415 (what one photo does not need)

    return min(cores(), photos // _EACH)


def get_ready(jobs: int) -> None:
    """Begin to start the processes, if there are to be several, beside what is done meanwhile."""
    if jobs > 1:
        from hwcli.processes import get_ready  # noqa: PLC0415

        get_ready(jobs, _READING)


def _pages(path: Path) -> int:
    """About how many pages the file has beside the first."""
    kind = path.suffix.lower()
    with suppress(OSError, ValueError):  # reading it will tell
        if kind == ".pdf":
            return path.stat().st_size // _PDF_PAGE
        if kind in (".tif", ".tiff"):
            with (
                path.open("rb") as file,
                mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
            ):
                return len(pages_in(data)[0]) - 1
    return 0
