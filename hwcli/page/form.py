"""Forms: pages whose characters stand in printed fields, with captions around them."""

import numpy as np
from numpy.typing import NDArray

from hwcli.page.components import Boxes, Components

_FEWEST = 6
"""A form has at least this many closed fields."""
_INSIDE = 0.3
"""A form has at least this share of the components in its fields."""
_WHOLE = 0.7
"""Of the characters in the fields of a form at least this share keep clear of the edges; on
squared paper they do not."""


def find_fields(found: Components, writing: NDArray[np.bool_], cells: Boxes, scale: float) -> Boxes:
    """The fields among `cells` that take a character each, int32 (F, 4); none if it is no form.

    Args:
        found: the strokes of the page.
        writing: which of them may be writing, bool (N,).
        cells: boxes of the regions that lines enclose.
        scale: typical height of a character, px.
    """
    none = np.empty((0, 4), np.int32)
    if len(cells) < _FEWEST:
        return none
    owner = field_of(found.middles, cells)
    inside = writing & (owner >= 0)
    if inside.sum() < _INSIDE * writing.sum():
        return none
    x, y, width, height = found.stats[:, :4].T
    full = inside & (np.maximum(width, height) > 0.5 * scale)
    if not full.any():
        return none
    field = cells[owner[full]]
    slack = 0.05 * scale
    whole = (
        (x[full] > field[:, 0] - slack)
        & (y[full] > field[:, 1] - slack)
        & (x[full] + width[full] < field[:, 2] + slack)
        & (y[full] + height[full] < field[:, 3] + slack)
    )
    wide = (field[:, 2:] - field[:, :2]).min(axis=1) > 1.15 * scale
    return cells if (whole & wide).mean() > _WHOLE else none


def in_rows_and_columns(points: NDArray[np.float64], fields: Boxes) -> NDArray[np.bool_]:
    """Which of `points`, float (N, 2), stand in a row and a column of fields.

    That holds in a field, and also where one frame among its neighbours was too broken to find.
    """
    x, y = points.T
    in_row, in_column = np.zeros((2, len(points)), np.bool_)
    for x0, y0, x1, y1 in fields.tolist():
        in_column |= (x > x0) & (x < x1)
        in_row |= (y > y0) & (y < y1)
    return in_row & in_column


def field_of(points: NDArray[np.float64], fields: Boxes) -> NDArray[np.int32]:
    """Index of the field that holds each of `points`, int32 (N,), −1 for none."""
    out = np.full(len(points), -1, np.int32)
    x, y = points.T
    for index, (x0, y0, x1, y1) in enumerate(fields.tolist()):
        out[(x > x0) & (x < x1) & (y > y0) & (y < y1)] = index
    return out
