"""The terminal: standard output for results alone, standard error for all else."""

import errno
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ClassVar, TextIO

from hwcli.errors import InputError, PartialFailure
from hwcli.progress import Progress, silent


class ClosedPipe(Exception):
    """Whoever read our standard output has gone: end quietly."""


class _Console:
    """Verbosity of this process: −1 quiet, 0 normal, 1 and more verbose."""

    verbosity = 0

    around_bar: ClassVar[Callable[[str], None] | None] = None
    """Prints a line where a progress bar is drawn; None where there is none."""


def set_verbosity(level: int) -> None:
    """Set what reaches standard error: −1 errors only, 0 notices, 1 info, 2 debug."""
    _Console.verbosity = level
    names = {-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO}
    logging.basicConfig(format="hwcli: %(message)s", stream=sys.stderr, force=True)
    logging.getLogger().setLevel(logging.WARNING if level < 2 else logging.INFO)
    logging.getLogger("hwcli").setLevel(names.get(level, logging.DEBUG))


def _one_line(text: str) -> str:
    """`text` with escapes for what would begin a new line or steer the terminal.

    Names of files and members in it are whatever somebody made them.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def notice(text: str) -> None:
    """Tell the user something on standard error, unless `--quiet`."""
    text = _one_line(text)
    if _Console.verbosity >= 0:
        if _Console.around_bar:
            _Console.around_bar(f"hwcli: {text}")
        else:
            print(f"hwcli: {text}", file=sys.stderr, flush=True)


def complain(message: str, hint: str | None = None) -> None:
    """Tell the user of a fault on standard error, `--quiet` or not."""
    print(f"hwcli: error: {_one_line(message)}", file=sys.stderr, flush=True)
    if hint:
        print(f"hwcli: hint: {_one_line(hint)}", file=sys.stderr, flush=True)


@contextmanager
def results() -> Iterator[TextIO]:
    """The stream for results: the real standard output, which nothing else can reach meanwhile.

    File descriptor 1 and `sys.stdout` point at standard error until the context ends, so neither
    a `print` in a library nor a native library can spoil the output of a pipeline.

    Raises:
        ClosedPipe: the reader has gone.
        PartialFailure: what it writes to is full.
        InputError: there is none.
    """
    if sys.stdout is None:  # closed before we were started
        raise InputError(
            "there is no standard output to write to",
            hint="send it to /dev/null instead of closing it",
        )
    sys.stdout.flush()
    if not _has_descriptors():  # in-process use (tests, notebooks): no descriptors to guard
        real, sys.stdout = sys.stdout, sys.stderr
        try:
            yield real
        finally:
            sys.stdout = real
        return
    private = os.dup(1)
    os.dup2(2, 1)
    real, sys.stdout = sys.stdout, sys.stderr
    # File names that are not UTF-8 come out as the bytes they are.
    stream = open(  # noqa: SIM115, PTH123 (a descriptor, closed below)
        private, "w", encoding="utf-8", errors="surrogateescape", newline="\n", buffering=1 << 16
    )
    try:
        yield stream
        stream.flush()
    except OSError as error:
        if error.filename is None and error.errno == errno.EPIPE:
            raise ClosedPipe from None
        if error.filename is None and error.errno in (errno.ENOSPC, errno.EIO, errno.EFBIG):
            raise PartialFailure(f"standard output cannot be written ({error.strerror})") from error
        raise
    finally:
        sys.stdout = real
        os.dup2(private, 1)
        _close_quietly(stream)


def _has_descriptors() -> bool:
    try:
        return sys.stdout.fileno() == 1 and sys.stderr.fileno() == 2
    except (OSError, ValueError, AttributeError):
        return False


def _close_quietly(stream: TextIO) -> None:
    try:
        stream.close()
    except OSError:  # the reader has gone; what was in the buffer is lost with it
        return


@contextmanager
def progress(what: str, unit: str = "it", per_step: int = 1) -> Iterator[Progress]:
    """A `progress(done, total, note)` callable that draws a bar on a terminal, else does nothing.

    Args:
        what: stands before the bar.
        unit: of what is counted.
        per_step: units in one of `done`, for the rate: images in a step of training, say.
    """
    if _Console.verbosity < 0 or not sys.stderr.isatty():
        yield silent
        return
    from tqdm import tqdm

    with tqdm(
        desc=what, unit=unit, unit_scale=per_step if per_step > 1 else False,
        file=sys.stderr, leave=False, dynamic_ncols=True,
    ) as bar:  # fmt: skip

        def update(done: int, total: int, note: str = "") -> None:
            bar.total = total or None
            if note:
                bar.set_postfix_str(note, refresh=False)
            if done < bar.n:  # the next piece of work on the same bar
                bar.reset(total or None)
            bar.update(done - bar.n)

        _Console.around_bar = lambda line: bar.write(line, file=sys.stderr)
        try:
            yield update
        finally:
            _Console.around_bar = None
