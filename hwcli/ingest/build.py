"""Carries a plan out: decoded, rid of duplicates, written; goes on where a run was killed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hwcli.dataset import Dropped, DuplicatesEntry, ShardEntry
from hwcli.glyph import Normalisation
from hwcli.ingest.decode import BLANK, Decoded, Pool, Treatment, decode_all
from hwcli.ingest.dedup import Dedup, Duplicates
from hwcli.ingest.journal import Journal, Mark
from hwcli.ingest.pairs import PairList, note
from hwcli.ingest.refuted import REASON
from hwcli.ingest.rows import Plan, PlannedPart
from hwcli.ingest.series import ShardSeries
from hwcli.ingest.tally import Tally
from hwcli.ingest.weed import weed
from hwcli.progress import Progress
from hwcli.readers.reader import Block
from hwcli.recipe import Recipe
from hwcli.shards import Rows, Split

_BLOCK_BYTES = 1024 * 28 * 28
"""Pixels of the glyphs that are decoded together."""
_KEPT_BLOCKS = 4
"""Times as many where images are left as they are: there the calls weigh more than the pixels."""
_PASSES = ((Split.test,), (Split.val, Split.train))
"""Test rows come first, so that of two equal images the one in train is dropped."""
_APART = np.uint64(0x9E3779B97F4A7C15)
"""Times which whole numbers are keys as unlike those of images as any."""
_FEW = 5_000
"""Rows below which starting processes takes longer than they save."""


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How a plan is carried out."""

    jobs: int = 1
    dedup: Dedup = "exact"
    pool: Callable[[int], Pool] | None = None
    """Begins what decodes, given the jobs; None for processes of this machine."""


@dataclass(frozen=True, slots=True)
class Built:
    """What came of a plan."""

    shards: tuple[ShardEntry, ...]
    counts: dict[str, dict[str, int]]
    """`split`, `class`, `script` and `source`, each from name to rows."""
    classes_of: tuple[int, ...]
    """How many classes each source has rows of."""
    dropped: tuple[Dropped, ...]
    duplicates: DuplicatesEntry | None
    """None where they were not looked for."""


def build_shards(
    recipe: Recipe, plan: Plan, journal: Journal, options: BuildOptions, progress: Progress
) -> Built:
    """Decode all rows of `plan` and write those that are good as shards in the journal's folder.

    What the journal has as done is not done again.

    Raises:
        FetchError: a source is damaged.
        DatasetError: not one row is good, or a shard cannot be written.
    """
    folder, mark = journal.folder, journal.mark
    with (
        PairList(folder, plan, mark.pairs_bytes) as pairs,
        ShardSeries(journal, recipe.name, recipe.image.size, plan.tables) as series,
    ):
        builder = _Builder(recipe, plan, options, pairs, series)
        builder.recall(journal)
        jobs, pool = (options.jobs, options.pool) if len(plan) > _FEW else (1, None)
        rows = _block_rows(recipe.image)
        steps = list(_steps(plan, rows))
        done = sum(len(s.at) for s in steps[: mark.step])
        work = _work(recipe, steps, mark.step, rows)
        for step, decoded in decode_all(work, jobs, pool):
            builder.take(step, decoded, mark.used if step.number == mark.step else 0)
            done += len(step.at)
            progress(done, len(plan))
        series.finish()
        if options.dedup == "near":
            weed(journal, plan, pairs, builder.tally)
        listed = pairs.finish()
    if options.dedup == "off":
        (folder / listed.file).unlink()
    return Built(
        journal.entries(recipe.name),
        builder.tally.counts(),
        builder.tally.classes_of(),
        plan.dropped + builder.tally.dropped(),
        listed if options.dedup != "off" else None,
    )


def check_journal(journal: Journal, plan: Plan, recipe: Recipe) -> None:
    """Have `journal` start over where it cannot be of the work on `plan`."""
    if not journal.done:
        return
    sizes = [len(step.at) for step in _steps(plan, _block_rows(recipe.image))]
    rows = 0
    for done in journal.done:
        mark, rows = done.mark, rows + done.shard.rows
        known = all(d.source in plan.tables.sources for d in mark.dropped)
        if mark.step >= len(sizes) or mark.used > min(sizes[mark.step], rows) or not known:
            journal.forget()
            return
    numbers = [journal.rows_of(done)[0] for done in journal.done]
    if np.bincount(np.concatenate(numbers)).max() > 1:  # a row cannot be in two places
        journal.forget()


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """Some rows of one part, decoded together."""

    number: int
    part: PlannedPart
    start: int
    """Number of the part's first row."""
    at: NDArray[np.intp]
    """Places in the part."""


