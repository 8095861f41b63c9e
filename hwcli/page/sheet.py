"""What decoding gives: photos in grey, page by page, or why a page cannot be had."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import HwcliError, InputError

MAX_MEGAPIXELS = 100.0
"""Larger photos are refused unless `--max-mpixels` allows them."""
_READ_AT = 12e6
"""Photos of more pixels are read reduced by a whole factor: writing is never that fine."""
_LONGEST = 200
"""Letters of what a decoder says."""


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A decoded photo, upright."""

    grey: NDArray[np.uint8]
    """uint8 (height / reduced, width / reduced), as light as the paper looks."""
    height: int
    """Of the photo itself, px."""
    width: int
    """Of the photo itself, px."""
    reduced: int = 1
    """How many pixels of the photo a pixel of `grey` is wide and high."""


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """One page of a file, or the file if it has no pages."""

    number: int | None
    """Of the page within its file, from 1; None for a file of one."""
    photo: Photo | HwcliError
    """What it looks like, or why that cannot be told."""
    count: int = 1
    """Pages of its file."""


def reduction(height: int, width: int) -> int:
    """By which whole factor a photo of this size is read reduced."""
    return max(1, math.ceil(math.sqrt(height * width / _READ_AT)))


def check_size(width: int, height: int, name: str, max_megapixels: float) -> None:
    """Refuse what has more pixels than it may, before they are decoded.

    Raises:
        InputError: it has.
    """
    megapixels = width * height / 1e6
    if megapixels > max_megapixels:
        raise InputError(
            f"{name}: {width}×{height} is {megapixels:.0f} megapixels,"
            f" the limit is {max_megapixels:g}",
            hint="raise it with --max-mpixels if the photo can be trusted",
        )


@contextmanager
def telling(name: str, faults: tuple[type[Exception], ...]) -> Iterator[None]:
    """Whatever of `faults` a decoder raises becomes an `InputError` about `name`."""
    try:
        yield
    except MemoryError as error:
        raise InputError(f"{name}: not enough memory to decode it") from error
    except faults as error:
        why = " ".join(str(error).split())[:_LONGEST] or type(error).__name__
        raise InputError(f"{name}: damaged image ({why})") from error
