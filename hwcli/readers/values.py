"""Arrays of numbers as images: whatever their type, range and shape."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hwcli.errors import FetchError
from hwcli.glyph import Image
from hwcli.readers.reader import MAX_PIXELS, MAX_SIDE

Shape = tuple[int, int, int]
"""Height, width, and channels: 1 grey, 3 RGB."""


@dataclass(frozen=True, slots=True, eq=False)
class ValueBlock:
    """Images as numbers from 0 to a maximum."""

    values: NDArray[np.generic]
    """(N, …); what an image has beyond its pixels, such as a constant 1 at the end, is ignored."""
    shape: Shape
    max_value: float
    """What is 255 as uint8."""

    def images(self) -> Iterator[Image | str]:
        """Each row as uint8 (H, W), or the reason why it is none."""
        height, width, channels = self.shape
        for row in self.values.reshape(len(self.values), -1)[:, : height * width * channels]:
            grey = self._bytes(row)
            if isinstance(grey, str):
                yield grey
            elif channels == 1:
                yield grey.reshape(height, width)
            else:
                colour = cv2.cvtColor(grey.reshape(self.shape), cv2.COLOR_RGB2GRAY)
                yield np.asarray(colour, np.uint8)

    def _bytes(self, row: NDArray[np.generic]) -> NDArray[np.uint8] | str:
        if row.dtype == np.uint8 and self.max_value == 255:
            return np.asarray(row, np.uint8)
        numbers = row.astype(np.float64)
        if not (numbers.min() >= 0 and numbers.max() <= self.max_value):
            return f"pixels outside 0 to {self.max_value:g}"
        return (numbers * (255 / self.max_value)).astype(np.uint8)


def shape_of(one: tuple[int, ...], wanted: tuple[int, int] | None, what: str) -> Shape:
    """The shape of an image stored as `one`: as it is, as `wanted`, or a square.

    Raises:
        FetchError: it is no image, or too large.
    """
    if wanted is not None:
        shape = (*wanted, 1)
        if int(np.prod(shape, dtype=object)) > int(np.prod(one, dtype=object)):
            raise FetchError(f"{what}: no {wanted[0]}×{wanted[1]} pixels in an image of {one}")
    elif len(one) == 3 and one[2] in (1, 3):
        shape = (one[0], one[1], one[2])
    elif len(one) == 3 and one[0] == 1:
        shape = (one[1], one[2], 1)
    elif len(one) == 2:
        shape = (one[0], one[1], 1)
    elif len(one) == 1 and (side := int(np.sqrt(one[0]))) ** 2 == one[0]:
        shape = (side, side, 1)
    else:
        raise FetchError(f"{what}: an array with rows of {one} has no images")
    if not (min(shape) > 0 and max(shape) <= MAX_SIDE and shape[0] * shape[1] <= MAX_PIXELS):
        raise FetchError(f"{what}: images of {shape[0]}×{shape[1]} are not read")
    return shape


def label_names(values: NDArray[np.generic], count: int, what: str) -> list[str]:
    """One label for each of `count` images, whole numbers without a point.

    Raises:
        FetchError: there are more or fewer, or they are neither numbers nor text.
    """
    flat = values.reshape(-1)
    if len(flat) != count:
        raise FetchError(f"{what}: {count} images, {len(flat)} labels")
    if flat.dtype.kind == "S":
        return [bytes(v).decode("utf-8", "replace") for v in flat.tolist()]
    if flat.dtype.kind not in "buifU":
        raise FetchError(f"{what}: labels of type {flat.dtype} are not read")
    return [str(int(v)) if _is_whole(v) else str(v) for v in flat.tolist()]


def _is_whole(value: object) -> bool:
    return isinstance(value, bool | int) or (isinstance(value, float) and value.is_integer())
