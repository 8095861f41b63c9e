"""LeNet-5 as the works on handwritten scripts use it: ReLU, average pooling, no lateral tables."""

from dataclasses import dataclass

from torch import nn


@dataclass(frozen=True, slots=True)
class Lenet:
    """LeNet-5 (LeCun et al. 1998): 63,406 parameters on 28×28 with 30 classes."""

    def build(self, *, classes: int, size: int) -> nn.Module:
        """A network from float (N, 1, size, size) in [0, 1] to logits (N, classes)."""
        side = ((size // 2) - 4) // 2
        return nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2),
            nn.ReLU(),
            nn.AvgPool2d(2),
            nn.Conv2d(6, 16, 5),
            nn.ReLU(),
            nn.AvgPool2d(2),
            nn.Flatten(),
            nn.Linear(16 * side * side, 120),
            nn.ReLU(),
            nn.Linear(120, 84),
            nn.ReLU(),
            nn.Linear(84, classes),
        )
