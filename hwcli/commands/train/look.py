"""`hwcli train --list` and `--preview-augment`: looking, without training."""

from pathlib import Path
from typing import TYPE_CHECKING

from hwcli import console
from hwcli.commands.tables import print_table
from hwcli.errors import InputError

if TYPE_CHECKING:
    from hwcli.dataset import Dataset
    from hwcli.training.options import TrainOptions


def list_models() -> None:
    """Print the table of models."""
    from hwcli.models.table import LISTED_CLASSES, MODELS, parameter_count

    rows = []
    for name, entry in MODELS.items():
        built = entry.architecture.build(classes=LISTED_CLASSES, size=entry.size)
        rows.append(
            (name, f"{parameter_count(built):,}", f"{entry.size}×{entry.size}",
             entry.summary, entry.source)
        )  # fmt: skip
    columns = ("model", f"#parameters at {LISTED_CLASSES} classes", "image", "what", "source")
    with console.results() as stream:
        print_table(stream, columns, rows)


def preview(dataset: "Dataset", options: "TrainOptions", path: Path) -> None:
    """Write the sheet of augmented images."""
    from hwcli.atomic import write_bytes, writing
    from hwcli.training.preview import preview as sheet_of

    sheet = sheet_of(dataset, options.augment, options.seed, flip=options.flip)
    with writing(path, InputError):  # as `ingest --preview` has it
        write_bytes(path, sheet)
    console.notice(f"{path}: {options.augment}; the first column is unchanged")
