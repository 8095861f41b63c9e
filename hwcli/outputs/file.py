"""Records of all photos in one file, which can be gone on with."""

import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from hwcli.atomic import writing
from hwcli.errors import InputError, UsageError
from hwcli.formats import Format
from hwcli.outputs.journal import Done, Journal, read_journal
from hwcli.outputs.output import Result, records

_CHUNK = 1 << 20


class FileOutput:
    """One document at a path, and beside it the journal of what is in it.

    Records are appended. Those of photos that failed, or have changed since, are taken out when the
    file is opened and closed; what replaces them stands at the end.
    """

    def __init__(
        self, path: Path, format_: Format, run: dict[str, Any], *, resume: bool, force: bool
    ) -> None:
        """Begin a document at `path`, or go on with it.

        Args:
            path: of the document; the journal is `PATH.journal`.
            format_: its form.
            run: model and options.
            resume: go on with what an earlier run has left there, if it was of the same `run`.
            force: replace what is there.

        Raises:
            UsageError: something is there, and neither holds; or it cannot be written.
            InputError: the journal cannot be read.
        """
        if path.exists() and not (resume or force):
            raise UsageError(
                f"{path}: is there already", hint="--resume goes on with it, --force replaces it"
            )
        self._path, self._format, self._run = path, format_, run
        self._journal_path = path.with_name(path.name + ".journal")
        with writing(path, UsageError):
            path.parent.mkdir(parents=True, exist_ok=True)
            known = self._known() if resume else []
            self._done = {done.file: done for done in known}
            self._pages = max((done.last for done in known), default=0)
            self._rewrite(known)
            self._format.go_on(self._pages)
            self._file: IO[bytes] = path.open("r+b")
            self._file.seek(0, 2)
        self._part: Done | None = None

    def done(self, file: str) -> str | None:
        """The sha256 with which `file` was read, None if it was not."""
        done = self._done.get(file)
        return done.sha256 if done else None

    def write(self, result: Result) -> None:
        """Append the records of `result` and note it; nothing is done for one without any."""
        if not result.readings:
            return
        self._pages += len(result.readings)
        data = records(self._format, result.readings).encode("utf-8", "surrogateescape")
        with writing(self._path, InputError):
            start = self._file.tell()
            self._file.write(data)
            self._file.flush()
            part = self._part or Done(result.file, result.sha256, start=start, end=start)
            done = replace(
                part, failed=part.failed or result.failed, end=start + len(data),
                crc32=zlib.crc32(data, part.crc32), last=self._pages,
            )  # fmt: skip
            self._part = done if result.more else None
            if result.more:
                return
            self._journal.add(done)
        self._superseded |= result.file in self._done
        self._done[result.file] = done

    def close(self) -> None:
        """Take out what was read anew, and end the document."""
        with writing(self._path, InputError):
            self._file.close()
            self._journal.close()
            if self._superseded:
                self._rewrite(sorted(self._done.values(), key=lambda done: done.start))
                self._journal.close()
            with self._path.open("ab") as file:
                file.write(self._format.footer().encode())

    def _known(self) -> list[Done]:
        """What is done and whole, in the order in which it stands in the file."""
        if not self._path.is_file():
            return []
        new = self._new_journal()
        if new.exists() and len(found := self._whole(new)):
            return found  # killed between the two renames of `_rewrite`
        return self._whole(self._journal_path)

    def _whole(self, journal: Path) -> list[Done]:
        """Of what `journal` tells that which really is in the file, less what failed."""
        known: dict[str, Done] = {}
        with self._path.open("rb") as file:
            size = file.seek(0, 2)
            for done in read_journal(journal, self._run):
                if not 0 <= done.start <= done.end <= size or done.last < 0:
                    break
                file.seek(done.start)
                if zlib.crc32(file.read(done.end - done.start)) != done.crc32:
                    break
                known.pop(done.file, None)  # what comes later replaces it
                if not done.failed:
                    known[done.file] = done
        return list(known.values())

    def _rewrite(self, kept: Sequence[Done]) -> None:
        """Make the file its header and the records of `kept`, and the journal what tells of them.

        Both are written whole beside the old ones and then take their places, the file first: a
        kill between the two leaves the new journal under its own name, which fits the new file.
        """
        partial = self._path.with_name(self._path.name + ".partial")
        moved: list[Done] = []
        with partial.open("wb") as new:
            new.write(self._format.header().encode())
            if kept:
                with self._path.open("rb") as old:
                    for done in kept:
                        start = new.tell()
                        old.seek(done.start)
                        _copy(old, new, done.end - done.start)
                        moved.append(replace(done, start=start, end=new.tell()))
        Journal(self._new_journal(), self._run, moved).close()
        partial.replace(self._path)
        self._new_journal().replace(self._journal_path)
        self._done = {done.file: done for done in moved}
        self._superseded = False
        self._journal = Journal(self._journal_path, self._run, moved)

    def _new_journal(self) -> Path:
        return self._path.with_name(self._path.name + ".journal.new")


def _copy(old: IO[bytes], new: IO[bytes], length: int) -> None:
    while length > 0 and (data := old.read(min(length, _CHUNK))):
        new.write(data)
        length -= len(data)
