"""Reads composed pages that nothing was trained with, and tells where the reading fails.

    python benchmarks/composed.py [--data FOLDER] [--pages 150] [--scripts Latn] [--words FILE]

Pages are composed of glyphs of one split of a dataset, `test` by default (other writers, where they
are known), on papers and by a camera that neither training nor any setting knows
(`hwcli/compose/scene.py`: UNSEEN), each paper in turn; the same pages for the same seed. All of
`hwcli ocr` reads them, but for the decoding of files.

A glyph is found if of its ink and of all ink in one box that was told more than half is the ink of
both. Printed, for each layout, each paper, for pages in Latin letters, in other scripts, and all:

    glyphs   on the pages, but for those cut off at the edge or scribbled over
    found    share of them
    right    share of the found that are named right, case and look-alikes such as 0/O folded,
             L among 1/I/l as EMNIST by merge has it
    cut      boxes that hold a part of a character or several, for each glyph
    none     boxes whose ink is that of no character, as a share of all that is told
    CER      edit distance / length of the text, line by line, as `benchmarks/photos.py` has it
    ECE      expected calibration error of the confidence, of all that is told: what is cut wrong or
             is no character is wrong; and of the found alone
    ms       of one core, a page
"""

import argparse
import json
import time
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
from scoring import WILDCARD, Score, fold, machine

from hwcli.classify import find_model
from hwcli.compose.page import Composed, compose
from hwcli.compose.scene import UNSEEN
from hwcli.compose.stock import Stock, load_stock
from hwcli.judging.confidence import ece, reliability
from hwcli.judging.evaluation import Bin
from hwcli.page.finder import find_finder
from hwcli.page.ink import find_ink
from hwcli.page.photo import Photo
from hwcli.page.reader import Reader
from hwcli.page.reading import Box, Page
from hwcli.shards import Split

SAME = 0.5
"""Of the ink of a glyph and of a box, what is both's must be more than this share."""
NONE = 0.3
"""A box of whose ink less than this share is that of characters holds none."""
LEAST, FEWEST = 12, 3
"""Pixels of a glyph that is asked for, and such glyphs on a page."""
GLYPHS = 4000
"""Of each character, held for composing."""


@dataclass(frozen=True)
class Asked:
    """A composed page, and what reading it is judged by."""

    page: Composed
    scene: str
    script: str
    own: np.ndarray
    """(glyphs + 1,): pixels of each."""
    wanted: np.ndarray
    """(glyphs + 1,): whether it is asked for."""
    text: str
    inked: np.ndarray
    """bool (H, W): ink of any kind, as it looks without knowing."""

    @property
    def photo(self) -> Photo:
        return Photo(self.page.grey, *self.page.grey.shape)


@dataclass
class Tally:
    """Sums over pages."""

    text: Score = field(default_factory=Score)
    glyphs: int = 0
    found: int = 0
    right: int = 0
    cut: int = 0
    none: int = 0
    seconds: float = 0.0
    confidence: list[float] = field(default_factory=list)
    """Of all that is told, but for glyphs that are not asked for."""
    correct: list[bool] = field(default_factory=list)
    matched: list[bool] = field(default_factory=list)
    """Whether it is a glyph that is found."""

    def bins(self, *, found: bool = False) -> tuple[Bin, ...]:
        """Confidence and how much was right, of all that is told or of the found."""
        which = np.array(self.matched, np.bool_) | (not found)
        confidence, correct = np.array(self.confidence), np.array(self.correct, np.bool_)
        return reliability(confidence[which], correct[which])

    def figures(self) -> dict[str, float]:
        """By name, shares in [0, 1]."""
        return {
            "pages": self.text.photos,
            "glyphs": self.glyphs,
            "found": self.found / max(1, self.glyphs),
            "right": self.right / max(1, self.found),
            "cut": self.cut / max(1, self.glyphs),
            "none": self.none / max(1, len(self.correct)),
            "cer": self.text.cer,
            "ece": ece(self.bins()),
            "ece_found": ece(self.bins(found=True)),
            "ms": 1000 * self.seconds / max(1, self.text.photos),
        }


