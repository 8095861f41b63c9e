"""Files that stand under their name only when whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hwcli.errors import HwcliError


def write_bytes(path: Path, data: bytes) -> None:
    """Put `data` at `path`: a `.partial` beside it grows and is then renamed.

    Whoever reads meanwhile, and whoever comes after a kill, finds the old file or the new one.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Put `text` at `path` as UTF-8, as `write_bytes` does."""
    write_bytes(path, text.encode())


@contextmanager
def writing(folder: Path, error: type[HwcliError]) -> Iterator[None]:
    """Turns a full disk, a missing right and the like into `error`, naming `folder`.

    Raises:
        HwcliError: of the given class.
    """
    try:
        yield
    except OSError as fault:
        raise error(f"{folder}: cannot be written ({fault.strerror or fault})") from fault
