"""The finder: a small fully convolutional network that sees where characters are.

For every second pixel of the view of a page it tells four things, after the manner of CenterNet
(Zhou, Wang & Krähenbühl 2019) and Panoptic-DeepLab (Cheng et al. 2020): whether there is the ink of
a character, whether the middle of one is there, and from ink, how far it is to the middle of its
own character, across and down. From these, touching characters come apart and loose parts together.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class Widths:
    """Channels at a half, a quarter, an eighth and a sixteenth of the resolution."""

    half: int = 16
    quarter: int = 32
    eighth: int = 48
    sixteenth: int = 64


class FinderNet(nn.Module):
    """float (N, 1, H, W) in [0, 1], sides multiples of 16, to float (N, 4, H/2, W/2).

    The planes: logit of ink, logit of a middle, distance across and down, in `REACH` places.
    """

    def __init__(self, widths: Widths = Widths()) -> None:
        super().__init__()
        a, b, c, d = widths.half, widths.quarter, widths.eighth, widths.sixteenth
        self.see_half = nn.Sequential(_conv(1, a, stride=2), Residual(a))
        self.see_quarter = nn.Sequential(_conv(a, b, stride=2), Residual(b))
        self.see_eighth = nn.Sequential(_conv(b, c, stride=2), Residual(c), Residual(c))
        self.see_sixteenth = nn.Sequential(
            _conv(c, d, stride=2), Residual(d), Residual(d, reach=2), Residual(d)
        )
        self.to_eighth, self.at_eighth = _conv(d, c), Residual(c)
        self.to_quarter, self.at_quarter = _conv(c, b), Residual(b)
        self.to_half, self.at_half = _conv(b, a), nn.Sequential(Residual(a), _conv(a, 24))
        self.head = nn.Conv2d(24, 4, 1)
        with torch.no_grad():  # most places are paper
            assert self.head.bias is not None
            self.head.bias.copy_(torch.tensor([-2.0, -4.0, 0.0, 0.0]))

    def forward(self, view: Tensor) -> Tensor:
        """The four planes of `view`."""
        half: Tensor = self.see_half(view)
        quarter = self.see_quarter(half)
        eighth = self.see_eighth(quarter)
        sixteenth = self.see_sixteenth(eighth)
        eighth = self.at_eighth(eighth + _doubled(self.to_eighth(sixteenth)))
        quarter = self.at_quarter(quarter + _doubled(self.to_quarter(eighth)))
        out: Tensor = self.head(self.at_half(half + _doubled(self.to_half(quarter))))
        return out


class Residual(nn.Module):
    """A 3×3 convolution added to what it was given."""

    def __init__(self, channels: int, *, reach: int = 1) -> None:
        super().__init__()
        self.conv = _conv(channels, channels, reach=reach)

    def forward(self, x: Tensor) -> Tensor:
        """`x` and its convolution, of the same shape."""
        out: Tensor = x + self.conv(x)
        return out


def _conv(inputs: int, outputs: int, *, stride: int = 1, reach: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, reach, reach, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


def _doubled(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
