"""Names all that decides what is in a dataset, so that a killed run goes on only with the same."""

import hashlib
import json
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import hwcli
from hwcli.fetch.archive import Archive, Folder
from hwcli.ingest.rows import Plan
from hwcli.ingest.series import SHARD_ROWS


class Digests:
    """Hashes the files of archives beside other work, each file once."""

    def __init__(self) -> None:
        self._beside = ThreadPoolExecutor(1)
        self._known: list[tuple[Archive, Future[tuple[str, ...]]]] = []
        self._of: dict[str, Future[tuple[str, ...]]] = {}

    def __enter__(self) -> "Digests":
        return self

    def __exit__(self, *_: object) -> None:
        self._beside.shutdown(cancel_futures=True)

    def begin(self, source: str, archive: Archive) -> None:
        """Hash what `source` is read from."""
        found = next((digests for known, digests in self._known if known == archive), None)
        if found is None:
            found = self._beside.submit(archive.digests)
            self._known.append((archive, found))
        self._of[source] = found

    def result(self) -> dict[str, tuple[str, ...]]:
        """`sha256:… file name` of the files of each source."""
        return {source: digests.result() for source, digests in self._of.items()}


def fingerprint(
    resolved: dict[str, Any],
    plan: Plan,
    archives: Mapping[str, Archive],
    digests: Mapping[str, tuple[str, ...]],
) -> str:
    """Hex SHA-256 of the recipe and options, the archives, the plan and this version.

    Args:
        resolved: recipe and options as `dataset.json` keeps them.
        plan: what they come to.
        archives: by source.
        digests: of the archives, as `Digests` tells them.
    """
    told = {
        "hwcli": hwcli.__version__,
        "shard_rows": SHARD_ROWS,
        "recipe": resolved,
        "archives": {name: digests[name] or _state(a) for name, a in archives.items()},
        "missing": plan.missing,
    }
    digest = hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode())
    digest.update(json.dumps([plan.tables.classes, plan.tables.scripts]).encode())
    for part in plan.parts:
        for column in (part.row, part.label, part.writer, part.split):
            digest.update(column.tobytes())
    return digest.hexdigest()


def _state(archive: Archive) -> list[tuple[str, int, int]]:
    """Name, size and time of every file of a folder, which is not one file to hash."""
    if not isinstance(archive, Folder):
        return []
    paths = ((name, (archive.path / name).stat()) for name in archive.names())
    return [(name, state.st_size, state.st_mtime_ns) for name, state in paths]
