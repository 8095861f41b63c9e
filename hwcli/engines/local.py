"""Photos over the cores of this machine, results in the order of the photos."""

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
from hwcli.page.photo import MAX_MEGAPIXELS
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


def read_photos(paths: Iterable[Path], options: ReadOptions, jobs: int) -> Iterator[Page | Failure]:
    """A `Page` or `Failure` for each of `paths`, in order, each as soon as it is known.

    Raises:
        ModelError: the model cannot be used; nothing has been read then.
    """
    reader = _reader(options, threads=1 if jobs > 1 else 0)
    if jobs <= 1:
        for path in paths:
            yield _read(reader, path, options)
        return
    yield from _read_in_processes(iter(paths), options, jobs)


def _reader(options: ReadOptions, threads: int) -> Reader:
    return Reader(options.model, topk=options.topk, context=options.context, threads=threads)


def default_jobs(photos: int) -> int:
    """One process a core where there is work enough to make up for starting them."""
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    return min(cores, photos // 4) or 1


def _read(reader: Reader, path: Path, options: ReadOptions) -> Page | Failure:
    try:
        return reader.read_file(path, max_megapixels=options.max_megapixels)
    except HwcliError as error:
        return Failure(str(path), type(error).__name__, error.message)
    except MemoryError:
        return Failure(str(path), "MemoryError", f"{path}: not enough memory to read it")


def _read_in_processes(
    paths: Iterator[Path], options: ReadOptions, jobs: int
) -> Iterator[Page | Failure]:
    waiting: deque[tuple[Path, Future[Page | Failure] | None]] = deque()
    pool = new_pool(jobs, _start_worker, options)
    try:
        while True:
            while len(waiting) < jobs * _AHEAD and (path := next(paths, None)) is not None:
                waiting.append((path, None))  # on the list before it can be lost
                waiting[-1] = (path, submit(pool, _read_in_worker, path))
            if not waiting:
                return
            future = waiting[0][1]
            assert future is not None
            reading = future.result()
            waiting.popleft()
            yield reading
    except BrokenProcessPool:
        logger.warning("a worker process died; what it was reading is read one by one")
        yield from _read_carefully(chain((path for path, _ in waiting), paths), options)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _read_carefully(paths: Iterable[Path], options: ReadOptions) -> Iterator[Page | Failure]:
    """Each photo in a process that the next can do without."""
    pool = new_pool(1, _start_worker, options)
    try:
        for path in paths:
            try:
                yield submit(pool, _read_in_worker, path).result()
            except BrokenProcessPool:
                yield Failure(str(path), "Crash", f"{path}: the process that read it died")
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


def _read_in_worker(path: Path) -> Page | Failure:
    return _read(_Worker.reader, path, _Worker.options)
