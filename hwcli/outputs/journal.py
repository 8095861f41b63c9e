"""The journal beside an output: which photos are done, by content, and where their records are.

JSON Lines: first what the run was (model and options), then a line for each photo whose records are
written. A line is written after the records it tells of, so that what it tells is so; a kill in the
middle of a line loses that line alone, and its photo is read again.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

from hwcli.atomic import write_bytes
from hwcli.errors import InputError

T = TypeVar("T")

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


@dataclass(frozen=True, slots=True)
class Head:
    """The first line."""

    run: dict[str, Any]
    """Model and options: with others, everything is read anew."""
    schema: str = SCHEMA


class Journal:
    """Appends to a journal."""

    def __init__(self, path: Path, run: dict[str, Any], known: Iterable[Done] = ()) -> None:
        """Write a journal at `path` with what is `known`, whole or not at all, and keep it open."""
        lines = [_line(Head(run)), *map(_line, known)]
        write_bytes(path, b"".join(lines))
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
                done = _parsed(line, Done) if line.endswith(b"\n") else None
                if done is None:  # what comes after it cannot be trusted either
                    return
                yield done
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error


def _same(line: bytes, run: dict[str, Any]) -> bool:
    head = _parsed(line, Head)
    return head is not None and head.schema == SCHEMA and head.run == run


def _parsed(line: bytes, kind: type[T]) -> T | None:
    from hwcli.structure import StructureError, structure  # noqa: PLC0415 (15 ms, often not needed)

    try:
        # Not by `parse_json`: names that are not UTF-8 are halves of surrogate pairs here.
        return structure(json.loads(line), kind)
    except (StructureError, ValueError, RecursionError):
        return None


def _line(record: Done | Head) -> bytes:
    from hwcli.structure import unstructure  # noqa: PLC0415

    text = json.dumps(unstructure(record), separators=(",", ":"))  # in ASCII, so any name survives
    return text.encode() + b"\n"
