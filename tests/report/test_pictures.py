import struct
from collections.abc import Callable

import numpy as np
import pytest

from hwcli.report import confusion
from hwcli.report.confusion import draw_confusion
from hwcli.report.curves import Point, draw_curves


def side(picture: bytes) -> tuple[int, int]:
    """Width and height in a PNG's header, px."""
    width, height = struct.unpack(">II", picture[16:24])
    return width, height


TITLES = [r"lenet on a$\bad{$", "क्ष on 漢字: 5 %", "two\nlines", "\x00\ufffd", "$", ""]


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize(
    "draw",
    [
        lambda title: draw_curves([Point(1.0, 1.0, 0.5, 0.1)], 1, title),
        lambda title: draw_confusion(np.eye(2, dtype=np.int64), ["a", "$x"], title),
    ],
)
def test_any_title_can_be_drawn(title: str, draw: Callable[[str], bytes]) -> None:
    assert min(side(draw(title))) > 300


def test_many_classes_do_not_make_an_endless_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture of 90 classes capped at 800 px, as one of 3,755 is at 5,000."""
    names = [chr(0x41 + i) for i in range(26)] + [f"{i}" for i in range(64)]
    whole = side(draw_confusion(np.eye(90, dtype=np.int64), names, "t"))
    monkeypatch.setattr(confusion, "_MOST_INCHES", 800 / 120 - 1.6)
    capped = side(draw_confusion(np.eye(90, dtype=np.int64), names, "t"))
    assert max(capped) <= 800 < min(whole)


def test_as_many_classes_as_gb2312_level_1_has_stay_below_5000_px(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The size alone: drawing it takes seconds."""
    sizes = []

    class Stop(Exception):
        pass

    def figure(figsize: tuple[float, float], dpi: int, layout: str) -> None:
        sizes.append(max(figsize) * dpi)
        raise Stop

    monkeypatch.setattr(confusion, "Figure", figure)
    names = [chr(0x4E00 + i) for i in range(3755)]
    with pytest.raises(Stop):
        draw_confusion(np.eye(3755, dtype=np.int64), names, "t")
    assert sizes[0] <= 5000 + 1e-6
