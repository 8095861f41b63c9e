"""Work done by a process of its own."""

import os
import signal
import time

import pytest

from hwcli.errors import DatasetError
from hwcli.processes import apart


def failing(text: str) -> None:
    raise DatasetError(text)


def dying() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_what_is_done_apart_comes_back() -> None:
    assert apart(divmod, 7, 3) == (2, 1)
    assert apart(os.getpid) != os.getpid()


def test_faults_come_back_too() -> None:
    with pytest.raises(DatasetError, match="here"):
        apart(failing, "here")


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals of POSIX")
def test_a_killed_process_is_told() -> None:
    with pytest.raises(EOFError):
        apart(dying)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="signals of POSIX")
def test_an_interruption_ends_it_at_once() -> None:
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 2)
    start = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            apart(time.sleep, 60)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert time.monotonic() - start < 30
