"""What a path holds, told by its first bytes: a folder, an archive, or a file of its own."""

from pathlib import Path

from hwcli.fetch.archive import Archive, Files, Folder, Limits, reading
from hwcli.fetch.tars import BLOCK, TarArchive, is_tar
from hwcli.fetch.unpack import is_packed_tar, is_seven_zip, plain_tar
from hwcli.fetch.zips import ZipArchive

_ZIP = (b"PK\3\4", b"PK\5\6")
_OWN_FILES = (".npz", ".npy", ".mat", ".parquet", ".arrow", ".csv", ".tsv")
"""Files that hold images themselves, whatever their first bytes look like."""


def open_archive(path: Path, cache: Path, limits: Limits) -> Archive:
    """The files at `path`. What cannot be read in place is unpacked to `cache`, once.

    Raises:
        FetchError: damaged, or more in it than `limits` allow.
        DependencyError: it is a 7z, and py7zr is not installed.
    """
    if path.is_dir():
        return Folder(path)
    name = path.name.lower()
    if not name.endswith(_OWN_FILES):
        with reading(str(path)), path.open("rb") as file:
            head = file.read(BLOCK)
        if head.startswith(_ZIP) or name.endswith(".zip"):
            return ZipArchive(path, limits)
        if is_tar(head) or name.endswith(".tar"):
            return TarArchive(path, limits)
        if is_seven_zip(path) or is_packed_tar(path):
            return TarArchive(plain_tar(path, cache, limits), limits, origin=path)
    return Files(str(path.parent), {path.name: path})
