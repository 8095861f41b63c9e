"""The plan of a dataset: every row it will have, before a pixel is decoded."""

from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hwcli.dataset import CorrectionsEntry, Dropped
from hwcli.ingest.decode import Treatment
from hwcli.ingest.refuted import Refuted
from hwcli.ingest.splits import draw
from hwcli.readers.reader import Reader
from hwcli.recipe import Recipe
from hwcli.shards import Split, Tables


@dataclass(frozen=True, slots=True, eq=False)
class PlannedPart:
    """Rows of one reader that will be in the dataset."""

    reader: Reader
    source: int
    """Index of the source in the recipe."""
    row: NDArray[np.intp]
    """(N,) rows of the reader, ascending."""
    label: NDArray[np.int32]
    """(N,) index into the classes."""
    writer: NDArray[np.int32]
    """(N,) number of the person, −1 unknown."""
    split: NDArray[np.uint8]
    """(N,) a `Split`."""
    is_ink: bool = False
    """Whether the reader gives ink, 255 on 0, and upright."""
    word: NDArray[np.int32] | None = None
    """(N,) number of the word within the source, where words are known."""

    def take(self, mask: NDArray[np.bool_]) -> "PlannedPart":
        """The rows of `mask`."""
        return replace(
            self,
            row=self.row[mask],
            label=self.label[mask],
            writer=self.writer[mask],
            split=self.split[mask],
            word=None if self.word is None else self.word[mask],
        )

    def treatment(self, recipe: Recipe) -> Treatment:
        """What is done to its images."""
        source = recipe.source[self.source]
        return Treatment(
            recipe.image,
            source.invert,
            source.transpose and not self.is_ink,
            self.is_ink,
            source.trim_edge,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """What is known of every row of a plan before its image is; a row's number is its place."""

    label: NDArray[np.int32]
    split: NDArray[np.uint8]
    script: NDArray[np.int16]
    source: NDArray[np.int16]


class Numbered(Protocol):
    """Rows that go by a number: what is known of each, and where its image lies."""

    @property
    def tables(self) -> Tables:
        """What the indices in the columns stand for."""

    @property
    def columns(self) -> Columns:
        """What is known of every row."""

    def origin(self, row: int) -> str:
        """Where the image of the row of this number lies within its source."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """All rows that will be in the dataset, if their images are good."""

    tables: Tables
    parts: tuple[PlannedPart, ...]
    starts: NDArray[np.int64]
    """(parts + 1,) the number of each part's first row, and the number of all rows."""
    columns: Columns
    dropped: tuple[Dropped, ...]
    missing: tuple[str, ...]
    """Sources and members that are not to be had."""
    notes: tuple[str, ...]
    """What had to be done otherwise than the recipe says."""
    corrections: tuple[CorrectionsEntry, ...] = ()
    refuted: Refuted = field(default_factory=lambda: Refuted.of(()))
    """What corrections say against rows that are not written, or not as they were published."""

    def __len__(self) -> int:
        return int(self.starts[-1])

    def origin(self, row: int) -> str:
        """Where the image of the row of this number lies."""
        at = int(self.starts.searchsorted(row, "right")) - 1
        part = self.parts[at]
        return part.reader.origin(int(part.row[row - int(self.starts[at])]))


def plan_of(
    parts: list[PlannedPart],
    tables: Tables,
    script_of: list[int],
    dropped: list[Dropped],
    missing: list[str],
    notes: list[str],
) -> Plan:
    """The plan of `parts`, whose rows are numbered one after the other.

    Args:
        parts: at least one.
        tables: what the indices stand for.
        script_of: for each source the index of its script.
        dropped: what is left out already.
        missing: what is not to be had.
        notes: what is done otherwise than the recipe says.
    """
    counts = [len(p.row) for p in parts]
    source = np.repeat(np.asarray([p.source for p in parts], np.int16), counts)
    columns = Columns(
        np.concatenate([p.label for p in parts]),
        np.concatenate([p.split for p in parts]),
        np.asarray(script_of, np.int16)[source],
        source,
    )
    starts = np.cumsum([0, *counts], dtype=np.int64)
    sharing = [  # one copy of each column is enough
        replace(p, label=columns.label[a:b], split=columns.split[a:b])
        for p, a, b in zip(parts, starts[:-1], starts[1:], strict=True)
    ]
    return Plan(
        tables, tuple(sharing), starts, columns, tuple(dropped), tuple(missing), tuple(notes)
    )


def drawn(parts: list[PlannedPart], limit: int, random: np.random.Generator) -> list[PlannedPart]:
    """At most `limit` rows of all `parts` together, evenly over their labels."""
    label = np.concatenate([p.label for p in parts])
    return masked(parts, draw(label, random.random(len(label)), limit))


def masked(parts: list[PlannedPart], mask: NDArray[np.bool_]) -> list[PlannedPart]:
    """The rows of all `parts` together that `mask` keeps."""
    edges = np.cumsum([len(p.row) for p in parts])[:-1]
    return [p.take(m) for p, m in zip(parts, np.split(mask, edges), strict=True)]


def pieces(
    parts: list[PlannedPart], labels: list[int | None], split: Split
) -> tuple[list[NDArray[np.intp]], Reader | None]:
    """For each label its rows in `split`, and the reader they are of; no reader if one has none."""
    for part in parts:
        rows = [
            part.row[(part.label == label) & (part.split == split)]
            for label in labels
            if label is not None
        ]
        if len(rows) == len(labels) and all(len(r) for r in rows):
            return rows, part.reader
    return [], None


def sorted_classes(
    parts: list[PlannedPart], codes: dict[str, int]
) -> tuple[list[PlannedPart], tuple[str, ...]]:
    """`parts` with their labels counted in the order of code points, and those that occur."""
    used = set(np.unique(np.concatenate([p.label for p in parts])).tolist())
    classes = tuple(sorted(c for c, code in codes.items() if code in used))
    new = np.full(len(codes), -1, np.int32)
    for i, character in enumerate(classes):
        new[codes[character]] = i
    return [replace(p, label=new[p.label]) for p in parts], classes
