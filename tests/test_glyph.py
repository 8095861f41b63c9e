"""The one normalisation: polarity, box, aspect, centre, stroke."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archives import glyph
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


@given(
    st.lists(
        st.tuples(st.integers(0, 10**6), st.sampled_from(["stroke", "noise", "blank", "thin"])),
        min_size=1,
        max_size=90,
    ),
    st.sampled_from([(28, 28), (20, 33), (64, 64), (3, 5), (1, 1)]),
    st.sampled_from([True, False, None]),
    st.sampled_from(
        [(28, 24, "box", 2.6), (28, 20, "mass", 2.6), (30, 21, "box", 0), (9, 9, "mass", 3)]
    ),
)
def test_many_at_once_are_the_very_glyphs_of_one_by_one(
    kinds: list[tuple[int, str]],
    shape: tuple[int, int],
    invert: bool | None,
    how_: tuple[int, int, str, float],
) -> None:
    size, fit, centre, stroke = how_
    how = Normalisation(size=size, fit=fit, centre=centre, stroke=stroke)  # type: ignore[arg-type]
    images = np.stack([drawn(seed, kind, shape) for seed, kind in kinds])
    inks = inks_of(images, invert=invert)
    for image, ink in zip(images, inks, strict=True):
        assert np.array_equal(ink_of(image, invert=invert), ink)
    mixed = [ink[: 1 + i % shape[0]] for i, ink in enumerate(inks)]  # and of several sizes
    for some in (inks, mixed):
        glyphs, inked = normalise_all(some, how)
        for ink, made, there in zip(some, glyphs, inked, strict=True):
            single = normalise(ink, how)
            assert (single is not None) == there
            assert np.array_equal(made, 0 * made if single is None else single)


def drawn(seed: int, kind: str, shape: tuple[int, int]) -> np.ndarray:
    random = np.random.default_rng(seed)
    image = np.full(shape, random.integers(0, 256), np.uint8)
    if kind == "noise":
        image = random.integers(0, 256, shape).astype(np.uint8)
    elif kind != "blank":
        points = (random.random((4, 2)) * shape[::-1]).astype(np.int32)
        width = 1 if kind == "thin" else int(random.integers(1, 5))
        cv2.polylines(image, [points], False, int(random.integers(0, 256)), width, cv2.LINE_AA)
    return image
