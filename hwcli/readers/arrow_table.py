"""Reads tables of images: Parquet, and Arrow files as Hugging Face's `save_to_disk` writes them."""

from collections.abc import Iterator
from itertools import accumulate
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import FetchError
from hwcli.fetch.archive import Archive, MissingError
from hwcli.readers.arrow_columns import RowBlock, block_of, class_names, is_image, texts_of
from hwcli.readers.arrow_file import TableFile, open_table, require_arrow
from hwcli.readers.reader import Block, Listing, Reader, listing_of, matching
from hwcli.recipe import Part, Source

if TYPE_CHECKING:
    import pyarrow as pa

_MAX_INFO = 16 << 20
"""Bytes of a `dataset_info.json`."""
_MAX_ROWS = 100_000_000


class ArrowReader(Reader):
    """The rows of all files that match, in the order of their names."""

    def __init__(self, source: Source, part: Part, archive: Archive) -> None:
        self._source = source
        self._part = part
        self._archive = archive
        self._what = f"{source.name}: {part.images}"
        self._members = sorted(matching(archive, part.images, source.name))
        self._ends: list[int] = []
        self._image = part.array

    def listing(self) -> Listing:
        """Labels by name where the file or its `dataset_info.json` has them; writers, splits."""
        rule = self._source.label
        label = self._part.label_array or rule.label_column
        wanted = [c for c in (label, rule.writer_column, rule.split_column) if c]
        found: dict[str, list[str]] = {c: [] for c in wanted}
        counts = []
        for member in self._members:
            counts.append(0)
            with open_table(self._archive, member, self._what) as file:
                self._image = self._image or self._image_column(file)
                names = {c: self._names(file, member, c) for c in wanted}
                for _, batch in self._batches(file, wanted, None):
                    counts[-1] += len(batch)
                    for i, column in enumerate(wanted):
                        found[column] += texts_of(batch.column(i), names[column])
                    if sum(counts) > _MAX_ROWS:
                        raise FetchError(f"{self._what}: more than {_MAX_ROWS:,} rows")
        self._ends = list(accumulate(counts))
        return listing_of(
            found[label], found.get(rule.writer_column), splits=found.get(rule.split_column)
        )

    def origin(self, row: int) -> str:
        """`member#row`, the row within the member."""
        number = next(i for i, end in enumerate(self._ends) if row < end)
        start = self._ends[number - 1] if number else 0
        return f"{self._members[number]}#{row - start}"

    def blocks(self, rows: NDArray[np.intp], size: int) -> Iterator[Block]:
        """The images of `rows`, read in one pass over the files."""
        waiting: list[Block] = []
        count = 0
        for images in self._pieces(rows):
            at = 0
            while at < len(images):
                here = min(size - count, len(images) - at)
                waiting.append(block_of(images.slice(at, here), self._source, self._what))
                at, count = at + here, count + here
                if count == size:
                    yield RowBlock(tuple(waiting))
                    waiting, count = [], 0
        if waiting:
            yield RowBlock(tuple(waiting))

    def _pieces(self, rows: NDArray[np.intp]) -> Iterator["pa.Array"]:
        """Images of `rows`, batch by batch."""
        start = 0
        for member, end in zip(self._members, self._ends, strict=True):
            own = rows[(rows >= start) & (rows < end)] - start
            start, done = end, 0
            if not len(own):
                continue
            with open_table(self._archive, member, self._what) as file:
                for first, batch in self._batches(file, [self._image], own):
                    here = own[(own >= first) & (own < first + len(batch))] - first
                    if len(here):
                        yield batch.column(0).take(require_arrow(self._what).array(here))
                    done += len(here)
            if done < len(own):
                raise FetchError(f"{self._what}: {member} has fewer rows than it had")

    def _batches(
        self, file: TableFile, columns: list[str], rows: NDArray[np.intp] | None
    ) -> Iterator[tuple[int, "pa.RecordBatch"]]:
        if missing := [c for c in columns if c not in file.schema.names]:
            there = ", ".join(file.schema.names)[:200] or "none"
            raise FetchError(f"{self._what}: has no column {missing[0]!r}, there are: {there}")
        return file.batches(columns, rows)

    def _image_column(self, file: TableFile) -> str:
        """The only column that can hold images, or the one that is called so."""
        found = [f.name for f in file.schema if is_image(f.type)]
        if len(found) == 1 or "image" in found:
            return "image" if "image" in found else found[0]
        there = ", ".join(file.schema.names)[:200] or "none"
        raise FetchError(
            f"{self._what}: which column has the images, of {there}?",
            hint="name it as the part's `array`",
        )

    def _names(self, file: TableFile, member: str, column: str) -> tuple[str, ...]:
        """Names of the classes of `column`, by its file or a `dataset_info.json` beside it."""
        beside = PurePosixPath(member).parent
        described = [(file.schema.metadata or {}).get(b"huggingface", b"")]
        for folder in (beside, beside.parent):
            try:
                described.append(
                    self._archive.read((folder / "dataset_info.json").as_posix(), _MAX_INFO)
                )
            except MissingError:
                continue
        return class_names(column, *described)
