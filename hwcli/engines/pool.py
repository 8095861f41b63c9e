"""Photos over the cores of this machine: in order, few at a time, whatever becomes of a process."""

import gc
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from itertools import islice
from queue import Empty, Queue

from hwcli.engines.photo import ReadOptions, new_reader, read_pages
from hwcli.outputs.output import Result
from hwcli.page.photo import Source
from hwcli.page.reader import Reader
from hwcli.page.reading import Failure, Page
from hwcli.processes import new_pool, submit

logger = logging.getLogger(__name__)

_AHEAD = 4
"""Photos in flight for each process."""
_PAGES = 8
"""Pages of a file that a process reads in one go; the next ones are for whoever is free."""


@dataclass(slots=True, eq=False)
class _Task:
    """Some pages of a file."""

    source: Source
    known: str | None
    """The sha256 that its content had when it was read before; from the second page on, now."""
    start: int = 1
    """The first of the pages, from 1."""
    count: int = 1
    """Pages of the file, as far as is known."""
    future: "Future[Part] | None" = None


@dataclass(frozen=True, slots=True)
class Part:
    """What a process gives back."""

    result: Result
    count: int
    """Pages of the file."""


def read_in_processes(
    sources: Iterator[Source], options: ReadOptions, jobs: int, known: Callable[[str], str | None]
) -> Iterator[Result]:
    """What is on each of `sources`, in order, as `read_photos` gives it.

    By a pool of processes; when one dies, by a new one, once it is known what killed it.
    """
    arrivals = _Arrivals(sources, jobs * _AHEAD)
    waiting: deque[_Task] = deque()
    try:
        while True:
            try:
                yield from _read_in_pool(arrivals, waiting, options, jobs, known)
                return
            except BrokenProcessPool:
                logger.warning("a worker process died; what it was reading is read one by one")
            yield from _read_carefully(waiting, options)
    finally:
        arrivals.stop()


class _Arrivals:
    """Sources taken from an iterator that may be slow, a few ahead, by a thread of their own."""

    def __init__(self, sources: Iterator[Source], ahead: int) -> None:
        self.news = threading.Event()
        """Set when there may be more, or no more to come."""
        self._queue: Queue[Source | BaseException | None] = Queue(ahead)
        self._error: BaseException | None = None
        self._stopped = False
        self.ended = False
        """Whether `next` has given all there is."""
        threading.Thread(target=self._take, args=(sources,), daemon=True).start()

    def next(self) -> Source | None:
        """The next source if there is one yet."""
        try:
            item = None if self.ended else self._queue.get_nowait()
        except Empty:
            return None
        if item is None or isinstance(item, BaseException):
            self.ended = True
            self._error = item or self._error
            return None
        return item

    def end(self) -> None:
        """Raise what the iterator raised, once `next` has given all there is."""
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Take no more."""
        self._stopped = True
        while not self._queue.empty():  # so that the thread, if it waits for room, sees it
            self._queue.get_nowait()

    def _take(self, sources: Iterator[Source]) -> None:
        last: BaseException | None = None
        try:
            for source in sources:
                self._queue.put(source)
                self.news.set()
                if self._stopped:
                    return
        except BaseException as error:  # it is raised where the results are wanted
            last = error
        self._queue.put(last)
        self.news.set()


def _read_in_pool(
    arrivals: _Arrivals,
    waiting: deque[_Task],
    options: ReadOptions,
    jobs: int,
    known: Callable[[str], str | None],
) -> Iterator[Result]:
    pool = new_pool(jobs, _start_worker, options)
    most = jobs * _AHEAD
    try:
        while True:
            arrivals.news.clear()
            while len(waiting) < most and (source := arrivals.next()) is not None:
                waiting.append(_Task(source, known(str(source))))
            for task in islice(waiting, most):
                if task.future is None:
                    _hand(task, pool, arrivals.news)
            if waiting and (first := waiting[0].future) is not None and first.done():
                yield _taken(first.result(), waiting)
            elif waiting or not arrivals.ended:
                arrivals.news.wait()
            else:
                arrivals.end()
                return
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _hand(task: _Task, pool: ProcessPoolExecutor, news: threading.Event) -> None:
    task.future = submit(pool, read_part, task.source, task.known, task.start, _PAGES)
    task.future.add_done_callback(lambda _: news.set())


def _taken(part: Part, waiting: deque[_Task]) -> Result:
    """The result of the first task, which leaves; tasks for more pages of its file come instead."""
    task = waiting.popleft()
    result = part.result
    if task.start == 1:
        starts = range(len(result.readings) + 1, part.count + 1, _PAGES) if result.readings else ()
        waiting.extendleft(
            _Task(task.source, result.sha256, s, part.count) for s in reversed(starts)
        )
    return replace(result, more=bool(waiting) and waiting[0].start > 1)


def _read_carefully(waiting: deque[_Task], options: ReadOptions) -> Iterator[Result]:
    """What the pool was reading, page by page, by a process that the next page can do without.

    Only as far as it stands first: what comes later is for a new pool.
    """
    careful = _Careful(options)
    try:
        while waiting and (future := waiting[0].future) is not None:
            part = future.result() if _is_whole(future) else careful.read(waiting[0])
            yield _taken(part, waiting)
    finally:
        careful.close()
        for task in waiting:
            if task.future is not None and not _is_whole(task.future):
                task.future = None


def _is_whole(future: "Future[Part]") -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


class _Careful:
    """A pool of one process, and another when that has died."""

    def __init__(self, options: ReadOptions) -> None:
        self._options = options
        self._pool = new_pool(1, _start_worker, options)

    def read(self, task: _Task) -> Part:
        """The pages of `task`; one that kills its process is a failure."""
        name, sha256, count = str(task.source), "", task.count
        readings: list[Page | Failure] = []
        number = task.start
        while number < task.start + _PAGES and (number <= count or not readings):
            try:
                part = submit(self._pool, read_part, task.source, task.known, number, 1).result()
            except BrokenProcessPool:
                self.close()
                self._pool = new_pool(1, _start_worker, self._options)
                page = number if count > 1 else None
                title = name if page is None else f"{name}: page {page}"
                message = f"{title}: the process that read it died"
                readings.append(Failure(name, "Crash", message, page))
            else:
                if not part.result.readings:  # as it was when it was read before
                    return part
                sha256, count = part.result.sha256, part.count
                readings += part.result.readings
            number += 1
        return Part(Result(name, sha256, tuple(readings)), count)

    def close(self) -> None:
        """End the process."""
        self._pool.shutdown(wait=True, cancel_futures=True)


class _Worker:
    """What a worker process holds."""

    reader: Reader
    options: ReadOptions


def _start_worker(options: ReadOptions) -> None:
    _Worker.options = options
    _Worker.reader = new_reader(options, threads=1)
    gc.freeze()  # it stays, and need not be looked through ever again


def read_part(source: Source, known: str | None, start: int, most: int) -> Part:
    """`most` pages of `source` from number `start` on, by a worker process."""
    name = str(source)
    before = known if start == 1 else None
    sha256, pages = read_pages(_Worker.reader, source, _Worker.options, before, start=start)
    if start > 1 and sha256 != known:
        message = f"{name}: page {start}: the file has changed since its first page was read"
        return Part(Result(name, sha256, (Failure(name, "InputError", message, start),)), start)
    readings: list[Page | Failure] = []
    count = 1
    for reading, count in islice(pages, most):  # noqa: B007 (the last one is wanted)
        readings.append(reading)
    return Part(Result(name, sha256, tuple(readings)), count)
