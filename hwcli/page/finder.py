"""The finder at work: from the view of a page to its characters, by ONNX Runtime."""

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from hwcli.classify import Session, file_of
from hwcli.errors import ModelError
from hwcli.page.components import Boxes, boxes_of_labels
from hwcli.page.grey import Grey
from hwcli.training.runs import ONNX

SCHEMA = "hwcli.finder/1"
STRIDE = 2
"""Pixels of the view for one place of the planes."""
REACH = 8.0
"""Places that a distance of 1 in the planes means."""
_MULTIPLE = 16
"""Sides of what the network takes are multiples of it."""
_MIDDLE, _INK = 0.3, 0.4
"""From which probability there is a middle, and ink."""
_APART = 3
"""Middles are farther apart than this, in places."""
_FARTHEST = 14.0
"""Ink whose middle is told to be farther than this from one that was found belongs to none."""
_LEAST = 3
"""Places of ink of a character at least."""

Plane = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Characters:
    """The characters in a view."""

    boxes: Boxes
    """int32 (N, 4): x0, y0, x1, y1 in places, half-open."""
    score: Plane
    """float32 (N,): how sure it is that there is one, in [0, 1]."""
    ids: NDArray[np.int32]
    """(h, w): number of the character whose ink is at a place, from 1; 0 for none."""

    def only(self, which: NDArray[np.bool_]) -> "Characters":
        """The characters of `which`, bool (N,)."""
        number = np.concatenate([[0], np.where(which, np.cumsum(which), 0)]).astype(np.int32)
        return Characters(self.boxes[which], self.score[which], number[self.ids])


BUNDLED = "bundled"
"""What the finder that comes with the package is called."""


def find_finder(name: str, *, in_run: str = ONNX) -> Path:
    """The file that `name` means: the bundled finder, `in_run` of a run folder, or itself.

    Raises:
        ModelError: nothing of that name.
    """
    if name == BUNDLED:
        return Path(str(files("hwcli") / "assets" / "models" / "finder.onnx"))
    path = file_of(name, in_run)
    if path is None:
        raise ModelError(f"{name}: no such finder", hint=f"{BUNDLED!r}, or train one: train finder")
    return path


class Finder:
    """Finds characters with one network."""

    def __init__(self, path: Path, *, threads: int = 0) -> None:
        """Load the network at `path`; `threads` 0 takes one a core.

        Raises:
            ModelError: missing, not ONNX, or no finder of hwcli.
        """
        self._session = Session(path, threads=threads, what="finder")
        self.path = path
        self._check()

    def _check(self) -> None:
        try:
            told = json.loads(self._session.metadata or "")
        except (ValueError, RecursionError):
            told = None
        if not isinstance(told, dict) or told.get("schema") != SCHEMA:
            raise ModelError(f"{self.path}: not a finder of hwcli ({SCHEMA})")
        inputs, outputs = self._session.inputs, self._session.outputs
        if len(inputs) != 1 or inputs[0].type != "tensor(uint8)" or len(inputs[0].shape) != 2:
            raise ModelError(f"{self.path}: its input is not uint8 (H, W)")
        if len(outputs) != 1 or outputs[0].shape[:1] != [4]:
            raise ModelError(f"{self.path}: its output is not four planes")

    def find(self, view: Grey) -> Characters:
        """The characters in `view`, uint8 (h, w).

        Raises:
            ModelError: the network fails.
        """
        return decode(self.planes(view))

    def planes(self, view: Grey) -> Plane:
        """What the network tells of `view`, float32 (4, h/2, w/2)."""
        height, width = view.shape
        below, right = -height % _MULTIPLE, -width % _MULTIPLE
        padded = cv2.copyMakeBorder(view, 0, below, 0, right, cv2.BORDER_CONSTANT, value=0)
        planes = self._session.run(np.asarray(padded, np.uint8))
        planes = planes[:, : -(-height // STRIDE), : -(-width // STRIDE)]
        if not np.isfinite(planes).all():
            raise ModelError(f"{self.path}: gives what is no number")
        return planes


def decode(planes: Plane) -> Characters:
    """The characters that `planes`, float32 (4, h, w), tell of.

    Middles are the local maxima of theirs; ink belongs to the middle that is nearest to where it
    says that its own is.
    """
    ink, middle = planes[0] > _logit(_INK), planes[1]
    shape = middle.shape
    y, x = _peaks(middle) if middle.size else (np.empty(0, np.intp),) * 2
    if not len(y):
        none = np.empty((0, 4), np.int32)
        return Characters(none, np.empty(0, np.float32), np.zeros(shape, np.int32))
    seeds = np.ones(shape, np.uint8)
    seeds[y, x] = 0
    distance, label = cv2.distanceTransformWithLabels(
        seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    number = np.zeros(int(label.max()) + 1, np.int32)
    number[label[y, x]] = np.arange(1, len(y) + 1)
    rows, columns = np.nonzero(ink)
    to_x = np.clip(np.rint(columns + REACH * planes[2, rows, columns]), 0, shape[1] - 1)
    to_y = np.clip(np.rint(rows + REACH * planes[3, rows, columns]), 0, shape[0] - 1)
    at = to_y.astype(np.intp), to_x.astype(np.intp)
    owner = np.where(distance[at] <= _FARTHEST, number[label[at]], 0)
    kept = np.bincount(owner, minlength=len(y) + 1) >= _LEAST
    kept[0] = False
    renumbered = np.where(kept, np.cumsum(kept), 0).astype(np.int32)
    owner = renumbered[owner]
    ids = np.zeros(shape, np.int32)
    ids[rows, columns] = owner
    score = 1 / (1 + np.exp(-middle[y, x]))
    return Characters(
        boxes_of_labels(ids, int(kept.sum()))[1:], score[kept[1:]].astype(np.float32), ids
    )


def _logit(p: float) -> float:
    return float(np.log(p / (1 - p)))


def _peaks(middle: Plane) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the middles; of two that are too near, the surer one."""
    side = 2 * _APART + 1
    highest = cv2.dilate(middle, np.ones((side, side), np.uint8))
    y, x = np.nonzero((middle >= highest) & (middle > _logit(_MIDDLE)))
    order = np.argsort(-middle[y, x], kind="stable")
    taken = np.zeros(middle.shape, np.bool_)
    kept = []
    for i in order.tolist():
        row, column = int(y[i]), int(x[i])
        if not taken[row, column]:
            kept.append(i)
            taken[max(0, row - _APART) : row + _APART + 1,
                  max(0, column - _APART) : column + _APART + 1] = True  # fmt: skip
    return y[kept], x[kept]
