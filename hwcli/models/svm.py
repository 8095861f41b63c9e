"""A support vector machine as a network: what scikit-learn fitted, without pickle."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hwcli.models.options import check_range

KERNELS = ("rbf", "linear", "poly")
DEGREE = 3
"""Of the polynomial kernel, (gamma·x·y)³, as scikit-learn has it."""


@dataclass(frozen=True, slots=True)
class Svm:
    """One-vs-one support vector classification (Cortes & Vapnik 1995)."""

    kernel: str = "rbf"
    """`rbf`, `linear` or `poly`."""
    c: float = 10.0
    """How much a glyph on the wrong side costs."""
    gamma: float = 0.0
    """Of the rbf and poly kernels; 0 for 1 / (pixels · their variance)."""
    grid: bool = False
    """Choose C, gamma and kernel by cross-validation."""
    max_glyphs: int = 10_000
    """Fitted on at most so many, drawn evenly from the classes: time grows with the square."""
    fitted: int = 0
    """Classes that had glyphs to fit on; 0 before."""
    supports: int = 0
    """Support vectors of the class that has the most; 0 before."""

    def __post_init__(self) -> None:
        if self.kernel not in KERNELS:
            raise ValueError(f"kernel must be one of {', '.join(KERNELS)}, not {self.kernel!r:.40}")
        if not 0 < self.c <= 1e9:
            raise ValueError(f"c must be above 0, up to 1e9, not {self.c}")
        if not 0 <= self.gamma <= 1e9:
            raise ValueError(f"gamma must be from 0 to 1e9, not {self.gamma}")
        check_range("max_glyphs", self.max_glyphs, 2, 1_000_000)
        check_range("fitted", self.fitted, 0, 1_000_000)
        check_range("supports", self.supports, 0, 1_000_000)

    def build(self, *, classes: int, size: int) -> nn.Module:
        """A machine from float (N, 1, size, size) in [0, 1] to scores (N, classes)."""
        return Machine(self, classes=classes, size=size)


class Machine(nn.Module):
    """The decisions of all pairs of classes, and one score a class out of them.

    Computed in float64, since a vote turns where a decision crosses 0: torch, ONNX Runtime and
    scikit-learn then cast the same ones. Classes have equal room, the rest of it is 0.
    """

    supports: Tensor
    """uint8 (K, M, size²): support vectors of each fitted class, as glyphs are."""
    duals: Tensor
    """float32 (K, M, K): coefficient of each in the decision against each other class."""
    intercepts: Tensor
    """float32 (K, K), symmetric."""
    place: Tensor
    """int64 (classes,): which fitted class it is, K where it had no glyphs."""
    sign: Tensor
    """float32 (K, K): 1 where the row's class is the pair's first, −1 where its second, else 0."""

    def __init__(self, options: Svm, *, classes: int, size: int) -> None:
        super().__init__()
        self.kernel, self.gamma = options.kernel, float(options.gamma)
        k, m = options.fitted, options.supports
        self.register_buffer("supports", torch.zeros(k, m, size * size, dtype=torch.uint8))
        self.register_buffer("duals", torch.zeros(k, m, k))
        self.register_buffer("intercepts", torch.zeros(k, k))
        self.register_buffer("place", torch.zeros(classes, dtype=torch.int64))
        ones = torch.ones(k, k)
        self.register_buffer("sign", ones.triu(1) - ones.tril(-1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Scores, as `decision_function_shape="ovr"` has them; for two classes, minus and plus."""
        k, m, _ = self.supports.shape
        vectors = (self.supports.float() / 255).flatten(0, 1).double()
        near = self._near(images.flatten(1).double(), vectors).reshape(-1, k, m)
        sums = (near.transpose(0, 1) @ self.duals.double()).transpose(0, 1)
        decisions = sums + sums.transpose(1, 2) + self.intercepts.double()
        scores = self._scores(decisions)
        lowest = scores.amin(1, keepdim=True) - 1
        return torch.cat((scores, lowest), 1)[:, self.place].float()

    def _near(self, x: Tensor, y: Tensor) -> Tensor:
        """The kernel of each row of `x` with each of `y`."""
        products = x @ y.t()
        match self.kernel:
            case "linear":
                return products
            case "poly":
                return (self.gamma * products) ** DEGREE
            case _:
                apart = x.square().sum(1, keepdim=True) + y.square().sum(1) - 2 * products
                return torch.exp(-self.gamma * apart.clamp(min=0))

    def _scores(self, decisions: Tensor) -> Tensor:
        """Votes, and confidences squeezed to less than a third of one, of (N, K, K)."""
        if decisions.shape[1] == 2:
            first = decisions[:, 0, 1:]
            return torch.cat((first, -first), 1)
        sums = (decisions * self.sign.double()).sum(2)
        won = ((decisions >= 0) == (self.sign > 0)) & (self.sign != 0)
        return won.double().sum(2) + sums / (3 * (sums.abs() + 1))
