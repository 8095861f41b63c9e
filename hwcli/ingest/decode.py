"""Images decoded and normalised, in order, by as many processes as wanted."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Protocol, TypeGuard, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from hwcli.errors import DatasetError
from hwcli.glyph import FAINTEST, Image, Normalisation, as_framed
from hwcli.glyph_batch import normalise_all
from hwcli.ingest.seen import Keys, image_keys
from hwcli.ink_batch import inks_of
from hwcli.processes import new_pool, submit
from hwcli.readers.reader import Block
from hwcli.readers.stream import PixelBlock

T = TypeVar("T")

_WAITING = 4
"""Blocks under way for each process: enough that none is idle, few enough for the memory."""


_STACK_BYTES = 1 << 20
"""Pixels of images that are treated together."""
_KEPT_BYTES = (32 << 20) - (8 << 10)
"""Just under the most that M_MMAP_THRESHOLD grows to by itself."""
BLANK = "blank"
"""Why an image without ink is dropped."""


class DecoderKilled(DatasetError):
    """A decoding process was killed, as the system does when memory runs out."""


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

    def take(self, index: NDArray[np.intp]) -> "Decoded":
        """The glyphs at `index`."""
        return Decoded(self.images[index], self.kept[index], self.keys[index], self.faults)


def decode_block(block: Block, treatment: Treatment) -> Decoded:
    """The glyphs of `block`; what is corrupt or blank is left out and named."""
    if _is_plain(block, treatment):
        return _plain(block.pixels, treatment)
    size = treatment.how.size
    glyphs: list[NDArray[np.uint8]] = [np.empty((0, size, size), np.uint8)]
    kept: list[NDArray[np.intp]] = [np.empty(0, np.intp)]
    faults: list[tuple[int, str]] = []
    for places, images in _alike(block.images(), faults):
        made, good = _glyphs(images, treatment)
        glyphs.append(made[good])
        kept.append(places[good])
        faults += ((int(i), BLANK) for i in places[~good])
    stacked = np.concatenate(glyphs)
    return Decoded(stacked, np.concatenate(kept), image_keys(stacked), tuple(sorted(faults)))


def _alike(
    images: Iterable[Image | str], faults: list[tuple[int, str]]
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.uint8]]]:
    """Places and stacks (N, H, W) of images that follow each other and are of one size.

    What is no image is noted in `faults`.
    """
    places: list[int] = []
    stack: list[Image] = []
    for i, image in enumerate(images):
        if isinstance(image, str):
            faults.append((i, image))
            continue
        full = len(stack) * image.size >= _STACK_BYTES
        if stack and (full or image.shape != stack[0].shape):
            yield np.asarray(places), np.stack(stack)
            places, stack = [], []
        places.append(i)
        stack.append(image)
    if stack:
        yield np.asarray(places), np.stack(stack)


def _glyphs(
    images: NDArray[np.uint8], treatment: Treatment
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """A glyph of each of `images`, (N, H, W), and (N,) whether there is ink in it."""
    how = treatment.how
    if treatment.transpose:
        images = images.swapaxes(1, 2)
    if n := treatment.trim_edge:
        images = images[:, n:-n, n:-n]
    if not images.size:
        return np.zeros((len(images), how.size, how.size), np.uint8), np.zeros(len(images), bool)
    images = np.ascontiguousarray(images)
    if how.frame == "keep" and not treatment.is_ink:
        return _framed(images, treatment)
    inks = images if treatment.is_ink else inks_of(images, invert=treatment.invert)
    return normalise_all(inks, how)


def _framed(
    images: NDArray[np.uint8], treatment: Treatment
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    size = treatment.how.size
    glyphs = np.zeros((len(images), size, size), np.uint8)
    inked = np.zeros(len(images), np.bool_)
    for i, image in enumerate(images):
        glyph = as_framed(image, size, invert=treatment.invert)
        if glyph is not None:
            glyphs[i], inked[i] = glyph, True
    return glyphs, inked


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
    images = _transposed(pixels) if treatment.transpose else pixels
    if treatment.invert:
        images = 255 - images
    inked = images.reshape(len(images), -1).max(axis=1) >= FAINTEST
    if inked.all():
        return Decoded(images, np.arange(len(images)), image_keys(images))
    blank = tuple((int(i), BLANK) for i in np.flatnonzero(~inked))
    return Decoded(images[inked], np.flatnonzero(inked), image_keys(images[inked]), blank)


def _transposed(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Each of `pixels`, (N, S, S), with rows and columns swapped.

    By way of (S · S, N), in which whole lines change places: twice as fast as swapping pixels.
    """
    count, side, _ = pixels.shape
    lines = np.asarray(cv2.transpose(pixels.reshape(count, -1)), np.uint8)
    lines = lines.reshape(side, side, count).swapaxes(0, 1).reshape(-1, count)
    return np.asarray(cv2.transpose(lines), np.uint8).reshape(pixels.shape)


