"""Names all that decides what is in a dataset, so that a killed run goes on only with the same."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import hwcli
from hwcli.fetch.archive import Archive, Folder
from hwcli.ingest.rows import Plan
from hwcli.ingest.series import SHARD_ROWS


def digests_of(archives: Mapping[str, Archive]) -> dict[str, tuple[str, ...]]:
    """`sha256:… file name` of the files of each source, each file hashed once."""
    known: list[tuple[Archive, tuple[str, ...]]] = []
    result = {}
    for name, archive in archives.items():
        digests = next((d for a, d in known if a == archive), None)
        if digests is None:
            digests = archive.digests()
            known.append((archive, digests))
        result[name] = digests
    return result


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
        digests: of the archives, as `digests_of` tells them.
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