def composed(stock: Stock, pages: int, seed: int) -> Iterator[Asked]:
    """Pages with a few glyphs at least, the papers in turn."""
    names = list(UNSEEN)
    made = number = 0
    while made < pages:
        scene = names[made % len(names)]
        page = compose(stock, np.random.default_rng([seed, number]), scene=UNSEEN[scene])
        number += 1
        asked = _asked(page, scene)
        if asked.wanted.sum() >= FEWEST:
            made += 1
            yield asked


def _asked(page: Composed, scene: str) -> Asked:
    ids, count = page.ids, len(page.glyphs) + 1
    own = np.bincount(ids[ids > 0], minlength=count)
    wanted = own >= LEAST
    wanted[0] = False
    edge = np.concatenate([ids[0], ids[-1], ids[:, 0], ids[:, -1]])
    wanted[edge[edge > 0]] = False
    middle = np.zeros(count)
    for number in np.flatnonzero(own).tolist():
        x, y, w, h = cv2.boundingRect((ids == number).view(np.uint8))
        middle[number] = x + w / 2
        if (ids[y : y + h, x : x + w] < 0).sum() > own[number]:
            wanted[number] = False  # scribbled over
    script = page.glyphs[0].script if page.glyphs else ""
    inked = find_ink(page.grey).mask > 0
    return Asked(page, scene, script, own, wanted, _text(page, own, wanted, middle), inked)


def _text(page: Composed, own: np.ndarray, wanted: np.ndarray, middle: np.ndarray) -> str:
    """The lines as they are read: from right to left where the script is."""
    lines: dict[int, list[int]] = defaultdict(list)
    for number, glyph in enumerate(page.glyphs, 1):
        if own[number]:
            lines[glyph.line].append(number)
    text = ""
    for _, numbers in sorted(lines.items()):
        chars = [page.glyphs[n - 1].char for n in numbers]
        leftward = sum(unicodedata.bidirectional(c[0]) in ("R", "AL") for c in chars)
        order = sorted(numbers, key=lambda n: middle[n], reverse=2 * leftward > len(chars))
        text += "".join(page.glyphs[n - 1].char if wanted[n] else WILDCARD for n in order)
    return text


def alike(text: str) -> str:
    """`text` folded; L too is one with 1 and I, as datasets name a small l by its capital."""
    return fold(text.replace("L", "l"))


def judge(asked: Asked, read: Page, seconds: float, tally: Tally) -> None:
    """Add to `tally` how well `asked` was read."""
    tally.seconds += seconds
    tally.text.add_text(asked.text.replace("L", "l"), read.text.replace("L", "l"))
    tally.glyphs += int(asked.wanted.sum())
    owner = _matched(asked, [glyph.box for glyph in read.glyphs])
    for glyph, number in zip(read.glyphs, owner, strict=True):
        right = False
        if number:
            if not asked.wanted[number]:
                continue
            right = alike(glyph.char) == alike(asked.page.glyphs[number - 1].char)
            tally.found += 1
            tally.right += right
        else:
            inside = _counts(asked, glyph.box)
            if _holds_none(asked, glyph.box):
                tally.none += 1
            elif inside.any() and not asked.wanted[inside.argmax()]:
                continue
            else:
                tally.cut += 1
        tally.confidence.append(glyph.confidence)
        tally.correct.append(right)
        tally.matched.append(bool(number))


def _counts(asked: Asked, box: Box) -> np.ndarray:
    """Pixels of each glyph in `box`, (glyphs + 1,); at 0 those of scribbles."""
    ids = asked.page.ids[box.y0 : box.y1, box.x0 : box.x1]
    count = np.bincount(ids[ids > 0], minlength=len(asked.own))
    count[0] = (ids < 0).sum()
    return count


def _matched(asked: Asked, boxes: list[Box]) -> list[int]:
    """For each box the glyph that it is, 0 for none; the best pairs are matched first."""
    pairs = []
    for place, box in enumerate(boxes):
        count = _counts(asked, box)
        both = count[1:] / np.maximum(1, asked.own[1:] + count.sum() - count[1:])
        pairs += [(float(both[n]), place, n + 1) for n in np.flatnonzero(both > SAME).tolist()]
    owner, taken = [0] * len(boxes), set()
    for _, place, number in sorted(pairs, reverse=True):
        if not owner[place] and number not in taken:
            owner[place] = number
            taken.add(number)
    return owner


