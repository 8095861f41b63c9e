"""How long a download is tried."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try."""

    tries: int = 5
    first_wait_s: float = 1.0
    """Before the second try; doubled before each further one."""
    timeout_s: float = 30.0
    """For the connection, and between two pieces of data."""
    stall_s: float = 60.0
    """After so long with less than `min_rate` the server counts as stuck."""
    min_rate: float = 1000.0
    """Bytes a second."""
