import pytest

from hwcli.errors import UsageError
from hwcli.training.options import TrainOptions, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("5m", 300), ("1h30m", 5400), ("1.5m", 90), ("2h", 7200)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "0", "0s", "-5m", "5 m", "5d", "m5", "5mm"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--time"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("option", "name"),
    [
        ({"epochs": -1}, "--epochs"),
        ({"epochs": 0}, "--epochs"),
        ({"batch_size": 0}, "--batch-size"),
        ({"lr": 0.0}, "--lr"),
        ({"lr": float("nan")}, "--lr"),
        ({"weight_decay": -1.0}, "--weight-decay"),
        ({"label_smoothing": 1.0}, "--label-smoothing"),
        ({"ema": 1.0}, "--ema"),
        ({"patience": -1}, "--patience"),
        ({"seed": -1}, "--seed"),
        ({"threads": -1}, "--threads"),
        ({"time_s": float("inf")}, "--time"),
    ],
)
def test_a_value_out_of_range_is_named(option: dict[str, float], name: str) -> None:
    with pytest.raises(UsageError, match=name):
        TrainOptions(**option)  # type: ignore[arg-type]
