"""What augmentation is called: effects, presets, and how they are put together.

Light: the command line opens it. What the effects do is in `augment.py`.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache

from hwcli.errors import UsageError

WARPS = ("bend", "elastic", "rotate", "affine")
"""Effects that move the ink. Together they take one and the same part of a batch."""
WARPED = 0.65
"""Share of a batch that may be warped: warping all of it ruins crisp, binarised input."""
SHARES: Mapping[str, float] = {
    "neighbour": 0.05,
    "rule": 0.05,
    "bend": WARPED,
    "elastic": WARPED,
    "rotate": WARPED,
    "affine": WARPED,
    "thicken": 0.15,
    "thin": 0.10,
    "cut": 0.05,
    "erase": 0.25,
    "low-res": 0.12,
    "blur": 0.15,
    "binarise": 0.15,
    "contrast": 0.25,
    "noise": 0.15,
}
"""Share of a batch that each effect changes, in the order in which they happen: page, pen, camera.
"""
PRESETS: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "stroke": ("thicken", "thin"),
    "photo": (
        "neighbour", "rule", "bend", "affine", "thicken", "thin", "cut",
        "low-res", "blur", "binarise", "contrast", "noise",
    ),
}  # fmt: skip
"""Names for several effects; each effect is a name for itself."""
AUGMENT_NAMES = (*PRESETS, *SHARES)
AUGMENT_METAVAR = "|".join((*PRESETS, "EFFECT,EFFECT,…"))


@lru_cache(maxsize=64)
def effects_of(augment: str) -> tuple[str, ...]:
    """The effects that `augment`, names with `,` or `+` between, stands for, as they happen.

    Raises:
        UsageError: an unknown name, or none at all.
    """
    wanted: set[str] = set()
    for name in (part.strip() for part in re.split(r"[,+]", augment)):
        if name not in AUGMENT_NAMES:
            close = get_close_matches(name, AUGMENT_NAMES, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"from {', '.join(AUGMENT_NAMES)}"
            raise UsageError(f"--augment: no effect {name!r}", hint=hint)
        wanted.update(PRESETS.get(name, (name,)))
    return tuple(name for name in SHARES if name in wanted)