def _holds_none(asked: Asked, box: Box) -> bool:
    window = np.s_[box.y0 : box.y1, box.x0 : box.x1]
    inked, own = asked.inked[window], (asked.page.ids[window] > 0).astype(np.uint8)
    near = cv2.dilate(own, np.ones((3, 3))) > 0
    return bool((inked & near).sum() < NONE * max(1, inked.sum()))


def rows_of(asked: Asked) -> tuple[str, ...]:
    """The rows of the table that a page counts in."""
    latin = "Latin" if asked.script == "Latn" else "other scripts"
    joined = ("joined up",) if asked.page.joined and latin == "Latin" else ()
    return asked.page.layout, asked.scene, *joined, latin, "all"


def only(stock: Stock, scripts: str, words: Path | None = None) -> Stock:
    """`stock` for pages in `scripts`, ISO 15924 codes with commas between them; all if empty.

    Latin pages are of the words in the file `words`, if one is given.
    """
    wanted = scripts.split(",") if scripts else list(stock.scripts)
    if missing := set(wanted) - set(stock.scripts):
        raise SystemExit(f"no glyphs in {', '.join(sorted(missing))}")
    given = tuple(words.read_text("utf-8").split()) if words else ()
    given = tuple(w for w in given if {w[0], w[0].swapcase()} & set(stock.rows))
    if words and not given:
        raise SystemExit(f"{words}: no words of the characters that there are")
    return replace(stock, scripts={script: stock.scripts[script] for script in wanted}, words=given)


def show(tallies: dict[str, Tally], order: list[str]) -> None:
    shares = {"found": "found", "right": "right", "cut": "cut", "none": "none", "CER": "cer",
              "ECE": "ece", "of found": "ece_found"}  # fmt: skip
    print(f"{'':14}{'pages':>6}{'glyphs':>8}" + "".join(f"{n:>9}" for n in shares) + f"{'ms':>7}")
    for name in (name for name in order if name in tallies):
        told = tallies[name].figures()
        line = "".join(f"{told[key]:9.3f}" for key in shares.values())
        print(f"{name:14}{told['pages']:6}{told['glyphs']:8}{line}{told['ms']:7.0f}")
    print("\nconfidence        told   mean  right")
    for b in tallies["all"].bins():
        print(f"{b.low:.2f} to {b.high:.2f} {b.n:10} {b.confidence:6.3f} {b.accuracy:6.3f}")


def parser_of(text: str, pages: int) -> argparse.ArgumentParser:
    """The options that composed pages need."""
    parser = argparse.ArgumentParser(
        description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("data/everything"),
                        help="a dataset of characters (default: %(default)s)")  # fmt: skip
    parser.add_argument("--split", choices=[s.name for s in Split], default="test")
    parser.add_argument("--pages", type=int, default=pages, help="(default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scripts", default="", help="pages in these alone, such as Latn")
    parser.add_argument("--words", type=Path, help="a text of words that are written, not made up")
    parser.add_argument("--model", help="as `hwcli ocr` has it")
    parser.add_argument("--finder", default="bundled", help="as `hwcli ocr` has it")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    return parser


def main() -> int:
    args = parser_of(__doc__ or "", 150).parse_args()
    stock = only(load_stock(args.data, [Split[args.split]], most=GLYPHS), args.scripts, args.words)
    reader = Reader(find_model(args.model), threads=1, finder=find_finder(args.finder))
    tallies: dict[str, Tally] = defaultdict(Tally)
    for asked in composed(stock, args.pages, args.seed):
        start = time.process_time()
        page = reader.read(asked.photo, "")
        seconds = time.process_time() - start
        for name in rows_of(asked):
            judge(asked, page, seconds, tallies[name])
    layouts = ["lines", "equations", "word", "cells", "loose"]
    print(machine())
    print(
        f"{args.data.name}, {args.split}; {reader.name}, finder {args.finder}; seed {args.seed}\n"
    )
    show(tallies, [*layouts, *UNSEEN, "joined up", "Latin", "other scripts", "all"])
    if args.json:
        bins = [[b.low, b.high, b.n, b.confidence, b.accuracy] for b in tallies["all"].bins()]
        told = {
            "machine": machine(), "data": args.data.name, "split": args.split, "seed": args.seed,
            "model": reader.name, "finder": args.finder,
            "rows": {name: tally.figures() for name, tally in tallies.items()},
            "reliability": bins,
        }  # fmt: skip
        args.json.write_text(json.dumps(told, indent=1), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
