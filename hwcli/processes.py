"""Worker processes that start quietly and never outlive the process that started them."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

T = TypeVar("T")


def new_pool(processes: int, start: Callable[..., None], *args: Any) -> ProcessPoolExecutor:
    """A pool of spawned processes, each of which calls `start(*args)` first.

    Not forked: that would copy locks that threads of this process may hold.
    """
    return ProcessPoolExecutor(
        processes, multiprocessing.get_context("spawn"), _start, (start, args)
    )


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
