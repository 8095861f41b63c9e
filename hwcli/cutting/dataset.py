"""A dataset of the glyphs that `ocr` cuts out of composed pages."""

from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import hwcli
from hwcli.atomic import growing_folder, writing
from hwcli.characters import NO_CHARACTER, UNKNOWN
from hwcli.compose.page import compose
from hwcli.compose.stock import Stock, load_stock
from hwcli.cutting.cut import NO_SCRIPT, Pieces, cut
from hwcli.dataset import (
    Dataset,
    DatasetInfo,
    ShardEntry,
    SourceEntry,
    write_info,
)
from hwcli.errors import DatasetError
from hwcli.glyph import Normalisation
from hwcli.ingest.series import SHARD_ROWS
from hwcli.lock import only_one
from hwcli.new_dataset import name_for
from hwcli.page.finder import Finder
from hwcli.processes import cores, new_pool, submit
from hwcli.progress import Progress, silent
from hwcli.shard_writer import ShardWriter
from hwcli.shards import Rows, Split, Tables, coded, concatenate

SOURCE = "composed"
"""Name of the only source."""
_SHARES = {Split.train: 1.0, Split.val: 0.06, Split.test: 0.1}
"""Pages of each split, for each of train."""
_BLOCK = 32
"""Pages that a process cuts up at a time."""
_GLYPHS = 4000
"""Of each character, held for composing."""


@dataclass(frozen=True, slots=True)
class CutOptions:
    """How pages are composed and cut up."""

    pages: int = 6000
    """Composed of the train split; of val and test there are 6 and 10 % as many."""
    seed: int = 0
    jobs: int = 0
    """Processes; 0 for one a core."""


def cut_dataset(
    dataset: Dataset,
    finder: Path,
    folder: Path,
    options: CutOptions,
    *,
    force: bool = False,
    progress: Progress = silent,
) -> DatasetInfo:
    """Write a dataset of what `finder` cuts out of pages composed of the glyphs of `dataset`.

    Pages of a split are composed of the glyphs of the same split.

    Args:
        dataset: of characters.
        finder: an ONNX file.
        folder: where to put it; its name is the dataset's.
        options: how many pages, and which.
        force: replace a dataset that is in `folder`.
        progress: told of pages.

    Raises:
        DatasetError: `dataset` has no characters, or none in a split; or `folder` is there or
            cannot be written.
        ModelError: no finder.
    """
    Finder(finder, threads=1)  # told now, not by a process
    info = dataset.info
    classes = (*(c for c in info.classes if c not in (UNKNOWN, NO_CHARACTER)), NO_CHARACTER)
    tables = Tables(classes, tuple(dict.fromkeys((*info.scripts, NO_SCRIPT))), (SOURCE,))
    with writing(folder, DatasetError), only_one(folder):
        if folder.resolve() == dataset.folder.resolve():
            raise DatasetError(f"{folder}: is the dataset itself", hint="choose another --out")
        name = name_for(folder, force=force)
        with growing_folder(folder) as partial:
            shards, counts = _written(dataset, finder, partial, name, tables, options, progress)
            if not all(counts["split"].values()):
                raise DatasetError(
                    f"{folder}: nothing was cut out for one of its splits",
                    hint="more pages: --pages",
                )
            made = DatasetInfo(
                name=name,
                title=f"Glyphs cut out of pages composed of {info.title}",
                target="char",
                normalisation=info.normalisation,
                classes=tables.classes,
                scripts=tables.scripts,
                sources=(_source(info, counts),),
                shards=shards,
                counts=counts,
                recipe=_recipe(dataset, finder, options),
                hwcli=hwcli.__version__,
            )
            write_info(partial, made)
    return made


def _recipe(dataset: Dataset, finder: Path, options: CutOptions) -> dict[str, Any]:
    """What the pages were composed of and cut up by, and what was missing of it."""
    return {
        "composed": {
            "dataset": dataset.info.name,
            "sha256": dataset.sha256,
            "pages": options.pages,
            "seed": options.seed,
            "finder": finder.name,
        },
        "missing": list(dataset.info.recipe.get("missing", ())),
    }


def _source(info: DatasetInfo, counts: dict[str, dict[str, int]]) -> SourceEntry:
    licences = dict.fromkeys(f"{s.name}: {s.license}" for s in info.sources)
    return SourceEntry(
        name=SOURCE,
        script="Zyyy",
        license="that of the glyphs: " + "; ".join(licences),
        citation=" ".join(dict.fromkeys(s.citation for s in info.sources)),
        rows=counts["source"][SOURCE],
        redistributable=all(s.redistributable for s in info.sources),
        classes=sum(1 for rows in counts["class"].values() if rows),
    )