def _begin() -> None:
    """Make a decoding process ready."""
    cv2.setNumThreads(1)  # more threads a process only get in each other's way
    # Freeing a large piece has glibc keep what is freed, which it else gives back to the system and
    # takes anew for each block: https://man7.org/linux/man-pages/man3/mallopt.3.html.
    np.empty(_KEPT_BYTES, np.uint8)


class Pending(Protocol):
    """A block that is being decoded."""

    def result(self) -> Decoded:
        """Its glyphs; raises BrokenProcessPool where what decoded it was killed."""
        ...


class Pool(Protocol):
    """Decodes blocks beside this process."""

    jobs: int
    """How many at once."""

    def submit(
        self, work: Callable[[Block, Treatment], Decoded], block: Block, how: Treatment
    ) -> Pending:
        """Have `work` done with these."""
        ...

    def shutdown(self) -> None:
        """Drop what is not done yet."""
        ...


class Processes:
    """Of this machine."""

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self._pool = new_pool(jobs, _begin)

    def submit(
        self, work: Callable[[Block, Treatment], Decoded], block: Block, how: Treatment
    ) -> Pending:
        """Have `work` done by one of them."""
        return submit(self._pool, work, block, how)

    def shutdown(self) -> None:
        """End them."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def decode_all(
    work: Iterable[tuple[T, Block, Treatment]],
    jobs: int,
    new: Callable[[int], Pool] | None = None,
) -> Iterator[tuple[T, Decoded]]:
    """Each block of `work` decoded, with what stood before it, in order whatever `jobs` is.

    Args:
        work: blocks, each with what is given back beside it, and what is done to its images.
        jobs: how many at once; 1 process is this one.
        new: begins what decodes them, given `jobs`; None for processes of this machine.

    Raises:
        DecoderKilled: a process was killed, as the system does when memory runs out.
    """
    if jobs == 1 and new is None:
        yield from ((tag, decode_block(block, how)) for tag, block, how in work)
        return
    pool = (new or Processes)(jobs)
    beside = ThreadPoolExecutor(1)  # for what sending would take longer than doing
    waiting: deque[tuple[T, Pending]] = deque()
    try:
        for tag, block, how in work:
            if _is_plain(block, how):
                waiting.append((tag, beside.submit(decode_block, block, how)))
            else:
                waiting.append((tag, pool.submit(decode_block, block, how)))
            if len(waiting) >= pool.jobs * _WAITING:
                yield _first(waiting)
        while waiting:
            yield _first(waiting)
    except BrokenProcessPool as error:
        raise DecoderKilled(
            "a decoding process was killed",
            hint="the same command goes on where it was; with --jobs 1 it needs the least memory",
        ) from error
    finally:
        beside.shutdown(wait=True, cancel_futures=True)
        pool.shutdown()


def _first(waiting: deque[tuple[T, Pending]]) -> tuple[T, Decoded]:
    tag, future = waiting.popleft()
    return tag, future.result()
