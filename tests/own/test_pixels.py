"""What the pixels of a sample are said to be: polarity, size, lines at the edge, which way up."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from archives import glyph
from hwcli.own import LabelWish, look
from hwcli.own.orientation import TURNS, Turn, judge
from hwcli.own.pixels import figures
from own_images import Pixels, as_it_is, letters


def inner(seed: int) -> Pixels:
    """A stroke that reaches no edge."""
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 4:24] = cv2.resize(glyph(seed), (20, 20))
    return image


GLYPHS = [inner(k) for k in range(50)]


@pytest.mark.parametrize(("dark", "invert"), [(0, False), (1, False), (10, None), (50, True)])
def test_polarity_is_said_for_all_only_if_all_but_one_in_fifty_agree(
    dark: int, invert: bool | None
) -> None:
    found = figures([255 - g if k < dark else g for k, g in enumerate(GLYPHS)])
    assert (found.dark_on_light, found.invert) == (dark, invert)


def test_blank_and_corrupt_ones_are_counted_apart() -> None:
    blank = np.full((28, 28), 9, np.uint8)
    found = figures([*GLYPHS, blank, "corrupt", "corrupt", "empty file"])
    assert (found.count, found.blank, found.invert) == (51, 1, False)
    assert found.faults == {"corrupt": 2, "empty file": 1}


def test_sizes() -> None:
    found = figures([np.zeros(s, np.uint8) for s in ((30, 20), (10, 10), (90, 40))])
    assert (found.smallest, found.median, found.largest) == ((10, 10), (30, 20), (90, 40))


def framed(image: Pixels, width: int) -> Pixels:
    image = image.copy()
    image[:, :width] = 120
    return image


@pytest.mark.parametrize("width", [1, 2, 3])
def test_lines_at_the_edge_are_cut_off(width: int) -> None:
    found = figures([framed(g, width) if k % 5 == 0 else g for k, g in enumerate(GLYPHS)])
    assert (found.framed, found.trim_edge) == (10, width)


def test_uprights_of_glyphs_cropped_to_their_ink_are_no_frames() -> None:
    def cropped(image: Pixels) -> Pixels:
        x, y, width, height = cv2.boundingRect(image)
        return cv2.resize(image[y : y + height, x : x + width], (28, 28))

    found = figures([framed(cropped(g), 2) if k % 3 == 0 else cropped(g)
                     for k, g in enumerate(GLYPHS)])  # fmt: skip
    assert found.trim_edge == 0


def test_a_bar_at_the_edge_is_wider_than_a_frame() -> None:
    found = figures([framed(g, 6) if k % 6 == 0 else g for k, g in enumerate(GLYPHS)])
    assert (found.framed, found.trim_edge) == (0, 0)


def test_a_single_line_is_no_reason_to_cut() -> None:
    assert figures([framed(GLYPHS[0], 1), *GLYPHS[1:]]).trim_edge == 0


@pytest.fixture(scope="module")
def upright(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Pixels], list[str]]:
    images, characters = [], []
    for path in sorted(letters(tmp_path_factory.mktemp("up")).glob("*/*.png")):
        images.append(np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), np.uint8))
        characters.append(chr(int(path.parent.name[2:], 16)))
    return images, characters


@pytest.mark.parametrize("turn", TURNS)
def test_which_way_images_lie_is_told_by_reading_them(
    turn: Turn, upright: tuple[list[Pixels], list[str]]
) -> None:
    images, characters = upright
    found = judge([np.ascontiguousarray(TURNS[turn](i)) for i in images], characters, False)
    assert found.turn == turn
    assert found.judged == len(images) and found.right[turn] > 0.8 * found.judged


def test_without_labels_that_are_read_nothing_is_said(
    upright: tuple[list[Pixels], list[str]],
) -> None:
    images, characters = upright
    assert judge(images, ["क"] * len(images), False).turn is None
    assert judge(images[:20], characters[:20], False).right == {}
    shuffled = characters[100:] + characters[:100]
    found = judge([i.T.copy() for i in images], shuffled, False)
    assert found.turn is None and found.right["transposed"] < 0.2 * found.judged


def test_labels_of_which_most_are_wrong_are_no_evidence(
    upright: tuple[list[Pixels], list[str]],
) -> None:
    images, characters = upright
    wrong = [c if k % 5 < 2 else "Z" for k, c in enumerate(characters)]
    found = judge([np.ascontiguousarray(i.T) for i in images], wrong, False)
    assert found.right["transposed"] > 3 * found.right["upright"]
    assert found.turn is None


def test_letters_alike_both_ways_are_no_evidence(
    upright: tuple[list[Pixels], list[str]],
) -> None:
    pairs = [(i, c) for i, c in zip(*upright, strict=True) if c in "0OX"]
    images = [i for i, _ in pairs] * 3
    assert judge(images, [c for _, c in pairs] * 3, False).turn is None


@pytest.mark.parametrize(
    ("change", "invert", "transposed"),
    [
        (as_it_is, False, False),
        (lambda image: 255 - image, True, False),
        (lambda image: image.T, False, True),
        (lambda image: 255 - image.T, True, True),
    ],
)
def test_folders_of_real_letters(
    change: Callable[[Pixels], Pixels], invert: bool, transposed: bool
) -> None:
    found = look(letters(Path("pics"), change), LabelWish())
    assert found.pixels.invert is invert
    assert found.orientation.turn == ("transposed" if transposed else "upright")
    assert (found.script.code, len(found.classes)) == ("Latn", 47)
    assert all(r.why == "code point" for r in found.readings.values())


def test_labels_that_are_digits_of_another_script_are_doubted() -> None:
    letters(Path("pics"))
    for k, folder in enumerate(sorted(Path("pics").iterdir())):
        if k % 5 == 0:
            folder.rename(f"pics/{(k // 5 + 3) % 10}")
        else:
            folder.rename(f"pics/class {k}")
    for folder in Path("pics").glob("class *"):
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
    found = look(Path("pics"), LabelWish())
    assert found.script.doubted and found.script.code == "Zzzz"
