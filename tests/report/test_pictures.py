"""Pictures come out whole, of any size and with any title."""

import io
import struct
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from evaluations import HOSTILE, judgement_of, probabilities_of
from hwcli.report.confidence import (
    confidence_text,
    draw_reliability,
    draw_risk_coverage,
    figure_png,
    figure_svg,
)
from hwcli.report.confusion import MOST_CLASSES, draw_confusion, order_of
from hwcli.report.confusion_plan import planned, spread
from hwcli.report.curves import Point, draw_curves
from hwcli.report.order import Block
from hwcli.report.palette import DARK, LIGHT, rgb
from hwcli.report.picture import MAX_SIDE


def side(picture: bytes) -> tuple[int, int]:
    """Width and height in a PNG's header, px."""
    width, height = struct.unpack(">II", picture[16:24])
    return width, height


def pixels(picture: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))


TITLES = [
    r"lenet on a$\bad{$",
    "क्ष on 漢字: 5 %",
    "two\nlines",
    "\x00\ufffd",
    "$",
    "",
    "long " * 99,
]
SURE = judgement_of(
    np.arange(50) % 2, np.eye(2, dtype=np.float32)[np.arange(50) % 2], "ab", ("Latn",) * 2
)


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize(
    "draw",
    [
        lambda title: draw_curves([Point(1.0, 1.0, 0.5, 0.1)], 1, title),
        lambda title: draw_confusion(np.eye(2, dtype=np.int64), ["a", "$x"], title).png,
        lambda title: figure_png(
            draw_reliability(SURE.evaluation.confidence, 0.1, LIGHT, title[:60])
        ),
        lambda title: figure_png(
            draw_risk_coverage(SURE.evaluation.confidence, DARK, title[:60])
        ),
    ],
)  # fmt: skip
def test_any_title_can_be_drawn(title: str, draw: Callable[[str], bytes]) -> None:
    assert min(side(draw(title))) > 200


def test_any_class_can_be_drawn() -> None:
    n = len(HOSTILE)
    picture = draw_confusion(np.ones((n, n), np.int64), HOSTILE, "t")
    assert picture.plan.n == n
    assert side(picture.png) == (picture.plan.width, picture.plan.height)


def cell(picture: bytes, plan: object, row: int, column: int) -> tuple[int, ...]:
    """The colour at the lower right of a cell, where no count is written."""
    left, top, wide = plan.left, plan.top, plan.cell  # type: ignore[attr-defined]
    at = pixels(picture)[top + (row + 1) * wide - 2, left + (column + 1) * wide - 2]
    return tuple(at.tolist())


@pytest.mark.parametrize("n", [3, 60, 300, 700])
@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_one_mistake_among_thousands_is_seen(n: int, palette: object) -> None:
    confusion = np.diag(np.full(n, 5000))
    confusion[1, 2] = 1
    picture = draw_confusion(confusion, [chr(0x4E00 + k) for k in range(n)], "t", None, palette)  # type: ignore[arg-type]
    assert max(side(picture.png)) <= MAX_SIDE and picture.plan.cell >= 4
    where = picture.order.classes.tolist()
    paper = rgb(palette.paper)  # type: ignore[attr-defined]
    seen = cell(picture.png, picture.plan, where.index(1), where.index(2))
    assert np.abs(np.subtract(seen, paper)).max() > 25
    other = cell(picture.png, picture.plan, where.index(2), where.index(1))
    assert np.abs(np.subtract(other, paper)).max() < 5


def test_a_worse_mistake_is_stronger_and_the_scale_is_the_same_for_all() -> None:
    def of(count: int) -> int:
        confusion = np.array([[1000 - count, count], [0, 50]])
        picture = draw_confusion(confusion, "ab", "t")
        return sum(cell(picture.png, picture.plan, 0, 1))

    shades = [of(count) for count in (1, 20, 200, 700)]
    assert shades == sorted(shades, reverse=True) and len(set(shades)) == 4


def test_classes_that_never_occur_are_left_out() -> None:
    picture = draw_confusion(np.diag([5, 0, 5]), "abc", "t")
    assert picture.order.classes.tolist() == [0, 2]
    assert draw_confusion(np.zeros((3, 3), np.int64), "abc", "t").plan.n == 0


def test_as_many_classes_as_gb2312_level_1_has_stay_below_5000_px() -> None:
    confusion = np.diag(np.full(3755, 9))
    confusion[7, 9] = 3
    order = order_of(confusion, ["Hans"] * 3755)
    assert len(order.classes) == MOST_CLASSES and {7, 9} <= set(order.classes.tolist())
    blocks = [Block("Hans", 0, 400), Block("Latn", 400, MOST_CLASSES)]
    for name in ("漢", "\U000e0ffe\U000e0ffe"):  # a character; code points, which take more room
        plan = planned([name] * MOST_CLASSES, blocks)
        assert max(plan.width, plan.height) <= MAX_SIDE


def test_captions_of_small_cells_are_staggered_so_that_none_covers_another() -> None:
    plan = planned([chr(0x4E00 + k) for k in range(600)], [])
    assert plan.cell < plan.size
    for gap in range(1, 10):
        for one, two in zip(plan.captions, plan.captions[gap:], strict=False):
            if one.beside == two.beside:
                assert gap * plan.cell >= plan.size
                break


def test_names_that_would_overlap_are_spread() -> None:
    places = spread([10, 11, 12, 90], [20, 20, 20, 20])
    assert places == [-9, 11, 31, 90]
    assert spread([], []) == []


@pytest.mark.parametrize("draw", [draw_risk_coverage, lambda c, p: draw_reliability(c, 0.1, p)])
def test_confidence_as_svg_needs_no_fonts(draw: Callable[..., object]) -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 500)
    judged = judgement_of(truth, probabilities_of(truth, 3, rng), "abc", ("Latn",) * 3)
    for palette in (LIGHT, DARK):
        svg = figure_svg(draw(judged.evaluation.confidence, palette)).decode()  # type: ignore[arg-type]
        assert "<svg" in svg and "<text" not in svg and "font-family" not in svg
        assert palette.right in svg
        assert svg == figure_svg(draw(judged.evaluation.confidence, palette)).decode()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("confidence", "text"),
    [(0.8349, "0.83"), (0.99, "0.99"), (0.9988, "0.9988"), (0.99996, "0.99996"), (1.0, "1.00"),
     (0.0, "0.00")],
)  # fmt: skip
def test_a_confidence_below_1_is_not_written_as_1(confidence: float, text: str) -> None:
    assert confidence_text(confidence) == text
