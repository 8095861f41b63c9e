"""What glyphs are in each other's company: by likeness, place, topics, spelling and case."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwcli.classify import top_k
from hwcli.page.case import CASE, merged_letters, recase
from hwcli.page.components import Boxes
from hwcli.page.context import CONTEXT, settle_by_topics
from hwcli.page.likeness import LIKENESS, told_together
from hwcli.page.place import PLACE, marks_of, settle_by_place
from hwcli.page.spelling import SPELLING, Speller
from hwcli.page.topics import topics_of


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What N glyphs are told to be."""

    probabilities: NDArray[np.float32]
    """(N, classes); each row sums to 1."""
    flags: tuple[tuple[str, ...], ...]
    """Of each glyph, why it is told otherwise than by itself."""
    written: tuple[dict[str, str], ...]
    """Of each glyph, which characters are written as others: small letters for capitals."""


def told_alone(probabilities: NDArray[np.float32]) -> Told:
    """Glyphs told each by itself."""
    return Told(probabilities, ((),) * len(probabilities), ({},) * len(probabilities))


class Company:
    """Tells glyphs by their page, for the classes of one model."""

    def __init__(
        self, classes: Sequence[str], scripts: Sequence[str], can_be: NDArray[np.bool_]
    ) -> None:
        """Of a model.

        Args:
            classes: its characters.
            scripts: ISO 15924 code of each.
            can_be: (classes,) which can be written.
        """
        self._classes = tuple(classes)
        self._merged = merged_letters(self._classes)
        self._marks = marks_of(classes)
        self._topics = topics_of(classes, scripts, can_be)
        self._speller = Speller(classes, scripts)
        self._can_be = can_be

    def told(
        self,
        images: NDArray[np.uint8],
        probabilities: NDArray[np.float32],
        boxes: Boxes,
        line: NDArray[np.int32],
        word: NDArray[np.int32],
    ) -> Told:
        """What the N glyphs of a page are.

        Args:
            images: uint8 (N, S, S), as the model reads them.
            probabilities: (N, classes), of each by itself.
            boxes: int32 (N, 4): x0, y0, x1, y1 of each, px.
            line: (N,) number of each one's line.
            word: (N,) number of its word within the line.
        """
        alone = self._likeliest(probabilities)
        probabilities = told_together(images, probabilities)
        before = self._likeliest(probabilities)
        if self._marks is not None:
            read = [self._classes[i] for i in before]
            probabilities = settle_by_place(probabilities, read, boxes, line, self._marks)
        moved = before != self._likeliest(probabilities)
        settled = settle_by_topics(probabilities, line, word, self._topics)
        by_topics = self._likeliest(settled.probabilities)
        probabilities = self._speller.settled(settled.probabilities, line, word)
        best = self._likeliest(probabilities)
        spelled = by_topics != best
        read = [self._classes[i] for i in best]
        written = recase(read, boxes, line, word, self._merged, settled.small)
        flags = tuple(
            (LIKENESS,) * bool(alike)
            + (PLACE,) * bool(place)
            + (CONTEXT,) * bool(context)
            + (SPELLING,) * bool(spelling)
            + (CASE,) * bool(case)
            for alike, place, context, spelling, case in zip(
                alone != before, moved, settled.changed, spelled, written, strict=True
            )
        )
        return Told(probabilities, flags, tuple(written))

    def _likeliest(self, probabilities: NDArray[np.float32]) -> NDArray[np.intp]:
        return top_k(np.where(self._can_be, probabilities, -1), 1)[:, 0]
