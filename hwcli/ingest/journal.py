"""What a run that was killed has left: whole shards, and where it was in its work after each.

Beside its shards stands `progress.jsonl`: what the work is, then a line for each whole shard. One
counts only if it is, byte for byte, the one that was written; a run goes on after the last of them,
by the state that the work was in then.
"""

import io
import json
import shutil
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwcli.atomic import write_text
from hwcli.dataset import Dropped, ShardEntry
from hwcli.errors import DatasetError
from hwcli.ingest.pairs import FILE_NAME as LIST_NAME
from hwcli.ingest.seen import Keys
from hwcli.shards import sha256_of
from hwcli.structure import StructureError, parse_json, structure, unstructure

FILE_NAME = "progress.jsonl"
_SCHEMA = "hwcli.progress/1"


@dataclass(frozen=True, slots=True)
class Mark:
    """Where the work was when a shard was full."""

    step: int = 0
    """The step whose rows filled it."""
    used: int = 0
    """Good rows of that step that are in it, or in shards before it."""
    pairs_bytes: int = 0
    """Length of the list of duplicates when that step began."""
    dropped: tuple[Dropped, ...] = ()
    """What had been dropped when that step began."""


@dataclass(frozen=True, slots=True)
class Done:
    """A shard that is whole."""

    shard: ShardEntry
    rows_sha256: str
    """Of the file that holds the numbers and keys of its rows."""
    mark: Mark


@dataclass(frozen=True, slots=True)
class _Head:
    schema: str
    fingerprint: str
    """Of all that decides what is in the dataset."""


class Journal:
    """The whole shards of a folder that grows."""

    def __init__(self, folder: Path, fingerprint: str, rows: int) -> None:
        """Take up what an earlier run with the same `fingerprint` has left in `folder`.

        All else in the folder is removed. Nothing in it is believed that cannot be so of a plan of
        `rows` rows: whoever made the archive may have made the folder.
        """
        self.folder = folder
        self._rows = rows
        self._head = _Head(_SCHEMA, fingerprint)
        self._done: list[Done] = []
        for named in folder.glob("*-of-*.h5"):  # the run was killed when all but done
            named.replace(named.with_name(named.name.rpartition("-of-")[0] + ".h5"))
        self._done = self._good(_read(folder / FILE_NAME, self._head))
        if self._done:
            self._write()
        else:
            self.forget()
        known = {folder / FILE_NAME, folder / LIST_NAME}
        for done in self._done:
            known |= {folder / done.shard.file, _rows_path(folder / done.shard.file)}
        for stray in set(folder.iterdir()) - known:
            if stray.is_dir() and not stray.is_symlink():
                shutil.rmtree(stray, ignore_errors=True)
            else:
                stray.unlink()

    @property
    def done(self) -> tuple[Done, ...]:
        """The shards that are whole, in order."""
        return tuple(self._done)

    def forget(self) -> None:
        """Start over: what is done cannot be gone on from."""
        self._done = []
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)

    @property
    def mark(self) -> Mark:
        """Where to go on."""
        return self._done[-1].mark if self._done else Mark()

    def rows_of(self, done: Done) -> tuple[NDArray[np.int64], Keys]:
        """Numbers (N,) and keys (N,) of the rows of a shard."""
        table = _table(_rows_path(self.folder / done.shard.file), done.shard.rows)
        if table is None:
            raise DatasetError(f"{self.folder}: has changed meanwhile")
        return table[:, 0].astype(np.int64), table[:, 1]

    def add(self, shard: ShardEntry, rows: NDArray[np.int64], keys: Keys, mark: Mark) -> None:
        """Note that `shard` is whole, with the numbers and keys of its rows."""
        path = _rows_path(self.folder / shard.file)
        table = np.column_stack([rows.astype(np.uint64), keys])
        with path.open("wb") as file:
            file.write(_head(len(table)))
            file.write(table.tobytes())
        self._done.append(Done(shard, sha256_of(path), mark))
        if len(self._done) == 1:
            self._write()
        else:
            with (self.folder / FILE_NAME).open("a", encoding="utf-8") as file:
                file.write(_line(self._done[-1]))

    def put(self, done: list[Done]) -> None:
        """Take `done` for the shards that are there; a run that is killed now starts over."""
        self._done = done

    def _write(self) -> None:
        """Put down what is done so far."""
        text = _line(self._head) + "".join(map(_line, self._done))
        write_text(self.folder / FILE_NAME, text)

    def entries(self, name: str) -> tuple[ShardEntry, ...]:
        """The shards under the names that they get once their number is known."""
        count = len(self._done)
        return tuple(
            replace(done.shard, file=f"{name}-{i:05}-of-{count:05}.h5")
            for i, done in enumerate(self._done)
        )

    def name_shards(self, entries: tuple[ShardEntry, ...]) -> None:
        """Give the shards the names of `entries`."""
        for done, entry in zip(self._done, entries, strict=True):
            (self.folder / done.shard.file).replace(self.folder / entry.file)

    def _good(self, done: list[Done]) -> list[Done]:
        """Those from the first on that are on disk as they were written."""
        good: list[Done] = []
        names, size = set[str](), 0
        if (self.folder / LIST_NAME).is_file() and not (self.folder / LIST_NAME).is_symlink():
            size = (self.folder / LIST_NAME).stat().st_size
        for entry in done:
            mark = entry.mark
            if entry.shard.file in {*names, FILE_NAME, LIST_NAME} or not (
                mark.step >= 0 and mark.used >= 0 and 0 <= mark.pairs_bytes <= size
            ):
                break
            names.add(entry.shard.file)
            path = self.folder / entry.shard.file
            rows = _rows_path(path)
            if not (_is_ours(path) and _is_ours(rows)):
                break
            if sha256_of(path) != entry.shard.sha256 or sha256_of(rows) != entry.rows_sha256:
                break
            table = _table(rows, entry.shard.rows)
            if table is None or (table[:, 0] >= self._rows).any():
                break
            good.append(entry)
        return good


