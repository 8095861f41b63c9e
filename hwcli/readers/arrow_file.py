"""Files of tables, batch by batch: Parquet, and Arrow's two formats (a stream and a file)."""

import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import IO, TYPE_CHECKING, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import DependencyError, FetchError
from hwcli.fetch.archive import Archive, reading
from hwcli.fetch.located import on_disk

if TYPE_CHECKING:
    import pyarrow as pa

_DAMAGE = (ValueError, TypeError, LookupError, ArithmeticError, MemoryError)
"""What pyarrow raises of a damaged file beside its own exceptions."""
_MAX_FILE = 1 << 30
"""Bytes of a file that lies in an archive, and so is read as a whole."""
_MAX_BATCH = 1 << 31
"""Bytes of a row group or batch, unpacked."""
_BATCH = 1024
"""Rows of a row group that are unpacked at a time."""
_MAX_SCHEMA = 1 << 24
"""Of texts and lists in a Parquet file's own description."""


class TableFile(Protocol):
    """A file of rows."""

    @property
    def schema(self) -> "pa.Schema":
        """Names and types of its columns."""

    def batches(
        self, columns: list[str], rows: NDArray[np.intp] | None
    ) -> Iterator[tuple[int, "pa.RecordBatch"]]:
        """Number of the first row, and the rows, of every batch that has some of `rows`."""


@contextmanager
def open_table(archive: Archive, member: str, what: str) -> Iterator[TableFile]:
    """The table in `member`.

    Raises:
        DependencyError: pyarrow is not installed.
        FetchError: instead of what pyarrow raises, also in the context.
    """
    arrow = require_arrow(what)
    try:
        with reading(what), ExitStack() as opened:
            path = on_disk(archive, member)
            file: IO[bytes]
            if path is not None:
                file = opened.enter_context(path.open("rb"))
            else:
                data = archive.read(member, _MAX_FILE)
                if len(data) > _MAX_FILE:
                    raise FetchError(f"{what}: {member} has more than {_MAX_FILE >> 30} GiB")
                file = io.BytesIO(data)
            magic = file.read(6)
            file.seek(0)
            if magic[:4] == b"PAR1":
                yield _ParquetFile(file, what)
            else:
                yield _ArrowFile(file, what, indexed=magic == b"ARROW1")
    except (arrow.ArrowException, *_DAMAGE) as error:
        text = " ".join(str(error).split())
        raise FetchError(f"{what}: {member} is damaged ({text:.120})") from error


def require_arrow(what: str) -> ModuleType:
    """The module pyarrow.

    Raises:
        DependencyError: it is not installed.
    """
    try:
        import pyarrow as arrow  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise DependencyError(
            f"{what}: Parquet and Arrow files are read by pyarrow, which is not installed",
            hint="pip install 'hwcli[parquet]'",
        ) from error
    return cast("ModuleType", arrow)


class _ParquetFile:
    def __init__(self, file: IO[bytes], what: str) -> None:
        import pyarrow.parquet as pq  # noqa: PLC0415  # an extra

        self._file = pq.ParquetFile(
            file, thrift_string_size_limit=_MAX_SCHEMA, thrift_container_size_limit=_MAX_SCHEMA
        )
        self._what = what
        self.schema = self._file.schema_arrow

    def batches(
        self, columns: list[str], rows: NDArray[np.intp] | None
    ) -> Iterator[tuple[int, "pa.RecordBatch"]]:
        start = 0
        for group in range(self._file.num_row_groups):
            told = self._file.metadata.row_group(group)
            count = told.num_rows
            wanted = rows is None or bool(((rows >= start) & (rows < start + count)).any())
            if wanted:
                if told.total_byte_size > _MAX_BATCH:
                    raise FetchError(f"{self._what}: a row group of {told.total_byte_size:,} bytes")
                at = start
                for batch in self._file.iter_batches(_BATCH, [group], columns):
                    yield at, batch.select(columns)
                    at += len(batch)
            start += count


class _ArrowFile:
    def __init__(self, file: IO[bytes], what: str, *, indexed: bool) -> None:
        import pyarrow.ipc as ipc  # noqa: PLC0415  # an extra

        self._reader = ipc.open_file(file) if indexed else ipc.open_stream(file)
        self._indexed = indexed
        self._what = what
        self.schema = self._reader.schema

    def batches(
        self, columns: list[str], rows: NDArray[np.intp] | None
    ) -> Iterator[tuple[int, "pa.RecordBatch"]]:
        start = 0
        for batch in self._all():
            chosen = batch.select(columns)
            if (size := chosen.get_total_buffer_size()) > _MAX_BATCH:
                raise FetchError(f"{self._what}: a batch of {size:,} bytes")
            # Offsets that lead out of the file's bytes would lead us out of the memory.
            chosen.validate(full=True)
            yield start, chosen
            start += len(batch)

    def _all(self) -> Iterator["pa.RecordBatch"]:
        if not self._indexed:
            yield from self._reader
            return
        for number in range(self._reader.num_record_batches):
            yield self._reader.get_batch(number)
