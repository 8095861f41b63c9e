"""A file for each photo and format in a folder, each whole or not there at all."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from hwcli.atomic import write_bytes, writing
from hwcli.errors import InputError, UsageError
from hwcli.formats import FORMATS, Format
from hwcli.outputs.journal import Done, Journal, read_journal
from hwcli.outputs.output import Result, records

JOURNAL = "ocr.journal"
_LONGEST = 255
"""Bytes of a name in most file systems."""


class FolderOutput:
    """`FOLDER/photos/a.jpg.jsonl` for `photos/a.jpg`; one a page where a format holds one alone.

    A photo that failed has a file only in a format that has a place for failures.
    """

    def __init__(
        self,
        folder: Path,
        formats: Sequence[str],
        topk: int,
        run: dict[str, Any],
        *,
        root: Path | None = None,
        resume: bool,
        force: bool,
    ) -> None:
        """Begin in `folder`, or go on there.

        Args:
            folder: made if it is not there.
            formats: names of the forms of the files.
            topk: candidates a glyph.
            run: model and options.
            root: files are called by their path below this folder, where they are below it.
            resume: go on with what an earlier run has left there, if it was of the same `run`.
            force: read everything anew.

        Raises:
            UsageError: an earlier run is there, and neither holds; or it cannot be written.
            InputError: the journal cannot be read.
        """
        self._folder, self._formats, self._topk, self._root = folder, tuple(formats), topk, root
        journal = folder / JOURNAL
        if journal.exists() and not (resume or force):
            raise UsageError(
                f"{folder}: holds the records of an earlier run",
                hint="--resume goes on there, --force reads everything anew",
            )
        with writing(folder, UsageError):
            folder.mkdir(parents=True, exist_ok=True)
            self._sha256: dict[str, str] = {}
            self._journal = Journal(journal, run, self._known(journal, run) if resume else ())
        self._part: _Part | None = None

    def done(self, file: str) -> str | None:
        """The sha256 with which `file` was read, None if it was not or its files have gone."""
        sha256 = self._sha256.get(file)
        if sha256 is None or not all(p.is_file() for p in self._first_files(file)):
            return None
        return sha256

    def _known(self, journal: Path, run: dict[str, Any]) -> Iterator[Done]:
        """What `journal` tells of each photo last, unless it failed."""
        last = {done.file: number for number, done in enumerate(read_journal(journal, run))}
        for number, done in enumerate(read_journal(journal, run)):
            if last[done.file] == number and not done.failed:
                self._sha256[done.file] = done.sha256
                yield done

    def write(self, result: Result) -> None:
        """Write the files of `result` and note it; nothing is done for one without records."""
        if not result.readings:
            return
        part = self._part or _Part()
        part.failed |= result.failed
        with writing(self._folder, InputError):
            for name in self._formats:
                kind = FORMATS[name]
                if kind.many:
                    self._add(name, part, result)
                elif len(result.readings) == 1 and not result.more and not part.pages:
                    self._write(self._path(result.file, kind.suffix), kind, result)
                else:
                    self._write_each(part.pages + 1, kind, result)
            part.pages += len(result.readings)
            self._part = part if result.more else None
            if not result.more:
                self._journal.add(Done(result.file, result.sha256, part.failed))

    def close(self) -> None:
        """Nothing is left to be written; what is there of a photo in part goes."""
        if self._part is not None:
            for document in self._part.documents.values():
                document.drop()
        self._journal.close()

    def _write(self, path: Path, kind: type[Format], result: Result) -> None:
        format_ = kind(self._topk)
        head, text = format_.header(result.file), records(format_, result.readings)
        if result.failed and not text:
            path.unlink(missing_ok=True)  # that of an earlier run is not this one's
            return
        text = head + text + format_.footer()
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, _encoded(text))

    def _write_each(self, first: int, kind: type[Format], result: Result) -> None:
        for number, reading in enumerate(result.readings, first):
            page = Result(result.file, result.sha256, (reading,))
            self._write(self._path(result.file, f"-{number:04}{kind.suffix}"), kind, page)

    def _add(self, name: str, part: "_Part", result: Result) -> None:
        """Add `result` to the document of its photo, which is whole with the last of its pages."""
        path, kind = self._path(result.file, FORMATS[name].suffix), FORMATS[name]
        if not result.more and not part.pages:
            self._write(path, kind, result)
            return
        if name not in part.documents:
            part.documents[name] = _Document(path, kind(self._topk), result.file)
        part.documents[name].add(result)
        if not result.more:
            part.documents.pop(name).end()

    def _first_files(self, file: str) -> list[Path]:
        """A file of each format that there is where the photo is done."""
        found = []
        for name in self._formats:
            suffix = FORMATS[name].suffix
            whole = self._path(file, suffix)
            found.append(whole if whole.exists() else self._path(file, f"-0001{suffix}"))
        return found

    def _path(self, file: str, suffix: str) -> Path:
        """Where the file of a photo goes: below the folder, whatever the photo's path is."""
        path = PurePath("stdin" if file == "-" else file)
        if self._root is not None and path.is_relative_to(self._root):
            path = path.relative_to(self._root)
        parts = [p for p in path.parts if p not in (path.anchor, "..", ".")]
        *folders, name = parts or ["photo"]
        room = _LONGEST - len(os.fsencode(suffix)) - len(".partial")
        name = os.fsdecode(os.fsencode(name)[:room])
        plain = [re.sub(r"[\0-\x1f]", "_", part) for part in (*folders, name + suffix)]
        return self._folder.joinpath(*plain)


class _Document:
    """A document that grows by the pages of one photo, under another name until it is whole."""

    def __init__(self, path: Path, format_: Format, photo: str) -> None:
        self._path, self._format = path, format_
        self._partial = path.with_name(path.name + ".partial")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._partial.open("wb")
        self._head = _encoded(format_.header(photo))
        self._empty = True

    def add(self, result: Result) -> None:
        """Write the records of `result`."""
        text = records(self._format, result.readings)
        if text and self._empty:
            self._file.write(self._head)
            self._empty = False
        self._file.write(_encoded(text))

    def end(self) -> None:
        """Put the document under its name, unless no page has a place in it."""
        if self._empty:
            self._path.unlink(missing_ok=True)
            self.drop()
            return
        self._file.write(_encoded(self._format.footer()))
        self._file.close()
        self._partial.replace(self._path)

    def drop(self) -> None:
        """Leave nothing of it."""
        self._file.close()
        self._partial.unlink(missing_ok=True)


@dataclass(slots=True)
class _Part:
    """What there is of a photo of which more pages are to come."""

    pages: int = 0
    failed: bool = False
    documents: dict[str, _Document] = field(default_factory=dict)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
