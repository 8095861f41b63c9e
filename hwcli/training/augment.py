"""Augmentation of whole batches on the device: what photos and pens do to glyphs.

Each effect takes a random part of the batch, every image of it with its own strength. A third of
the images is never warped: warping all of them ruins crisp, binarised input. Warps move where each
pixel is read from, so that several of them cost one reading. Nothing is mirrored unless asked for.
"""

import math
from collections.abc import Callable, Mapping

import torch
from torch import Generator, Tensor
from torch.nn import functional

from hwcli.training.clutter import cut_edge, erase, rule, with_neighbour
from hwcli.training.effects import SHARES, WARPED, WARPS, effects_of
from hwcli.training.options import Flip

_KNOTS = 4
"""Knots each way of the field that bends an image."""
_SIGMA_PX, _ALPHA_PX = 4.0, 34.0
"""Of elastic deformation in images of 29 px, as Simard, Steinkraus and Platt (2003) had it."""
_SIMARD_SIDE = 29
Effect = Callable[[Tensor, Generator], Tensor]
"""Float (n, 1, S, S) in [0, 1] to the same."""
Field = tuple[Tensor, Tensor]
"""Where each pixel is read from: x and y, each (n, 1, S, S) or what broadcasts to it, in [−1, 1].
"""
Warp = Callable[[Field, Tensor, Generator], Field]
"""Where to read, the images and a generator, to where to read instead."""


def augment(images: Tensor, augment: str, generator: Generator, flip: Flip = "none") -> Tensor:
    """Copies of `images`, float (N, 1, S, S) in [0, 1], changed as `augment` and `flip` say."""
    out = mirrored(images, flip, generator) if flip != "none" else images
    names = effects_of(augment)
    warps = [WARP[name] for name in names if name in WARPS]
    if names:
        out = out.clone()
    for name in names:
        if name not in WARP:
            _change(out, SHARES[name], EFFECT[name], generator)
        elif warps:  # all of them at the place of the first, on the same images
            _change(out, WARPED, warped(*warps), generator)
            warps = []
    return out.clamp_(0, 1) if names else out


def _change(out: Tensor, share: float, effect: Effect, generator: Generator) -> None:
    """Put `share` of `out`, drawn at random, through `effect`, in place."""
    count = round(share * len(out))
    if count:
        order = torch.randperm(len(out), generator=generator, device=out.device)
        chosen = order[:count]
        out.index_copy_(0, chosen, effect(out.index_select(0, chosen), generator))


def mirrored(images: Tensor, flip: Flip, generator: Generator) -> Tensor:
    """Half of `images` mirrored; by `both` half in one direction, and half in the other."""
    axes = {"none": (), "horizontal": (3,), "vertical": (2,), "both": (3, 2)}[flip]
    out = images.clone()
    for axis in axes:
        _change(out, 0.5, lambda chosen, _, axis=axis: chosen.flip(axis), generator)  # type: ignore[misc]
    return out


def _uniform(like: Tensor, low: float, high: float, generator: Generator) -> Tensor:
    """A number for each image of `like` (n, …), float (n, 1, 1, 1) in [low, high)."""
    numbers = torch.rand(len(like), 1, 1, 1, generator=generator, device=like.device)
    return numbers * (high - low) + low


def warped(*warps: Warp) -> Effect:
    """The effect of `warps` one after another, the pixels read once."""

    def effect(images: Tensor, generator: Generator) -> Tensor:
        field = _centred(images)
        for warp in reversed(warps):  # a field says where from, so the last is asked first
            field = warp(field, images, generator)
        return _resample(images, *field)

    return effect


def rotate(field: Field, images: Tensor, generator: Generator) -> Field:
    """Turned by up to 10°."""
    angle = _uniform(images, -1, 1, generator) * math.radians(10)
    return _turned(*field, angle)


def affine(field: Field, images: Tensor, generator: Generator) -> Field:
    """Turned by up to 12°, slanted, scaled to 0.75–1.15 each way, moved by up to 2 px of 28."""
    angle = _uniform(images, -1, 1, generator) * math.radians(12)
    slant = _uniform(images, -0.25, 0.25, generator)
    width, height = (_uniform(images, 0.75, 1.15, generator) for _ in range(2))
    right, down = (_uniform(images, -4 / 28, 4 / 28, generator) for _ in range(2))
    # Where each pixel of the result comes from: inverse scale, then slant, then rotation.
    x, y = field[0] / width, field[1] / height
    x, y = _turned(x + slant * y, y, angle)
    return x + right, y + down


def bend(field: Field, images: Tensor, generator: Generator) -> Field:
    """Bent smoothly, by 0.7 px of 28 at most in the mean."""
    amount = _uniform(images, 0, 0.05, generator)
    shape = (len(images), 2, _KNOTS, _KNOTS)
    coarse = torch.randn(shape, generator=generator, device=images.device) * amount
    # Separable cubic interpolation as two small products: far cheaper than `interpolate`.
    knots = torch.eye(_KNOTS, device=images.device).view(_KNOTS, 1, _KNOTS, 1)
    side = images.shape[-1]
    fine = functional.interpolate(knots, (side, 1), mode="bicubic", align_corners=False)
    basis = fine.view(_KNOTS, side)
    shift = basis.T @ coarse @ basis
    return field[0] + shift[:, :1], field[1] + shift[:, 1:]


