"""Workers of Ray in tests: where they are, and one that a photo can kill."""

import os
import signal
from pathlib import Path

from hwcli.engines.ray.worker import PhotoReader
from hwcli.page.photo import Source

KILLER = b"P5 1 1 255 kill"
"""In a photo, kills the process that reads it."""


class Killable(PhotoReader):
    """Reads like any, but for files that kill its guarded process."""

    @staticmethod
    def read(source: Source, known: str | None) -> bytes:
        if Path(str(source)).read_bytes() == KILLER:
            os.kill(os.getpid(), signal.SIGKILL)
        return PhotoReader.read(source, known)


class Mortal(PhotoReader):
    """Reads like any, but for files that kill the actor itself."""

    def _submit(self, named, source, known):  # type: ignore[no-untyped-def]
        if Path(str(source)).read_bytes() == KILLER:
            os.kill(os.getpid(), signal.SIGKILL)
        return super()._submit(named, source, known)


def running(title: str = "ray::MapWorker") -> list[int]:
    """The processes called so that descend from this one, the oldest first."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            called = (folder / "cmdline").read_bytes().startswith(title.encode())
            if called and _descends(int(folder.name)):
                found.append(int(folder.name))
        except OSError:  # it has ended meanwhile
            continue
    return sorted(found)


def _descends(process: int) -> bool:
    while process > 1:
        if process == os.getpid():
            return True
        process = int(Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[1])
    return False
