"""Which of several processes this one is, as `torchrun` tells it; needs no torch."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hwcli.errors import HwcliError, UsageError

_TURN_S = 3.0
"""How long the first process has to end all others after an error."""


@dataclass(frozen=True, slots=True)
class Place:
    """A process among those that train one model together."""

    rank: int = 0
    """Its number; 0 is the one that writes."""
    size: int = 1
    """How many there are."""
    local: int = 0
    """Its number on this machine, which is that of its GPU."""

    @property
    def is_first(self) -> bool:
        """Whether it is the one that writes and speaks."""
        return self.rank == 0


def my_place() -> Place:
    """This process's place by RANK, WORLD_SIZE and LOCAL_RANK; alone where they are not set.

    Raises:
        UsageError: they are set to what cannot be.
    """
    told = [os.environ.get(name) for name in ("RANK", "WORLD_SIZE")]
    if None in told:
        return Place()
    try:
        rank, size = (int(t or "") for t in told)
        local = int(os.environ.get("LOCAL_RANK", rank))
    except ValueError:
        rank, size, local = -1, 0, 0
    if not 0 <= rank < size or local < 0:
        raise UsageError(
            f"RANK={told[0]!r:.20} and WORLD_SIZE={told[1]!r:.20} in the environment do not fit",
            hint="torchrun --nproc-per-node N -m hwcli train … sets them",
        )
    return Place(rank, size, local)


@contextmanager
def in_turn(place: Place) -> Iterator[None]:
    """An error that all processes meet is told by the first; the others wait for their end first.

    Who starts them ends them all when one has ended, so what only one of them meets is told too.
    """
    try:
        yield
    except HwcliError:
        if not place.is_first:
            time.sleep(_TURN_S)
        raise
