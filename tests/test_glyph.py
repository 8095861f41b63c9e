"""The one normalisation: polarity, box, aspect, centre, stroke."""

import itertools
from unittest.mock import patch

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archives import glyph
from hwcli import glyph_batch, ink_batch
from hwcli.glyph import Normalisation, ink_box, ink_of, is_dark_on_light, normalise, stroke_width
from hwcli.glyph_batch import normalise_all
from hwcli.ink_batch import inks_of

PLAIN = Normalisation(stroke=0)


def bar(height: int, width: int, frame: int = 100) -> np.ndarray:
    image = np.zeros((frame, frame), np.uint8)
    image[10 : 10 + height, 20 : 20 + width] = 255
    return image


@pytest.mark.parametrize(
    "bad",
    [{"size": 4}, {"size": 1000}, {"fit": 30}, {"fit": 2}, {"stroke": -1.0}, {"stroke": 20.0}],
)
def test_settings_out_of_range_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Normalisation(**bad)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(20))
def test_polarity_is_found(seed: int) -> None:
    light_on_dark = glyph(seed, 40)
    assert not is_dark_on_light(light_on_dark)
    assert is_dark_on_light(255 - light_on_dark)


@pytest.mark.parametrize("seed", range(10))
def test_either_polarity_gives_the_same_glyph(seed: int) -> None:
    image = cv2.GaussianBlur(glyph(seed, 40), (3, 3), 0)
    one = normalise(ink_of(image), PLAIN)
    other = normalise(ink_of(255 - image), PLAIN)
    assert one is not None
    assert other is not None
    assert int(np.abs(one.astype(int) - other.astype(int)).max()) <= 3


@pytest.mark.parametrize(("height", "width"), [(60, 20), (20, 60), (50, 50), (3, 70)])
def test_the_longer_side_is_fitted_and_the_aspect_kept(height: int, width: int) -> None:
    image = normalise(bar(height, width), PLAIN)
    assert image is not None
    x0, y0, x1, y1 = ink_box(image) or (0, 0, 0, 0)
    assert max(x1 - x0, y1 - y0) == 24
    assert (x1 - x0) / (y1 - y0) == pytest.approx(width / height, rel=0.5)
    assert abs((x0 + x1) / 2 - 14) <= 1
    assert abs((y0 + y1) / 2 - 14) <= 1


def test_centre_of_mass_as_mnist_has_it() -> None:
    image = bar(60, 10)
    image[60:70, 20:60] = 255  # an L: its mass is not in the middle of its box
    how = Normalisation(fit=16, centre="mass", stroke=0)
    placed = normalise(image, how)
    assert placed is not None
    mass = placed.astype(float)
    assert abs((mass.sum(1) * np.arange(28)).sum() / mass.sum() - 13.5) <= 0.75
    assert abs((mass.sum(0) * np.arange(28)).sum() / mass.sum() - 13.5) <= 0.75


def test_thin_strokes_are_thickened_and_thick_ones_left() -> None:
    thin = np.zeros((200, 200), np.uint8)
    cv2.circle(thin, (100, 100), 80, 255, 1)
    thickened = normalise(thin, Normalisation(stroke=2.6))
    bare = normalise(thin, PLAIN)
    assert thickened is not None
    assert bare is not None
    assert stroke_width(thickened) > 1.8
    assert int(thickened.sum()) > 2 * int(bare.sum())
    block = bar(60, 60)
    assert np.array_equal(normalise(block, PLAIN), normalise(block, Normalisation(stroke=2.6)))


@pytest.mark.parametrize("value", [0, 7, 128, 255])
def test_a_blank_image_has_no_glyph(value: int) -> None:
    assert normalise(ink_of(np.full((30, 20), value, np.uint8)), PLAIN) is None


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 2**32 - 1), st.booleans())
def test_any_image_gives_a_glyph_of_the_size_or_none(
    height: int, width: int, seed: int, sparse: bool
) -> None:
    random = np.random.default_rng(seed)
    image = random.integers(0, 256, (height, width), np.uint8)
    if sparse:
        image[random.random(image.shape) < 0.9] = 0
    for how in (Normalisation(), Normalisation(fit=20, centre="mass", stroke=0)):
        result = normalise(ink_of(image), how)
        if result is not None:
            assert result.shape == (28, 28)
            assert result.dtype == np.uint8
            assert result.max() == 255


KINDS = ["stroke", "noise", "blank", "thin", "clean"]
SHAPES = [(28, 28), (20, 33), (64, 64), (20, 20), (70, 8), (9, 16), (5, 130), (7, 1), (1, 1)]
SETTINGS = [
    (28, 24, "box", 2.6),
    (28, 20, "mass", 2.6),
    (30, 21, "box", 0),
    (9, 9, "mass", 3),
    (32, 32, "box", 8),
    (33, 32, "box", 1.3),
    (66, 60, "mass", 5),
]


