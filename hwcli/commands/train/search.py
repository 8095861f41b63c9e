"""`hwcli train MODEL --search OPTION=VALUES …`: which options are best, and a model with them."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from hwcli import console
from hwcli.commands.tables import print_table
from hwcli.commands.train.one import fill
from hwcli.errors import HwcliError, ModelError

if TYPE_CHECKING:
    from typing import TextIO

    from hwcli.training.search import Search, Searched
    from hwcli.training.trials import Trial

DEFAULT_TRIALS = 20


def search(
    searched: "Searched", out: Path | None, *, trials: int, force: bool, tensorboard: bool
) -> None:
    """Try, print the table of trials, train with the best; print the run folder and its accuracy.

    Raises:
        KeyboardInterrupt: after what has been tried was written.
    """
    from hwcli.atomic import writing
    from hwcli.lock import only_one
    from hwcli.training.runs import JOURNAL, clear, new_run
    from hwcli.training.search import Search

    name, data = searched.name, searched.dataset.info.name
    with writing(out or Path(), ModelError):
        goes_on = out is not None and (out / JOURNAL).is_file() and not force
    new = new_run(f"search-{name}", data, out=out, force=force)
    with console.results() as stream, nullcontext(out) if goes_on and out else new as folder:
        with only_one(folder):
            if not goes_on:
                clear(folder)
                (folder / JOURNAL).unlink(missing_ok=True)
            work = Search(searched, folder, trials)
            if before := len(work.told()):
                console.notice(f"{folder}: goes on after {before} of {work.trials} trials")
            _try_all(work)
            _print(stream, work)
            accuracy = _train_best(work, tensorboard=tensorboard)
        print(f"{folder}\t{accuracy:.4f}", file=stream)


def _try_all(work: "Search") -> None:
    """Run the trials; what is known is written also after Ctrl-C."""
    name, size = work.searched.name, work.searched.options.batch_size
    try:
        with console.progress(f"search {name}", "image", size) as progress:
            work.run(progress, lambda trial: _tell(trial, work))
    except (HwcliError, KeyboardInterrupt) as fault:
        if isinstance(fault, HwcliError) and not work.told():
            work.forget()  # refused before anything could be tried
        else:
            _write(work)
        raise
    _write(work)


def _write(work: "Search") -> None:
    """Write the trials as CSV and PNG; say how to go on where there are to be more."""
    from hwcli.report.search import write_search

    searched, told = work.searched, work.told()
    if told:
        title = f"{searched.name} on {searched.dataset.info.name}"
        write_search(work.folder, told, searched.space, title)
    if len(told) < work.trials:
        console.notice(
            f"{len(told)} of {work.trials} trials are kept; the same command with "
            f"--out {work.folder} goes on"
        )


def _tell(trial: "Trial", work: "Search") -> None:
    values = ", ".join(f"{_flag(name)} {_shown(v)}" for name, v in trial.point.items())
    console.notice(f"trial {trial.number} of {work.trials}: {values}: {_outcome(trial)}")


def _outcome(trial: "Trial") -> str:
    if trial.state == "failed":
        return f"failed: {trial.error}"
    how = f"accuracy {trial.accuracy:.4f}"
    return how if trial.state == "done" else f"{how}, pruned after epoch {trial.epochs}"


def _print(stream: "TextIO", work: "Search") -> None:
    """The table of trials: best first, then those that were pruned, then those that failed."""
    order = {"done": 0, "pruned": 1, "failed": 2}
    names = [dimension.name for dimension in work.searched.space]
    rows = [
        (
            str(trial.number),
            *(_shown(trial.point[name]) for name in names),
            "–" if trial.accuracy is None else f"{100 * trial.accuracy:.2f} %",
            str(trial.epochs),
            f"{trial.seconds:.1f}",
            {"done": "", "pruned": "pruned", "failed": f"failed: {trial.error}"}[trial.state],
        )
        for trial in sorted(work.told(), key=lambda t: (order[t.state], -(t.accuracy or 0.0)))
    ]
    flags = [_flag(name) for name in names]
    print_table(stream, ("#trial", *flags, "#validation", "#epochs", "#seconds", ""), rows)


def _train_best(work: "Search", *, tensorboard: bool) -> float:
    """Train with the best options unless that has been done; its best validation accuracy."""
    from hwcli.training.compare import Contender
    from hwcli.training.space import applied

    best, searched = work.best(), work.searched
    if (accuracy := work.trained_accuracy(best)) is not None:
        console.notice(f"trained with trial {best.number} already")
        return accuracy
    values = ", ".join(f"{_flag(name)} {_shown(v)}" for name, v in best.point.items())
    console.notice(f"training with trial {best.number}: {values}")
    theirs, options = applied(searched.options, best.point)
    theirs = {**searched.model_options, **theirs}
    chosen = Contender(searched.name, theirs, options)
    result = fill(chosen, searched.dataset, work.folder, tensorboard=tensorboard)
    work.note_trained(best, result.best.val_accuracy)
    return result.best.val_accuracy


def _flag(name: str) -> str:
    return name.replace("_", "-")


def _shown(value: int | float | str | bool) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
