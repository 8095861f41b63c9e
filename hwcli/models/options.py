"""Checks of architectures' options: whatever a flag or a model file says."""

import re

MAX_LAYERS = 16
MAX_WIDTH = 65_536


def widths(text: str, name: str) -> tuple[int, ...]:
    """The numbers in `512,256`; none in an empty text or `none`.

    Raises:
        ValueError: something else, or out of range; `name` is the option's.
    """
    if text in ("", "none"):
        return ()
    if not re.fullmatch(r"[0-9]{1,5}(,[0-9]{1,5}){0,15}", text):
        raise ValueError(
            f"{name} must be up to {MAX_LAYERS} widths like 512,256, or none, not {text!r:.40}"
        )
    found = tuple(map(int, text.split(",")))
    if not all(1 <= width <= MAX_WIDTH for width in found):
        raise ValueError(f"{name}: widths must be from 1 to {MAX_WIDTH:,}")
    return found


def check_dropout(value: float) -> None:
    """Raise unless `value` is a share that can be dropped.

    Raises:
        ValueError: it is not.
    """
    if not 0 <= value < 1:
        raise ValueError(f"dropout must be in [0, 1), not {value}")


def check_range(name: str, value: float, low: float, high: float) -> None:
    """Raise unless `value` is from `low` to `high`.

    Raises:
        ValueError: it is not.
    """
    if not low <= value <= high:
        raise ValueError(f"{name} must be from {low:,} to {high:,}, not {value}")
