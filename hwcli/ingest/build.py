"""Carries a plan out: decoded, rid of duplicates, written as shards."""

import hashlib
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwcli.dataset import Dropped, ShardEntry
from hwcli.errors import DatasetError
from hwcli.ingest.decode import Treatment, decode_all
from hwcli.ingest.rows import Plan, PlannedPart
from hwcli.progress import Progress
from hwcli.readers.reader import Block
from hwcli.recipe import Recipe
from hwcli.shards import CHUNK_ROWS, Rows, ShardWriter, Split, Tables, sha256_of

SHARD_ROWS = 65_536
"""Rows of a shard, unless its images are so large that fewer fill it."""
_SHARD_BYTES = 64 << 20
"""Pixels of a shard; it is made in memory."""
_BLOCK_ROWS = 512
_ORDER = (Split.test, Split.val, Split.train)
"""Test rows come first, so that of two equal images the one in train is dropped."""
_EXAMPLES = 5
_FEW = 5_000
"""Rows below which starting processes takes longer than they save."""


@dataclass(frozen=True, slots=True)
class Built:
    """What came of a plan."""

    shards: tuple[ShardEntry, ...]
    counts: dict[str, dict[str, int]]
    """`split`, `class`, `script` and `source`, each from name to rows."""
    dropped: tuple[Dropped, ...]


def build_shards(recipe: Recipe, plan: Plan, folder: Path, jobs: int, progress: Progress) -> Built:
    """Decode all rows of `plan` and write those that are good as shards in `folder`.

    Raises:
        FetchError: a source is damaged.
        DatasetError: not one row is good.
    """
    shards = _Shards(folder, recipe.name, recipe.image.size, plan.tables)
    tally = _Tally(recipe, plan)
    seen = _Seen()
    done = 0
    steps = _steps(recipe, plan)
    for (part, rows), decoded in decode_all(steps, jobs if len(plan) > _FEW else 1):
        for place, reason in decoded.faults:
            tally.drop(part, int(rows[place]), reason)
        fresh = np.ones(len(decoded.kept), np.bool_)
        at = rows[decoded.kept]
        for i, image in enumerate(decoded.images):
            reason = seen.why_not(image, int(part.label[at[i]]), Split(int(part.split[at[i]])))
            if reason:
                tally.drop(part, int(at[i]), reason)
                fresh[i] = False
        kept = _rows(part, at[fresh], decoded.images[fresh], tally.script_of(part))
        tally.add(kept)
        shards.append(kept)
        done += len(rows)
        progress(done, len(plan))
    return Built(shards.finish(), tally.counts(), tally.dropped())


_Step = tuple[tuple[PlannedPart, NDArray[np.intp]], Block, Treatment]


def _steps(recipe: Recipe, plan: Plan) -> Iterator[_Step]:
    """The work, block by block, in the order in which rows are written, and whose rows it is."""
    for split in _ORDER:
        for part in plan.parts:
            chosen = np.flatnonzero(part.split == split)
            source = recipe.source[part.source]
            treatment = Treatment(
                recipe.image,
                source.invert,
                source.transpose and not part.is_ink,
                part.is_ink,
                source.trim_edge,
            )
            if not len(chosen):
                continue
            blocks = part.reader.blocks(part.row[chosen], _BLOCK_ROWS)
            starts = range(0, len(chosen), _BLOCK_ROWS)
            for start, block in zip(starts, blocks, strict=True):
                yield (part, chosen[start : start + _BLOCK_ROWS]), block, treatment


def _rows(part: PlannedPart, at: NDArray[np.intp], images: NDArray[np.uint8], script: int) -> Rows:
    return Rows(
        images=images,
        label=part.label[at],
        script=np.full(len(at), script, np.int32),
        source=np.full(len(at), part.source, np.int32),
        writer=part.writer[at],
        split=part.split[at],
        origin=np.asarray([part.reader.origin(int(r)) for r in part.row[at]], object),
    )


