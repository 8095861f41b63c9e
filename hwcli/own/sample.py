"""A sample of the images of some readers: few enough to look at in seconds, the same every time."""

from collections.abc import Sequence

import numpy as np

from hwcli.glyph import Image
from hwcli.ingest.splits import draw, random_for
from hwcli.progress import Progress, silent
from hwcli.readers.reader import Listing, Reader

SAMPLE = 500
"""Images that are looked at, drawn evenly over the labels."""
_FIRST = 40
"""Images that tell how large the others are."""
_PIXELS = 200_000_000
"""Pixels of a sample: of photos fewer are looked at, for it takes seconds."""
_BLOCK = 64


def sample(
    readers: Sequence[Reader], listings: Sequence[Listing], progress: Progress
) -> tuple[list[Image | str], list[str]]:
    """Images drawn evenly over the labels, the same ones every time, and their labels."""
    first, own = _drawn(readers, listings, _FIRST, silent)
    sizes = [i.size for i in first if not isinstance(i, str)]
    count = min(SAMPLE, max(_FIRST, _PIXELS // max(1, int(np.mean(sizes or [1])))))
    return (first, own) if count <= _FIRST else _drawn(readers, listings, count, progress)


def _drawn(
    readers: Sequence[Reader], listings: Sequence[Listing], count: int, progress: Progress
) -> tuple[list[Image | str], list[str]]:
    names = sorted({n for listing in listings for n in listing.labels})
    code = {n: i for i, n in enumerate(names)}
    label = np.concatenate(
        [np.asarray([code[n] for n in ls.labels] or [0], np.int32)[ls.label] for ls in listings]
    )
    chosen = draw(label, random_for(0, "own").random(len(label)), count)
    images: list[Image | str] = []
    edges = np.cumsum([len(listing) for listing in listings])[:-1]
    for reader, mask in zip(readers, np.split(chosen, edges), strict=True):
        rows = np.flatnonzero(mask)
        for block in reader.blocks(rows, _BLOCK) if len(rows) else ():
            images += block.images()
            progress(len(images), count)
    return images, [names[k] for k in label[chosen]]
