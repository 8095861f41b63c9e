"""One model, trained from options to a run folder, and told of meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from hwcli import console

if TYPE_CHECKING:
    from hwcli.dataset import Dataset
    from hwcli.training.compare import Contender
    from hwcli.training.options import Init, TrainOptions
    from hwcli.training.resume import Earlier
    from hwcli.training.runs import Epoch
    from hwcli.training.train import TrainResult


@contextmanager
def only_first_speaks() -> Iterator[bool]:
    """Of several processes that train together, the first alone tells what happens, errors too.

    Tells whether this is the first.
    """
    from hwcli.training.crew import in_turn, my_place

    place = my_place()
    if not place.is_first:
        console.set_verbosity(-1)
    with in_turn(place):
        yield place.is_first


def run_one(
    contender: "Contender",
    dataset: "Dataset",
    out: Path | None,
    *,
    force: bool,
    init: "Init | None",
    tensorboard: bool,
) -> None:
    """Train one model; print its run folder and best validation accuracy."""
    from hwcli.training.crew import my_place
    from hwcli.training.runs import JOURNAL, new_run

    is_first = my_place().is_first
    new = new_run(contender.name, dataset.info.name, out=out, force=force)
    with console.results() as stream, new if is_first else nullcontext(out or Path()) as folder:
        result = fill(contender, dataset, folder, init=init, tensorboard=tensorboard)
        if is_first:
            (folder / JOURNAL).unlink(missing_ok=True)  # --force has replaced a search
            print(f"{folder}\t{result.best.val_accuracy:.4f}", file=stream)


def run_on(
    earlier: "Earlier", dataset: "Dataset", options: "TrainOptions", *, tensorboard: bool
) -> None:
    """Go on with an earlier run; print its folder and best validation accuracy."""
    from hwcli.training.compare import Contender
    from hwcli.training.crew import my_place

    contender = Contender(earlier.model, {}, options)  # its own are in its records
    with console.results() as stream:
        result = fill(
            contender, dataset, earlier.folder,
            init=earlier.init, earlier=earlier, tensorboard=tensorboard,
        )  # fmt: skip
        if my_place().is_first:
            print(f"{earlier.folder}\t{result.best.val_accuracy:.4f}", file=stream)


def fill(
    contender: "Contender",
    dataset: "Dataset",
    folder: Path,
    *,
    init: "Init | None" = None,
    earlier: "Earlier | None" = None,
    tensorboard: bool,
) -> "TrainResult":
    """Train into `folder`, which exists, with a progress bar and a line an epoch."""
    from hwcli.training.board import board
    from hwcli.training.crew import my_place
    from hwcli.training.train import train

    name, options, is_first = contender.name, contender.options, my_place().is_first
    with (
        console.progress(f"train {name}", "image", options.batch_size) as progress,
        board(folder, wanted=tensorboard and is_first) as record,
    ):

        def on_epoch(epoch: "Epoch") -> None:
            tell(epoch)
            record(epoch)

        result = train(
            name,
            dataset,
            options,
            folder,
            model_options=contender.model_options,
            init=init,
            earlier=earlier,
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
