"""How well characters are found on composed pages."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from hwcli.finding.samples import Sample
from hwcli.finding.targets import halved_ids
from hwcli.page.finder import Characters

_LEAST = 8
"""Places of ink of a glyph that counts."""


@dataclass(frozen=True, slots=True)
class Score:
    """Of how many glyphs, which shares."""

    glyphs: int
    found: float
    """Whose ink and that of one found character are the same for more than half of both."""
    spurious: float
    """Characters found where no glyph's ink is, for each glyph."""


def judge(found: Iterable[tuple[Sample, Characters]]) -> Score:
    """The score of what was found in samples."""
    glyphs = right = spurious = 0
    for sample, characters in found:
        ids = halved_ids(_even(sample).ids)
        height, width = (min(a, b) for a, b in zip(ids.shape, characters.ids.shape, strict=True))
        truth = np.maximum(ids[:height, :width], 0).astype(np.intp)
        told = characters.ids[:height, :width].astype(np.intp)
        count = int(told.max(initial=0)) + 1
        pairs = np.bincount((truth * count + told).ravel(), minlength=(truth.max() + 1) * count)
        pairs = pairs.reshape(-1, count)
        own, its = pairs.sum(axis=1), pairs.sum(axis=0)
        for number in np.flatnonzero(own[1:] >= _LEAST) + 1:
            glyphs += 1
            if count > 1:
                best = int(pairs[number, 1:].argmax()) + 1
                union = own[number] + its[best] - pairs[number, best]
                right += bool(pairs[number, best] > 0.5 * union)
        spurious += int((pairs[1:, 1:].sum(axis=0) < 0.3 * its[1:]).sum())
    return Score(glyphs, right / max(1, glyphs), spurious / max(1, glyphs))


def _even(sample: Sample) -> Sample:
    height, width = (n - n % 2 for n in sample.ids.shape)
    return Sample(sample.view[:height, :width], sample.ids[:height, :width])
