"""What comes of a training of the finder."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from hwcli.finding.judge import Score
from hwcli.finding.network import FinderNet
from hwcli.finding.samples import Sample


@dataclass(frozen=True, slots=True, eq=False)
class TrainedFinder:
    """What came of a training."""

    network: FinderNet
    score: Score
    """On pages of other writers."""
    held_out: Sequence[Sample]
    """These pages."""
    views: Tensor
    """float (N, 1, H, W) in [0, 1]: some that it learned from."""
