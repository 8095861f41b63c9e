"""Finds nearly equal images among the shards, and takes out of train and val what touches test."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwcli.blocks import ImageBlocks
from hwcli.dataset import ShardEntry
from hwcli.errors import DatasetError
from hwcli.ingest.dedup import Pair, reason
from hwcli.ingest.journal import Done, Journal
from hwcli.ingest.pairs import PairList
from hwcli.ingest.rows import Plan
from hwcli.ingest.tally import Tally
from hwcli.near import SIDE, near_pairs, thumbnails
from hwcli.processes import apart
from hwcli.shard_writer import ShardWriter
from hwcli.shards import Rows, Split, read_shard

_log = logging.getLogger(__name__)


def weed(journal: Journal, plan: Plan, pairs: PairList, tally: Tally) -> None:
    """List the nearly equal rows of the journal's shards; those that touch test leave the shards.

    Raises:
        DatasetError: a shard cannot be read or written.
    """
    known = [journal.rows_of(done) for done in journal.done]
    number, keys = (np.concatenate(column) for column in zip(*known, strict=True))
    _log.warning("looking for nearly equal images among %s rows", f"{len(number):,}")
    paths = [journal.folder / done.shard.file for done in journal.done]
    found: list[Pair] = []
    for i, j, distance in _near(paths, len(number)):
        if keys[i] != keys[j]:  # equal images were judged before
            found.append(_pair(int(number[i]), int(number[j]), distance, plan))
    dropped = {pair.row for pair in found if pair.dropped}
    for pair in found:
        pairs.add(replace(pair, dropped=pair.row in dropped))
    for row, pair in {p.row: p for p in found if p.dropped}.items():
        tally.drop(row, reason(pair, plan.columns))
    gone = np.asarray(sorted(dropped), np.int64)
    tally.add(gone, -1)
    if len(gone):
        journal.put(list(_without(gone, journal, plan)))


def _pair(one: int, two: int, distance: float, plan: Plan) -> Pair:
    """The pair of two rows; of one in test and one that is not, the latter is dropped."""
    tested = [plan.columns.split[row] == Split.test for row in (one, two)]
    if tested == [False, True]:
        one, two = two, one
    return Pair("near", two, one, dropped=tested[0] != tested[1], distance=distance)


def _without(gone: NDArray[np.int64], journal: Journal, plan: Plan) -> Iterator[Done]:
    """Every shard, written anew where rows of it are gone."""
    for done in journal.done:
        number, _ = journal.rows_of(done)
        stays = ~np.isin(number, gone)
        if stays.all():
            yield done
            continue
        path = journal.folder / done.shard.file
        rows = _rows(journal, done).take(stays)
        with ShardWriter(path, size=rows.images.shape[1], tables=plan.tables) as shard:
            shard.append(rows)
        yield replace(done, shard=ShardEntry(path.name, shard.rows, shard.sha256))


def _near(paths: list[Path], count: int) -> list[tuple[int, int, float]]:
    try:
        return apart(near_among, paths, count)
    except EOFError as error:
        raise DatasetError(
            "the search for nearly equal images was killed", hint="try --dedup exact"
        ) from error


def near_among(paths: list[Path], count: int) -> list[tuple[int, int, float]]:
    """The nearly equal images of the shards at `paths`: places among all `count` rows, distance."""
    small = np.empty((count, SIDE * SIDE), np.uint8)
    at = 0
    for path in paths:
        with ImageBlocks(path) as blocks:
            for images in blocks:
                small[at : at + len(images)] = thumbnails(images)
                at += len(images)
    return list(near_pairs(small))


def _rows(journal: Journal, done: Done) -> Rows:
    return read_shard(journal.folder / done.shard.file).rows
