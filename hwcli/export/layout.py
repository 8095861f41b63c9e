"""What every export format is given, and what it gives back for the card and the recipe."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hwcli.dataset import DatasetInfo
from hwcli.grouped import Group, Grouped
from hwcli.progress import Progress
from hwcli.recipe import Format
from hwcli.shards import Rows


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A dataset to be written in another format."""

    grouped: Grouped
    folder: Path
    """Where its files go; empty."""
    progress: Progress
    """Told of rows."""
    names: dict[tuple[int, int], str] = field(init=False)
    """What each source is called in each of its scripts: safe in a path, no two alike."""
    starts: dict[Group, int] = field(init=False)
    """Rows before each group."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", _names(self.info, list(self.grouped.sizes)))
        starts, total = {}, 0
        for group, size in self.grouped.sizes.items():
            starts[group] = total
            total += size
        object.__setattr__(self, "starts", starts)

    @property
    def info(self) -> DatasetInfo:
        """What the dataset says of itself."""
        return self.grouped.dataset.info

    def name_of(self, group: Group) -> str:
        """What the source of `group` is called."""
        return self.names[group.source, group.script]

    def rows(self, group: Group, most: int = 1 << 62) -> Iterator[tuple[int, Rows]]:
        """The rows of `group`, some at a time, each time with the number of the first.

        After every `most` rows of the group a new time begins.
        """
        at = first = self.starts[group]
        for block in self.grouped.rows(group):
            left = block
            while len(left):
                room = most - (at - first) % most
                yield at, left.take(slice(0, room))
                at += min(room, len(left))
                left = left.take(slice(room, None))
            self.progress(at, len(self.grouped))

    def files(self, group: Group, most: int) -> Iterator[Iterator[tuple[int, Rows]]]:
        """`rows` of each file that `group` takes up, if a file has at most `most`."""
        first = self.starts[group]
        blocks = groupby(self.rows(group, most), lambda block: (block[0] - first) // most)
        return (file for _, file in blocks)


@dataclass(frozen=True, slots=True)
class Layout:
    """How the files of an export are read back."""

    format: Format
    """As the recipe names it."""
    parts: dict[Group, tuple[dict[str, Any], ...]]
    """The `[[source.part]]` tables of each group, but for their split."""
    labels: tuple[str, ...]
    """How the files write each class."""
    rule: dict[str, str]
    """The `[source.label]` table."""
    use: str
    """Python that loads it, for the card."""


def _names(info: DatasetInfo, groups: list[Group]) -> dict[tuple[int, int], str]:
    names: dict[tuple[int, int], str] = {}
    pairs = sorted({(g.source, g.script) for g in groups})
    for source, script in pairs:
        name = re.sub(r"[^A-Za-z0-9._-]", "-", info.sources[source].name)[:80].lstrip("._-")
        if sum(s == source for s, _ in pairs) > 1:
            name = f"{name}-{re.sub('[^A-Za-z0-9]', '-', info.scripts[script])[:10]}"
        name, taken = name or "source", {n.casefold() for n in names.values()}
        free = (name if n == 1 else f"{name}-{n}" for n in range(1, len(pairs) + 2))
        names[source, script] = next(n for n in free if n.casefold() not in taken)
    return names


def png(image: NDArray[np.uint8]) -> bytes:
    """`image`, uint8 (H, W), as a PNG file; the same bytes each time."""
    return bytes(cv2.imencode(".png", image)[1])
