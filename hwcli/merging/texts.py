"""Many texts that are seldom asked for: in a file, not in memory."""

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
from numpy.typing import NDArray


class Texts:
    """Texts by their number, 8 bytes of memory each; the file has no name, and goes with us."""

    def __init__(self, folder: Path) -> None:
        self._file = TemporaryFile(dir=folder)  # noqa: SIM115 (closed by the context)
        self._ends = [np.zeros(1, np.int64)]
        self._end = 0

    def __enter__(self) -> "Texts":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def extend(self, texts: Iterable[str]) -> None:
        """Add `texts` after those that are there."""
        coded = [t.encode() for t in texts]
        self._file.seek(0, 2)
        self._file.write(b"".join(coded))
        ends = np.cumsum([len(c) for c in coded], dtype=np.int64)
        self._ends.append(ends + self._end)
        self._end += sum(map(len, coded))

    def some(self, numbers: NDArray[np.int64]) -> list[str]:
        """The texts of `numbers`, which ascend; all between the first and the last are read."""
        if not len(numbers):
            return []
        edges = self._edges()
        first = int(edges[numbers[0]])
        self._file.seek(first)
        data = self._file.read(int(edges[numbers[-1] + 1]) - first)
        spans = zip(
            (edges[numbers] - first).tolist(), (edges[numbers + 1] - first).tolist(), strict=True
        )
        return [data[a:b].decode() for a, b in spans]

    def __getitem__(self, number: int) -> str:
        return self.some(np.asarray([number]))[0]

    def _edges(self) -> NDArray[np.int64]:
        if len(self._ends) > 1:
            self._ends = [np.concatenate(self._ends)]
        return self._ends[0]
