"""The convolutional networks of first courses: 3×3 convolutions, then one dense layer."""

from dataclasses import dataclass

from torch import nn

from hwcli.models.activations import ACTIVATIONS, check_activation, initialised
from hwcli.models.options import check_dropout, check_range, widths
from hwcli.models.scale import MAX_SIDE, scaled


@dataclass(frozen=True, slots=True)
class SmallCnn:
    """3×3 convolutions, each padded and halved by max pooling, or neither."""

    channels: str = "32,64"
    """Of the convolutions."""
    pool: bool = True
    """Pad each convolution and halve what comes out by 2×2 max pooling; else neither."""
    activation: str = "relu"
    dropout: float = 0.0
    """Before the dense layer."""
    input_size: int = 0
    """Side to which images are scaled first; 0 leaves them."""

    def __post_init__(self) -> None:
        if not widths(self.channels, "channels"):
            raise ValueError("channels must not be none")
        check_activation(self.activation)
        check_dropout(self.dropout)
        check_range("input_size", self.input_size, 0, MAX_SIDE)

    def build(self, *, classes: int, size: int) -> nn.Module:
        """A network from float (N, 1, size, size) in [0, 1] to logits (N, classes)."""
        net = nn.Sequential(scaled(size, self.input_size))
        before, side = 1, self.input_size or size
        for width in widths(self.channels, "channels"):
            conv = nn.Conv2d(before, width, 3, padding=1 if self.pool else 0)
            net.append(initialised(conv, self.activation))
            net.append(ACTIVATIONS[self.activation]())
            net.append(nn.MaxPool2d(2) if self.pool else nn.Identity())
            before, side = width, side // 2 if self.pool else side - 2
        if side < 1:
            raise ValueError(f"{self.channels} convolutions leave nothing of {size} px")
        net.extend((nn.Flatten(), nn.Dropout(self.dropout)))
        return net.append(initialised(nn.Linear(before * side**2, classes), None))
