"""A dataset on disk: `dataset.json` beside its shards, and how the other commands open it."""

import hashlib
import json
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwcli.atomic import write_text
from hwcli.blocks import ImageBlocks
from hwcli.characters import Target
from hwcli.errors import DatasetError
from hwcli.glyph import Normalisation
from hwcli.shards import (
    Columns,
    Rows,
    Split,
    Tables,
    concatenate,
    read_columns,
    read_origins,
    read_shard,
)
from hwcli.structure import StructureError, parse_json, structure_or, unstructure

SCHEMA = "hwcli.dataset/1"
FILE_NAME = "dataset.json"
DATA_FOLDER = Path("data")
"""Where `ingest` puts datasets, below the working directory."""


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def check_name(name: str) -> None:
    """Raise ValueError unless `name` can be part of a path: runs and shards are called by it."""
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"name {name[:60]!r}: a letter or digit, then letters, digits, and . _ - please"
        )


def check_inside(file: str) -> None:
    """Raise ValueError unless `file` is a plain name, so lies in the dataset's own folder."""
    if Path(file).name != file or "\\" in file or file in ("", ".."):
        raise ValueError(f"{file[:60]!r} is outside the dataset's folder")


@dataclass(frozen=True, slots=True)
class ShardEntry:
    """A shard as `dataset.json` lists it."""

    file: str
    rows: int
    sha256: str

    def __post_init__(self) -> None:
        check_inside(self.file)


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """Where rows came from, and under which licence."""

    name: str
    script: str
    license: str
    citation: str
    homepage: str | None = None
    archives: tuple[str, ...] = ()
    """`sha256:… file name` of every archive that was read."""
    rows: int = 0
    redistributable: bool = False
    bibtex: str | None = None
    """The citation as an entry of a BibTeX file."""
    classes: int = 0
    """Of the dataset's classes those that it has rows of."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """Rows or files that did not make it, and why."""

    source: str
    reason: str
    count: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DuplicatesEntry:
    """The list of equal and nearly equal images that were found."""

    file: str
    sha256: str
    exact: int
    near: int
    conflict: int
    """Equal images under different characters."""

    def __post_init__(self) -> None:
        check_inside(self.file)


@dataclass(frozen=True, slots=True)
class CorrectionsEntry:
    """A file of corrections that was applied, and how many of it did what."""

    file: str
    sha256: str
    relabelled: int
    dropped: int
    already: int
    """That were so before."""
    refused: int
    """That fit no row, so that nothing was done."""
    told: tuple[str, ...] = ()
    """Which those are, and why: the first of them."""

    def summary(self) -> str:
        """What became of them, in one line."""
        kinds = (
            (self.relabelled, "relabelled"),
            (self.dropped, "dropped"),
            (self.already, "already so"),
            (self.refused, "not applied"),
        )
        told = ", ".join(f"{count:,} {kind}" for count, kind in kinds if count)
        return f"{self.file}: {told or 'nothing to correct'}"


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """The content of `dataset.json`."""

    name: str
    title: str
    target: Target
    normalisation: Normalisation
    classes: tuple[str, ...]
    scripts: tuple[str, ...]
    sources: tuple[SourceEntry, ...]
    shards: tuple[ShardEntry, ...]
    counts: dict[str, dict[str, int]]
    """`by split`, `by class`, `by script` and `by source`, each from name to rows."""
    dropped: tuple[Dropped, ...] = ()
    duplicates: DuplicatesEntry | None = None
    """None where they were not looked for."""
    corrections: tuple[CorrectionsEntry, ...] = ()
    """In the order in which they were applied."""
    recipe: dict[str, Any] = field(default_factory=dict)
    """The recipe as it was resolved."""
    hwcli: str = ""
    """The version that wrote it."""
    schema: str = SCHEMA

    def __post_init__(self) -> None:
        check_name(self.name)
        if len({s.file for s in self.shards}) < len(self.shards):
            raise ValueError("one shard is listed twice")
        for key in ("missing", "notes"):
            told = self.recipe.get(key, ())
            if not isinstance(told, list | tuple) or not all(isinstance(t, str) for t in told):
                raise ValueError(f"recipe.{key}: expected a list of texts")


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """An opened dataset."""

    folder: Path
    info: DatasetInfo
    sha256: str
    """Of the sha256 of its shards: names these very rows, whatever else is said of them."""

    def targets(self, target: Target) -> tuple[str, ...]:
        """The names a classifier for `target` chooses from."""
        return self.info.classes if target == "char" else self.info.scripts

    def load(self, *splits: Split) -> Rows:
        """All rows of the given splits (all splits if none is given), in the order of the shards.

        Raises:
            DatasetError: a shard is missing or damaged, or its tables are not the dataset's.
        """
        wanted = [int(s) for s in splits or tuple(Split)]
        parts = []
        for number in range(len(self.info.shards)):
            rows = self.shard(number)
            parts.append(rows.take(np.isin(rows.split, wanted)))
        if not parts:
            raise DatasetError(f"{self.folder}: the dataset has no shards")
        return concatenate(parts)

    def shard(self, number: int) -> Rows:
        """All rows of one shard, by its place in `info.shards`.

        Raises:
            DatasetError: it is missing or damaged, or its tables are not the dataset's.
        """
        path = self.shard_path(number)
        shard = read_shard(path)
        self._check(number, shard.tables, len(shard.rows), shard.rows.images.shape[1])
        return shard.rows

    def columns(self, number: int) -> Columns:
        """The rows of one shard without images and origins, which takes little memory.

        Raises:
            DatasetError: it is missing or damaged, or its tables are not the dataset's.
        """
        shard = read_columns(self.shard_path(number))
        self._check(number, shard.tables, len(shard.columns), shard.size)
        return shard.columns

    def images_at(self, places: Sequence[int] | NDArray[np.intp]) -> NDArray[np.uint8]:
        """The images of the rows numbered `places`, in any order: uint8 (n, size, size).

        Rows are numbered from 0, all shards one after the other.

        Raises:
            DatasetError: a shard is missing or damaged.
            IndexError: there is no such row.
        """
        size = self.info.normalisation.size
        images = np.empty((len(places), size, size), np.uint8)
        for number, where, rows in self._by_shard(places):
            with ImageBlocks(self.shard_path(number)) as blocks:
                self._check_shape(number, blocks.rows, blocks.size)
                images[where] = blocks.take(rows)
        return images

    def origins_at(self, places: Sequence[int] | NDArray[np.intp]) -> list[str]:
        """The origins of the rows numbered `places`, as `images_at` numbers them.

        Raises:
            DatasetError: a shard is missing or damaged.
            IndexError: there is no such row.
        """
        origins = [""] * len(places)
        for number, where, rows in self._by_shard(places):
            found = read_origins(self.shard_path(number), rows)
            for i, origin in zip(where.tolist(), found, strict=True):
                origins[i] = origin
        return origins

    def _by_shard(
        self, wanted: Sequence[int] | NDArray[np.intp]
    ) -> Iterator[tuple[int, NDArray[np.intp], NDArray[np.intp]]]:
        """Each shard with some of `wanted`: its number, which of them, their rows, ascending."""
        places = np.asarray(wanted, np.intp)
        ends = np.cumsum([0] + [entry.rows for entry in self.info.shards])
        if len(places) and not 0 <= places.min() <= places.max() < ends[-1]:
            raise IndexError(f"{self.folder}: rows are numbered from 0 to {ends[-1] - 1}")
        order = np.argsort(places, kind="stable")
        bounds = places[order].searchsorted(ends)
        for number in np.flatnonzero(np.diff(bounds)).tolist():
            where = order[bounds[number] : bounds[number + 1]]
            yield number, where, places[where] - ends[number]

    def shard_path(self, number: int) -> Path:
        """The file of one shard, by its place in `info.shards`."""
        return self.folder / self.info.shards[number].file

    def _check(self, number: int, tables: Tables, rows: int, size: int) -> None:
        info, path = self.info, self.shard_path(number)
        if tables != Tables(info.classes, info.scripts, tuple(s.name for s in info.sources)):
            raise DatasetError(f"{path}: its tables are not {FILE_NAME}'s")
        self._check_shape(number, rows, size)

    def _check_shape(self, number: int, rows: int, size: int) -> None:
        info, path = self.info, self.shard_path(number)
        if rows != info.shards[number].rows:
            raise DatasetError(f"{path}: {rows} rows, {FILE_NAME} says {info.shards[number].rows}")
        if size != info.normalisation.size:
            raise DatasetError(f"{path}: its images are not {info.normalisation.size} px wide")


def write_info(folder: Path, info: DatasetInfo) -> None:
    """Write `dataset.json`, atomically."""
    text = json.dumps(unstructure(info), ensure_ascii=False, indent=1, sort_keys=False)
    write_text(folder / FILE_NAME, text + "\n")


def open_dataset(folder: Path) -> Dataset:
    """The dataset in `folder`; its shards are read by `Dataset.load`.

    Raises:
        DatasetError: no `dataset.json`, or one that does not hold what it should.
    """
    path = folder / FILE_NAME
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would never end
            raise DatasetError(f"{path}: is no file")
        raw = path.read_bytes()
    except OSError as error:
        raise DatasetError(
            f"{path}: {error.strerror}", hint="`hwcli ingest RECIPE` makes a dataset"
        ) from error
    try:
        data = parse_json(raw)
    except StructureError as error:
        raise DatasetError(f"{path}: {error}") from error
    if isinstance(data, dict) and data.get("schema") != SCHEMA:
        raise DatasetError(f"{path}: schema {data.get('schema')!r:.60}, expected {SCHEMA!r}")
    info = structure_or(data, DatasetInfo, str(path), DatasetError)
    shards = "\n".join(entry.sha256 for entry in info.shards)
    return Dataset(folder, info, hashlib.sha256(shards.encode()).hexdigest())


def latest_dataset(below: Path = DATA_FOLDER) -> Path | None:
    """The folder of the dataset most recently ingested below `below`, or None."""
    found = sorted(below.glob(f"*/{FILE_NAME}"), key=lambda p: (p.stat().st_mtime_ns, p))
    return found[-1].parent if found else None
