"""Datasets joined to one: one class a character, one source a publisher, no image twice."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import hwcli
from hwcli.atomic import growing_folder, writing
from hwcli.dataset import (
    Dataset,
    DatasetInfo,
    Dropped,
    DuplicatesEntry,
    ShardEntry,
    write_info,
)
from hwcli.errors import DatasetError
from hwcli.glyph import Normalisation
from hwcli.ingest.dedup import Duplicates
from hwcli.ingest.journal import Journal, Mark, clear
from hwcli.ingest.pairs import PairList, note
from hwcli.ingest.seen import image_keys
from hwcli.ingest.series import ShardSeries
from hwcli.ingest.tally import Tally
from hwcli.lock import only_one
from hwcli.merging.rows import MergedRows
from hwcli.merging.tables import JoinedSources, join_sources
from hwcli.merging.texts import Texts
from hwcli.new_dataset import name_for
from hwcli.progress import Progress, silent
from hwcli.shards import Split, Tables
from hwcli.structure import unstructure

_ORDER = (Split.test, Split.val, Split.train)
"""Test rows come first, so that of two equal images the one in train is dropped."""


@dataclass(frozen=True, slots=True)
class _Merged:
    """What came of the rows."""

    tables: Tables
    shards: tuple[ShardEntry, ...]
    counts: dict[str, dict[str, int]]
    classes_of: tuple[int, ...]
    dropped: tuple[Dropped, ...]
    duplicates: DuplicatesEntry
    notes: tuple[str, ...]


def merge_datasets(
    datasets: Sequence[Dataset],
    folder: Path,
    *,
    force: bool = False,
    progress: Progress = silent,
) -> DatasetInfo:
    """Write all rows of `datasets` as one dataset in `folder`, whole or not at all.

    Splits are kept. Of equal images under one character the first is kept: test before val before
    train, then in the order of `datasets`; what equals an image of test is in no other split.

    Args:
        datasets: at least one, all normalised alike.
        folder: where to put it; its name is the dataset's.
        force: replace a dataset that is in `folder`.
        progress: told of rows.

    Raises:
        DatasetError: they are not normalised alike, one is damaged, or `folder` is there or cannot
            be written.
    """
    differences = tuple(_differences(datasets))
    with writing(folder, DatasetError), only_one(folder):
        name = name_for(folder, force=force)
        sources = join_sources(datasets)
        with growing_folder(folder) as partial:
            made = _write(datasets, sources, partial, name, progress)
            first = datasets[0].info
            rows = made.counts["source"]
            info = DatasetInfo(
                name=name,
                title=" + ".join(dict.fromkeys(d.info.title for d in datasets)),
                target=first.target,
                normalisation=first.normalisation,
                classes=made.tables.classes,
                scripts=made.tables.scripts,
                sources=tuple(
                    replace(entry, rows=rows[entry.name], classes=classes)
                    for entry, classes in zip(sources.entries, made.classes_of, strict=True)
                ),
                shards=made.shards,
                counts=made.counts,
                dropped=made.dropped,
                duplicates=made.duplicates,
                recipe=_recipe(datasets, [*differences, *sources.notes, *made.notes]),
                hwcli=hwcli.__version__,
            )
            write_info(partial, info)
    return info


def _write(
    datasets: Sequence[Dataset],
    sources: JoinedSources,
    folder: Path,
    name: str,
    progress: Progress,
) -> _Merged:
    """Write the rows of `datasets` that stay as shards in `folder`, and the list of the others."""
    total = sum(entry.rows for d in datasets for entry in d.info.shards)
    journal = Journal(folder, name, total)
    with Texts(folder) as origins:
        rows = MergedRows(datasets, sources, origins)
        size = datasets[0].info.normalisation.size
        with (
            PairList(folder, rows) as pairs,
            ShardSeries(journal, name, size, rows.tables) as series,
        ):
            weeded = _Weeded(rows, pairs)
            for split in _ORDER:
                weeded.into(series, split, progress)
            series.finish()
            duplicates = pairs.finish()
    entries = journal.entries(name)
    journal.name_shards(entries)
    clear(folder)
    return _Merged(
        rows.tables,
        entries,
        weeded.tally.counts(),
        weeded.tally.classes_of(),
        weeded.tally.dropped(),
        duplicates,
        (*rows.notes, *weeded.notes()),
    )


class _Weeded:
    """The rows that stay; of equal images the first does."""

    def __init__(self, rows: MergedRows, pairs: PairList) -> None:
        self._rows = rows
        self._pairs = pairs
        self._duplicates = Duplicates(rows.columns.label, rows.columns.split)
        self._stays = np.zeros(len(rows), np.bool_)
        self._done = 0
        self.tally = Tally(rows, rows.place)

    def into(self, series: ShardSeries, split: Split, progress: Progress) -> None:
        """Give the rows of `split` that stay to `series`; splits to judge on come first."""
        for number, images in self._rows.of_split(split):
            keys = image_keys(images)
            keep, found = self._duplicates.judge(keys, number)
            note(found, self._rows, self._pairs, self.tally)
            kept = number[keep]
            self._stays[kept] = True
            self.tally.add(kept)
            series.append(self._rows.rows(kept, images[keep]), kept, keys[keep], Mark())
            self._done += len(number)
            progress(self._done, len(self._rows))

    def notes(self) -> tuple[str, ...]:
        """People whose rows are in train and in a split to judge on."""
        known = self._stays & (self._rows.writer >= 0)
        train = self._rows.columns.split == Split.train
        writer = self._rows.writer
        both = np.intersect1d(writer[known & train], writer[known & ~train])
        if not len(both):
            return ()
        return (f"{len(both):,} writers are in train and also in val or test: splits are kept",)


def _differences(datasets: Sequence[Dataset]) -> Iterator[str]:
    """What of the first dataset is taken though another has it otherwise.

    Raises:
        DatasetError: they are not normalised alike.
    """
    first = datasets[0].info
    for other in (d.info for d in datasets[1:]):
        fields = _unequal(first.normalisation, other.normalisation)
        framed = first.normalisation.frame == other.normalisation.frame == "keep"
        if fields and not (framed and "size" not in fields):
            one, two = (getattr(i.normalisation, fields[0]) for i in (first, other))
            raise DatasetError(
                f"{first.name} and {other.name} are not normalised alike: "
                f"{fields[0]} is {one} and {two}",
                hint="make one anew, with the [image] of the other in its recipe",
            )
        if fields:
            yield f"{', '.join(fields)} of the normalisation: as {first.name} has it"
        if other.target != first.target:
            yield f"target: {first.target}, as of {first.name}; {other.name} has {other.target}"


def _unequal(one: Normalisation, two: Normalisation) -> list[str]:
    left, right = unstructure(one), unstructure(two)
    return [name for name in left if left[name] != right[name]]


def _recipe(datasets: Sequence[Dataset], notes: list[str]) -> dict[str, Any]:
    """What `dataset.json` says of how it was made: of what, and what each of them says."""
    told = {
        key: [f"{d.info.name}: {text}" for d in datasets for text in d.info.recipe.get(key, ())]
        for key in ("missing", "notes")
    }
    told["notes"] += [
        f"{d.info.name}: corrections: {each.summary()}"
        for d in datasets
        for each in d.info.corrections
    ]
    return {
        "merged": [
            {
                "name": d.info.name,
                "title": d.info.title,
                "sha256": d.sha256,
                "rows": sum(s.rows for s in d.info.shards),
                "dropped": unstructure(d.info.dropped),
                "recipe": d.info.recipe,
            }
            for d in datasets
        ],
        "missing": list(dict.fromkeys(told["missing"])),
        "notes": list(dict.fromkeys([*told["notes"], *notes])),
    }
