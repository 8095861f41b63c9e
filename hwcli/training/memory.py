"""How much memory is free, as the system tells it."""

import os
from contextlib import suppress
from pathlib import Path

_UNKNOWN = 4 << 30
"""Bytes that are taken for free where the system says nothing."""
_MEMINFO = Path("/proc/meminfo")
_GROUP = Path("/sys/fs/cgroup")


def available() -> int:
    """Bytes that can be taken without pushing anything out; a container's limit counts."""
    return min(_of_machine(), _of_container())


def _of_machine() -> int:
    with suppress(OSError, ValueError, IndexError):
        for line in _MEMINFO.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    with suppress(AttributeError, OSError, ValueError):  # half of all, as on a Mac
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return _UNKNOWN


def _of_container() -> int:
    """What the control group leaves; without a limit, more than any machine has."""
    with suppress(OSError, ValueError):  # `max` is no number
        limit = int((_GROUP / "memory.max").read_text())
        return max(0, limit - int((_GROUP / "memory.current").read_text()))
    return 1 << 62
