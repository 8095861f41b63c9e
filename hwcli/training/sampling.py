"""Which rows an epoch takes, in which order, and the random numbers of every part of it."""

import hashlib

import torch
from torch import Generator, Tensor


def seed_of(*parts: int | str) -> int:
    """A seed for `torch` that differs with every part, 63 bits.

    Each epoch's random numbers come from the run's seed, the epoch's number and what they are for,
    not from what was drawn before. So a resumed run goes on with the very same numbers.
    """
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def numbers_for(*parts: int | str, device: torch.device | str = "cpu") -> Generator:
    """A generator seeded by `seed_of`."""
    return Generator(device).manual_seed(seed_of(*parts))


def draw(targets: Tensor, classes: int, *, balance: bool, generator: Generator) -> Tensor:
    """The order of an epoch: indices into `targets`, int64 (N,), all on the CPU.

    Each row once, in random order; with `balance`, N rows with replacement, each class as often
    as the square root of its frequency.
    """
    if not balance:
        return torch.randperm(len(targets), generator=generator)
    # First the class, then one of its rows: sums over all rows would want float64.
    counts = torch.bincount(targets, minlength=classes)
    there = counts.nonzero().squeeze(1)
    reached = counts[there].float().sqrt().cumsum(0)
    which, place = torch.rand((2, len(targets)), generator=generator)
    drawn = torch.searchsorted(reached, which * reached[-1], right=True)
    chosen = there[drawn.clamp_(max=len(there) - 1)]
    size = counts[chosen]
    row = torch.minimum((place * size).long(), size - 1)
    by_class = targets.argsort(stable=True)
    return by_class[(counts.cumsum(0) - counts)[chosen] + row]
