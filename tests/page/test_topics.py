"""Topics: shares of a model's characters."""

import numpy as np
import pytest

from hwcli.page.topics import topics_of

LATIN = tuple("+-=0123456789ABCDX" + "ab")


def test_the_topics_together_give_every_character_its_usual_share() -> None:
    topics = topics_of((*LATIN, "अ", "१"), ["Latn"] * len(LATIN) + ["Deva"] * 2)
    for often in ([], [3], list(range(len(LATIN) + 2))):
        expected = np.zeros(len(LATIN) + 2)
        expected[often] = 5
        page = topics.on_page(expected)
        assert page.prior.sum() == pytest.approx(1)
        assert page.prior @ page.ratio == pytest.approx(np.ones(len(LATIN) + 2))
        assert len(page.prior) == len(topics.prior) + len(often) + 1


def test_characters_that_cannot_be_have_no_topic() -> None:
    among = np.array([c in "0123456789" for c in LATIN])
    page = topics_of(LATIN, ["Latn"] * len(LATIN), among).on_page(np.ones(len(LATIN)))
    assert page.prior @ page.ratio[:, among] == pytest.approx(np.ones(among.sum()))
    words = page.ratio[:, LATIN.index("3")] < 0.5  # topics in which digits are rare
    assert page.prior[words].sum() < 0.3


@pytest.mark.parametrize(
    "classes, scripts",
    [
        pytest.param(("␡", "�"), ["Zyyy"] * 2, id="no characters at all"),
        pytest.param(("q",), ["Latn"], id="one letter"),
        pytest.param(("ק", "א"), ["Hebr"] * 2, id="no Latin letters"),
        pytest.param(("क्ष", "é", "ß", "½"), ["Deva", "Latn", "Latn", "Zyyy"], id="odd ones"),
    ],
)
def test_any_set_of_characters_has_topics(classes: tuple[str, ...], scripts: list[str]) -> None:
    page = topics_of(classes, scripts).on_page(np.ones(len(classes)))
    assert np.isfinite(page.ratio).all()
    assert page.prior.sum() == pytest.approx(1)
    assert (page.ratio > 0).all()


def test_a_letter_without_its_other_case_stands_for_both() -> None:
    merged = topics_of(("X", "7"), ["Latn"] * 2)
    assert 0.4 < merged.small_in_any[0] < 0.9
    apart = topics_of(("X", "x", "7"), ["Latn"] * 3)
    words = apart.ratio[:, 1] > 5 * apart.ratio[:, 0]  # topics in which x is usual and X is not
    assert words.any()
