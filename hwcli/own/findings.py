"""What was found in somebody's own images; a recipe is drafted from it, and the user is told."""

from dataclasses import dataclass, field

from hwcli.own.names import Reading
from hwcli.own.orientation import Orientation
from hwcli.own.pixels import Pixels
from hwcli.own.script import ScriptFound
from hwcli.recipe import Format, LabelRule, Part, SplitBy

_MIN_WRITERS = 5
"""People, below which a split by person says more of them than of the characters."""


def counted(count: int, what: str) -> str:
    """`1 image`, `2,000 images`, `3 classes`."""
    ending = "" if count == 1 else "es" if what.endswith("s") else "s"
    return f"{count:,} {what}{ending}"


@dataclass(frozen=True, slots=True)
class Layout:
    """Which files are images, and where their labels stand."""

    parts: tuple[Part, ...]
    rule: LabelRule
    how: str
    """Where the labels stand, in words."""
    files: int
    """Images, or files that hold many."""
    others: tuple[str, ...] = ()
    """Files that are left aside, as their names say that they are no images."""
    notes: tuple[str, ...] = ()
    """What the user should know of it."""
    format: Format | None = None
    """Where the names of the files do not tell it."""


@dataclass(frozen=True, slots=True)
class Findings:
    """All that was found out."""

    place: str
    """The path, as the user gave it."""
    url: str
    """`file:` and the path from the root; with a `/` at its end for a folder."""
    name: str
    """For the dataset."""
    layout: Layout
    labels: dict[str, int]
    """Images by label as it stands in the files, without those that have none."""
    unlabelled: int
    """Images without a label, or with one that is no text."""
    readings: dict[str, Reading]
    """Labels that stand for another text than their own."""
    writers: int
    """Different people."""
    unknown_writer: int
    """Images of whom no writer is known."""
    one_class_each: bool
    """Whether most writers wrote one class only, so that they are hardly people."""
    script: ScriptFound
    pixels: Pixels
    orientation: Orientation
    unwritable: tuple[str, ...] = field(default=())
    """Labels that are no text, such as names of folders in no UTF-8; their images are left out."""

    def character(self, label: str) -> str:
        """The class of `label`."""
        return self.readings[label].character if label in self.readings else label

    @property
    def images(self) -> int:
        """Images in all."""
        return sum(self.labels.values()) + self.unlabelled

    @property
    def classes(self) -> dict[str, int]:
        """Images by class."""
        found: dict[str, int] = {}
        for label, count in self.labels.items():
            character = self.character(label)
            found[character] = found.get(character, 0) + count
        return found

    @property
    def split_by(self) -> SplitBy:
        """How rows are to be split: as folders or a column say, else by person, else at random."""
        layout = self.layout
        if layout.rule.split_column or any(part.split for part in layout.parts):
            return "official"
        people = self.writers >= _MIN_WRITERS and not self.one_class_each
        return "writer" if people else "random"
