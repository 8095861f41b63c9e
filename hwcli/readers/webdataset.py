"""Reads webdataset tars: files that share a name up to the first dot are one sample.

The format: https://github.com/webdataset/webdataset#the-webdataset-format
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import FetchError
from hwcli.fetch.archive import Archive
from hwcli.fetch.located import on_disk
from hwcli.fetch.tars import TarArchive
from hwcli.readers.arrow_columns import RowBlock
from hwcli.readers.images import FileBlock
from hwcli.readers.reader import Block, Listing, Reader, listing_of, matching
from hwcli.recipe import Part, Source
from hwcli.structure import StructureError, parse_json

_IMAGES = ("png", "jpg", "jpeg", "webp", "bmp", "tif", "tiff", "pgm", "gif")
_LABELS = ("cls", "txt", "json")
"""Endings of files that hold a label; the first that is there counts."""
_MAX_LABEL = 1 << 20
"""Bytes of such a file."""


@dataclass(slots=True)
class _Sample:
    shard: Archive
    image: str = ""
    others: dict[str, str] = field(default_factory=dict)
    """Member by ending."""


class WebdatasetReader(Reader):
    """The samples of one or many tars: the source itself, or members of it."""

    def __init__(self, source: Source, part: Part, archive: Archive) -> None:
        self._rule = source.label
        self._endings = (part.labels,) if part.labels else _LABELS
        self._what = f"{source.name}: {part.images}"
        members = matching(archive, part.images, source.name)
        tars = sorted(m for m in members if m.lower().endswith(".tar"))
        self._samples = (
            [s for tar in tars for s in _samples(_shard(archive, tar, self._what))]
            if tars
            else _samples(archive, members)
        )
        if not self._samples:
            raise FetchError(f"{self._what}: no image is in it")

    def listing(self) -> Listing:
        """Labels of `.cls`, `.txt` or a key of `.json`; writers and splits of keys of `.json`."""
        labels, writers, splits = [], [], []
        for sample in self._samples:
            told = self._json(sample) if "json" in sample.others else {}
            labels.append(self._label(sample, told))
            writers.append(told.get(self._rule.writer_column, ""))
            splits.append(told.get(self._rule.split_column, ""))
        return listing_of(labels, writers, splits=splits if self._rule.split_column else None)

    def origin(self, row: int) -> str:
        """The member's path."""
        name = self._samples[row].image
        return name.encode("utf-8", "backslashreplace").decode()

    def blocks(self, rows: NDArray[np.intp], size: int) -> Iterator[Block]:
        """The images of `rows`, in whatever order."""
        for start in range(0, len(rows), size):
            chosen = [self._samples[int(r)] for r in rows[start : start + size]]
            edges = [i for i, s in enumerate(chosen) if not i or s.shard is not chosen[i - 1].shard]
            spans = zip(edges, [*edges[1:], len(chosen)], strict=True)
            yield RowBlock(
                tuple(
                    FileBlock(chosen[a].shard.some([s.image for s in chosen[a:b]]))
                    for a, b in spans
                )
            )

    def _label(self, sample: _Sample, told: dict[str, str]) -> str:
        ending = next((e for e in self._endings if e in sample.others), "")
        if ending == "json":
            return told.get(self._rule.label_column, "")
        return self._text(sample, ending).strip() if ending else ""

    def _text(self, sample: _Sample, ending: str) -> str:
        data = sample.shard.read(sample.others[ending], _MAX_LABEL)
        if len(data) > _MAX_LABEL:
            raise FetchError(f"{self._what}: {sample.others[ending]} is too large for a label")
        return data.decode("utf-8", "replace")

    def _json(self, sample: _Sample) -> dict[str, str]:
        """The keys of the sample's JSON that hold a text or a number."""
        try:
            told = parse_json(self._text(sample, "json").encode())
        except StructureError as error:
            raise FetchError(f"{self._what}: {sample.others['json']} is {error!s:.90}") from error
        pairs = told.items() if isinstance(told, dict) else ()
        return {k: str(v).strip() for k, v in pairs if isinstance(v, str | int)}


def _shard(archive: Archive, name: str, what: str) -> TarArchive:
    path = on_disk(archive, name)
    if path is None:
        raise FetchError(
            f"{what}: {name} is a tar in an archive", hint="unpack the outer one to a folder"
        )
    return TarArchive(path)


def _samples(shard: Archive, members: list[str] | None = None) -> list[_Sample]:
    """The samples of a tar that have an image, in its order."""
    found: dict[str, _Sample] = {}
    for name in shard.names() if members is None else members:
        path = PurePosixPath(name)
        stem, _, ending = path.name.partition(".")
        sample = found.setdefault(f"{path.parent}/{stem}", _Sample(shard))
        kind = ending.lower()
        if kind.rpartition(".")[2] in _IMAGES and not sample.image:
            sample.image = name
        else:
            sample.others[kind] = name
    return [s for s in found.values() if s.image]
