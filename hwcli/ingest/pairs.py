"""The list of duplicates that stands beside a dataset's shards."""

import csv
import io
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from hwcli.dataset import DuplicatesEntry
from hwcli.ingest.dedup import Pair, reason
from hwcli.ingest.rows import Numbered
from hwcli.ingest.tally import Tally
from hwcli.shards import Split, sha256_of

FILE_NAME = "duplicates.csv"
_COLUMNS = ("origin", "source", "split", "char")
_HEAD = ("kind", "dropped", "distance", *_COLUMNS, *(f"of_{c}" for c in _COLUMNS))


class PairList:
    """Writes a line for each pair: its kind, whether the first was dropped, and both rows."""

    def __init__(self, folder: Path, rows: Numbered, size: int = 0) -> None:
        """Go on after the first `size` bytes of what an earlier run has left in `folder`."""
        self._rows = rows
        self._path = folder / FILE_NAME
        self._kinds: Counter[str] = Counter()
        if size:
            with self._path.open("r+b") as left:
                left.truncate(size)
            text = self._path.read_text(encoding="utf-8", errors="surrogateescape")
            self._kinds.update(line[0] for line in list(csv.reader(io.StringIO(text)))[1:])
        self._file: IO[bytes] = self._path.open("ab" if size else "wb")
        if not size:
            self._line(_HEAD)

    def __enter__(self) -> "PairList":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self._file.tell()

    def add(self, pair: Pair) -> None:
        """Write a line for `pair`."""
        self._kinds[pair.kind] += 1
        distance = f"{pair.distance:.4f}" if pair.kind == "near" else ""
        answer = "yes" if pair.dropped else "no"
        self._line((pair.kind, answer, distance, *self._row(pair.row), *self._row(pair.of)))

    def flush(self) -> None:
        """Give what was written to the system: it is there even if we are killed."""
        self._file.flush()

    def finish(self) -> DuplicatesEntry:
        """What `dataset.json` says of the list."""
        self._file.close()
        kinds = {kind: self._kinds[kind] for kind in ("exact", "near", "conflict")}
        return DuplicatesEntry(FILE_NAME, sha256_of(self._path), **kinds)

    def _row(self, row: int) -> tuple[str, str, str, str]:
        columns, tables = self._rows.columns, self._rows.tables
        return (
            self._rows.origin(row),
            tables.sources[columns.source[row]],
            Split(int(columns.split[row])).name,
            tables.classes[columns.label[row]],
        )

    def _line(self, cells: tuple[str, ...]) -> None:
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(cells)
        self._file.write(line.getvalue().encode("utf-8", "surrogateescape"))


def note(found: Iterable[Pair], rows: Numbered, pairs: PairList, tally: Tally) -> None:
    """List the pairs that were `found` among `rows`, and count those dropped, each with why."""
    for pair in found:
        pairs.add(pair)
        if pair.dropped:
            tally.drop(pair.row, reason(pair, rows.columns))
