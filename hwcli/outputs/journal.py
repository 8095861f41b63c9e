"""The journal beside an output: which photos are done, by content, and where their records are.

JSON Lines: first what the run was (model and options), then a line for each photo whose records are
written. A line is written after the records it tells of, so that what it tells is so; a kill in the
middle of a line loses that line alone, and its photo is read again.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import IO, Any

from hwcli.atomic import growing
from hwcli.errors import InputError

SCHEMA = "hwcli.ocr-journal/1"


@dataclass(frozen=True, slots=True)
class Done:
    """A photo whose records are written."""

    file: str
    sha256: str
    failed: bool = False
    """Some of its pages could not be read: it is tried again."""
    start: int = 0
    """Where its records begin in the output file, bytes."""
    end: int = 0
    crc32: int = 0
    """Of its records."""
    last: int = 0
    """Number of the last of its pages, of all that were ever written to the file."""


_KINDS: dict[str, type] = {"file": str, "sha256": str, "failed": bool} | {
    field.name: int for field in fields(Done)[3:]
}
"""What a line holds: nothing else is believed."""


class Journal:
    """Appends to a journal."""

    def __init__(self, path: Path, run: dict[str, Any], known: Iterable[Done] | None = ()) -> None:
        """Write a journal at `path`, whole or not at all, and keep it open.

        Args:
            path: of the journal.
            run: model and options: with others, everything is read anew.
            known: what it tells to begin with; None to go on with the journal that is there.
        """
        if known is not None:
            with growing(path) as partial, partial.open("wb") as file:
                file.write(_text({"run": run, "schema": SCHEMA}))
                file.writelines(map(_line, known))
        self._file: IO[bytes] = path.open("ab", buffering=0)

    def add(self, done: Done) -> None:
        """Note that a photo is done; its records must have been given to the system before."""
        self._file.write(_line(done))

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def read_journal(path: Path, run: dict[str, Any]) -> Iterator[Done]:
    """What the journal at `path` tells, if it is of the same `run`; nothing where there is none.

    Raises:
        InputError: it cannot be read.
    """
    try:
        if not path.is_file():
            return
        with path.open("rb") as file:
            if not _same(file.readline(), run):
                return
            for line in file:
                done = _done(line) if line.endswith(b"\n") else None
                if done is None:  # what comes after it cannot be trusted either
                    return
                yield done
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error


def _same(line: bytes, run: dict[str, Any]) -> bool:
    return _plain(line) == {"run": run, "schema": SCHEMA}


def _done(line: bytes) -> Done | None:
    data = _plain(line)
    if not isinstance(data, dict) or not data.keys() >= {"file", "sha256"}:
        return None
    if any(type(value) is not _KINDS.get(key) for key, value in data.items()):
        return None
    return Done(**data)


def _plain(line: bytes) -> object:
    try:
        # Not by `parse_json`: names that are not UTF-8 are halves of surrogate pairs here.
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _line(done: Done) -> bytes:
    return _text({name: getattr(done, name) for name in _KINDS})


def _text(data: dict[str, Any]) -> bytes:
    text = json.dumps(data, separators=(",", ":"))  # in ASCII, so any name survives
    return text.encode() + b"\n"