class _Tally:
    """Counts what is written and what is not."""

    def __init__(self, recipe: Recipe, plan: Plan) -> None:
        scripts = plan.tables.scripts
        self._script = [scripts.index(s.script) for s in recipe.source]
        self._names = {
            "split": tuple(s.name for s in Split),
            "class": plan.tables.classes,
            "script": scripts,
            "source": plan.tables.sources,
        }
        self._written: dict[str, Counter[int]] = {by: Counter() for by in self._names}
        self._dropped: dict[tuple[int, str], list[str]] = {}
        self._drops: Counter[tuple[int, str]] = Counter()

    def script_of(self, part: PlannedPart) -> int:
        """Index of the script of `part`."""
        return self._script[part.source]

    def add(self, rows: Rows) -> None:
        """Count `rows` as written."""
        self._written["split"].update(rows.split.tolist())
        self._written["class"].update(rows.label.tolist())
        self._written["script"].update(rows.script.tolist())
        self._written["source"].update(rows.source.tolist())

    def drop(self, part: PlannedPart, at: int, reason: str) -> None:
        """Count the row of `part` as dropped, and keep the first few as examples."""
        key = (part.source, reason)
        self._drops[key] += 1
        examples = self._dropped.setdefault(key, [])
        if len(examples) < _EXAMPLES:
            examples.append(part.reader.origin(int(part.row[at])))

    def counts(self) -> dict[str, dict[str, int]]:
        """Rows written, by split, class, script and source."""
        return {
            by: {name: self._written[by][i] for i, name in enumerate(names)}
            for by, names in self._names.items()
        }

    def dropped(self) -> tuple[Dropped, ...]:
        """What was dropped, by source and reason."""
        return tuple(
            Dropped(self._names["source"][key[0]], key[1], count, tuple(self._dropped[key]))
            for key, count in sorted(self._drops.items())
        )


class _Seen:
    """The images written so far, to find exact duplicates by a hash of their pixels."""

    def __init__(self) -> None:
        self._first: dict[bytes, tuple[int, Split]] = {}
        self._others: set[tuple[bytes, int]] = set()

    def why_not(self, image: NDArray[np.uint8], label: int, split: Split) -> str:
        """Why `image` must not be written; empty, and remembered, if it may.

        Within one split, equal images under different characters are kept: which of the two is
        right cannot be told.
        """
        key = hashlib.blake2b(image.tobytes(), digest_size=16).digest()
        first = self._first.get(key)
        if first is None:
            self._first[key] = (label, split)
            return ""
        if first[0] == label or (key, label) in self._others:
            where = "" if first[1] is split else f" in {first[1].name}"
            return f"duplicate: the same image and character is there already{where}"
        if first[1] is not split:
            return f"duplicate: the same image is in {first[1].name} under another character"
        self._others.add((key, label))
        return ""


class _Shards:
    """Rows into shards of equal size, named when their number is known."""

    def __init__(self, folder: Path, name: str, size: int, tables: Tables) -> None:
        self._folder = folder
        self._name = name
        self._size = size
        self._tables = tables
        self._rows = max(CHUNK_ROWS, min(SHARD_ROWS, _SHARD_BYTES // size**2))
        self._waiting: deque[Rows] = deque()
        self._count = 0
        self._written: list[tuple[Path, int]] = []

    def append(self, rows: Rows) -> None:
        """Add `rows`; a shard is written as soon as it is full."""
        self._waiting.append(rows)
        self._count += len(rows)
        while self._count >= self._rows:
            self._write(self._rows)

    def finish(self) -> tuple[ShardEntry, ...]:
        """Write what is left, give the shards their names, and tell them.

        Raises:
            DatasetError: there was not one row.
        """
        if self._count:
            self._write(self._count)
        if not self._written:
            raise DatasetError(f"{self._name}: not one row is good", hint="-v says more")
        entries = []
        for i, (path, rows) in enumerate(self._written):
            named = self._folder / f"{self._name}-{i:05}-of-{len(self._written):05}.h5"
            path.replace(named)
            entries.append(ShardEntry(named.name, rows, sha256_of(named)))
        return tuple(entries)

    def _write(self, count: int) -> None:
        path = self._folder / f"{self._name}-{len(self._written):05}.h5"
        with ShardWriter(path, size=self._size, tables=self._tables) as shard:
            while shard.rows < count:
                rows = self._waiting.popleft()
                room = count - shard.rows
                if len(rows) > room:
                    self._waiting.appendleft(rows.take(slice(room, None)))
                    rows = rows.take(slice(0, room))
                shard.append(rows)
        self._count -= count
        self._written.append((path, count))
