"""Worker processes that start quietly and never outlive the process that started them."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any, TypeVar, cast

from hwcli.errors import HwcliError

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext

T = TypeVar("T")
_DECODING = ["hwcli.ingest.decode", "hwcli.readers.images", "numpy.ma"]  # np.unique imports it
"""What decoding processes are copies of has imported."""


def cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def get_ready(jobs: int, modules: Sequence[str] = _DECODING) -> None:
    """Begin to start what the processes of later pools are copies of, if there are to be any.

    So that they start at once, and need not import what takes long each for itself; the sooner
    this is called, the more of it is done beside other work. Nothing happens where the system has
    no such thing (Windows), or where it has begun already.

    Args:
        jobs: how many processes; 0 for one a core.
        modules: what they are to have imported.
    """
    if (jobs or cores()) > 1 and _forks():
        from multiprocessing import forkserver  # noqa: PLC0415  # not on every system

        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(list(modules))
        with _uninterrupted():
            forkserver.ensure_running()


def new_pool(processes: int, start: Callable[..., None], *args: Any) -> ProcessPoolExecutor:
    """A pool of processes, each of which calls `start(*args)` first.

    Not forked from this one: that would copy locks that its threads may hold.
    """
    return ProcessPoolExecutor(processes, _context(), _start, (start, args))


def apart(work: Callable[..., T], *args: Any) -> T:
    """`work(*args)`, done by a process of its own, which is killed if this one is interrupted.

    Its memory is not on top of ours, and goes back to the system as a whole.

    Raises:
        EOFError: it was killed, as the system does when memory runs out.
    """
    context = _context()
    ours, its = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(its, work, args), daemon=True)
    with _uninterrupted():
        process.start()
    its.close()
    try:
        result = ours.recv()
    finally:
        process.kill()
        process.join()
        ours.close()
    if isinstance(result, Exception):
        raise result
    return cast("T", result)


def _tell(to: Connection, work: Callable[..., object], args: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        to.send(work(*args))
    except HwcliError as error:
        to.send(error)


def _context() -> "ForkServerContext | SpawnContext":
    if _forks():
        return multiprocessing.get_context("forkserver")
    return multiprocessing.get_context("spawn")


def _forks() -> bool:
    return "forkserver" in multiprocessing.get_all_start_methods()


def submit(pool: ProcessPoolExecutor, work: Callable[..., T], *args: Any) -> "Future[T]":
    """`pool.submit`, with the processes that it may start deaf to Ctrl-C.

    That is for the process that started them, and would make them print a traceback each.

    Raises:
        BrokenProcessPool: a process of the pool was killed.
    """
    with _uninterrupted():
        return pool.submit(work, *args)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C waits until the context ends; processes started in it never see one."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start(start: Callable[..., None], args: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    start(*args)


def _end_with(parent: BaseProcess) -> None:
    """End this process when `parent` is gone, even if it was killed and could not say so."""
    parent.join()
    os._exit(1)
