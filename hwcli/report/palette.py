"""The colours of pictures, on light and on dark paper."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RGB = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours as `#rrggbb`."""

    paper: str
    ink: str
    muted: str
    """Of captions and of what is less important."""
    line: str
    """Of axes, and between blocks."""
    faint: str
    """Of grids."""
    right: str
    """What was right: bars, curves."""
    wrong: str
    """What was wrong, and what is pointed at."""
    right_ramp: tuple[str, ...]
    """From little to all of it."""
    wrong_ramp: tuple[str, ...]


LIGHT = Palette(
    paper="#ffffff",
    ink="#1b1f24",
    muted="#5c6570",
    line="#8a939d",
    faint="#e9ecef",
    right="#2f6db3",
    wrong="#c0392b",
    right_ramp=("#e6eff8", "#a9c8e6", "#5b94cb", "#2a62a5"),
    wrong_ramp=("#fde3d6", "#f7a987", "#dd4b3a", "#8e0f1c"),
)
DARK = Palette(
    paper="#16191d",
    ink="#e6e9ec",
    muted="#9aa4af",
    line="#6a747f",
    faint="#292e34",
    right="#6ba8e8",
    wrong="#ff8569",
    right_ramp=("#1b2733", "#22415f", "#2f6396", "#5b9bdc"),
    wrong_ramp=("#43241f", "#8a3b2d", "#e0634a", "#ffc2ad"),
)


def rgb(colour: str) -> RGB:
    """`#rrggbb` as three numbers from 0 to 255."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


def ramp(colours: tuple[str, ...], steps: int = 256) -> NDArray[np.uint8]:
    """`steps` colours from the first of `colours` to the last, uint8 (steps, 3)."""
    stops = np.array([rgb(c) for c in colours], np.float64)
    at = np.linspace(0, len(stops) - 1, steps)
    columns = [np.interp(at, np.arange(len(stops)), stops[:, k]) for k in range(3)]
    return np.stack(columns, axis=1).round().astype(np.uint8)