def clear(folder: Path) -> None:
    """Take away from the whole dataset in `folder` what only a run that goes on needs."""
    for left in (*folder.glob("*.rows.npy"), folder / FILE_NAME):
        left.unlink(missing_ok=True)


def _line(entry: _Head | Done) -> str:
    return json.dumps(unstructure(entry)) + "\n"


def _read(path: Path, head: _Head) -> list[Done]:
    """The shards that the file at `path` tells of, none if it is not of the work `head`.

    A run may have been killed in the middle of a line; what comes from there on is not believed.
    """
    done: list[Done] = []
    if not _is_ours(path):
        return done
    with suppress(OSError, StructureError):  # not one of ours
        lines = path.read_bytes().split(b"\n")[:-1]
        if lines and structure(parse_json(lines[0]), _Head) == head:
            for line in lines[1:]:
                done.append(structure(parse_json(line), Done))  # those before a bad one are kept
    return done


def _is_ours(path: Path) -> bool:
    """Whether there is a file of that name in the folder itself: what we write is never a link."""
    return path.is_file() and not path.is_symlink()


def _head(rows: int) -> bytes:
    """What a .npy of (rows, 2) uint64 begins with."""
    head = io.BytesIO()
    told = {"descr": "<u8", "fortran_order": False, "shape": (rows, 2)}
    np.lib.format.write_array_header_1_0(head, told)
    return head.getvalue()


def _table(path: Path, rows: int) -> NDArray[np.uint64] | None:
    """Numbers and keys (rows, 2) of the file at `path`, None if it holds anything else."""
    if not 0 < rows <= path.stat().st_size // 16:
        return None
    head, data = _head(rows), path.read_bytes()
    if not data.startswith(head) or len(data) != len(head) + 16 * rows:
        return None
    return np.frombuffer(data, "<u8", offset=len(head)).astype(np.uint64).reshape(rows, 2)


def _rows_path(shard: Path) -> Path:
    return shard.with_suffix(".rows.npy")
