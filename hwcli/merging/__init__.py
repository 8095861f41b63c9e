"""Datasets joined to one: one class a character, one source a publisher, no image twice."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import hwcli
from hwcli.atomic import growing_folder, writing
from hwcli.dataset import FILE_NAME, Dataset, DatasetInfo, check_name, write_info
from hwcli.errors import DatasetError
from hwcli.glyph import Normalisation
from hwcli.grouped import Grouped
from hwcli.merging.seen import Seen
from hwcli.merging.series import Shards
from hwcli.merging.tables import JoinedSources, MergeTally, join_sources
from hwcli.merging.writers import JoinedWriters, join_writers
from hwcli.progress import Progress, silent
from hwcli.shards import Rows, Split, Tables
from hwcli.structure import unstructure

_ORDER = (Split.test, Split.val, Split.train)
"""Test rows come first, so that of two equal images the one in train is dropped."""


@dataclass(frozen=True, slots=True, eq=False)
class _Maps:
    """From the numbers in one dataset's columns to those of the merged one."""

    label: NDArray[np.int32]
    script: NDArray[np.int32]
    source: NDArray[np.int32]
    writer: NDArray[np.int32]
    """Its last is −1, so that −1 stays −1."""

    def apply(self, rows: Rows) -> Rows:
        """`rows` with the numbers of the merged dataset."""
        return Rows(
            images=rows.images,
            label=self.label[rows.label],
            script=self.script[rows.script],
            source=self.source[rows.source],
            writer=self.writer[rows.writer],
            split=rows.split,
            origin=rows.origin,
        )


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
    notes = list(_differences(datasets))
    with writing(folder, DatasetError):
        name = _name_of(folder, force)
        sources = join_sources(datasets)
        writers = join_writers(datasets, sources)
        tables = _tables(datasets, sources)
        tally = MergeTally(tables, datasets)
        with growing_folder(folder) as partial:
            shards = Shards(partial, name, datasets[0].info.normalisation.size, tables)
            maps = [_maps(d, tables, sources, writers, i) for i, d in enumerate(datasets)]
            for rows in _fresh(datasets, maps, tally, progress):
                shards.append(rows)
            first = datasets[0].info
            info = DatasetInfo(
                name=name,
                title=" + ".join(dict.fromkeys(d.info.title for d in datasets)),
                target=first.target,
                normalisation=first.normalisation,
                classes=tables.classes,
                scripts=tables.scripts,
                sources=tally.counted(sources.entries),
                shards=shards.finish(),
                counts=tally.counts(),
                dropped=tally.dropped(),
                recipe=_recipe(datasets, [*notes, *sources.notes, *writers.notes, *tally.notes()]),
                hwcli=hwcli.__version__,
            )
            write_info(partial, info)
    return info


def _name_of(folder: Path, force: bool) -> str:
    """The name of the dataset in `folder`, which may be written there."""
    name = folder.absolute().name
    try:
        check_name(name)
    except ValueError as error:
        raise DatasetError(f"{folder}: {error}") from error
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return name
    if not (folder / FILE_NAME).is_file():
        raise DatasetError(f"{folder}: is there, and no dataset", hint="choose another --out")
    if not force:
        raise DatasetError(f"{folder}: is there already", hint="--force writes it anew")
    return name


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


def _tables(datasets: Sequence[Dataset], sources: JoinedSources) -> Tables:
    return Tables(
        tuple(sorted({c for d in datasets for c in d.info.classes})),
        tuple(sorted({s for d in datasets for s in d.info.scripts})),
        tuple(s.name for s in sources.entries),
    )


def _maps(
    dataset: Dataset, tables: Tables, sources: JoinedSources, writers: JoinedWriters, number: int
) -> _Maps:
    label = {c: i for i, c in enumerate(tables.classes)}
    return _Maps(
        label=np.asarray([label[c] for c in dataset.info.classes], np.int32),
        script=np.asarray([tables.scripts.index(s) for s in dataset.info.scripts], np.int32),
        source=np.asarray(sources.places[number], np.int32),
        writer=writers.numbers[number],
    )


def _fresh(
    datasets: Sequence[Dataset], maps: list[_Maps], tally: MergeTally, progress: Progress
) -> Iterator[Rows]:
    """The rows to write, in order, those dropped and kept told to `tally`."""
    seen = Seen()
    walks = [Grouped(d) for d in datasets]
    done, total = 0, sum(map(len, walks))
    for split in _ORDER:
        for number, walk in enumerate(walks):
            for block in walk.rows_of(split):
                rows = maps[number].apply(block)
                fresh = np.ones(len(rows), np.bool_)
                for i, image in enumerate(rows.images):
                    if reason := seen.why_not(image, int(rows.label[i]), split):
                        tally.drop(number, int(rows.source[i]), reason, rows.origin[i])
                        fresh[i] = False
                kept = rows.take(fresh)
                tally.add(kept)
                yield kept
                done += len(rows)
                progress(done, total)


def _recipe(datasets: Sequence[Dataset], notes: list[str]) -> dict[str, Any]:
    """What `dataset.json` says of how it was made: of what, and what each of them says."""
    told = {
        key: [f"{d.info.name}: {text}" for d in datasets for text in d.info.recipe.get(key, ())]
        for key in ("missing", "notes")
    }
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
