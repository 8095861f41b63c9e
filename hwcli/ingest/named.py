"""The rows that corrections name: where they are in a plan, and what their images are."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwcli.ingest.decode import BLANK, decode_block
from hwcli.ingest.rows import PlannedPart
from hwcli.recipe import Recipe

_SCANNED = 1 << 16
"""Rows whose origins are in memory at a time."""
_DECODED = 256
"""Images that are decoded at a time."""


Found = dict[tuple[int, bytes], list["Place"]]
"""Rows by source and origin; one, unless parts overlap or an origin was cut."""


class Place(NamedTuple):
    """A row of the parts of a plan."""

    part: int
    """Index of its part."""
    at: int
    """Its place in the part."""


@dataclass(frozen=True, slots=True)
class Look:
    """The image of a row, normalised."""

    sha256: str
    key: int | None
    """As `image_keys` has it; None of an image that is blank and meant to be."""


def find(parts: Sequence[PlannedPart], wanted: Mapping[int, Set[bytes]]) -> Found:
    """The rows of each origin that is `wanted`, by source; only of those the origins are made."""
    found: Found = {}
    for number, part in enumerate(parts):
        origins = wanted.get(part.source)
        if not origins:
            continue
        for start in range(0, len(part.row), _SCANNED):
            block = part.reader.origins(part.row[start : start + _SCANNED]).tolist()
            if origins.isdisjoint(block):  # the common case takes no loop in Python
                continue
            for at, origin in enumerate(block, start):
                if origin in origins:
                    found.setdefault((part.source, origin), []).append(Place(number, at))
    return found


def look_at(
    recipe: Recipe, parts: Sequence[PlannedPart], places: Iterable[Place], blank: Sequence[int]
) -> dict[Place, Look]:
    """The images of the rows at `places`, as they will be stored; those that are none are left out.

    Only these are decoded, though a file that is one stream, such as a gzipped idx, is read up to
    the last of them.

    Args:
        recipe: says how images are treated.
        parts: of the plan.
        places: the rows.
        blank: for each source the label of images that are meant to be blank, −1 if there is none.

    Raises:
        FetchError: a source is damaged.
    """
    named: dict[int, list[int]] = defaultdict(list)
    for place in places:
        named[place.part].append(place.at)
    looks: dict[Place, Look] = {}
    for number, ats in sorted(named.items()):
        part = parts[number]
        at = np.asarray(sorted(set(ats)), np.intp)
        may_be_blank = part.label[at] == blank[part.source]
        for i, look in _looks(recipe, part, at, may_be_blank):
            looks[Place(number, int(at[i]))] = look
    return looks


def _looks(
    recipe: Recipe, part: PlannedPart, at: NDArray[np.intp], blank: NDArray[np.bool_]
) -> Iterator[tuple[int, Look]]:
    """Number and look of the rows of `part` that are `at` these places, if they have an image."""
    treatment = part.treatment(recipe)
    empty = hashlib.sha256(bytes(recipe.image.size**2)).hexdigest()
    for number, block in enumerate(part.reader.blocks(part.row[at], _DECODED)):
        start = number * _DECODED
        decoded = decode_block(block, treatment)
        for image, kept, key in zip(decoded.images, decoded.kept, decoded.keys, strict=True):
            yield start + int(kept), Look(hashlib.sha256(image.tobytes()).hexdigest(), int(key))
        for place, fault in decoded.faults:
            if fault == BLANK and blank[start + place]:
                yield start + place, Look(empty, None)
