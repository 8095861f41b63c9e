"""Some pages of a photo, read by a process that does nothing else."""

import gc
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from hwcli.engines.photo import Opened, ReadOptions, new_reader, open_photo
from hwcli.outputs.output import Result
from hwcli.page.photo import Source
from hwcli.page.reader import Reader
from hwcli.page.reading import Failure

PAGES = 8
"""Pages of a file that a process reads in one go; the next ones are for whoever is free."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a process gives back."""

    result: Result
    count: int
    """Pages of the file."""


class _Worker:
    """What a worker process holds."""

    reader: Reader
    options: ReadOptions
    photo: Opened | None = None
    """The last file, if more of its pages may be wanted."""
    stamp: object = None
    """Of that file: with another, it has changed."""


def start_worker(options: ReadOptions) -> None:
    """Make this process a worker."""
    _Worker.options = options
    _Worker.reader = new_reader(options, threads=1)
    gc.freeze()  # it stays, and need not be looked through ever again


def read_part(source: Source, known: str | None, start: int, most: int) -> Part:
    """`most` pages of `source` from number `start` on, by a worker process."""
    photo = _opened(source, known, start)
    try:
        return _part(photo, known, start, most)
    finally:
        if photo is not _Worker.photo:
            photo.close()


def _part(photo: Opened, known: str | None, start: int, most: int) -> Part:
    if start > 1 and photo.sha256 != known:
        message = f"{photo.name}: page {start}: the file has changed since its first page was read"
        failure = Failure(photo.name, "InputError", message, start)
        return Part(Result(photo.name, photo.sha256, (failure,)), start)
    readings = tuple(islice(photo.read(_Worker.reader, start), most))
    return Part(Result(photo.name, photo.sha256, readings), photo.count)


def _opened(source: Source, known: str | None, start: int) -> Opened:
    """`source`, which is kept open where the pages from `start` on are not all there is to it."""
    stamp = _stamp(source)
    photo = _Worker.photo
    if photo is not None:
        if start > 1 and photo.sha256 == known and stamp == _Worker.stamp:
            return photo
        photo.close()
        _Worker.photo = None
    photo = open_photo(source, _Worker.options, known if start == 1 else None)
    if photo.count > PAGES:
        _Worker.photo, _Worker.stamp = photo, stamp
    return photo


def _stamp(source: Source) -> object:
    """What differs where a file has changed, as far as can be told without reading it."""
    if not isinstance(source, Path):
        return str(source)
    try:
        status = source.stat()
    except (OSError, ValueError):
        return None
    return str(source), status.st_ino, status.st_size, status.st_mtime_ns
