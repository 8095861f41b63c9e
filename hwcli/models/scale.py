"""The first layer of networks with an input size of their own: it scales glyphs of any size."""

import torch
from torch import Tensor, nn
from torch.nn import functional

MAX_SIDE = 1024
_PIXELS = 512 * 28 * 28
"""Pixels a batch may have where nothing is learned from it: what activations need grows so."""
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's channels, as torchvision's weights expect them."""


class Scaled(nn.Module):
    """Antialiased bilinear scaling: float (N, 1, size, size) to (N, 1, side, side).

    As two products with a constant matrix, which ONNX Runtime gives the same result for.
    """

    matrix: Tensor

    def __init__(self, size: int, side: int) -> None:
        super().__init__()
        eye = torch.eye(size)[None, None]
        columns = functional.interpolate(eye, (side, size), mode="bilinear", antialias=True)
        self.register_buffer("matrix", columns[0, 0], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """`x` scaled."""
        return self.matrix @ x @ self.matrix.t()


def scaled(size: int, side: int) -> nn.Module:
    """From images of `size` to images of `side`; 0 leaves them as they are."""
    return Scaled(size, side) if side not in (0, size) else nn.Identity()


class Grey(nn.Module):
    """Float (N, 1, S, S) in [0, 1] as three equal channels, normalised as ImageNet if asked for."""

    mean: Tensor
    std: Tensor

    def __init__(self, *, imagenet: bool) -> None:
        super().__init__()
        mean, std = (_MEAN, _STD) if imagenet else ((0.0,) * 3, (1.0,) * 3)
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Float (N, 3, S, S)."""
        return (x - self.mean) / self.std


def eval_batch(model: nn.Module, most: int) -> int:
    """Glyphs a batch without gradients: `most`, or fewer where the network sees them enlarged."""
    sides = [m.matrix.shape[0] for m in model.modules() if isinstance(m, Scaled)]
    return max(1, min(most, _PIXELS // max([*sides, 1]) ** 2))
