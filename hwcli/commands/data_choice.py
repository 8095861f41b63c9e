"""Which dataset `train` and `eval` use, and telling the user so."""

from pathlib import Path
from typing import TYPE_CHECKING

from hwcli import console
from hwcli.errors import DatasetError

if TYPE_CHECKING:
    from hwcli.dataset import Dataset


def choose_dataset(data: str | None, *, trained_on: str | None = None) -> "Dataset":
    """The dataset called `data`: a folder, or a name below `data/`.

    Without one: the dataset that a model was trained on, if it is here, else the dataset most
    recently ingested here, else the built-in sample. Which one was taken is said on standard error.

    Raises:
        DatasetError: no such dataset, or a damaged one.
    """
    from hwcli.dataset import latest_dataset, open_dataset

    folder: Path | None
    if data is not None:
        folder = _folder(data)
    else:
        folder = (_ours(trained_on) if trained_on else None) or latest_dataset()
    if folder is None:
        console.notice("no dataset below data/: using the built-in sample")
        folder = _sample()
    dataset = open_dataset(folder)
    console.notice(f"data: {dataset.info.name} ({folder})")
    return dataset


def _ours(name: str) -> Path | None:
    """The folder of the dataset called `name`, if it is below `data/` or is the sample."""
    from hwcli.dataset import DATA_FOLDER, FILE_NAME

    folder = DATA_FOLDER / Path(name).name
    if (folder / FILE_NAME).is_file():
        return folder
    return _sample() if name == "sample" else None


def made_here(data: str) -> Path | None:
    """The folder of the dataset called `data`: that folder, or one below `data/`; None if neither.

    Raises:
        DatasetError: it may not be looked for.
    """
    from hwcli.dataset import DATA_FOLDER, FILE_NAME

    for folder in (Path(data), DATA_FOLDER / data):
        try:
            if (folder / FILE_NAME).is_file():
                return folder
        except OSError as error:  # no right to look, a name too long
            raise DatasetError(f"{folder}: {error.strerror}") from error
    return None


def _folder(data: str) -> Path:
    from hwcli.dataset import DATA_FOLDER, FILE_NAME

    if folder := made_here(data):
        return folder
    if data == "sample":
        return _sample()
    folders = (Path(data), DATA_FOLDER / data)
    tried = " and ".join(str(f / FILE_NAME) for f in folders)
    raise DatasetError(
        f"no dataset {data!r}: looked for {tried}", hint=f"`hwcli ingest {data}` may make it"
    )


def _sample() -> Path:
    """The built-in sample as a dataset, made in the user's cache folder if it is not there yet."""
    from platformdirs import user_cache_path

    import hwcli
    from hwcli.atomic import writing
    from hwcli.dataset import FILE_NAME
    from hwcli.ingest import IngestOptions, ingest
    from hwcli.recipe import load_recipe

    cache = user_cache_path("hwcli", appauthor=False) / "datasets"
    folder = cache / f"sample-{hwcli.__version__}"
    with writing(folder, DatasetError):
        there = (folder / FILE_NAME).is_file()
        cache.mkdir(parents=True, exist_ok=True)
    if not there:
        ingest(load_recipe("sample"), folder, IngestOptions())
    return folder
