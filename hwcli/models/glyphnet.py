"""GlyphNet: our own small net, made for ONNX Runtime on a CPU.

Shapes compared at 80–110 k parameters, 3 epochs of EMNIST bymerge with `photo` (validation accuracy
and loss, glyphs/s of ONNX Runtime on one core; one seed each, noise about ±0.15 points):

    12-32-48, 2 + 3 blocks, 2×2 head (taken)   89.50 %  0.290  10.1 k
    16-32-56, 2 + 2 blocks, 2×2 head           89.47 %  0.290   9.4 k
    12-32-48, 2 + 2 blocks, 2×2 head           89.51 %  0.297  11.1 k
    16-32-64, 1 + 1 blocks, 3×3 head           89.35 %  0.297  15.4 k
    16-32-64, 1 + 1 blocks, 2×2 head           89.10 %  0.308  15.3 k
    5×5 stem of stride 2, then 32-64           89.10 %  0.311  20.3 k
"""

from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Glyphnet:
    """Plain 3×3 convolutions with batch norm at 28, 14 and 7 px, and a head that knows where."""

    stem: int = 16
    """Channels at full resolution."""
    middle: int = 32
    """Channels at half resolution."""
    top: int = 64
    """Channels at quarter resolution."""
    middle_blocks: int = 1
    """Residual convolutions at half resolution."""
    top_blocks: int = 1
    """Residual convolutions at quarter resolution."""
    pool: int = 3
    """Side of what the head sees: the quarter-resolution image is averaged down to it."""
    dropout: float = 0.0
    """Before the head."""

    def __post_init__(self) -> None:
        for name in ("stem", "middle", "top"):
            if not 1 <= getattr(self, name) <= 4096:
                raise ValueError(f"{name} must be from 1 to 4096")
        for name in ("middle_blocks", "top_blocks"):
            if not 0 <= getattr(self, name) <= 64:
                raise ValueError(f"{name} must be from 0 to 64")
        if self.pool not in (1, 2, 3):
            raise ValueError("pool must be 1, 2 or 3")
        if not 0 <= self.dropout < 1:
            raise ValueError("dropout must be in [0, 1)")

    def build(self, *, classes: int, size: int) -> nn.Module:
        """A network from float (N, 1, size, size) in [0, 1] to logits (N, classes)."""
        side = -(-size // 4)
        pool = min(self.pool, side)
        return nn.Sequential(
            _conv(1, self.stem),
            _conv(self.stem, self.middle, stride=2),
            *(Residual(self.middle) for _ in range(self.middle_blocks)),
            _conv(self.middle, self.top, stride=2),
            *(Residual(self.top) for _ in range(self.top_blocks)),
            nn.AvgPool2d(*_window(side, pool)),
            nn.Flatten(),
            nn.Dropout(self.dropout),
            nn.Linear(self.top * pool**2, classes),
        )


def _window(side: int, parts: int) -> tuple[int, int]:
    """Kernel and stride that average `side` places to `parts`, overlapping if they must."""
    stride = side // parts
    return side - stride * (parts - 1), stride


class Residual(nn.Module):
    """A 3×3 convolution added to what it was given: float (N, C, H, W) to the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = _conv(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """`x` and its convolution."""
        out: Tensor = x + self.conv(x)
        return out


def _conv(inputs: int, outputs: int, *, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )
