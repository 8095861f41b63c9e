"""A connection to Ray that says nothing by itself and leaves nothing behind."""

import logging
import os
import signal
import socket
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from typing import Any

from hwcli.errors import DependencyError, UsageError
from hwcli.muting import muted
from hwcli.processes import cores

_QUIET = {
    "RAY_BACKEND_LOG_LEVEL": "fatal",  # of its native part, which writes to standard error
    "RAY_DEDUP_LOGS": "0",
    "RAY_USAGE_STATS_ENABLED": "0",  # nobody is told of what is read here
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # else it warns that this will be so
    "RAY_TQDM": "0",
    "RAY_ENABLE_AUTO_CONNECT": "0",  # a thread of Ray Data would start it anew after the end
}
_STORE_BYTES = 256 << 20
"""Shared memory of a Ray of our own: what is on its way is a few batches of records."""
_PATIENCE_S = 10
"""How long a cluster may take to answer at all."""
_LONGEST = 32
"""Of the path of the temporary folder: Ray puts sockets below it, whose paths are limited to 107
bytes (unix(7))."""


@contextmanager
def connected(address: str | None = None, jobs: int = 0) -> Iterator[int]:
    """How many worker processes there are room for on a cluster, connected to meanwhile.

    Where this process has a connection already, that is used, and left.

    Args:
        address: of the cluster, HOST:PORT, or `auto` for the one that this machine is part of;
            None for a Ray of our own on this machine, which is ended with the context.
        jobs: at most so many workers; 0 for one a core.

    Raises:
        DependencyError: Ray is not installed, or there is no cluster at `address`.
        UsageError: `address` is none.
    """
    ray = look_for(address)
    if ray.is_initialized():
        yield _room(ray, jobs)
        return
    with ExitStack() as stack:
        folder = stack.enter_context(_temporary_folder())
        # A thread of Ray's prints news of dead workers, whatever it was told to log.
        stack.enter_context(redirect_stdout(stack.enter_context(open(os.devnull, "w"))))  # noqa: PTH123
        stack.callback(_leave, ray)
        try:
            with quiet_warnings(), _patient(), muted():  # it tells in which mood its log is
                if address is None:
                    _start(ray, jobs or cores(), folder)
                else:
                    ray.init(address, log_to_driver=False, logging_level=logging.CRITICAL)
        except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
            raise _nobody(address, error) from error
        yield _room(ray, jobs)


def look_for(address: str | None) -> Any:
    """The module `ray`, if there is something at `address`, which is asked at once.

    Raises:
        DependencyError: Ray is not installed, or nobody answers; Ray would try for many minutes.
        UsageError: `address` is none.
    """
    ray = import_ray()
    if address in (None, "auto"):
        return ray
    host, _, port = str(address).rpartition(":")
    if not host or not port.isdecimal() or "/" in host:
        raise UsageError(
            f"--address {address}: not HOST:PORT or auto",
            hint="on another machine than the cluster's, `ray job submit` runs hwcli there",
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), _PATIENCE_S).close()
    except (OSError, OverflowError) as error:
        raise _nobody(address, error) from error
    return ray


def import_ray() -> Any:
    """The module `ray`, with `ray.data`, told to be quiet.

    Raises:
        DependencyError: it is not installed.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        with quiet_warnings():
            import ray  # noqa: PLC0415 (an extra, and half a second)
            import ray.data  # noqa: PLC0415
    except ImportError as error:
        raise DependencyError(
            f"--engine ray: {first_line(error)}", hint="pip install 'hwcli[ray]'"
        ) from error
    with quiet_warnings():
        context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    logging.getLogger("ray").setLevel(logging.CRITICAL)
    logging.getLogger("ray.data").setLevel(logging.CRITICAL + 1)
    return ray


@contextmanager
def quiet_warnings() -> Iterator[None]:
    """Warnings that Ray gives about itself are not for the user."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def first_line(error: BaseException) -> str:
    """What `error` says, less the traceback of another machine that Ray puts below it."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:200] if lines else type(error).__name__


def _start(ray: Any, workers: int, folder: str) -> None:
    ray.init(
        "local",
        num_cpus=workers,
        num_gpus=0,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.CRITICAL,
        object_store_memory=_STORE_BYTES,
        _temp_dir=folder,
    )


@contextmanager
def _patient() -> Iterator[None]:
    """Ctrl-C waits until the context ends.

    By its handler: a mask is one thread's, and the system gives the signal to any that has none.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if pressed:
            raise KeyboardInterrupt


def _leave(ray: Any) -> None:
    with _patient():  # half-way, its native part crashes, and its processes stay
        ray.shutdown()


def _nobody(address: str | None, error: BaseException) -> DependencyError:
    if address is None:
        return DependencyError(f"Ray cannot be started here: {first_line(error)}")
    return DependencyError(
        f"--address {address}: {first_line(error)}",
        hint="`ray start --head` starts a cluster and says its address",
    )


def _room(ray: Any, jobs: int) -> int:
    there = int(ray.cluster_resources().get("CPU", 1)) or 1
    return min(jobs, there) if jobs else there


def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """Of Ray's logs and sockets, gone when all is done."""
    usual = tempfile.gettempdir()
    return tempfile.TemporaryDirectory(
        prefix="hwcli-ray-",
        dir=usual if len(usual) <= _LONGEST else "/tmp",
        ignore_cleanup_errors=True,
    )
