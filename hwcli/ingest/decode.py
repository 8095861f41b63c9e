"""Images decoded and normalised, in order, by as many processes as wanted."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from hwcli.errors import HwcliError
from hwcli.glyph import Image, Normalisation, ink_of, is_dark_on_light, normalise
from hwcli.processes import new_pool, submit
from hwcli.readers.reader import Block

T = TypeVar("T")

_WAITING = 4
"""Blocks under way for each process: enough that none is idle, few enough for the memory."""


@dataclass(frozen=True, slots=True)
class Treatment:
    """What is done to the images of a part."""

    how: Normalisation
    invert: bool | None
    transpose: bool
    is_ink: bool
    """Whether the images are ink already, 255 on 0."""
    trim_edge: int = 0
    """Pixels cut off at each edge."""


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """The glyphs of a block."""

    images: NDArray[np.uint8]
    """(K, size, size), ink 255 on 0."""
    kept: NDArray[np.intp]
    """(K,) their places in the block."""
    faults: tuple[tuple[int, str], ...]
    """Place in the block and reason of each image that is none."""


def decode_block(block: Block, treatment: Treatment) -> Decoded:
    """The glyphs of `block`; what is corrupt or blank is left out and named."""
    images: list[Image] = []
    kept: list[int] = []
    faults: list[tuple[int, str]] = []
    for i, image in enumerate(block.images()):
        glyph = image if isinstance(image, str) else _glyph(image, treatment)
        if isinstance(glyph, str):
            faults.append((i, glyph))
        else:
            images.append(glyph)
            kept.append(i)
    size = treatment.how.size
    stacked = np.stack(images) if images else np.empty((0, size, size), np.uint8)
    return Decoded(stacked, np.asarray(kept, np.intp), tuple(faults))


def _glyph(image: Image, treatment: Treatment) -> Image | str:
    if treatment.transpose:
        image = np.ascontiguousarray(image.T)
    if n := treatment.trim_edge:
        image = np.ascontiguousarray(image[n:-n, n:-n])
        if not image.size:
            return "blank"
    if treatment.how.frame == "keep" and not treatment.is_ink:
        return _kept(image, treatment)
    ink = image if treatment.is_ink else ink_of(image, invert=treatment.invert)
    glyph = normalise(ink, treatment.how)
    return "blank" if glyph is None else glyph


def _kept(image: Image, treatment: Treatment) -> Image | str:
    """`image` as it is framed, light on dark, uint8 (size, size); no grey of it is changed."""
    dark = is_dark_on_light(image) if treatment.invert is None else treatment.invert
    ink = np.asarray(255 - image if dark else image, np.uint8)
    side = treatment.how.size
    if ink.shape != (side, side):
        method = cv2.INTER_AREA if max(ink.shape) > side else cv2.INTER_LINEAR
        ink = np.asarray(cv2.resize(ink, (side, side), interpolation=method), np.uint8)
    return ink if ink.any() else "blank"


def decode_all(
    work: Iterable[tuple[T, Block, Treatment]], jobs: int
) -> Iterator[tuple[T, Decoded]]:
    """Each block of `work` decoded, with what stood before it, in order whatever `jobs` is.

    Raises:
        HwcliError: a process was killed, as the system does when memory runs out.
    """
    if jobs == 1:
        yield from ((tag, decode_block(block, how)) for tag, block, how in work)
        return
    pool = new_pool(
        jobs, cv2.setNumThreads, 1
    )  # more threads a process only get in each other's way
    waiting: deque[tuple[T, Future[Decoded]]] = deque()
    try:
        for tag, block, how in work:
            waiting.append((tag, submit(pool, decode_block, block, how)))
            if len(waiting) >= jobs * _WAITING:
                yield _first(waiting)
        while waiting:
            yield _first(waiting)
    except BrokenProcessPool as error:
        raise HwcliError("a decoding process was killed", hint="try --jobs 1") from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _first(waiting: deque[tuple[T, Future[Decoded]]]) -> tuple[T, Decoded]:
    tag, future = waiting.popleft()
    return tag, future.result()
