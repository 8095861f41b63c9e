"""Forms: pages whose characters stand in printed fields, with captions around them."""

from typing import Any

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
_CAPTION = 0.7
"""Captions are smaller than this, in sizes of the characters in fields."""
_BEYOND, _APART = 2.0, 0.6
"""Open fields are no more than so many of the usual width from the others, and what stands in them
no nearer to each other than this."""
_LINE, _WITH_NEXT = 0.1, 0.15
"""Fields that share a line are no farther apart than this share of their width or height; and the
least share of the fields that have a next one, where some of the fields were not found."""


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


def in_rows_and_columns(boxes: NDArray[np.float64], fields: Boxes) -> NDArray[np.bool_]:
    """Which of `boxes`, float (N, 4), stand in a row and a column of fields.

    That holds in a field, and also where one frame among its neighbours was too broken to find.
    Where fields share their lines, as in a table, the outermost ones may be open: what is nearly as
    large as the characters in fields may stand in a row or in a column alone, where a field more
    would be, and makes a column or a row of its own. Captions are smaller, or words.
    """
    in_row, in_column = _along(boxes, fields, 1), _along(boxes, fields, 0)
    kept = in_row & in_column
    if not kept.any():
        return kept
    size = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    large = size > _CAPTION * np.median(size[kept])
    beside = large & in_row & ~in_column & _alone(boxes, fields, 0)
    over = large & in_column & ~in_row & _alone(boxes, fields, 1)
    corner = large & _along(boxes, boxes[over], 1) & _along(boxes, boxes[beside], 0)
    return np.asarray(kept | beside | over | corner, np.bool_)


def _alone(boxes: NDArray[np.float64], fields: Boxes, axis: int) -> NDArray[np.bool_]:
    """Which boxes stand alone where a field more would be, among the fields or not far from them.

    Args:
        boxes: float (N, 4).
        fields: int32 (F, 4), in rows and columns.
        axis: 0 for what stands in rows, 1 for what stands in columns.
    """
    if not _share_lines(fields, axis):
        return np.zeros(len(boxes), np.bool_)
    step = float(np.median(fields[:, axis + 2] - fields[:, axis]))
    middle = (boxes[:, axis] + boxes[:, axis + 2]) / 2
    across = (boxes[:, 1 - axis] + boxes[:, 3 - axis]) / 2
    first, last = float(fields[:, axis].min()), float(fields[:, axis + 2].max())
    near = (middle > first - _BEYOND * step) & (middle < last + _BEYOND * step)
    holds = (across[:, None] > fields[:, 1 - axis]) & (across[:, None] < fields[:, 3 - axis])
    place = np.where(holds.any(axis=1), holds.argmax(axis=1), -1)
    order = np.lexsort((middle, place))
    apart = np.where(np.diff(place[order]) == 0, np.diff(middle[order]), np.inf) > _APART * step
    alone = np.empty(len(boxes), np.bool_)
    alone[order] = np.append(apart, True) & np.append(True, apart)
    return np.asarray(near & alone, np.bool_)


def _share_lines(fields: Boxes, axis: int) -> bool:
    """Whether fields end along `axis` where the next ones of the same row or column begin."""
    order = np.argsort(fields[:, axis], kind="stable")
    begin, end = fields[order, axis], fields[order, axis + 2]
    low, high = fields[order, 1 - axis], fields[order, 3 - axis]
    with_next = 0
    for index in range(len(fields)):
        slack = _LINE * (end[index] - begin[index])
        near = slice(*np.searchsorted(begin, [end[index] - slack, end[index] + slack]).tolist())
        common = np.minimum(high[near], high[index]) - np.maximum(low[near], low[index])
        with_next += bool((common > 0.5 * (high[index] - low[index])).any())
    return with_next >= _WITH_NEXT * len(fields)


def _along(boxes: NDArray[np.float64], fields: NDArray[Any], axis: int) -> NDArray[np.bool_]:
    """Whether the middle of each of `boxes` is between the ends of some field along `axis`."""
    middle = (boxes[:, axis] + boxes[:, axis + 2]) / 2
    inside = (middle > fields[:, axis, None]) & (middle < fields[:, axis + 2, None])
    return np.asarray(inside.any(axis=0), np.bool_)


def field_of(points: NDArray[np.float64], fields: Boxes) -> NDArray[np.int32]:
    """Index of the field that holds each of `points`, int32 (N,), −1 for none."""
    out = np.full(len(points), -1, np.int32)
    x, y = points.T
    for index, (x0, y0, x1, y1) in enumerate(fields.tolist()):
        out[(x > x0) & (x < x1) & (y > y0) & (y < y1)] = index
    return out
