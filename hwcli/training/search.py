"""Looking for good options: many short runs, most of them ended early, and a record that stays.

Optuna (Akiba et al. 2019) proposes: a grid where all of it fits into the trials, else TPE
(Bergstra et al. 2011). Hyperband (Li et al. 2018) ends runs that fall behind. What is known is in
`search.journal` after each epoch, so a search that was killed goes on with the same command; the
trial that was cut short is run again. Only the validation split is looked at.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import optuna
from optuna.storages.journal import JournalFileBackend, JournalStorage
from optuna.trial import TrialState

from hwcli.atomic import writing
from hwcli.dataset import Dataset
from hwcli.errors import HwcliError, ModelError, UsageError
from hwcli.models.table import Option
from hwcli.progress import Progress
from hwcli.training.loop import Epoch
from hwcli.training.options import TrainOptions
from hwcli.training.runs import JOURNAL, ONNX
from hwcli.training.space import Choices, Dimension, applied, grid_size
from hwcli.training.train import train
from hwcli.training.trials import Trial, as_trial, has_ended

_STUDY = "search"
_SCRATCH = "trial.partial"
_FAULTS = (ValueError, TypeError, LookupError, AttributeError, AssertionError, ArithmeticError,
           RecursionError, optuna.exceptions.OptunaError)  # fmt: skip
"""What Optuna raises at a record that is none."""
_REDUCTION = 3
"""Hyperband keeps the best third at each of its steps."""


@dataclass(frozen=True, slots=True)
class Searched:
    """What is searched: a model on a dataset, and the options that are the same in all trials."""

    name: str
    model_options: Mapping[str, Option]
    dataset: Dataset
    options: TrainOptions
    space: tuple[Dimension, ...]


class _Pruned(Exception):
    """Raised out of a run that fell behind."""


class Search:
    """A search in a run folder, begun or taken up again."""

    def __init__(self, searched: Searched, folder: Path, trials: int) -> None:
        """Open `folder`, which exists.

        Raises:
            UsageError: it holds the search of something else.
            ModelError: its record is damaged, or cannot be written.
        """
        optuna.logging.set_verbosity(optuna.logging.CRITICAL)
        self.searched, self.folder = searched, folder
        grid = grid_size(searched.space)
        self.trials = trials if grid is None else min(trials, grid)
        self._grid = grid is not None and grid <= trials
        journal = folder / JOURNAL
        new = not journal.exists()
        try:
            with writing(folder, ModelError):
                _mend(journal)
                self.study = optuna.create_study(
                    storage=JournalStorage(JournalFileBackend(str(journal))),
                    study_name=_STUDY,
                    direction="maximize",
                    load_if_exists=True,
                    pruner=_pruner(searched.options.epochs),
                )
                self._check_records()
                self._check_same()
        except HwcliError:
            with suppress(OSError):
                if new:
                    journal.unlink()
            raise
        except _FAULTS as error:
            raise ModelError(f"{journal}: damaged", hint="--force begins anew") from error

    def run(self, progress: Progress, on_trial: Callable[[Trial], None]) -> None:
        """Try until there are enough trials; `on_trial` is told each as it ends.

        Raises:
            KeyboardInterrupt: what has been tried is kept.
            ModelError: `folder` cannot be written.
            DatasetError: nothing to train on.
        """
        with writing(self.folder, ModelError):
            self._again()
            while (done := len(self.told())) < self.trials:
                self.study.sampler = self._sampler(done)
                self.study.optimize(lambda trial: self._try(trial, done, progress), n_trials=1,
                                    catch=(_Failed,))  # fmt: skip
                on_trial(self.told()[-1])

    def told(self) -> list[Trial]:
        """All trials that came to an end, in their order."""
        ended = [t for t in self.study.get_trials(deepcopy=False) if has_ended(t)]
        return [as_trial(number, trial) for number, trial in enumerate(ended, 1)]

    def forget(self) -> None:
        """Take the record away, of a search that was refused before it could try anything."""
        _mend(self.folder / JOURNAL)
        (self.folder / JOURNAL).unlink(missing_ok=True)

    def best(self) -> Trial:
        """The trial with the best accuracy; of equals the first.

        Raises:
            ModelError: none was finished.
        """
        done = [trial for trial in self.told() if trial.state == "done"]
        if not done:
            raise ModelError("no trial could be finished", hint="-v shows why; search.csv too")
        return max(done, key=lambda trial: (trial.accuracy or 0.0, -trial.number))

    def trained_accuracy(self, best: Trial) -> float | None:
        """Validation accuracy of the model in the folder, if it is that of `best`."""
        number, accuracy = self.study.user_attrs.get("trained", (0, 0.0))
        return accuracy if number == best.number and (self.folder / ONNX).is_file() else None

    def note_trained(self, best: Trial, accuracy: float) -> None:
        """Remember that the model in the folder is that of `best`."""
        self.study.set_user_attr("trained", [best.number, accuracy])

    def _check_records(self) -> None:
        """Raise ValueError unless what is read of the record later is there."""
        names = {dimension.name for dimension in self.searched.space}
        before, trained = (self.study.user_attrs.get(k) for k in ("searched", "trained"))
        if before is not None and not isinstance(before, dict):
            raise ValueError("not what a search notes")
        if trained is not None and [type(v) for v in trained] != [int, float]:
            raise ValueError("not what a search notes")
        same = before and before.get("space") == _plain(self.searched)["space"]
        if same and any(set(trial.point) != names for trial in self.told()):
            raise ValueError("trials of other options")

    def _check_same(self) -> None:
        """Refuse to go on where something else was searched; note what is, where it is new."""
        now = _plain(self.searched)
        before = self.study.user_attrs.get("searched")
        if before is None:
            self.study.set_user_attr("searched", now)
        elif before != now:
            other = ", ".join(key for key in now if before.get(key) != now[key])
            raise UsageError(
                f"{self.folder} holds another search: other {other}", hint="--force replaces it"
            )

    def _sampler(self, done: int) -> optuna.samplers.BaseSampler:
        """Its seed goes with the trial, so that a search that was killed repeats nothing."""
        seed = self.searched.options.seed % 2**31
        if self._grid:
            values = {d.name: d.values for d in self.searched.space if isinstance(d, Choices)}
            return _Grid(values, seed=seed)
        return optuna.samplers.TPESampler(
            seed=seed + done, n_startup_trials=max(3, min(10, self.trials // 3))
        )

    def _again(self) -> None:
        """Queue the trials that a kill or Ctrl-C cut short."""
        trials = self.study.get_trials(deepcopy=False)
        known = [t.params for t in trials if has_ended(t)]
        known += [t.system_attrs["fixed_params"] for t in trials if t.state == TrialState.WAITING]
        for trial in trials:
            if has_ended(trial) or trial.state == TrialState.WAITING:
                continue
            whole = len(trial.params) == len(self.searched.space)
            if whole and trial.params not in known:
                self.study.enqueue_trial(trial.params)
                known.append(trial.params)
            if whole and trial.state == TrialState.RUNNING:
                self.study.tell(trial.number, state=TrialState.FAIL)

    def _try(self, trial: optuna.Trial, done: int, progress: Progress) -> float:
        """One run; its best validation accuracy."""
        point = {dimension.name: _suggested(trial, dimension) for dimension in self.searched.space}
        s, epochs = self.searched, list[Epoch]()

        def on_epoch(epoch: Epoch) -> None:
            epochs.append(epoch)
            trial.report(epoch.val_accuracy, epoch.epoch)
            if epoch.epoch != s.options.epochs and trial.should_prune():
                raise _Pruned

        scratch = self.folder / _SCRATCH
        shutil.rmtree(scratch, ignore_errors=True)  # of a run that was killed
        scratch.mkdir()
        try:
            theirs, options = applied(s.options, point)
            result = train(
                s.name, s.dataset, options, scratch, export=False,
                model_options={**s.model_options, **theirs},
                progress=lambda n, of, note="": progress(n, of, f"trial {done + 1}, {note}"),
                on_epoch=on_epoch,
            )  # fmt: skip
        except _Pruned:
            raise optuna.TrialPruned from None
        except (ModelError, UsageError) as error:
            trial.set_user_attr("error", error.message)
            raise _Failed from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
            if epochs:
                trial.set_user_attr("epochs", len(epochs))
                trial.set_user_attr("seconds", epochs[-1].seconds)
        return result.best.val_accuracy


def _plain(s: Searched) -> dict[str, object]:
    """What is searched, as JSON has it."""
    options = asdict(s.options)
    for name in ("device", "threads"):  # where, not what
        options.pop(name)
    now = {
        "model": [s.name, dict(s.model_options)],
        "dataset": [s.dataset.info.name, s.dataset.sha256],
        "options": options,
        "space": [asdict(dimension) for dimension in s.space],
    }
    plain: dict[str, object] = json.loads(json.dumps(now))
    return plain


class _Failed(Exception):
    """A trial that cannot be finished, and would not the next time."""


class _Grid(optuna.samplers.GridSampler):
    """All of a grid, of which a trial that was interrupted and is tried again may be any point.

    Optuna gives such a trial no place in the grid, and then looks for it to tell whether it was the
    last; when the trials end is ours to say.
    """

    def after_trial(self, *_: object) -> None:
        """Nothing."""


def _pruner(epochs: int) -> optuna.pruners.BasePruner:
    """Hyperband over `epochs`; 0 where the clock decides, and the first run shows how many."""
    return optuna.pruners.HyperbandPruner(
        min_resource=max(1, epochs // _REDUCTION**2),
        max_resource=epochs or "auto",
        reduction_factor=_REDUCTION,
    )


def _mend(journal: Path) -> None:
    """Drop what a killed search left: half a line at the end, and Optuna's own lock."""
    with suppress(FileNotFoundError):
        data = journal.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) < len(data):
            journal.write_bytes(whole)
    journal.with_name(journal.name + ".lock").unlink(missing_ok=True)


def _suggested(trial: optuna.Trial, dimension: Dimension) -> Option:
    if isinstance(dimension, Choices):
        value = trial.suggest_categorical(dimension.name, dimension.values)
        assert value is not None
        return value
    if dimension.whole:
        low, high = int(dimension.low), int(dimension.high)
        return trial.suggest_int(dimension.name, low, high, log=dimension.log)
    return trial.suggest_float(dimension.name, dimension.low, dimension.high, log=dimension.log)
