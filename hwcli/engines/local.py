"""Photos over the cores of this machine, results in the order of the photos."""

import logging
import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from hwcli.errors import HwcliError
from hwcli.page.photo import MAX_MEGAPIXELS
from hwcli.page.reader import Reader
from hwcli.page.reading import Failure, Page

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
    waiting: deque[tuple[Path, Future[Page | Failure]]] = deque()
    with ProcessPoolExecutor(
        jobs, mp_context=get_context("spawn"), initializer=_start_worker, initargs=(options,)
    ) as pool:
        try:
            for path in islice(paths, jobs * _AHEAD):
                waiting.append((path, pool.submit(_read_in_worker, path)))
            while waiting:
                path, future = waiting.popleft()
                yield future.result()
                for following in islice(paths, 1):
                    waiting.append((following, pool.submit(_read_in_worker, following)))
        except BrokenProcessPool:
            logger.warning("a worker process died; its photos are read one at a time")
            lost = [path, *(p for p, _ in waiting), *paths]
            yield from _read_carefully(lost, options)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _read_carefully(paths: list[Path], options: ReadOptions) -> Iterator[Page | Failure]:
    """Each photo in a process that the next can do without."""
    context = get_context("spawn")
    pool = ProcessPoolExecutor(1, context, _start_worker, (options,))
    try:
        for path in paths:
            try:
                yield pool.submit(_read_in_worker, path).result()
            except BrokenProcessPool:
                yield Failure(str(path), "Crash", f"{path}: the process that read it died")
                pool.shutdown(wait=False)
                pool = ProcessPoolExecutor(1, context, _start_worker, (options,))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


class _Worker:
    """What a worker process holds."""

    reader: Reader
    options: ReadOptions


def _start_worker(options: ReadOptions) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    _Worker.options = options
    _Worker.reader = _reader(options, threads=1)


def _read_in_worker(path: Path) -> Page | Failure:
    return _read(_Worker.reader, path, _Worker.options)
