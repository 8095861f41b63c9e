"""Records in parts of a folder, JSON Lines or Parquet, each whole, which can be gone on with."""

import json
import logging
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Protocol

from hwcli.engines.ray.place import Place
from hwcli.engines.ray.rendered import RenderedJsonl
from hwcli.errors import UsageError
from hwcli.outputs.journal import Done, Journal, is_of_another_run, read_journal
from hwcli.outputs.output import Result, records

logger = logging.getLogger(__name__)

PART_BYTES = 64 << 20
"""Of records, as JSON, in a part: it is held in memory, and what a kill makes to be read again."""
_PART = re.compile(r"part-(\d{5,})\.(jsonl|parquet|journal)")


class PartFormat(Protocol):
    """Turns lines of JSON into a part and takes records out of one."""

    suffix: ClassVar[str]

    def made(self, lines: list[bytes]) -> bytes:
        """A part with the records in `lines`."""
        ...

    def without(self, part: bytes, files: set[str]) -> bytes | None:
        """`part` less the records of `files`; None if there are no others."""
        ...


class JsonlParts:
    """As `--format jsonl` has it."""

    suffix: ClassVar[str] = ".jsonl"

    def made(self, lines: list[bytes]) -> bytes:
        """One after the other."""
        return b"".join(lines)

    def without(self, part: bytes, files: set[str]) -> bytes | None:
        """Those lines that are about other files."""
        lines = part.splitlines(keepends=True)
        return b"".join(line for line in lines if json.loads(line)["file"] not in files) or None


class PartsOutput:
    """`FOLDER/part-00000.jsonl` and so on, and beside each a journal of the photos in it.

    The journal of a part is written before the part, so that a part that is there is whole and
    known. What is not yet in a part when we are killed was never seen, and is read again.
    """

    def __init__(
        self,
        where: str,
        format_: PartFormat,
        run: dict[str, Any],
        *,
        resume: bool,
        force: bool,
        part_bytes: int = PART_BYTES,
    ) -> None:
        """Begin in the folder `where`, or go on there.

        Args:
            where: a path, or an address that fsspec knows.
            format_: of the parts.
            run: model and options.
            resume: go on with what an earlier run has left there; parts of one of another `run`
                are kept as `PART.old`.
            force: replace what is there.
            part_bytes: a part is ended when its records have as many.

        Raises:
            UsageError: parts are there, and neither holds; or the folder cannot be written.
        """
        self._place, self._format, self._run = Place(where), format_, run
        self._jsonl, self._most = RenderedJsonl(1), part_bytes
        self._lines: list[bytes] = []
        self._bytes = 0
        self._inside: dict[str, Done] = {}
        self._done: dict[str, tuple[str, int]] = {}
        self._superseded: dict[int, set[str]] = defaultdict(set)
        names = {match[0]: match for match in map(_PART.fullmatch, self._place.names()) if match}
        if names and not (resume or force):
            raise UsageError(
                f"{where}: holds the records of an earlier run",
                hint="--resume goes on there, --force reads everything anew",
            )
        self._next = 0
        if resume:
            self._recall(names)
        kept = {self._part(number) for _, number in self._done.values()}
        kept |= {self._journal(number) for _, number in self._done.values()}
        self._clear(names, kept, set_aside=resume)

    def done(self, file: str) -> str | None:
        """The sha256 with which an earlier run has read `file`, None if it has not."""
        known = self._done.get(file)
        return known[0] if known else None

    def write(self, result: Result) -> None:
        """Take the records of `result`; they are seen when the part is full."""
        if not result.readings or result.file in self._inside:  # a list may name a photo twice
            return
        line = records(self._jsonl, result.readings).encode("utf-8", "surrogateescape")
        self._lines += line.splitlines(keepends=True)
        self._bytes += len(line)
        self._inside[result.file] = Done(result.file, result.sha256, result.failed)
        if self._bytes >= self._most:
            self._end_part()

    def close(self) -> None:
        """End the last part, and take what was read anew out of the others."""
        self._end_part()
        for number in sorted(self._superseded):
            self._remove(number, self._superseded[number])
        self._superseded.clear()

    def _end_part(self) -> None:
        if not self._lines:
            return
        self._write_journal(self._next, self._inside.values())
        self._place.write(self._part(self._next), self._format.made(self._lines))
        for file, done in self._inside.items():
            if file in self._done:
                self._superseded[self._done[file][1]].add(file)
            self._done[file] = done.sha256, self._next
        self._lines, self._bytes, self._inside = [], 0, {}
        self._next += 1

    def _clear(self, names: dict[str, "re.Match[str]"], kept: set[str], *, set_aside: bool) -> None:
        """Take away what is not `kept`; what another run has read is `set_aside` as `PART.old`."""
        aside = set()
        for name in sorted(names.keys() - kept):
            journal = self._journal(int(names[name][1]))
            if set_aside and names[name][2] != "journal" and journal in names:
                with self._copied(journal) as path:
                    if is_of_another_run(path, self._run):
                        self._place.write(f"{name}.old", self._place.read(name))
                        aside.add(name)
        if aside:
            logger.warning(
                "%s: was read with another model or options; all is read anew, and what there was "
                "is kept as part-….old", self._place.where,
            )  # fmt: skip
        for name in sorted(names.keys() - kept):
            self._place.delete(name)

    @contextmanager
    def _copied(self, name: str) -> Iterator[Path]:
        """A copy of a file, on this machine."""
        with TemporaryDirectory() as folder:
            path = Path(folder, "journal")
            path.write_bytes(self._place.read(name))
            yield path

    def _recall(self, names: dict[str, "re.Match[str]"]) -> None:
        """Take up what whole parts of the same run hold, less what failed."""
        gone: dict[int, set[str]] = defaultdict(set)
        for number in sorted(int(match[1]) for match in names.values() if match[2] == "journal"):
            if self._part(number) not in names:
                continue
            for done in self._read_journal(number):
                self._next = number + 1
                if done.file in self._done:  # a kill came before the older one was taken out
                    gone[self._done[done.file][1]].add(done.file)
                self._done[done.file] = done.sha256, number
                if done.failed:
                    gone[number].add(done.file)
        for number, files in gone.items():
            self._remove(number, files)
        for number, files in gone.items():
            for file in files:
                if self._done.get(file, ("", -1))[1] == number:
                    del self._done[file]

    def _remove(self, number: int, files: set[str]) -> None:
        """Take the records of `files` out of a part: first there, so that its journal is true."""
        left = self._format.without(self._place.read(self._part(number)), files)
        kept = [done for done in self._read_journal(number) if done.file not in files]
        if left is None:
            self._place.delete(self._part(number))
            self._place.delete(self._journal(number))
            return
        self._place.write(self._part(number), left)
        self._write_journal(number, kept)

    def _read_journal(self, number: int) -> list[Done]:
        with self._copied(self._journal(number)) as path:
            return list(read_journal(path, self._run))

    def _write_journal(self, number: int, known: Iterable[Done]) -> None:
        with TemporaryDirectory() as folder:
            path = Path(folder, "journal")
            Journal(path, self._run, known).close()
            self._place.write(self._journal(number), path.read_bytes())

    def _part(self, number: int) -> str:
        return f"part-{number:05}{self._format.suffix}"

    def _journal(self, number: int) -> str:
        return f"part-{number:05}.journal"