def elastic(field: Field, images: Tensor, generator: Generator) -> Field:
    """Trembling as a hand does: shifts drawn for each pixel, smoothed and made larger.

    Simard, Steinkraus and Platt (2003): uniform in [−1, 1] px, a Gaussian of σ = 4 px over it,
    times α = 34; both grow with the image. Shifts have a standard deviation of 1.6 px of 28.
    """
    side = images.shape[-1]
    scale = side / _SIMARD_SIDE
    shape = (len(images), 2, side, side)
    drawn = torch.rand(shape, generator=generator, device=images.device) * 2 - 1
    sigma = torch.full((1, 1), _SIGMA_PX * scale, device=images.device)
    smooth = _weights(side, sigma, round(4 * _SIGMA_PX * scale))
    # A Gaussian of twice the width halves what it smooths, hence the square.
    shift = smooth @ drawn @ smooth.T * (_ALPHA_PX * scale**2 * 2 / side)
    return field[0] + shift[:, :1], field[1] + shift[:, 1:]


def _turned(x: Tensor, y: Tensor, angle: Tensor) -> Field:
    """Coordinates turned by `angle`, radians."""
    cos, sin = torch.cos(angle), torch.sin(angle)
    return cos * x - sin * y, sin * x + cos * y


def _centred(images: Tensor) -> Field:
    """Coordinates of the pixels, in [−1, 1]: x (1, 1, 1, S) and y (1, 1, S, 1)."""
    side = images.shape[-1]
    places = (torch.arange(side, device=images.device) * 2 + 1) / side - 1
    return places.view(1, 1, 1, side), places.view(1, 1, side, 1)


def _resample(images: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Each image read at x and y, in [−1, 1]; 0 outside."""
    x, y = (coordinate.expand(images.shape)[:, 0] for coordinate in (x, y))
    grid = torch.stack([x, y], 3)
    return functional.grid_sample(images, grid, align_corners=False)


def thicken(images: Tensor, generator: Generator) -> Tensor:
    """Strokes up to two pixels wider."""
    half = len(images) // 2
    wide = functional.max_pool2d(images[:half], 3, 1, 1)
    bold = functional.max_pool2d(functional.pad(images[half:], (0, 1, 0, 1)), 2, 1)
    return images.lerp(torch.cat([wide, bold]), _uniform(images, 0.2, 1, generator))


def thin(images: Tensor, generator: Generator) -> Tensor:
    """Strokes up to two pixels narrower, never gone."""
    narrow = -functional.max_pool2d(-images, 3, 1, 1)
    weaker = images.lerp(narrow, _uniform(images, 0.2, 0.85, generator))
    return weaker / weaker.amax((1, 2, 3), keepdim=True).clamp(min=0.2)


def blur(images: Tensor, generator: Generator) -> Tensor:
    """Out of focus: Gaussian with σ from 0.3 to 1.3 px."""
    return _gaussian(images, _uniform(images, 0.3, 1.3, generator))


def _gaussian(images: Tensor, sigma: Tensor) -> Tensor:
    """Each image blurred by its own `sigma`, px, (n, 1, 1, 1)."""
    weights = _weights(images.shape[-1], sigma, 4)
    return weights @ images @ weights.transpose(2, 3)


def _weights(side: int, sigma: Tensor, reach: int) -> Tensor:
    """Gaussians about each of `side` places as rows, (…, S, S), for `sigma`, px, (…, 1, 1)."""
    places = torch.arange(side, device=sigma.device)
    apart = (places.view(-1, 1) - places) ** 2
    # Cut off at `reach`, px: the tails are denormal numbers, with which processors are slow.
    far = apart > reach**2
    return torch.softmax((-apart / (2 * sigma**2)).masked_fill(far, -math.inf), -1)


def binarise(images: Tensor, generator: Generator) -> Tensor:
    """Cut at a threshold, as scanners do, then slightly smoothed."""
    hard = (images > _uniform(images, 0.3, 0.6, generator)).to(images.dtype)
    return _gaussian(hard, _uniform(images, 0.15, 0.6, generator))


def low_resolution(images: Tensor, generator: Generator) -> Tensor:
    """As if photographed from too far: down to 12–20 px of 28, and up again."""
    side = images.shape[-1]
    drawn = torch.randint(12, 21, (1,), generator=generator, device=images.device)
    few = max(2, round(int(drawn.item()) * side / 28))
    small = functional.interpolate(images, (few, few), mode="area")
    return functional.interpolate(small, (side, side), mode="bilinear", align_corners=False)


def contrast(images: Tensor, generator: Generator) -> Tensor:
    """Paler, or with another gamma."""
    gamma = torch.exp(_uniform(images, -0.6, 0.6, generator))
    return images.clamp(0, 1) ** gamma * _uniform(images, 0.7, 1, generator)


def noise(images: Tensor, generator: Generator) -> Tensor:
    """Grain of the sensor and of the paper."""
    grain = torch.randn(images.shape, generator=generator, device=images.device)
    return images + grain * _uniform(images, 0.02, 0.12, generator)


WARP: Mapping[str, Warp] = {
    "bend": bend,
    "elastic": elastic,
    "rotate": rotate,
    "affine": affine,
}
EFFECT: Mapping[str, Effect] = {
    "neighbour": with_neighbour,
    "rule": rule,
    **{name: warped(warp) for name, warp in WARP.items()},
    "thicken": thicken,
    "thin": thin,
    "cut": cut_edge,
    "erase": erase,
    "low-res": low_resolution,
    "blur": blur,
    "binarise": binarise,
    "contrast": contrast,
    "noise": noise,
}
"""Each effect of `effects.SHARES` by itself."""
