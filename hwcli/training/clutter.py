"""Effects of bad cropping: neighbours and rulings at the edge of a glyph, and parts gone."""

import math

import torch
from torch import Generator, Tensor


def _sides(images: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """Rows (n, 1, S, 1) and columns (n, 1, 1, S) of each image, counted from a random edge of it.

    Only one of the two counts; the other is `S` all along, so that `(rows < k) | (columns < k)` is
    a strip at one edge.
    """
    side = images.shape[-1]
    edge = torch.randint(0, 4, (len(images), 1, 1, 1), generator=generator, device=images.device)
    count = torch.arange(side, device=images.device)
    rows, columns = count.view(1, 1, side, 1), count.view(1, 1, 1, side)
    far = torch.full_like(edge, side)
    rows = torch.where(edge == 0, rows, torch.where(edge == 1, side - 1 - rows, far))
    columns = torch.where(edge == 2, columns, torch.where(edge == 3, side - 1 - columns, far))
    return rows, columns


def _whole(images: Tensor, low: float, high: float, generator: Generator) -> Tensor:
    """A whole number for each image, as float (n, 1, 1, 1), from `low` to below `high`."""
    drawn = torch.rand(len(images), 1, 1, 1, generator=generator, device=images.device)
    return (drawn * (high - low) + low).floor()


def with_neighbour(images: Tensor, generator: Generator) -> Tensor:
    """A strip of another image's ink, up to 5 px of 28, along one edge."""
    side = images.shape[-1]
    rows, columns = _sides(images, generator)
    width = _whole(images, 2, 1 + 5 * side / 28, generator)
    strip = (rows < width) | (columns < width)
    # From near the middle of the other, where there is ink, moved to the edges.
    other = images.roll(1, 0).roll((side // 3, side // 3), (2, 3))
    return torch.where(strip, torch.maximum(images, other), images)


def rule(images: Tensor, generator: Generator) -> Tensor:
    """A straight line, 1 or 2 px wide, along one edge and at most 3 px from it."""
    rows, columns = _sides(images, generator)
    start = _whole(images, 0, 4, generator)
    end = start + _whole(images, 1, 3, generator)
    line = ((rows >= start) & (rows < end)) | ((columns >= start) & (columns < end))
    grey = torch.rand(len(images), 1, 1, 1, generator=generator, device=images.device)
    return torch.where(line, torch.maximum(images, 0.4 + 0.6 * grey), images)


def cut_edge(images: Tensor, generator: Generator) -> Tensor:
    """1–2 px of the ink gone along one edge, beyond the 2 px of 28 that are margin."""
    margin = round(images.shape[-1] / 14)
    rows, columns = _sides(images, generator)
    width = margin + _whole(images, 1, 3, generator)
    return images.masked_fill((rows < width) | (columns < width), 0)


def erase(images: Tensor, generator: Generator) -> Tensor:
    """A random rectangle of 2–20 % of the image gone: to paper, or to random greys.

    Random erasing (Zhong et al. 2017), whose rectangles are 0.3 to 3.3 times as high as wide; its
    40 % at most would leave nothing of many a glyph. Half are filled as there, half with 0.
    """
    side = images.shape[-1]
    shape = (5, len(images), 1, 1, 1)
    area, aspect, x, y, fill = torch.rand(shape, generator=generator, device=images.device)
    root = (0.02 + 0.18 * area).sqrt() * side
    stretch = ((2 * aspect - 1) * math.log(3.3) / 2).exp()
    height, width = (root * stretch).round().clamp(1), (root / stretch).round().clamp(1)
    top, left = (y * (side - height + 1)).floor(), (x * (side - width + 1)).floor()
    count = torch.arange(side, device=images.device)
    rows, columns = count.view(1, 1, side, 1), count.view(1, 1, 1, side)
    gone = (rows >= top) & (rows < top + height) & (columns >= left) & (columns < left + width)
    greys = torch.rand(images.shape, generator=generator, device=images.device)
    return torch.where(gone, torch.where(fill < 0.5, 0.0, greys), images)
