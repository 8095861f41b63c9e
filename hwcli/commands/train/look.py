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
    import torch

    from hwcli.finding.network import FinderNet
    from hwcli.models.table import MODELS, TORCHVISION, frozen_count, parameter_count

    rows = []
    for name, entry in MODELS.items():
        with torch.device("meta"):  # counted, not made
            built = entry.architecture.build(classes=entry.classes, size=entry.size)
        frozen = frozen_count(built)
        rows.append(
            (
                name,
                f"{parameter_count(built):,}" if list(built.parameters()) else "as fitted",
                f"{frozen:,}" if frozen else "",
                f"{entry.classes}",
                f"{entry.size}×{entry.size}",
                entry.summary,
                entry.source,
            )
        )
    rows.append((f"{TORCHVISION}NAME", "", "", "", "224×224",
                 "any of torchvision's classifiers, from ImageNet weights",
                 "pytorch.org/vision/stable/models"))  # fmt: skip
    rows.append(("finder", f"{parameter_count(FinderNet()):,}", "", "", "pages",
                 "finds characters for `hwcli ocr --finder`, on pages composed of the dataset",
                 "CenterNet, arXiv:1904.07850"))  # fmt: skip
    columns = ("model", "#parameters", "#frozen", "#classes", "image", "what", "source")
    with console.results() as stream:
        print_table(stream, columns, rows, title="Parameters with the original work's classes")


def preview(dataset: "Dataset", options: "TrainOptions", path: Path) -> None:
    """Write the sheet of augmented images."""
    from hwcli.atomic import write_bytes, writing
    from hwcli.training.preview import preview as sheet_of

    sheet = sheet_of(dataset, options.augment, options.seed, flip=options.flip)
    with writing(path, InputError):  # as `ingest --preview` has it
        write_bytes(path, sheet)
    console.notice(f"{path}: {options.augment}; the first column is unchanged")