@given(
    st.lists(
        st.tuples(st.integers(0, 10**6), st.sampled_from(KINDS)),
        min_size=1,
        max_size=90,
    ),
    st.sampled_from(SHAPES),
    st.sampled_from([True, False, None]),
    st.sampled_from(SETTINGS),
    st.sampled_from([1, 1 << 15, 1 << 20]),
)
def test_many_at_once_are_the_very_glyphs_of_one_by_one(
    kinds: list[tuple[int, str]],
    shape: tuple[int, int],
    invert: bool | None,
    how_: tuple[int, int, str, float],
    round_bytes: int,
) -> None:
    size, fit, centre, stroke = how_
    how = Normalisation(size=size, fit=fit, centre=centre, stroke=stroke)  # type: ignore[arg-type]
    images = np.stack([drawn(seed, kind, shape) for seed, kind in kinds])
    with patch.object(ink_batch, "_ROUND_BYTES", round_bytes):
        inks = inks_of(images, invert=invert)
    for image, ink in zip(images, inks, strict=True):
        assert np.array_equal(ink_of(image, invert=invert), ink)
    mixed = [ink[: 1 + i % shape[0]] for i, ink in enumerate(inks)]  # and of several sizes
    faint = inks // 8 * 3  # enlarged, some have no ink left to thicken
    for some in (inks, mixed, faint):
        with patch.object(glyph_batch, "_ROUND_BYTES", round_bytes):
            glyphs, inked = normalise_all(some, how)
        for ink, made, there in zip(some, glyphs, inked, strict=True):
            single = normalise(ink, how)
            assert (single is not None) == there
            assert np.array_equal(made, 0 * made if single is None else single)


def test_images_too_large_to_go_together_have_the_same_glyphs() -> None:
    images = np.stack([drawn(seed, kind, (300, 260)) for seed, kind in enumerate(KINDS)])
    inks = inks_of(images)
    for image, ink, made in zip(images, inks, normalise_all(inks, PLAIN)[0], strict=True):
        assert np.array_equal(ink, ink_of(image))
        single = normalise(ink, PLAIN)
        assert np.array_equal(made, 0 * made if single is None else single)


@pytest.mark.parametrize("invert", [True, False, None])
def test_pixels_just_as_many_as_a_percentile_needs(invert: bool | None) -> None:
    """Of 400 pixels 0.5 % are 2, 1 % 4 and 25 % 100: so many are 0 or 255, or one more or less."""
    random = np.random.default_rng(1)
    shares = (0, 1, 2, 3, 4, 5, 99, 100, 101)
    images = random.integers(1, 255, (len(shares) ** 2, 400)).astype(np.uint8)
    for image, (black, white) in zip(images, itertools.product(shares, repeat=2), strict=True):
        image[:black] = 0
        image[400 - white :] = 255
    images = random.permuted(images, axis=1).reshape(-1, 20, 20)
    for image, ink in zip(images, inks_of(images, invert=invert), strict=True):
        assert np.array_equal(ink_of(image, invert=invert), ink)


@pytest.mark.parametrize("centre", ["box", "mass"])
def test_ink_that_is_lost_as_it_is_enlarged_is_left_as_it_is(centre: str) -> None:
    ink = np.zeros((40, 40), np.uint8)
    ink[[2, 37, 20, 20], [20, 20, 2, 37]] = 90  # a 36th of the box each: none is met by a sample
    how = Normalisation(centre=centre)  # type: ignore[arg-type]
    single = normalise(ink, how)
    glyphs, inked = normalise_all(np.stack([ink, bar(3, 20, 40)]), how)
    assert inked.all()
    assert np.array_equal(glyphs[0], single)


def test_none_at_once() -> None:
    assert inks_of(np.empty((0, 28, 28), np.uint8)).shape == (0, 28, 28)
    glyphs, inked = normalise_all([], PLAIN)
    assert glyphs.shape == (0, 28, 28)
    assert inked.shape == (0,)


def drawn(seed: int, kind: str, shape: tuple[int, int]) -> np.ndarray:
    random = np.random.default_rng(seed)
    paper, grey = (int(g) for g in random.integers(0, 256, 2))
    if kind == "noise":
        return random.integers(0, 256, shape).astype(np.uint8)
    if kind == "clean":
        paper, grey = (0, 255) if seed % 2 else (255, 0)
    image = np.full(shape, paper, np.uint8)
    if kind != "blank":
        points = (random.random((4, 2)) * shape[::-1]).astype(np.int32)
        width = 1 if kind == "thin" else int(random.integers(1, 5))
        cv2.polylines(image, [points], False, grey, width, cv2.LINE_AA)
    return image
