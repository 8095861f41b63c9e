"""`hwcli train MODEL MODEL…`: several models, one table."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hwcli import console
from hwcli.commands.tables import print_table
from hwcli.commands.train.one import tell
from hwcli.errors import PartialFailure, UsageError

if TYPE_CHECKING:
    from hwcli.dataset import Dataset
    from hwcli.training.compare import Compared, Contender
    from hwcli.training.loop import Epoch


def compare(
    contenders: Sequence["Contender"],
    dataset: "Dataset",
    out: Path | None,
    *,
    force: bool,
    tensorboard: bool,
) -> None:
    """Train each in turn; print the table, and write it as CSV and PNG.

    Raises:
        PartialFailure: one or more could not be trained.
    """
    from hwcli.report.comparison import write_comparison
    from hwcli.training.compare import ranked
    from hwcli.training.runs import clear, new_run

    names = [contender.name for contender in contenders]
    if twice := {name for name in names if names.count(name) > 1}:
        raise UsageError(f"{', '.join(sorted(twice))}: named twice")
    new = new_run("compare", dataset.info.name, out=out, force=force)
    with console.results() as stream, new as folder:
        rows: list[Compared] = []
        try:
            for contender in contenders:
                rows.append(_train(contender, dataset, folder, force, tensorboard))
        finally:  # also of what Ctrl-C ends
            if rows:
                clear(folder)  # of a single run that --force has replaced
                title = f"{dataset.info.name}, {len(dataset.info.classes)} classes"
                write_comparison(folder, ranked(rows), title)
        cells = [_cells(row) for row in ranked(rows)]
        width = len(_COLUMNS) if any(row.error for row in rows) else len(_COLUMNS) - 1
        print_table(stream, _COLUMNS[:width], [row[:width] for row in cells])
        console.notice(f"compare.csv, compare.png and the runs: {folder}")
    failed = sum(bool(row.error) for row in rows)
    if failed:
        raise PartialFailure(f"{failed} of {len(rows)} models could not be trained")


def _train(
    contender: "Contender", dataset: "Dataset", folder: Path, force: bool, tensorboard: bool
) -> "Compared":
    from hwcli.training.board import board
    from hwcli.training.compare import contend
    from hwcli.training.runs import new_run, plain_name

    name = contender.name
    with (
        new_run(name, "", out=folder / plain_name(name), force=force) as run,
        console.progress(f"train {name}", "image", contender.options.batch_size) as progress,
        board(run, wanted=tensorboard) as record,
    ):

        def on_epoch(epoch: "Epoch") -> None:
            tell(epoch, f"{name}, ")
            record(epoch)

        row = contend(contender, dataset, run, progress=progress, on_epoch=on_epoch)
    if row.error:
        console.complain(f"{name}: {row.error}")
    return row


_COLUMNS = ("model", "#validation", "#test", "#parameters", "#seconds", "#images/s", "")


def _cells(row: "Compared") -> tuple[str, ...]:
    if row.error:
        return (row.model, "–", "–", "–", "–", "–", f"failed: {row.error}")
    return (
        row.model,
        f"{100 * row.val:.2f} %",
        "–" if row.test is None else f"{100 * row.test:.2f} %",
        f"{row.parameters:,}",
        f"{row.seconds:.1f}",
        f"{row.images_per_s:,.0f}",
        "",
    )
