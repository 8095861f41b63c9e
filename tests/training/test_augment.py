import pytest
import torch

from hwcli.errors import UsageError
from hwcli.training.augment import EFFECT, WARP, augment, elastic, mirrored
from hwcli.training.clutter import cut_edge, erase, rule, with_neighbour
from hwcli.training.effects import PRESETS, SHARES, WARPED, WARPS, effects_of

EFFECTS = EFFECT
rotate = EFFECT["rotate"]


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


def test_every_name_has_its_effect_and_every_effect_its_name() -> None:
    assert tuple(EFFECT) == tuple(SHARES)
    assert tuple(WARP) == WARPS
    assert WARPED <= 0.65 and all(SHARES[name] == WARPED for name in WARPS)


@pytest.mark.parametrize("wanted", ["rotate", "elastic", "+".join(WARPS), "photo,rotate,elastic"])
def test_a_third_of_the_images_is_never_warped(
    wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even by several warps together, each of which takes two thirds."""
    for name in set(SHARES) - set(WARPS):  # only what moves ink
        monkeypatch.setitem(EFFECT, name, lambda images, generator: images)  # type: ignore[arg-type]
    images = glyphs(100)
    out = augment(images, wanted, seeded())
    assert 35 <= (out == images).flatten(1).all(1).sum().item() <= 37


@pytest.mark.parametrize(
    ("wanted", "effects"),
    [
        ("none", ()),
        ("blur,rotate", ("rotate", "blur")),
        ("rotate + blur", ("rotate", "blur")),
        ("stroke,thin", ("thicken", "thin")),
        ("photo+erase", tuple(n for n in SHARES if n in {*PRESETS["photo"], "erase"})),
    ],
)
def test_names_are_put_together(wanted: str, effects: tuple[str, ...]) -> None:
    assert effects_of(wanted) == effects


@pytest.mark.parametrize(
    ("wanted", "hint"),
    [("rotat", "did you mean 'rotate'"), ("blur,,noise", "from none"), ("", "from none"),
     ("sharpen", "from none"), ("Photo", "did you mean 'photo'")],
)  # fmt: skip
def test_an_unknown_effect_is_refused(wanted: str, hint: str) -> None:
    with pytest.raises(UsageError, match="no effect") as fault:
        effects_of(wanted)
    assert hint in (fault.value.hint or "")


@pytest.mark.parametrize("side", [28, 64])
def test_elastic_shifts_as_simard_has_it_whatever_the_size(side: int) -> None:
    """1.4 px of 28 within, where a Gaussian of σ = 4 has all its neighbours; and smoothly."""
    images = torch.zeros(400, 1, side, side)
    x = elastic((torch.zeros(1, 1, 1, side), torch.zeros(1, 1, side, 1)), images, seeded())[0]
    pixels = (x * side / 2)[:, 0]
    third = side // 3
    inner = pixels[:, third:-third, third:-third]
    assert inner.std() * 28 / side == pytest.approx(1.35, rel=0.1)
    assert pixels.diff(dim=2).std() < pixels.std() / 2


def test_erasing_leaves_a_rectangle() -> None:
    images = torch.full((300, 1, 28, 28), 0.5)
    gone = (erase(images, seeded()) != images)[:, 0]
    rows, columns = gone.any(2), gone.any(1)
    area = rows.sum(1) * columns.sum(1)
    assert torch.equal(gone, rows[:, :, None] & columns[:, None, :])
    assert area.min() >= 0.01 * 784 and area.max() <= 0.23 * 784
    paper = (erase(images, seeded()) == 0).flatten(1).any(1).float().mean()
    assert 0.4 < paper < 0.6, "half become paper, half grey"


@pytest.mark.parametrize(("flip", "axes"), [("horizontal", [3]), ("vertical", [2])])
def test_half_of_the_images_are_mirrored(flip, axes: list[int]) -> None:  # type: ignore[no-untyped-def]
    images = glyphs(100)
    out = mirrored(images, flip, seeded())
    same = (out == images).flatten(1).all(1)
    turned = (out == images.flip(axes)).flatten(1).all(1)
    assert same.sum() == turned.sum() == 50
    assert torch.equal(augment(images, "none", seeded(), flip), out)


def test_both_mirrors_each_way() -> None:
    images = glyphs(400)
    out = mirrored(images, "both", seeded())
    kinds = [images, images.flip(3), images.flip(2), images.flip(2, 3)]
    counts = [int((out == k).flatten(1).all(1).sum()) for k in kinds]
    assert sum(counts) == 400 and min(counts) > 60


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
