"""Fits what doubtful partings are settled by: the weights in `hwcli/page/settle.py`.

    python benchmarks/doubts.py [--data FOLDER] [--pages 400] [--split train]

Pages are composed of glyphs of one split on ordinary paper, and taken apart by the finder. Each of
its doubts, two sets of strokes that may be two characters or one, is two where most ink of one is
another glyph's than most of the other's. A logistic regression tells that from what the finder
says, from how surely each is read, and both together, and from how many doubts the page has.
Printed are its weights, and how many of the doubts are decided rightly on every fifth page, which
it was not fitted to, by it and by the weights there are.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from scoring import machine
from sklearn.linear_model import LogisticRegression

from hwcli.classify import find_model
from hwcli.compose.page import compose
from hwcli.compose.stock import load_stock
from hwcli.page.finder import Finder, find_finder
from hwcli.page.ink import find_ink
from hwcli.page.reader import Reader
from hwcli.page.rulings import remove_rulings
from hwcli.page.seen import segment
from hwcli.page.settle import (
    PAIR_JOINED,
    PARTS_JOINED,
    WEIGHTS,
    are_parts,
    crops_of_doubts,
    crowding,
    evidence,
)
from hwcli.shards import Split

GLYPHS = 600
"""Of each character, held for composing."""
MOST = 0.5
"""Share of the ink of a set that must be one glyph's."""


def owner(labels: np.ndarray, ids: np.ndarray, which: tuple[int, ...]) -> int:
    """The glyph that most ink of the labels `which` is of, 0 for none."""
    own = ids[np.isin(labels, which)]
    count = np.bincount(own[own > 0], minlength=1)
    return int(count.argmax()) if count.max() > MOST * max(1, len(own)) else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("data/everything"))
    parser.add_argument("--split", choices=[s.name for s in Split], default="train")
    parser.add_argument("--pages", type=int, default=400)
    parser.add_argument("--model", help="as `hwcli ocr` has it")
    parser.add_argument("--finder", default="bundled", help="as `hwcli ocr` has it")
    args = parser.parse_args()
    stock = load_stock(args.data, [Split[args.split]], most=GLYPHS)
    finder = Finder(find_finder(args.finder), threads=1)
    reader = Reader(find_model(args.model), threads=1)
    rows, two, loose, page_of, joined = [], [], [], [], []
    for number in range(args.pages):
        page = compose(stock, np.random.default_rng([17, number]))
        cleaned = remove_rulings(find_ink(page.grey))
        found = segment(cleaned, finder)
        pairs = [[owner(found.labels, page.ids, part) for part in (d.first, d.second)]
                 for d in found.doubts]  # fmt: skip
        known = [doubt for doubt, pair in zip(found.doubts, pairs, strict=True) if all(pair)]
        if known:
            crowded = crowding(found)
            found = replace(found, doubts=tuple(known))
            sure = reader.sure(crops_of_doubts(found, cleaned.ink))
            rows.append(evidence(found, sure, crowded))
            two += [a != b for a, b in pairs if a and b]
            loose.append(are_parts(found))
            page_of += [number] * len(known)
            joined += [page.joined] * len(known)
    x, y, parts = np.vstack(rows), np.array(two), np.concatenate(loose)
    pages, columns = np.array(page_of), np.column_stack([x, parts])
    now = x @ np.array(WEIGHTS) - np.where(parts, PARTS_JOINED, PAIR_JOINED) > 0
    print(machine())
    print(f"{'':12}{'doubts':>8}{'two':>7}{'parts':>7}{'two':>7}", end="  ")
    print(f"apart  each  both  page parts const{'judged':>9}{'fitted':>8}{'now':>7}")
    linked = np.array(joined)
    for name, some in (("joined up", linked), ("apart", ~linked), ("all", np.ones_like(linked))):
        fitted, judged = some & (pages % 5 > 0), some & (pages % 5 == 0)
        fit = LogisticRegression(C=10.0, max_iter=1000).fit(columns[fitted], y[fitted])
        right = fit.predict(columns[judged]) == y[judged]
        weights = " ".join(f"{w:5.2f}" for w in (*fit.coef_[0], *fit.intercept_))
        print(f"{name:12}{some.sum():8}{y[some].mean():7.3f}{(some & parts).sum():7}"
              f"{y[some & parts].mean():7.3f}  {weights}{judged.sum():9}{right.mean():8.3f}"
              f"{(now[judged] == y[judged]).mean():7.3f}")  # fmt: skip


if __name__ == "__main__":
    main()
