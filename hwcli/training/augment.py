"""Augmentation of whole batches on the device: what photos and pens do to glyphs.

Each effect takes a random part of the batch, every image of it with its own strength. A third of
the images is never warped: warping all of them ruins crisp, binarised input. Nothing is mirrored.
"""

import math
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Generator, Tensor
from torch.nn import functional

from hwcli.training.clutter import cut_edge, rule, with_neighbour
from hwcli.training.options import Augment

_KNOTS = 4
"""Knots each way of the field that bends an image."""
Effect = Callable[[Tensor, Generator], Tensor]
"""Float (n, 1, S, S) in [0, 1] to the same."""


def augment(images: Tensor, preset: Augment, generator: Generator) -> Tensor:
    """Copies of `images`, float (N, 1, S, S) in [0, 1], changed as `preset` says."""
    effects = PRESETS[preset]
    if not effects:
        return images
    out = images.clone()
    for share, effect in effects:
        count = round(share * len(out))
        if count:
            order = torch.randperm(len(out), generator=generator, device=out.device)
            chosen = order[:count]
            out.index_copy_(0, chosen, effect(out.index_select(0, chosen), generator))
    return out.clamp_(0, 1)


def _uniform(like: Tensor, low: float, high: float, generator: Generator) -> Tensor:
    """A number for each image of `like` (n, …), float (n, 1, 1, 1) in [low, high)."""
    numbers = torch.rand(len(like), 1, 1, 1, generator=generator, device=like.device)
    return numbers * (high - low) + low


def rotate(images: Tensor, generator: Generator) -> Tensor:
    """Turned by up to 10°."""
    angle = _uniform(images, -1, 1, generator) * math.radians(10)
    cos, sin = torch.cos(angle), torch.sin(angle)
    x, y = _centred(images)
    return _resample(images, cos * x - sin * y, sin * x + cos * y)


def warp(images: Tensor, generator: Generator) -> Tensor:
    """Turned by up to 12°, slanted, scaled to 0.75–1.15 each way, moved by up to 2 px, bent."""
    angle = _uniform(images, -1, 1, generator) * math.radians(12)
    slant = _uniform(images, -0.25, 0.25, generator)
    width, height = (_uniform(images, 0.75, 1.15, generator) for _ in range(2))
    right, down = (_uniform(images, -4 / 28, 4 / 28, generator) for _ in range(2))
    cos, sin = torch.cos(angle), torch.sin(angle)
    x, y = _centred(images)
    bend_x, bend_y = _bend(images, generator)
    # Where each pixel of the result comes from: inverse scale, then slant, then rotation.
    x, y = x / width, y / height
    x = x + slant * y
    return _resample(images, cos * x - sin * y + right + bend_x, sin * x + cos * y + down + bend_y)


def _centred(images: Tensor) -> tuple[Tensor, Tensor]:
    """Coordinates of the pixels, in [−1, 1]: x (1, 1, 1, S) and y (1, 1, S, 1)."""
    side = images.shape[-1]
    places = (torch.arange(side, device=images.device) * 2 + 1) / side - 1
    return places.view(1, 1, 1, side), places.view(1, 1, side, 1)


def _bend(images: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """Smooth random shifts x and y, each (n, 1, S, S), of 0.7 px of 28 at most in the mean."""
    amount = _uniform(images, 0, 0.05, generator)
    shape = (len(images), 2, _KNOTS, _KNOTS)
    coarse = torch.randn(shape, generator=generator, device=images.device) * amount
    # Separable cubic interpolation as two small products: far cheaper than `interpolate`.
    knots = torch.eye(_KNOTS, device=images.device).view(_KNOTS, 1, _KNOTS, 1)
    side = images.shape[-1]
    fine = functional.interpolate(knots, (side, 1), mode="bicubic", align_corners=False)
    basis = fine.view(_KNOTS, side)
    bend = basis.T @ coarse @ basis
    return bend[:, :1], bend[:, 1:]


def _resample(images: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Each image read at x and y, (n, 1, S, S) in [−1, 1]; 0 outside."""
    grid = torch.stack([x[:, 0], y[:, 0]], 3)
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
    places = torch.arange(images.shape[-1], device=images.device)
    apart = (places.view(-1, 1) - places) ** 2
    # Cut off at 4 px: the tails are denormal numbers, with which processors are slow.
    far = apart > 16
    weights = torch.softmax((-apart / (2 * sigma**2)).masked_fill(far, -math.inf), 3)
    return weights @ images @ weights.transpose(2, 3)


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


PRESETS: Mapping[Augment, Sequence[tuple[float, Effect]]] = {
    "none": (),
    "rotate": ((0.65, rotate),),
    "photo": (
        (0.05, with_neighbour),
        (0.05, rule),
        (0.65, warp),
        (0.15, thicken),
        (0.10, thin),
        (0.05, cut_edge),
        (0.12, low_resolution),
        (0.15, blur),
        (0.15, binarise),
        (0.25, contrast),
        (0.15, noise),
    ),
}
"""Share of the batch and effect, in the order in which they happen: page, pen, camera."""
