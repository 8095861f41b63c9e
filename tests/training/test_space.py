import pytest

from hwcli.errors import UsageError
from hwcli.models.table import entry_with, find_entry
from hwcli.training.options import TrainOptions
from hwcli.training.space import Choices, Span, applied, grid_size, parse_space

NET = find_entry("glyphnet")
BASE = TrainOptions()


@pytest.mark.parametrize(
    ("text", "dimension"),
    [
        ("lr=1e-2,1e-3", Choices("lr", (1e-2, 1e-3))),
        ("--batch-size=32, 64,32", Choices("batch_size", (32, 64))),
        ("optimizer=adam,sgd", Choices("optimizer", ("adam", "sgd"))),
        ("balance=true,no", Choices("balance", (True, False))),
        ("augment=none,rotate+blur", Choices("augment", ("none", "rotate+blur"))),
        ("stem=4,8", Choices("stem", (4, 8))),
        ("dropout=0..0.5", Span("dropout", 0, 0.5, whole=False)),
        ("weight-decay=1e-6..1e-2", Span("weight_decay", 1e-6, 1e-2, whole=False)),
        ("top=16..64", Span("top", 16, 64, whole=True)),
    ],
)
def test_what_can_be_searched(text: str, dimension: Choices | Span) -> None:
    assert parse_space([text], NET, BASE) == (dimension,)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lr", "OPTION=VALUES"), ("=1", "OPTION=VALUES"), ("lr=", "OPTION=VALUES"),
        ("lr=fast", "'fast' is not a number"), ("lr=1e-2,,", "'' is not a number"),
        ("lr=0", "--lr must be above 0"), ("lr=0..1", "--lr must be above 0"),
        ("lr=1..1", "to a larger one"), ("lr=2..1", "to a larger one"), ("lr=nan..1", "larger"),
        ("batch-size=1.5", "not a whole number"), ("optimizer=lion", "not one of adam"),
        ("optimizer=adam..sgd", "not one of"), ("balance=maybe", "not true or false"),
        ("augment=rotat", "no effect 'rotat'"), ("dropout=2", "dropout must be in"),
        ("learning-rate=1", "not an option"), ("epochs=1,2", "not an option"),
        ("device=cpu", "not an option"),
    ],
)  # fmt: skip
def test_what_cannot_be_searched_is_refused_before_all_training(text: str, said: str) -> None:
    with pytest.raises(UsageError) as fault:
        parse_space([text], NET, BASE)
    assert said in fault.value.message + (fault.value.hint or "")
    assert "\n" not in fault.value.message


def test_a_misspelt_option_gets_a_suggestion() -> None:
    with pytest.raises(UsageError) as fault:
        parse_space(["weight_decai=1"], NET, BASE)
    assert fault.value.hint == "did you mean 'weight-decay'?"
    with pytest.raises(UsageError, match="twice"):
        parse_space(["lr=1", "lr=2"], NET, BASE)


def test_ranges_go_by_magnitude_where_the_ends_are_far_apart() -> None:
    spans = parse_space(["lr=1e-4..1e-1", "dropout=0..0.9", "ema=0.5..0.9"], NET, BASE)
    assert [span.log for span in spans if isinstance(span, Span)] == [True, False, False]


def test_a_point_is_applied_to_the_run_and_to_the_model() -> None:
    theirs, options = applied(BASE, {"lr": 0.5, "stem": 3})
    assert options.lr == 0.5 and options.epochs == BASE.epochs
    entry = entry_with(NET, theirs)
    assert entry.architecture == type(NET.architecture)(  # type: ignore[call-arg]
        stem=3, middle=32, top=96, middle_blocks=2, top_blocks=4, pool=2
    )


def test_the_size_of_a_grid() -> None:
    assert grid_size(parse_space(["lr=1,2", "stem=1,2,3"], NET, BASE)) == 6
    assert grid_size(parse_space(["lr=1,2", "stem=1..3"], NET, BASE)) is None


def test_options_of_a_model_that_it_does_not_have() -> None:
    with pytest.raises(UsageError, match="steem"):
        entry_with(NET, {"steem": 3})
