"""Checks that a dataset on disk is what its `dataset.json` says."""

from collections import Counter
from pathlib import Path

from hwcli.dataset import DatasetInfo, open_dataset
from hwcli.errors import DatasetError
from hwcli.progress import Progress, silent
from hwcli.shards import Split, read_shard, sha256_of


def verify_dataset(folder: Path, progress: Progress = silent) -> DatasetInfo:
    """What the dataset in `folder` says of itself, after it was found to be so.

    Checked are every file's sha256, each shard's tables, ranges and rows, and the counts.

    Raises:
        DatasetError: the first thing that is not so.
    """
    info = open_dataset(folder).info
    split: Counter[str] = Counter()
    label: Counter[str] = Counter()
    for i, entry in enumerate(info.shards):
        path = folder / entry.file
        if _sha256(path) != entry.sha256:
            raise DatasetError(f"{path}: has changed since it was written (sha256)")
        shard = read_shard(path)
        if len(shard.rows) != entry.rows:
            raise DatasetError(f"{path}: {len(shard.rows)} rows, dataset.json says {entry.rows}")
        if shard.tables.classes != info.classes:
            raise DatasetError(f"{path}: its classes are not those of dataset.json")
        split.update(Split(int(s)).name for s in shard.rows.split)
        label.update(info.classes[int(k)] for k in shard.rows.label)
        progress(i + 1, len(info.shards))
    if (pairs := info.duplicates) and _sha256(folder / pairs.file) != pairs.sha256:
        raise DatasetError(f"{folder / pairs.file}: has changed since it was written (sha256)")
    for name, found in (("split", split), ("class", label)):
        said = {k: n for k, n in info.counts.get(name, {}).items() if n}
        if said != dict(found):
            raise DatasetError(f"{folder}: rows by {name} are not what dataset.json says")
    return info


def _sha256(path: Path) -> str:
    try:
        return sha256_of(path)
    except OSError as error:
        raise DatasetError(
            f"{path}: cannot be read ({error.strerror})", hint="run `hwcli ingest` for it again"
        ) from error
