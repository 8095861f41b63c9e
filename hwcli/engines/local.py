"""Photos over the cores of this machine, results in the order of the photos and their pages."""

import logging
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from hwcli.errors import HwcliError
from hwcli.page.photo import MAX_MEGAPIXELS, Sheet, Source, pages_of, read_bytes
from hwcli.page.reader import Reader
from hwcli.page.reading import Failure, Page
from hwcli.processes import new_pool, submit

logger = logging.getLogger(__name__)

_AHEAD = 4
"""Photos in flight for each process."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How photos are read."""

    model: Path
    topk: int = 1
    context: bool = True
    max_megapixels: float = MAX_MEGAPIXELS


def read_photos(
    sources: Iterable[Source], options: ReadOptions, jobs: int
) -> Iterator[Page | Failure]:
    """A `Page` or `Failure` for each page of `sources`, in order, each as soon as it is known.

    Raises:
        ModelError: the model cannot be used; nothing has been read then.
    """
    reader = _reader(options, threads=1 if jobs > 1 else 0)
    if jobs <= 1:
        for source in sources:
            yield from _read(reader, source, options)
        return
    yield from _read_in_processes(iter(sources), options, jobs)


def _reader(options: ReadOptions, threads: int) -> Reader:
    return Reader(options.model, topk=options.topk, context=options.context, threads=threads)


def default_jobs(photos: int) -> int:
    """One process a core where there is work enough to make up for starting them."""
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    return min(cores, photos // 4) or 1


def _read(reader: Reader, source: Source, options: ReadOptions) -> Iterator[Page | Failure]:
    """What is on each page of `source`."""
    name = str(source)
    try:
        data = read_bytes(source)
    except HwcliError as error:
        yield Failure(name, type(error).__name__, error.message)
        return
    except MemoryError:
        yield Failure(name, "MemoryError", f"{name}: not enough memory to read it")
        return
    for sheet in pages_of(data, name, max_megapixels=options.max_megapixels):
        yield _read_sheet(reader, sheet, name)


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


def _read_in_processes(
    sources: Iterator[Source], options: ReadOptions, jobs: int
) -> Iterator[Page | Failure]:
    waiting: deque[tuple[Source, Future[list[Page | Failure]] | None]] = deque()
    pool = new_pool(jobs, _start_worker, options)
    try:
        while True:
            while len(waiting) < jobs * _AHEAD and (source := next(sources, None)) is not None:
                waiting.append((source, None))  # on the list before it can be lost
                waiting[-1] = (source, submit(pool, _read_in_worker, source))
            if not waiting:
                return
            future = waiting[0][1]
            assert future is not None
            readings = future.result()
            waiting.popleft()
            yield from readings
    except BrokenProcessPool:
        logger.warning("a worker process died; what it was reading is read one by one")
        yield from _read_carefully(chain((source for source, _ in waiting), sources), options)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _read_carefully(sources: Iterable[Source], options: ReadOptions) -> Iterator[Page | Failure]:
    """Each photo in a process that the next can do without."""
    pool = new_pool(1, _start_worker, options)
    try:
        for source in sources:
            try:
                yield from submit(pool, _read_in_worker, source).result()
            except BrokenProcessPool:
                yield Failure(str(source), "Crash", f"{source}: the process that read it died")
                pool.shutdown(wait=True)
                pool = new_pool(1, _start_worker, options)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


class _Worker:
    """What a worker process holds."""

    reader: Reader
    options: ReadOptions


def _start_worker(options: ReadOptions) -> None:
    _Worker.options = options
    _Worker.reader = _reader(options, threads=1)


def _read_in_worker(source: Source) -> list[Page | Failure]:
    return list(_read(_Worker.reader, source, _Worker.options))
