"""What a run that was killed has left: whole shards, and where it was in its work after each.

Beside its shards stands `progress.json`. A shard counts only if it is, byte for byte, the one that
was written; a run goes on after the last of them, by the state that the work was in then.
"""

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwcli.atomic import write_text
from hwcli.dataset import Dropped, ShardEntry
from hwcli.errors import DatasetError
from hwcli.ingest.dedup import Keys
from hwcli.ingest.pairs import FILE_NAME as LIST_NAME
from hwcli.shards import sha256_of
from hwcli.structure import structure_or, unstructure

FILE_NAME = "progress.json"
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
class _Progress:
    schema: str
    fingerprint: str
    """Of all that decides what is in the dataset."""
    done: tuple[Done, ...] = ()


class Journal:
    """The whole shards of a folder that grows."""

    def __init__(self, folder: Path, fingerprint: str) -> None:
        """Take up what an earlier run with the same `fingerprint` has left in `folder`.

        All else in the folder is removed.
        """
        self.folder = folder
        self._progress = _Progress(_SCHEMA, fingerprint)
        for named in folder.glob("*-of-*.h5"):  # the run was killed when all but done
            named.replace(named.with_name(named.name.rpartition("-of-")[0] + ".h5"))
        left = _read(folder / FILE_NAME)
        if left is not None and left.schema == _SCHEMA and left.fingerprint == fingerprint:
            self._progress = replace(left, done=tuple(self._good(left.done)))
        if not self.done:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        known = {folder / FILE_NAME, folder / LIST_NAME}
        for done in self.done:
            known |= {folder / done.shard.file, _rows_path(folder / done.shard.file)}
        for stray in set(folder.iterdir()) - known:
            stray.unlink()

    @property
    def done(self) -> tuple[Done, ...]:
        """The shards that are whole, in order."""
        return self._progress.done

    @property
    def mark(self) -> Mark:
        """Where to go on."""
        return self.done[-1].mark if self.done else Mark()

    def rows_of(self, done: Done) -> tuple[NDArray[np.int64], Keys]:
        """Numbers (N,) and keys (N,) of the rows of a shard."""
        table = np.load(_rows_path(self.folder / done.shard.file), allow_pickle=False)
        return table[:, 0].astype(np.int64), table[:, 1]

    def add(self, shard: ShardEntry, rows: NDArray[np.int64], keys: Keys, mark: Mark) -> None:
        """Note that `shard` is whole, with the numbers and keys of its rows."""
        path = _rows_path(self.folder / shard.file)
        table = np.column_stack([rows.astype(np.uint64), keys])
        with path.open("wb") as file:
            np.save(file, table)
        done = Done(shard, sha256_of(path), mark)
        self._progress = replace(self._progress, done=(*self.done, done))
        self.write()

    def write(self) -> None:
        """Put down what is done so far."""
        write_text(self.folder / FILE_NAME, json.dumps(unstructure(self._progress)))

    def put(self, done: list[Done]) -> None:
        """Take `done` for the shards that are there; a run that is killed now starts over."""
        self._progress = replace(self._progress, done=tuple(done))

    def entries(self, name: str) -> tuple[ShardEntry, ...]:
        """The shards under the names that they get once their number is known."""
        count = len(self.done)
        return tuple(
            replace(done.shard, file=f"{name}-{i:05}-of-{count:05}.h5")
            for i, done in enumerate(self.done)
        )

    def name_shards(self, entries: tuple[ShardEntry, ...]) -> None:
        """Give the shards the names of `entries`."""
        for done, entry in zip(self.done, entries, strict=True):
            (self.folder / done.shard.file).replace(self.folder / entry.file)

    def _good(self, done: tuple[Done, ...]) -> list[Done]:
        """Those from the first on that are on disk as they were written."""
        good: list[Done] = []
        for entry in done:
            path = self.folder / entry.shard.file
            rows = _rows_path(path)
            if not (path.is_file() and rows.is_file()):
                break
            if sha256_of(path) != entry.shard.sha256 or sha256_of(rows) != entry.rows_sha256:
                break
            good.append(entry)
        return good


def clear(folder: Path) -> None:
    """Take away from the whole dataset in `folder` what only a run that goes on needs."""
    for left in (*folder.glob("*.rows.npy"), folder / FILE_NAME):
        left.unlink(missing_ok=True)


def _read(path: Path) -> _Progress | None:
    try:
        return structure_or(json.loads(path.read_bytes()), _Progress, str(path), DatasetError)
    except (OSError, ValueError, RecursionError, DatasetError):  # none, or not one of ours
        return None


def _rows_path(shard: Path) -> Path:
    return shard.with_suffix(".rows.npy")
