"""What pages are written on and how they are photographed: as in training, or as never there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from hwcli.compose import unseen_camera, unseen_paper
from hwcli.compose.camera import Shot, photograph
from hwcli.compose.canvas import Canvas
from hwcli.compose.hand import Hand
from hwcli.compose.paper import Light, make_paper


@dataclass(frozen=True, slots=True)
class Scene:
    """A kind of paper, and a camera."""

    paper: Callable[[Canvas, Hand, Generator], Light]
    """The sheet under the writing."""
    photograph: Callable[[Light, NDArray[np.int32], Generator], Shot]
    """The sheet with its writing, and the glyph of each pixel, as they are seen."""


ORDINARY = Scene(make_paper, photograph)
"""What the finder and the classifiers are trained on."""

UNSEEN: Mapping[str, Scene] = {
    "dotted": Scene(unseen_paper.dotted, unseen_camera.photograph),
    "millimetres": Scene(unseen_paper.millimetres, unseen_camera.photograph),
    "kraft": Scene(unseen_paper.kraft, unseen_camera.photograph),
    "crumpled": Scene(unseen_paper.crumpled, unseen_camera.photograph),
    "folded": Scene(unseen_paper.folded, unseen_camera.photograph),
    "reverse": Scene(unseen_paper.reverse, unseen_camera.photograph),
    "stained": Scene(unseen_paper.stained, unseen_camera.photograph),
    "desk": Scene(unseen_paper.plain, unseen_camera.photograph_on_desk),
}
"""Papers and a camera that nothing is trained with or fitted to: they are for testing alone."""
