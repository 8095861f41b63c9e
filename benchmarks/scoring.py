"""How what was read on photos is scored: by their text, and by boxes around their characters."""

import argparse
import csv
import os
import platform
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2

from hwcli.page.reading import Page

WILDCARD = "□"
"""Stands in a text for a character that is not scored."""
LOOK_ALIKES = str.maketrans("O0Il|i×X−–—·", "oo1111xx---.")
NO_TEXT = frozenset({"=", "c1"})
"""Labels of boxes that are no characters of the text."""

BUNDLED = Path(__file__).parent.parent / "hwcli" / "assets" / "photos"


def parser_of_folders(about: str | None) -> argparse.ArgumentParser:
    """The options of a script that reads folders of photos."""
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="*", type=Path, default=[BUNDLED])
    parser.add_argument("--model")
    parser.add_argument("--finder", default="bundled", help="as `hwcli ocr` has it")
    return parser


def machine() -> str:
    cpu = platform.processor() or platform.machine()
    versions = f"Python {platform.python_version()}, cv2 {cv2.__version__}"
    return f"{cpu}, {os.cpu_count()} cores, {versions}"


def fold(text: str) -> str:
    """`text` without white space, case and look-alikes made one."""
    return "".join(text.replace("\\n", "").split()).translate(LOOK_ALIKES).lower()


def edit_distance(truth: str, guess: str) -> int:
    """Levenshtein's; a wildcard in the truth matches any one character, or none, for free."""
    row = list(range(len(guess) + 1))
    for t in truth:
        cost = int(t != WILDCARD)
        previous, row = row, [row[0] + cost]
        for j, g in enumerate(guess, 1):
            substituted = previous[j - 1] + (cost if t != g else 0)
            row.append(min(previous[j] + cost, row[j - 1] + 1, substituted))
    return row[-1]


@dataclass(frozen=True)
class Labelled:
    """A box around a character, px, and the character."""

    x0: float
    y0: float
    x1: float
    y1: float
    label: str


@dataclass(frozen=True)
class Truth:
    """What is known of a photo."""

    photo: Path
    text: str
    boxes: tuple[Labelled, ...]


@dataclass
class Score:
    """Sums over photos."""

    photos: int = 0
    edits: int = 0
    length: int = 0
    """Characters of the texts, wildcards not counted."""
    boxes: int = 0
    found: int = 0
    """Boxes that hold the middle of exactly one glyph."""
    right: int = 0
    """Of these, whose glyph is the character."""
    spurious: int = 0
    """Glyphs whose middle is in no box."""

    def add_text(self, truth: str, read: str) -> None:
        """Count edits, as many as there are characters at most."""
        wanted = fold(truth)
        scored = len(wanted) - wanted.count(WILDCARD)
        self.photos += 1
        self.length += scored
        self.edits += min(edit_distance(wanted, fold(read)), scored)

    def add_boxes(self, boxes: Sequence[Labelled], page: Page) -> None:
        """Count which boxes were found."""
        middles = [((g.box.x0 + g.box.x1) / 2, (g.box.y0 + g.box.y1) / 2) for g in page.glyphs]
        outside = set(range(len(middles)))
        for box in boxes:
            held = [i for i, (x, y) in enumerate(middles)
                    if box.x0 <= x < box.x1 and box.y0 <= y < box.y1]  # fmt: skip
            outside -= set(held)
            if box.label in NO_TEXT:
                continue
            self.boxes += 1
            if len(held) == 1:
                self.found += 1
                self.right += fold(page.glyphs[held[0]].char) == fold(box.label)
        self.spurious += len(outside) if boxes else 0

    @property
    def cer(self) -> float:
        return self.edits / max(1, self.length)


def truths_of(folder: Path) -> list[Truth]:
    """The photos of `folder`: its `truth.csv`, and `truth_boxes.csv` if it is there."""
    boxes: dict[str, list[Labelled]] = defaultdict(list)
    if (folder / "truth_boxes.csv").is_file():
        for row in _rows(folder / "truth_boxes.csv"):
            name = row.get("path") or row["relative_path"]
            sides = (float(row[side]) for side in ("x0", "y0", "x1", "y1"))
            boxes[name].append(Labelled(*sides, row["label"]))
    return [
        Truth(folder / row["relative_path"], row["text"], tuple(boxes[row["relative_path"]]))
        for row in _rows(folder / "truth.csv")
    ]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
