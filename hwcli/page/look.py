"""At which size a page is looked at: as large as it has to be for its characters to be seen."""

import numpy as np

from hwcli.page.components import longest
from hwcli.page.finder import STRIDE, Characters, Finder
from hwcli.page.rulings import Cleaned
from hwcli.page.view import HEIGHT, View, see, usual_height

_SMALL, _LARGE = 0.55, 1.8
"""Characters that are so many times as large as the finder is used to are looked at again."""
_FEWEST = 3
"""Characters that tell the size of the writing."""
_ALIKE = 0.1
"""Views whose scales differ by a smaller share than this show the same."""
_FEW = 12
"""As many characters at most are few."""
_SURE = 0.6
"""Few characters whose mean score exceeds this are seen at the right size. Of single joined-up
words on composed pages nine in ten are below it."""
_OTHER = (0.6, 1.6)
"""Other heights that few characters may have, in the one that they were taken for."""
_MOST = 400_000
"""Pixels of a view for that at most."""


def look(cleaned: Cleaned, finder: Finder) -> tuple[View, Characters]:
    """A view of a page, and what `finder` sees in it.

    A few characters, as of a single joined-up word, may have been looked at too small or too large.
    Where the finder is not sure of them it looks again, nearer and from farther off. Right is the
    view that shows the most characters, each counted by its score.

    Args:
        cleaned: its ink.
        finder: the network.

    Raises:
        ModelError: the finder fails.
    """
    height = usual_height(cleaned.found)
    view = see(cleaned.ink.strength, cleaned.mask, height)
    found = finder.find(view.image)
    if len(found.boxes) >= _FEWEST:
        size = STRIDE * float(np.median(longest(found.boxes))) / HEIGHT
        if not _SMALL < size < _LARGE:
            again = see(cleaned.ink.strength, cleaned.mask, height * size)
            if abs(again.scale / view.scale - 1) > _ALIKE:
                view, found = again, finder.find(again.image)
    if len(found.boxes) > _FEW or (len(found.boxes) and found.score.mean() > _SURE):
        return view, found
    looks = [(view, found)]
    for size in _OTHER:
        other = see(cleaned.ink.strength, cleaned.mask, size * HEIGHT / view.scale)
        if abs(other.scale / view.scale - 1) > _ALIKE and other.image.size <= _MOST:
            looks.append((other, finder.find(other.image)))
    return max(looks, key=lambda told: float(told[1].score.sum()))
