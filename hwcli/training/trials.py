"""The trials of a search, out of Optuna's record."""

from dataclasses import dataclass
from typing import Literal

from optuna.trial import FrozenTrial, TrialState

from hwcli.training.space import Point


@dataclass(frozen=True, slots=True)
class Trial:
    """A point that was tried."""

    number: int
    """From 1."""
    point: Point
    state: Literal["done", "pruned", "failed"]
    accuracy: float | None
    """On the validation split: of the best epoch, or of the last before it was pruned."""
    epochs: int
    seconds: float
    error: str = ""


def has_ended(trial: FrozenTrial) -> bool:
    """Whether a trial tells something: one that was interrupted has failed without an error."""
    if trial.state == TrialState.FAIL:
        return "error" in trial.user_attrs
    return trial.state in (TrialState.COMPLETE, TrialState.PRUNED)


def as_trial(number: int, trial: FrozenTrial) -> Trial:
    """A trial that has ended, as ours."""
    states: dict[TrialState, Literal["done", "pruned", "failed"]] = {
        TrialState.COMPLETE: "done",
        TrialState.PRUNED: "pruned",
        TrialState.FAIL: "failed",
    }
    accuracy = trial.value
    if trial.state == TrialState.PRUNED and trial.intermediate_values:
        accuracy = trial.intermediate_values[max(trial.intermediate_values)]
    return Trial(
        number=number,
        point=dict(trial.params),
        state=states[trial.state],
        accuracy=accuracy,
        epochs=trial.user_attrs.get("epochs", 0),
        seconds=trial.user_attrs.get("seconds", 0.0),
        error=trial.user_attrs.get("error", ""),
    )
