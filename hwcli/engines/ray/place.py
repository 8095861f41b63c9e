"""A folder for results, here or at an address, in which files appear whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hwcli.atomic import write_bytes, writing
from hwcli.engines.ray.remote import faults, is_url, opened
from hwcli.errors import HwcliError, InputError, UsageError


class Place:
    """The files of a folder."""

    def __init__(self, where: str) -> None:
        """Make the folder if it is not there.

        Raises:
            UsageError: it cannot be written, or there is no such kind of address.
        """
        self.where = where
        self._files: Any = None
        with self._told(UsageError):
            if is_url(where):
                self._files, self._folder = opened(where)
                self._files.makedirs(self._folder, exist_ok=True)
            else:
                self._folder = where
                Path(where).mkdir(parents=True, exist_ok=True)

    def names(self) -> set[str]:
        """The names of the files."""
        with self._told(InputError):
            if self._files is None:
                return {path.name for path in Path(self._folder).iterdir()}
            self._files.invalidate_cache(self._folder)
            found = self._files.ls(self._folder, detail=False)
            return {str(path).rstrip("/").rsplit("/", 1)[-1] for path in found}

    def read(self, name: str) -> bytes:
        """All of a file."""
        with self._told(InputError):
            if self._files is None:
                return Path(self._folder, name).read_bytes()
            return bytes(self._files.cat_file(f"{self._folder}/{name}"))

    def write(self, name: str, data: bytes) -> None:
        """Put `data` into a file, whole or not at all."""
        with self._told(InputError):
            if self._files is None:
                write_bytes(Path(self._folder, name), data)
            else:
                self._files.pipe_file(f"{self._folder}/{name}", data)

    def delete(self, name: str) -> None:
        """Delete a file that is there."""
        with self._told(InputError):
            if self._files is None:
                Path(self._folder, name).unlink()
            else:
                self._files.rm_file(f"{self._folder}/{name}")

    @contextmanager
    def _told(self, kind: type[HwcliError]) -> Iterator[None]:
        if self._files is None and not is_url(self.where):
            with writing(Path(self.where), kind):
                yield
        else:
            with faults(self.where):
                yield
