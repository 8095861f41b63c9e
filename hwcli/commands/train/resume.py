"""`hwcli train --resume`: a run that was broken off goes on."""

from collections.abc import Mapping
from pathlib import Path

from hwcli import console
from hwcli.commands.data_choice import choose_dataset
from hwcli.commands.train.flags import Flags
from hwcli.commands.train.one import run_on
from hwcli.errors import UsageError


def go_on(
    folder: Path,
    models: list[str],
    given: Flags,
    data: str | None,
    other: Mapping[str, object],
    *,
    tensorboard: bool,
) -> None:
    """Go on with the run in `folder`; `other` flags do not go together with that."""
    from hwcli.models.svm import Svm
    from hwcli.models.table import find_entry
    from hwcli.training.crew import my_place
    from hwcli.training.device import device_of
    from hwcli.training.resume import check_dataset, check_same, find_dataset, read_earlier

    for flag, value in other.items():
        if value:
            raise UsageError(f"{flag} and --resume do not go together")
    earlier = read_earlier(folder)
    if models not in ([], [earlier.model]):
        raise UsageError(
            f"--resume {folder} is a run of {earlier.model}, not of {' '.join(models)}"
        )
    options = given.over(earlier.options, going_on=True)
    check_same(earlier, options)
    longer = (options.epochs, options.time_s) != (earlier.options.epochs, earlier.options.time_s)
    fitted = isinstance(find_entry(earlier.model).architecture, Svm)
    if fitted and longer:
        raise UsageError(f"--epochs, --time: {folder} is an svm, which does not learn in steps")
    if earlier.finished and not longer:
        more = "" if fitted else "; --epochs or --time lets it go on"
        console.notice(f"{folder}: finished after {earlier.epochs} epochs{more}")
        with console.results() as stream:
            if my_place().is_first:
                print(f"{folder}\t{earlier.val_accuracy:.4f}", file=stream)
        return
    dataset = find_dataset(earlier) if data is None else None
    dataset = dataset or choose_dataset(data or earlier.dataset.name)
    check_dataset(earlier, dataset)
    if longer and options.schedule != "constant":
        console.notice(f"the {options.schedule} schedule is now stretched over the new length")
    device_of(options.device, my_place())
    run_on(earlier, dataset, options, tensorboard=tensorboard)
