"""Datasets written in formats of other programs, with a recipe that makes the same again."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hwcli.atomic import growing_folder, write_bytes, writing
from hwcli.dataset import Dataset
from hwcli.errors import DatasetError
from hwcli.export import imagefolder, npz, parquet, webdataset
from hwcli.export.card import card
from hwcli.export.layout import Job, Layout
from hwcli.export.recipe_file import recipe_file
from hwcli.grouped import Grouped
from hwcli.lock import only_one
from hwcli.progress import Progress, silent

ExportFormat = Literal["imagefolder", "webdataset", "parquet", "npz"]

EXPORTERS: dict[ExportFormat, Callable[[Job], Layout]] = {
    "imagefolder": imagefolder.write,
    "webdataset": webdataset.write,
    "parquet": parquet.write,
    "npz": npz.write,
}

CARD = "CARD.md"
RECIPE = "recipe.toml"


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export has become."""

    rows: int
    files: int
    bytes: int


def export_dataset(
    dataset: Dataset,
    kind: ExportFormat,
    folder: Path,
    *,
    force: bool = False,
    progress: Progress = silent,
) -> Exported:
    """Write `dataset` as `kind` in `folder`, which appears under its name only when whole.

    Beside the rows there are CARD.md for people, and recipe.toml, of which `ingest` makes the same
    dataset again. The same dataset gives the same bytes.

    Raises:
        DatasetError: it is damaged or empty, `folder` is there, or cannot be written.
        DependencyError: the format needs a package that is not installed.
    """
    with writing(folder, DatasetError), only_one(folder):
        _refuse(folder, force)
        with growing_folder(folder) as partial:
            job = Job(Grouped(dataset), partial, progress)
            layout = EXPORTERS[kind](job)
            write_bytes(partial / RECIPE, recipe_file(job, layout))
            write_bytes(partial / CARD, card(job, layout, kind))
        files = [p for p in folder.rglob("*") if p.is_file()]
        return Exported(len(job.grouped), len(files), sum(p.stat().st_size for p in files))


def _refuse(folder: Path, force: bool) -> None:
    """Raise where something is in `folder` that must not be replaced."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    ours = (folder / CARD).is_file() and (folder / RECIPE).is_file()
    if not ours:
        raise DatasetError(f"{folder}: is there, and no export", hint="choose another --out")
    if not force:
        raise DatasetError(f"{folder}: is there already", hint="--force writes it anew")
