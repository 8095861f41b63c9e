"""Photos over the cores of this machine, results in the order of the photos and their pages."""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool

from hwcli.engines.photo import ReadOptions, new_reader, read_photo
from hwcli.outputs.output import Result
from hwcli.page.photo import Source
from hwcli.page.reader import Reader
from hwcli.page.reading import Failure
from hwcli.processes import cores, new_pool, submit

logger = logging.getLogger(__name__)

_AHEAD = 4
"""Photos in flight for each process."""


Known = Callable[[str], str | None]
"""From a file to the sha256 with which it was read before; None if it was not."""


def nothing_known(file: str) -> str | None:
    """None: nothing was read before."""
    return None


def read_photos(
    sources: Iterable[Source],
    options: ReadOptions,
    jobs: int,
    *,
    known: Known = nothing_known,
    by_page: bool = False,
) -> Iterator[Result]:
    """What is on each of `sources`, in order, each as soon as it is known.

    Args:
        sources: photos, and files of several pages.
        options: how they are read.
        jobs: processes; with 1 it is done by this one.
        known: a photo whose content is still what it was is not read again, and its result has no
            readings.
        by_page: where one process does it, give a result for each page, so that the first of a
            long file need not wait for the last.

    Raises:
        ModelError: the model cannot be used; nothing has been read then.
    """
    reader = new_reader(options, threads=1 if jobs > 1 else 0)
    if jobs <= 1:
        for source in sources:
            sha256, readings = read_photo(reader, source, options, known(str(source)))
            if not by_page:
                yield Result(str(source), sha256, tuple(readings))
                continue
            for reading in readings:
                yield Result(str(source), sha256, (reading,))
        return
    yield from _read_in_processes(iter(sources), options, jobs, known)


def default_jobs(photos: int) -> int:
    """One process a core where there is work enough to make up for starting them."""
    return min(cores(), photos // 4) or 1


def _read_in_processes(
    sources: Iterator[Source], options: ReadOptions, jobs: int, known: Known
) -> Iterator[Result]:
    """By a pool of processes; when one dies, by a new one, once it is known what killed it."""
    waiting: deque[tuple[Source, Future[Result] | None]] = deque()
    while True:
        try:
            yield from _read_in_pool(sources, waiting, options, jobs, known)
            return
        except BrokenProcessPool:
            logger.warning("a worker process died; what it was reading is read one by one")
        lost = [source for source, _ in waiting]
        waiting.clear()
        yield from _read_carefully(lost, options, known)


def _read_in_pool(
    sources: Iterator[Source],
    waiting: deque[tuple[Source, Future[Result] | None]],
    options: ReadOptions,
    jobs: int,
    known: Known,
) -> Iterator[Result]:
    pool = new_pool(jobs, _start_worker, options)
    try:
        while True:
            while len(waiting) < jobs * _AHEAD and (source := next(sources, None)) is not None:
                waiting.append((source, None))  # on the list before it can be lost
                future = submit(pool, _read_in_worker, source, known(str(source)))
                waiting[-1] = (source, future)
            if not waiting:
                return
            first = waiting[0][1]
            assert first is not None
            result = first.result()
            waiting.popleft()
            yield result
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _read_carefully(
    sources: Iterable[Source], options: ReadOptions, known: Known
) -> Iterator[Result]:
    """Each photo in a process that the next can do without."""
    pool = new_pool(1, _start_worker, options)
    try:
        for source in sources:
            name = str(source)
            try:
                yield submit(pool, _read_in_worker, source, known(name)).result()
            except BrokenProcessPool:
                failure = Failure(name, "Crash", f"{name}: the process that read it died")
                yield Result(name, "", (failure,))
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
    _Worker.reader = new_reader(options, threads=1)


def _read_in_worker(source: Source, known: str | None) -> Result:
    sha256, readings = read_photo(_Worker.reader, source, _Worker.options, known)
    return Result(str(source), sha256, tuple(readings))
