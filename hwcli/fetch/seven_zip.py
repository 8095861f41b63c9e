"""Members of a 7z, as py7zr unpacks them one after the other, written to a tar."""

import tarfile
from typing import IO

from py7zr.io import Py7zIO, WriterFactory

from hwcli.errors import FetchError
from hwcli.fetch.tars import BLOCK


class TarFactory(WriterFactory):
    """Takes each member that py7zr unpacks, and never more of it than its directory says."""

    def __init__(self, out: IO[bytes], sizes: dict[str, int]) -> None:
        self._out = out
        self._sizes = sizes
        self._last: _Member | None = None

    def create(self, filename: str) -> Py7zIO:
        """Where the bytes of `filename` go."""
        self._end()
        size = self._sizes[filename]
        header = tarfile.TarInfo(filename)
        header.size = size
        self._out.write(header.tobuf(tarfile.PAX_FORMAT))
        self._last = _Member(self._out, filename, size)
        return self._last

    def finish(self) -> None:
        """End the tar."""
        self._end()
        self._out.write(bytes(2 * BLOCK))

    def _end(self) -> None:
        if self._last is not None:
            self._last.end()


class _Member(Py7zIO):
    """One member, written as it comes."""

    def __init__(self, out: IO[bytes], name: str, size: int) -> None:
        self._out = out
        self._name = name
        self._size = size
        self._done = 0

    def write(self, s: bytes | bytearray) -> int:
        self._done += len(s)
        if self._done > self._size:
            raise FetchError(f"{self._name}: is more than the {self._size:,} bytes it claims")
        return self._out.write(s)

    def read(self, size: int | None = None) -> bytes:
        return b""

    def seek(self, offset: int, whence: int = 0) -> int:
        return 0

    def flush(self) -> None:
        """Nothing is held back."""

    def size(self) -> int:
        return self._done

    def end(self) -> None:
        """Raise if bytes are missing; fill the last block."""
        if self._done < self._size:
            raise FetchError(f"{self._name}: ends {self._size - self._done:,} bytes early")
        self._out.write(bytes(-self._size % BLOCK))