def _block_rows(how: Normalisation) -> int:
    """How many glyphs are decoded together."""
    blocks = _KEPT_BLOCKS if how.frame == "keep" else 1
    return max(16, blocks * _BLOCK_BYTES // how.size**2)


def _steps(plan: Plan, rows: int) -> Iterator[_Step]:
    """The work, `rows` at a time, in the order in which they are written."""
    number = 0
    for splits in _PASSES:
        for part, start in zip(plan.parts, plan.starts.tolist(), strict=False):
            chosen = np.flatnonzero(np.isin(part.split, splits))
            for first in range(0, len(chosen), rows):
                yield _Step(number, part, start, chosen[first : first + rows])
                number += 1


def _work(
    recipe: Recipe, steps: list[_Step], first: int, block_rows: int
) -> Iterator[tuple[_Step, Block, Treatment]]:
    """Each of `steps` from number `first` on, with its images and what is done to them."""
    at = first
    while at < len(steps):
        part, split = steps[at].part, _pass_of(steps[at])
        end = at
        while end < len(steps) and steps[end].part is part and _pass_of(steps[end]) == split:
            end += 1
        treatment = part.treatment(recipe)
        rows = np.concatenate([part.row[s.at] for s in steps[at:end]])
        blocks = part.reader.blocks(rows, block_rows)
        for step, block in zip(steps[at:end], blocks, strict=True):
            yield step, block, treatment
        at = end


def _pass_of(step: _Step) -> bool:
    return bool(step.part.split[step.at[0]] == Split.test)


class _Builder:
    """Takes decoded steps in order and keeps what is good."""

    def __init__(
        self,
        recipe: Recipe,
        plan: Plan,
        options: BuildOptions,
        pairs: PairList,
        series: ShardSeries,
    ) -> None:
        self._plan = plan
        code = {c: i for i, c in enumerate(plan.tables.classes)}
        self._blank = [code.get(source.blank, -1) for source in recipe.source]
        self._pairs = pairs
        self._series = series
        self._duplicates = None
        if options.dedup != "off":
            self._duplicates = Duplicates(plan.columns.label, plan.columns.split)
        self.tally = Tally(plan)

    def recall(self, journal: Journal) -> None:
        """Take up the state in which an earlier run was when its last whole shard was full."""
        self.tally.recall(journal.mark.dropped)
        known = [journal.rows_of(done) for done in journal.done]
        if not known:
            return
        rows, keys = (np.concatenate(column) for column in zip(*known, strict=True))
        before = len(rows) - journal.mark.used  # the step that was under way is done again
        self.tally.add(rows[:before])
        if self._duplicates is not None:
            self._duplicates.recall(keys[:before], rows[:before])

    def take(self, step: _Step, decoded: Decoded, used: int) -> None:
        """Write what is good of `decoded`, but for the first `used` rows, which are written."""
        mark = Mark(step.number, used, self._pairs.size, self.tally.dropped())
        number = step.start + step.at
        decoded = self._without_refuted(step, self._with_blank_ones(step, decoded))
        for place, fault in decoded.faults:
            self.tally.drop(int(number[place]), fault)
        good = np.arange(len(decoded.kept))
        if self._duplicates is not None:
            good = self._without_duplicates(decoded, number)
        self.tally.add(number[decoded.kept[good]])
        self._pairs.flush()
        new = decoded if used == 0 and len(good) == len(decoded.kept) else decoded.take(good[used:])
        self._series.append(
            self._rows(step, new.kept, new.images), number[new.kept], new.keys, mark
        )

    def _with_blank_ones(self, step: _Step, decoded: Decoded) -> Decoded:
        """`decoded` with the images that are blank and meant to be."""
        blank = self._blank[step.part.source]
        label = step.part.label[step.at]
        meant = [i for i, fault in decoded.faults if fault == BLANK and label[i] == blank]
        if not meant:
            return decoded
        known = set(meant)
        images = np.zeros((len(meant), *decoded.images.shape[1:]), np.uint8)
        keys = (step.start + step.at[meant] + 1).astype(np.uint64) * _APART  # none is a duplicate
        places = np.concatenate([decoded.kept, meant])
        order = np.argsort(places)
        return Decoded(
            np.concatenate([decoded.images, images])[order],
            places[order],
            np.concatenate([decoded.keys, keys])[order],
            tuple(f for f in decoded.faults if f[0] not in known),
        )

    def _without_refuted(self, step: _Step, decoded: Decoded) -> Decoded:
        """`decoded` without images that equal a corrected one, under the character that it was."""
        label = step.part.label[step.at]
        gone = self._plan.refuted.among(decoded.keys, label[decoded.kept])
        if self._duplicates is None or not gone.any():
            return decoded
        faults = [*decoded.faults, *((int(i), REASON) for i in decoded.kept[gone])]
        return replace(decoded.take(np.flatnonzero(~gone)), faults=tuple(sorted(faults)))

    def _without_duplicates(self, decoded: Decoded, number: NDArray[np.int64]) -> NDArray[np.intp]:
        """Which of the decoded images are kept; the pairs are noted."""
        assert self._duplicates is not None
        keep, pairs = self._duplicates.judge(decoded.keys, number[decoded.kept])
        note(pairs, self._plan, self._pairs, self.tally)
        return np.flatnonzero(keep)

    def _rows(self, step: _Step, at: NDArray[np.intp], images: NDArray[np.uint8]) -> Rows:
        """The rows of `images`, which are those `at` these places of the step."""
        part, place = step.part, step.at[at]
        return Rows(
            images=images,
            label=part.label[place],
            script=self._plan.columns.script[step.start + place].astype(np.int32),
            source=np.full(len(at), part.source, np.int32),
            writer=part.writer[place],
            split=part.split[place],
            origin=part.reader.origins(part.row[place]),
        )
