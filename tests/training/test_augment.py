import pytest
import torch

from hwcli.training.augment import PRESETS, augment, rotate
from hwcli.training.clutter import cut_edge, rule, with_neighbour

EFFECTS = {e.__name__: e for preset in PRESETS.values() for _, e in preset}


def glyphs(count: int, size: int = 28) -> torch.Tensor:
    """An F, which no mirror leaves alone: float (count, 1, size, size)."""
    image = torch.zeros(size, size)
    image[2:-2, 8:12] = 1
    image[2:6, 8:24] = 1
    image[12:16, 8:18] = 1
    return image.expand(count, 1, size, size).clone()


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("size", [20, 28, 64])
@pytest.mark.parametrize("effect", EFFECTS.values(), ids=EFFECTS)
def test_every_effect_keeps_shape_and_changes_ink(effect, size: int) -> None:  # type: ignore[no-untyped-def]
    images = glyphs(12, 28)
    images = torch.nn.functional.interpolate(images, size=(size, size))
    before = images.clone()
    out = effect(images, seeded())
    assert out.shape == images.shape and out.dtype == torch.float32
    assert torch.isfinite(out).all()
    assert torch.equal(images, before), "the input was written to"
    assert not torch.equal(out, images)
    assert out.amax((1, 2, 3)).min() > 0.2, "a glyph is gone"


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_stay_in_range_and_repeat_with_the_seed(preset) -> None:  # type: ignore[no-untyped-def]
    images = glyphs(64)
    first, second = (augment(images, preset, seeded(3)) for _ in range(2))
    assert torch.equal(first, second)
    assert first.min() >= 0 and first.max() <= 1
    assert (preset == "none") == torch.equal(first, augment(images, preset, seeded(4)))


@pytest.mark.parametrize("preset", ["rotate", "photo"])
def test_a_third_of_the_images_is_never_warped(preset) -> None:  # type: ignore[no-untyped-def]
    shares = {effect.__name__: share for share, effect in PRESETS[preset]}
    assert shares.get("warp", shares.get("rotate", 1)) <= 0.65


def test_rotation_leaves_a_third_of_the_batch_alone() -> None:
    images = glyphs(100)
    out = augment(images, "rotate", seeded())
    unchanged = (out == images).flatten(1).all(1).sum().item()
    assert 35 <= unchanged <= 37


def test_rotation_is_small_and_about_the_middle() -> None:
    images = glyphs(200)
    out = rotate(images, seeded())
    y, x = torch.meshgrid(torch.arange(28.0), torch.arange(28.0), indexing="ij")
    mass = out.sum((1, 2, 3))
    for places in (x, y):
        moved = (out * places).sum((1, 2, 3)) / mass - (images[0] * places).sum() / images[0].sum()
        assert moved.abs().max() < 1.2


@pytest.mark.parametrize("effect", EFFECTS.values(), ids=EFFECTS)
def test_nothing_is_mirrored(effect) -> None:  # type: ignore[no-untyped-def]
    images = glyphs(300)
    out = effect(images, seeded())
    near = (out * images).sum((1, 2, 3))
    for axis in (2, 3):
        assert (near > (out * images.flip(axis)).sum((1, 2, 3))).float().mean() > 0.9


@pytest.mark.parametrize("effect", [with_neighbour, rule, cut_edge])
def test_clutter_comes_from_every_side(effect) -> None:  # type: ignore[no-untyped-def]
    images = torch.full((200, 1, 28, 28), 0.5 if effect is cut_edge else 0.0)
    images[::2, :, 6:22, 6:22] = 1
    changed = (effect(images, seeded()) != images)[:, 0]
    sides = [changed[:, :5], changed[:, -5:], changed[:, :, :5], changed[:, :, -5:]]
    assert all(side.any() for side in sides)
    assert not changed[:, 8:-8, 8:-8].any(), "the middle is not the edge"


def test_a_batch_of_one_and_of_none() -> None:
    assert augment(glyphs(1), "photo", seeded()).shape == (1, 1, 28, 28)
    assert augment(glyphs(0), "photo", seeded()).shape == (0, 1, 28, 28)
