"""Where a dataset that is to be made may stand."""

from pathlib import Path

from hwcli.dataset import FILE_NAME, check_name
from hwcli.errors import DatasetError


def name_for(folder: Path, *, force: bool) -> str:
    """The name of the dataset in `folder`, which may be written there.

    Raises:
        DatasetError: no name for one, or there is something: no dataset, or one and not `force`.
    """
    name = folder.absolute().name
    try:
        check_name(name)
    except ValueError as error:
        raise DatasetError(f"{folder}: {error}") from error
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return name
    if not (folder / FILE_NAME).is_file():
        raise DatasetError(f"{folder}: is there, and no dataset", hint="choose another --out")
    if not force:
        raise DatasetError(f"{folder}: is there already", hint="--force writes it anew")
    return name