def _written(
    dataset: Dataset,
    finder: Path,
    folder: Path,
    name: str,
    tables: Tables,
    options: CutOptions,
    progress: Progress,
) -> tuple[tuple[ShardEntry, ...], dict[str, dict[str, int]]]:
    """Shards of pieces in `folder`, and how many there are of what."""
    shards: list[ShardEntry] = []
    count: dict[str, Counter[str]] = {by: Counter() for by in ("split", "class", "script")}

    def write(held: list[Rows]) -> None:
        rows = concatenate(held)
        path = folder / f"{name}-{len(shards):05d}.h5"
        with ShardWriter(path, size=rows.images.shape[1], tables=tables) as shard:
            shard.append(rows)
        shards.append(ShardEntry(path.name, len(rows), shard.sha256))
        for by, names, column in (("split", [s.name for s in Split], rows.split),
                                  ("class", tables.classes, rows.label),
                                  ("script", tables.scripts, rows.script)):  # fmt: skip
            sums = np.bincount(column, minlength=len(names)).tolist()
            count[by].update(dict(zip(names, sums, strict=True)))

    held: list[Rows] = []
    for split, pieces in _pieces(dataset, finder, options, progress):
        held.append(_rows(pieces, split, tables))
        if sum(map(len, held)) >= SHARD_ROWS:
            write(held)
            held = []
    if sum(map(len, held)):
        write(held)
    total = sum(entry.rows for entry in shards)
    return tuple(shards), {by: dict(c) for by, c in count.items()} | {"source": {SOURCE: total}}


def _rows(pieces: Pieces, split: Split, tables: Tables) -> Rows:
    label = {c: i for i, c in enumerate(tables.classes)}
    script = {s: i for i, s in enumerate(tables.scripts)}
    count = len(pieces.chars)
    return Rows(
        pieces.images,
        np.array([label[c] for c in pieces.chars], np.int32),
        np.array([script[s] for s in pieces.scripts], np.int32),
        np.zeros(count, np.int32),
        np.full(count, -1, np.int32),
        np.full(count, int(split), np.uint8),
        coded(f"{split.name}/page-{page}" for page in pieces.pages),
    )


def _pieces(
    dataset: Dataset, finder: Path, options: CutOptions, progress: Progress
) -> Iterator[tuple[Split, Pieces]]:
    """The pieces of all pages, in order."""
    pages = {split: max(1, round(share * options.pages)) for split, share in _SHARES.items()}
    for split in pages:
        load_stock(dataset.folder, (split,), most=1)  # told now, not by a process
    how, jobs = dataset.info.normalisation, options.jobs or cores()
    done = 0
    for split, count in pages.items():
        pool = new_pool(jobs, start_cutting, dataset.folder, split, finder)
        ahead: deque[Future[Pieces]] = deque()
        try:
            for first in range(0, count, _BLOCK):
                some = min(_BLOCK, count - first)
                ahead.append(submit(pool, cut_pages, options.seed, split, first, some, how))
                if len(ahead) > 2 * jobs or first + _BLOCK >= count:
                    for pieces in _taken(ahead, 2 * jobs if first + _BLOCK < count else 0):
                        done += _BLOCK
                        progress(min(done, sum(pages.values())), sum(pages.values()))
                        yield split, pieces
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _taken(ahead: "deque[Future[Pieces]]", left: int) -> Iterator[Pieces]:
    """The oldest of `ahead`, until only so many are left."""
    while len(ahead) > left:
        pieces = ahead.popleft().result()
        if pieces.chars:
            yield pieces


class _Cutter:
    """What a process that cuts up pages holds."""

    stock: Stock
    finder: Finder


def start_cutting(folder: Path, split: Split, finder: Path) -> None:
    """Get ready to compose of the glyphs of a dataset."""
    cv2.setNumThreads(1)
    _Cutter.stock = load_stock(folder, (split,), most=_GLYPHS)
    _Cutter.finder = Finder(finder, threads=1)


def cut_pages(seed: int, split: Split, first: int, count: int, how: Normalisation) -> Pieces:
    """The pieces of pages `first` to `first + count`; the same ones every time."""
    made = []
    for number in range(first, first + count):
        rng = np.random.default_rng([seed, int(split), number])
        pieces = cut(compose(_Cutter.stock, rng), _Cutter.finder, how, rng)
        pieces.pages[:] = number
        made.append(pieces)
    return Pieces(
        np.concatenate([p.images for p in made]),
        tuple(c for p in made for c in p.chars),
        tuple(s for p in made for s in p.scripts),
        np.concatenate([p.pages for p in made]),
    )
