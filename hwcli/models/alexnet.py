"""AlexNet in the shapes of 2012; torchvision's, of 2014, is `torchvision:alexnet`."""

from dataclasses import dataclass

from torch import nn

from hwcli.models.activations import ACTIVATIONS, check_activation, initialised
from hwcli.models.options import check_dropout, check_range
from hwcli.models.scale import MAX_SIDE, Grey, scaled


@dataclass(frozen=True, slots=True)
class Alexnet:
    """AlexNet (Krizhevsky et al. 2012): 60,965,224 parameters with 1000 classes.

    Its 96, 256, 384, 384 and 256 channels, the two groups that its two GPUs made of them, and
    overlapping max pooling; without the local response normalisation, which takes time and brings
    nothing (Simonyan & Zisserman 2015).
    """

    activation: str = "relu"
    """Of the two hidden dense layers; the convolutions have ReLU."""
    dropout: float = 0.5
    """Before each hidden dense layer."""
    input_size: int = 224
    """Side to which images are scaled first."""

    def __post_init__(self) -> None:
        check_activation(self.activation)
        check_dropout(self.dropout)
        check_range("input_size", self.input_size, 63, MAX_SIDE)

    def build(self, *, classes: int, size: int) -> nn.Module:
        """A network from float (N, 1, size, size) in [0, 1] to logits (N, classes)."""
        side = (self.input_size - 7) // 4 + 1
        for _ in range(3):
            side = (side - 3) // 2 + 1
        name = self.activation
        return nn.Sequential(
            scaled(size, self.input_size),
            Grey(imagenet=False),
            *_conv(3, 96, 11, stride=4, padding=2),  # 224 to 55 px, as the paper has it
            nn.MaxPool2d(3, 2),
            *_conv(96, 256, 5, padding=2, groups=2),
            nn.MaxPool2d(3, 2),
            *_conv(256, 384, 3, padding=1),
            *_conv(384, 384, 3, padding=1, groups=2),
            *_conv(384, 256, 3, padding=1, groups=2),
            nn.MaxPool2d(3, 2),
            nn.Flatten(),
            nn.Dropout(self.dropout),
            initialised(nn.Linear(256 * side**2, 4096), name),
            ACTIVATIONS[name](),
            nn.Dropout(self.dropout),
            initialised(nn.Linear(4096, 4096), name),
            ACTIVATIONS[name](),
            initialised(nn.Linear(4096, classes), None),
        )


def _conv(
    inputs: int, outputs: int, side: int, *, stride: int = 1, padding: int, groups: int = 1
) -> tuple[nn.Module, nn.Module]:
    conv = nn.Conv2d(inputs, outputs, side, stride, padding, groups=groups)
    return initialised(conv, "relu"), nn.ReLU()
