"""`hwcli train finder`: the network that finds characters on pages."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from hwcli import console
from hwcli.commands.train.flags import Flags
from hwcli.errors import UsageError

if TYPE_CHECKING:
    from hwcli.dataset import Dataset
    from hwcli.finding.train import FinderEpoch

NAME = "finder"
_TAKES = ("time", "batch_size", "lr", "seed", "threads")
"""Of the flags of training."""
_OTHERS = ("--out", "--force", "--init")


def check_flags(given: Flags, other: Mapping[str, object]) -> None:
    """Refuse what the finder does not take.

    Raises:
        UsageError: such a flag was given.
    """
    unknown = [
        f"--{field.name.replace('_', '-')}"
        for field in fields(given)
        if field.name not in _TAKES and getattr(given, field.name) not in (None, "")
    ]
    unknown += [flag for flag, value in other.items() if value and flag not in _OTHERS]
    if unknown:
        taken = ", ".join(f"--{name.replace('_', '-')}" for name in _TAKES)
        raise UsageError(
            f"{unknown[0]} is not for the finder", hint=f"it takes {taken}, --init and --out"
        )


def run_finder(
    given: Flags, dataset: "Dataset", out: Path | None, *, init: str | None, force: bool
) -> None:
    """Train a finder; print its run folder and the share of the characters that it finds."""
    from hwcli import __version__
    from hwcli.finding.export import save_finder
    from hwcli.finding.train import FinderOptions, train_finder
    from hwcli.page.finder import find_finder
    from hwcli.training.options import parse_duration
    from hwcli.training.runs import ONNX, WEIGHTS, clear, new_run

    own = FinderOptions()
    options = FinderOptions(
        parse_duration(given.time) if given.time else own.time_s,
        given.batch_size or own.batch_size,
        given.lr or own.lr,
        given.seed or own.seed,
        given.threads or own.threads,
    )
    begin = None if init is None else find_finder(init, in_run=WEIGHTS)
    new = new_run(NAME, dataset.info.name, out=out, force=force)
    with console.results() as stream, new as folder:
        with console.progress(f"train {NAME}", "s") as progress:
            trained = train_finder(
                dataset.folder, options, init=begin, progress=progress, on_epoch=_tell
            )
        if force:
            clear(folder)
        about = {
            "architecture": NAME, "dataset": dataset.info.name, "seconds": options.time_s,
            "seed": options.seed, "hwcli": __version__,
        }  # fmt: skip
        score = save_finder(trained, folder / WEIGHTS, folder / ONNX, about)
        print(f"{folder}\t{score.found:.4f}", file=stream)


def _tell(epoch: "FinderEpoch") -> None:
    told = f"epoch {epoch.epoch}: loss {epoch.loss:.4f}"
    if epoch.score is not None:
        told += f", found {epoch.score.found:.4f}, spurious {epoch.score.spurious:.4f}"
    console.notice(f"{told}, {epoch.seconds:.0f} s")
