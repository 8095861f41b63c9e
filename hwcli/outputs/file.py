"""Records of all photos in one file, which can be gone on with."""

import zlib
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
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
            self._sha256: dict[str, str] = {}
            self._pages = 0
            self._rewrite(self._believed() if resume else None, failed=False)
            self._format.go_on(self._pages)
            self._file: IO[bytes] = path.open("r+b")
            self._file.seek(0, 2)
        self._part: Done | None = None

    def done(self, file: str) -> str | None:
        """The sha256 with which `file` was read, None if it was not."""
        return self._sha256.get(file)

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
        self._superseded |= result.file in self._sha256
        self._sha256[result.file] = result.sha256

    def close(self) -> None:
        """Take out what was read anew, and end the document."""
        with writing(self._path, InputError):
            self._file.close()
            self._journal.close()
            if self._superseded:
                self._rewrite(self._journal_path, failed=True)
                self._journal.close()
            with self._path.open("ab") as file:
                file.write(self._format.footer().encode())

    def _believed(self) -> Path | None:
        """The journal that tells of the file as it is; None if there is none."""
        if not self._path.is_file():
            return None
        new = self._new_journal()
        if new.exists() and next(self._told(new), None) is not None:
            return new  # killed between the two renames of `_rewrite`
        return self._journal_path

    def _told(self, journal: Path) -> Iterator[Done]:
        """What `journal` tells, as far as it really is in the file."""
        with self._path.open("rb") as file:
            size = file.seek(0, 2)
            for done in read_journal(journal, self._run):
                if not 0 <= done.start <= done.end <= size or done.last < 0:
                    return
                file.seek(done.start)
                if zlib.crc32(file.read(done.end - done.start)) != done.crc32:
                    return
                yield done

    def _rewrite(self, journal: Path | None, *, failed: bool) -> None:
        """Make the file its header and the records that `journal` tells of, each photo's last.

        Those of photos that `failed` only if they are wanted. The file and a new journal are
        written whole beside the old ones and then take their places, the file first: a kill between
        the two leaves the new journal under its own name, which fits the new file.
        """
        partial = self._path.with_name(self._path.name + ".partial")
        self._sha256, self._pages = {}, 0
        with partial.open("wb") as new:
            new.write(self._format.header().encode())
            moved = self._moved(journal, new, failed=failed) if journal is not None else ()
            Journal(self._new_journal(), self._run, moved).close()
        partial.replace(self._path)
        self._new_journal().replace(self._journal_path)
        self._superseded = False
        self._journal = Journal(self._journal_path, self._run, None)

    def _moved(self, journal: Path, new: IO[bytes], *, failed: bool) -> Iterator[Done]:
        """What `journal` tells of each photo last, its records moved to the file `new`."""
        count, last = 0, {}
        for count, done in enumerate(self._told(journal), 1):
            last[done.file] = count
        with self._path.open("rb") as old:
            for number, done in enumerate(islice(read_journal(journal, self._run), count), 1):
                if last[done.file] != number or (done.failed and not failed):
                    continue
                start = new.tell()
                old.seek(done.start)
                _copy(old, new, done.end - done.start)
                self._sha256[done.file] = done.sha256
                self._pages = max(self._pages, done.last)
                yield replace(done, start=start, end=new.tell())

    def _new_journal(self) -> Path:
        return self._path.with_name(self._path.name + ".journal.new")


def _copy(old: IO[bytes], new: IO[bytes], length: int) -> None:
    while length > 0 and (data := old.read(min(length, _CHUNK))):
        new.write(data)
        length -= len(data)
