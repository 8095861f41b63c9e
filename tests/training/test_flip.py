import pytest

from hwcli.training.flip import harmed_pairs, warning
from hwcli.training.options import Flip


@pytest.mark.parametrize(
    ("flip", "pairs"),
    [
        ("none", ()),
        ("horizontal", ("b/d", "p/q", "(/)")),
        ("vertical", ("b/p", "d/q")),
        ("both", ("b/d", "p/q", "(/)", "b/p", "d/q", "6/9", "b/q", "d/p")),
    ],
)
def test_the_harmed_pairs_of_a_dataset(flip: Flip, pairs: tuple[str, ...]) -> None:
    assert harmed_pairs(["b", "d", "p", "q", "6", "9", "(", ")", "<", "ba", "o"], flip) == pairs


def test_both_harms_what_either_way_harms() -> None:
    every = [chr(c) for c in range(0x21, 0x3200)]
    both = set(harmed_pairs(every, "both"))
    for flip in ("horizontal", "vertical"):
        assert both >= set(harmed_pairs(every, flip))  # type: ignore[arg-type]


def test_the_warning_names_them_and_says_what_becomes_of_the_others() -> None:
    assert warning(["b", "d"], "none") == ""
    assert "b/d" in warning(["b", "d"], "horizontal")
    assert "every character that is not symmetric" in warning(["k"], "vertical")
    assert len(warning([chr(c) for c in range(0x21, 0x3200)], "both")) < 400
