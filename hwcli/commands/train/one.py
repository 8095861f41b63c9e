"""One model, trained from options to a run folder, and told of meanwhile."""

from pathlib import Path
from typing import TYPE_CHECKING

from hwcli import console

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hwcli.dataset import Dataset
    from hwcli.models.table import Option
    from hwcli.training.loop import Epoch
    from hwcli.training.options import TrainOptions
    from hwcli.training.train import TrainResult


def run_one(
    name: str,
    model_options: "Mapping[str, Option]",
    dataset: "Dataset",
    options: "TrainOptions",
    out: Path | None,
    *,
    force: bool,
    tensorboard: bool,
) -> None:
    """Train one model; print its run folder and best validation accuracy."""
    from hwcli.training.runs import new_run

    with console.results() as stream:
        folder = new_run(name, dataset.info.name, out=out, force=force)
        result = fill(name, model_options, dataset, options, folder, tensorboard=tensorboard)
        print(f"{folder}\t{result.best.val_accuracy:.4f}", file=stream)


def fill(
    name: str,
    model_options: "Mapping[str, Option]",
    dataset: "Dataset",
    options: "TrainOptions",
    folder: Path,
    *,
    tensorboard: bool,
) -> "TrainResult":
    """Train into `folder`, which exists, with a progress bar and a line an epoch."""
    from hwcli.training.board import board
    from hwcli.training.train import train

    with (
        console.progress(f"train {name}", "image", options.batch_size) as progress,
        board(folder, wanted=tensorboard) as record,
    ):

        def on_epoch(epoch: "Epoch") -> None:
            tell(epoch)
            record(epoch)

        result = train(
            name,
            dataset,
            options,
            folder,
            model_options=model_options,
            progress=progress,
            on_epoch=on_epoch,
        )
    console.notice(
        f"kept epoch {result.best.epoch} of {result.epochs}, "
        f"{result.parameters:,} parameters, {result.seconds:.0f} s"
    )
    return result


def tell(epoch: "Epoch", before: str = "") -> None:
    """A line on an epoch, on standard error."""
    console.notice(
        f"{before}epoch {epoch.epoch}: loss {epoch.loss:.4f}, "
        f"validation loss {epoch.val_loss:.4f}, accuracy {epoch.val_accuracy:.4f}, "
        f"{epoch.images_per_s:,.0f} images/s"
    )
