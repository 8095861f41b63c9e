"""Images decoded and normalised, in order, by as many processes as wanted."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TypeGuard, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from hwcli.errors import HwcliError
from hwcli.glyph import FAINTEST, Image, Normalisation, as_framed, ink_of, normalise
from hwcli.ingest.dedup import Keys, image_keys
from hwcli.processes import new_pool, submit
from hwcli.readers.reader import Block
from hwcli.readers.stream import PixelBlock

T = TypeVar("T")

_WAITING = 4
"""Blocks under way for each process: enough that none is idle, few enough for the memory."""


BLANK = "blank"
"""Why an image without ink is dropped."""


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
    keys: Keys
    """(K,) of the images."""
    faults: tuple[tuple[int, str], ...] = ()
    """Place in the block and reason of each image that is none."""


def decode_block(block: Block, treatment: Treatment) -> Decoded:
    """The glyphs of `block`; what is corrupt or blank is left out and named."""
    if _is_plain(block, treatment):
        return _plain(block.pixels, treatment)
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
    return Decoded(stacked, np.asarray(kept, np.intp), image_keys(stacked), tuple(faults))


def _is_plain(block: Block, treatment: Treatment) -> TypeGuard[PixelBlock]:
    """Whether the images are pixels already and remain what they are, so all go at once."""
    size = treatment.how.size
    return (
        treatment.how.frame == "keep"
        and isinstance(block, PixelBlock)
        and block.pixels.shape[1:] == (size, size)
        and treatment.invert is not None
        and not treatment.trim_edge
    )


def _plain(pixels: NDArray[np.uint8], treatment: Treatment) -> Decoded:
    images = pixels.swapaxes(1, 2) if treatment.transpose else pixels
    images = np.ascontiguousarray(255 - images if treatment.invert else images)
    inked = images.reshape(len(images), -1).max(axis=1) >= FAINTEST
    if inked.all():
        return Decoded(images, np.arange(len(images)), image_keys(images))
    blank = tuple((int(i), BLANK) for i in np.flatnonzero(~inked))
    return Decoded(images[inked], np.flatnonzero(inked), image_keys(images[inked]), blank)


def _glyph(image: Image, treatment: Treatment) -> Image | str:
    if treatment.transpose:
        image = np.ascontiguousarray(image.T)
    if n := treatment.trim_edge:
        image = np.ascontiguousarray(image[n:-n, n:-n])
        if not image.size:
            return BLANK
    if treatment.how.frame == "keep" and not treatment.is_ink:
        glyph = as_framed(image, treatment.how.size, invert=treatment.invert)
    else:
        ink = image if treatment.is_ink else ink_of(image, invert=treatment.invert)
        glyph = normalise(ink, treatment.how)
    return BLANK if glyph is None else glyph


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
            waiting.append((tag, _start(pool, block, how)))
            if len(waiting) >= jobs * _WAITING:
                yield _first(waiting)
        while waiting:
            yield _first(waiting)
    except BrokenProcessPool as error:
        raise HwcliError("a decoding process was killed", hint="try --jobs 1") from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start(pool: ProcessPoolExecutor, block: Block, how: Treatment) -> Future[Decoded]:
    """The glyphs of `block`, by a process of `pool` unless sending them takes longer."""
    if not _is_plain(block, how):
        return submit(pool, decode_block, block, how)
    done: Future[Decoded] = Future()
    done.set_result(decode_block(block, how))
    return done


def _first(waiting: deque[tuple[T, Future[Decoded]]]) -> tuple[T, Decoded]:
    tag, future = waiting.popleft()
    return tag, future.result()
