"""What goes where in the picture of a confusion matrix."""

from collections.abc import Sequence
from dataclasses import dataclass

from hwcli.report.lettering import Run, fitted, length, run_length
from hwcli.report.order import Block
from hwcli.report.picture import MAX_SIDE

GAP = 6
"""Between one thing and the next, px."""
_SIDES = ((24, 44), (64, 28), (140, 19), (230, 15))
"""Up to so many classes cells have this side, px."""
_LEAST = 4
"""Side of a cell at least, px."""
_CAPTIONS = (12, 20)
"""Sizes of captions, px."""
_FOUR_SIDES_FROM = 40
"""Classes from which on they are named at all sides."""
_LONGEST = 112
"""Of a caption, px; of longer ones the middle is left out."""
_USUAL = 0.9
"""Captions longer than twice what this share of them has get a line of their own, further out."""
_LEAST_WIDTH = 430
"""Of the picture, for the title and the legend, px."""


@dataclass(frozen=True, slots=True)
class Caption:
    """The name of a class, and how it is written."""

    run: Run
    beside: int
    """How far it stands from its row, px."""
    above: int
    """How far it stands from its column, px."""
    upright: bool
    """Above a column; else it is written upwards."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Sizes and places, px."""

    captions: tuple[Caption, ...]
    blocks: tuple[Block, ...]
    """Those that are named; none where there is one script."""
    cell: int
    size: int
    """Of the letters of captions."""
    head: int
    """Size of the title, by which all that goes with it is measured."""
    script: int
    """Size of the names of scripts."""
    turned: bool
    """Whether names of scripts above the columns are written upwards."""
    four_sides: bool
    left: int
    top: int
    beside: int
    """From the cells to the scripts at the left."""
    above: int
    """From the cells to the scripts above."""
    width: int
    height: int

    @property
    def n(self) -> int:
        """Classes that are shown."""
        return len(self.captions)

    @property
    def small(self) -> int:
        """Size of what is said beside the title and at the legend."""
        return round(self.head * 0.68)

    def script_rows(self) -> list[float]:
        """Where the names of scripts stand at the left, from the top of the picture."""
        wanted = [self.top + (b.start + b.stop) / 2 * self.cell for b in self.blocks]
        return spread(wanted, [self.script + 2.0] * len(wanted))

    def script_columns(self) -> list[float]:
        """Where the names of scripts stand above, from the left of the picture."""
        wanted = [self.left + (b.start + b.stop) / 2 * self.cell for b in self.blocks]
        if self.turned:
            return spread(wanted, [self.script + 2.0] * len(wanted))
        return spread(wanted, [length(b.script, self.script) + GAP for b in self.blocks])


def planned(names: Sequence[str], blocks: Sequence[Block]) -> Plan:
    """The plan for classes `names` in `blocks` of scripts, with cells as large as will go."""
    cell = next((side for most, side in _SIDES if len(names) <= most), _SIDES[-1][1])
    plan = _plan(names, blocks, cell)
    while max(plan.width, plan.height) > MAX_SIDE and cell > _LEAST:
        cell -= 1
        plan = _plan(names, blocks, cell)
    return plan


def _plan(names: Sequence[str], blocks: Sequence[Block], cell: int) -> Plan:
    side = len(names) * cell
    size = max(_CAPTIONS[0], min(_CAPTIONS[1], round(0.62 * cell)))
    captions = _captions(names, size, cell)
    reach = max((c.beside + int(run_length(c.run, size)) for c in captions), default=0) + GAP
    rise = GAP + max(
        (c.above + (size if c.upright else int(run_length(c.run, size))) for c in captions),
        default=0,
    )
    shown = tuple(blocks) if len(blocks) > 1 else ()
    head = max(19, side // 90)
    script = max(14, side // 90)
    widths = [int(length(b.script, script)) + GAP for b in shown]
    turned = any(w > (b.stop - b.start) * cell for w, b in zip(widths, shown, strict=True))
    widest = max(widths, default=0)
    left = head + reach + (widest + 2 * GAP) * bool(shown)
    top = head * 4 + rise + ((widest if turned else script) + 2 * GAP) * bool(shown)
    four = len(names) >= _FOUR_SIDES_FROM
    return Plan(
        captions=captions, blocks=shown, cell=cell, size=size, head=head, script=script,
        turned=turned, four_sides=four, left=left, top=top, beside=reach, above=rise,
        width=max(_LEAST_WIDTH, left + side + (reach if four else 0) + head),
        height=top + side + (rise if four else 0) + 4 * head,
    )  # fmt: skip


def _captions(names: Sequence[str], size: int, cell: int) -> tuple[Caption, ...]:
    """Captions in as many lines as their letters need, where cells are smaller than these."""
    runs = [fitted(name, size, _LONGEST) for name in names]
    lengths = [int(run_length(run, size)) + 1 for run in runs]
    lines = -(-(size + 2) // cell)
    upright = [wide <= lines * cell - 2 for wide in lengths]
    usual = sorted(lengths)[int(_USUAL * (len(lengths) - 1))] if lengths else 0
    long = [wide > 2 * usual for wide in lengths]
    rises = [size if up else wide for up, wide in zip(upright, lengths, strict=True)]
    step = max((w for w, far in zip(lengths, long, strict=True) if not far), default=0) + GAP
    rise = max((r for r, far in zip(rises, long, strict=True) if not far), default=0) + GAP
    found = []
    for i, run in enumerate(runs):
        line = lines if long[i] and lines > 1 else i % lines
        found.append(Caption(run, GAP + line * step, GAP + line * rise, upright[i]))
    return tuple(found)


def spread(wanted: Sequence[float], sizes: Sequence[float]) -> list[float]:
    """Places near those wanted, which ascend, so that no two of these sizes overlap.

    Neighbours that would overlap are put side by side about the middle of what they want, as in
    isotonic regression (pool adjacent violators).
    """
    groups: list[tuple[list[int], float]] = []
    for i, place in enumerate(wanted):
        groups.append(([i], place))
        while len(groups) > 1:
            (left, at_left), (right, at_right) = groups[-2:]
            half = (sum(sizes[k] for k in left) + sum(sizes[k] for k in right)) / 2
            if at_right - at_left >= half:
                break
            both = left + right
            groups[-2:] = [(both, sum(wanted[k] for k in both) / len(both))]
    found = []
    for members, middle in groups:
        at = middle - sum(sizes[k] for k in members) / 2
        for k in members:
            found.append(at + sizes[k] / 2)
            at += sizes[k]
    return found
