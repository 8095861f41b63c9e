"""Where a member of an archive lies on disk by itself, for libraries that want a file."""

from pathlib import Path

from hwcli.fetch.archive import Archive, Files, Folder


def on_disk(archive: Archive, name: str) -> Path | None:
    """The path of the member `name`, None if it is part of a larger file.

    Raises:
        MissingError: there is none of that name.
    """
    return archive.path_of(name) if isinstance(archive, Folder | Files) else None
