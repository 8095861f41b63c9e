"""What each part of `hwcli ocr` is worth: photos read with one of them off at a time.

    python benchmarks/ablation.py [--data FOLDER] [--pages 60] [--plain-model MODEL] [FOLDER ...]

Read are composed pages, as `benchmarks/composed.py` makes them, and the photos in folders, as
`benchmarks/photos.py` has them. Off are, one at a time:

    sheet       what is around the sheet stays on the photo
    finder      every stretch of connected ink is a character
    settling    doubtful partings stay as the finder told them
    rulings     rulings, squares, dots, frames and grids stay in the ink
    levelling   light is not levelled: one threshold for the whole photo (Otsu 1979)
    turning     a skewed photo is not turned straight
    spelling    letters are not settled by their words; say --words, or there are none
    context     no glyph is changed for what its line says, spelling among that
    rejecting   the model's class for what is no character is struck off
    cut glyphs  the model is another, that of --plain-model: one trained without glyphs cut out of
                composed pages

Printed: a table each for CER; for the share of the characters that is found, for what is right of
that, and for what is told and is no character, for each character; and for seconds of one core, a
photo. Columns are what was read. Found, right and false are by the rules of composed.py for
composed pages, by those of photos.py for photos with boxes; `-` where there are none, or where
there is nothing to put off.
"""

import argparse
import contextlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import cv2
import numpy as np
from scoring import Score, machine, truths_of

from composed import GLYPHS, Tally, composed, judge, only, parser_of
from hwcli.classify import find_model
from hwcli.compose.stock import load_stock
from hwcli.page import find, ink, reader
from hwcli.page.components import components, glyph_scale
from hwcli.page.finder import Finder, find_finder
from hwcli.page.ink import Ink
from hwcli.page.photo import Photo, load_photo
from hwcli.page.reader import Reader, ReadingOptions
from hwcli.page.reading import Page
from hwcli.page.rulings import Cleaned
from hwcli.page.segments import Segments, is_writing
from hwcli.page.spelling import Speller
from hwcli.shards import Split

COMPOSED, WIDE = "composed", 12
"""Name of a column, and the width of all."""
LIGHTEST = 98
"""Percentile of the grey levels that is taken for the paper where light is not levelled."""

Patch = Callable[[], AbstractContextManager[object]]


def no_sheet() -> AbstractContextManager[object]:
    return mock.patch.object(find, "without_surroundings", lambda grey: grey)


def no_finder() -> AbstractContextManager[object]:
    def connected(cleaned: Cleaned, finder: Finder) -> Segments:
        found = cleaned.found.only(is_writing(cleaned.found.stats, cleaned.ink, cleaned.scale))
        x, y, width, height = found.stats[:, :4].T
        boxes = np.stack([x, y, x + width, y + height], axis=1).astype(np.int32)
        return Segments(boxes, found.labels, found.numbers(), cleaned.scale)

    return mock.patch.object(find, "segment", connected)


def no_settling() -> AbstractContextManager[object]:
    return mock.patch.object(reader, "settle", lambda segments, ink, read: segments)


def no_turning() -> AbstractContextManager[object]:
    return mock.patch.object(find, "skew_deg", lambda mask: 0.0)


def no_rulings() -> AbstractContextManager[object]:
    def left(found: Ink) -> Cleaned:
        strokes = components(found.mask, found.strength)
        none = np.empty((0, 4), np.int32)
        return Cleaned(found, found.mask, strokes, glyph_scale(strokes, found.stroke), None, none)

    return mock.patch.object(find, "remove_rulings", left)


@contextlib.contextmanager
def no_levelling() -> Iterator[None]:
    def paper(grey: np.ndarray) -> np.ndarray:
        return np.full(grey.shape, max(1, int(np.percentile(grey, LIGHTEST))), np.uint8)

    def strokes(strength: np.ndarray, floor: np.ndarray, stroke: float) -> tuple[np.ndarray, ...]:
        mask = cv2.threshold(strength, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1]
        return mask, mask, mask

    with mock.patch.object(ink, "_paper", paper), mock.patch.object(ink, "_strokes", strokes):
        yield


def no_spelling() -> AbstractContextManager[object]:
    return mock.patch.object(
        Speller, "settled", lambda self, probabilities, line, word: probabilities
    )


@dataclass
class Variant:
    """A reader with one thing off, and what it reached."""

    reader: Reader | None
    """None where there is nothing to put off."""
    patch: Patch = nullcontext
    figures: dict[str, dict[str, float]] = field(default_factory=dict)
    """By the name of what was read, and of the figure."""

    def read(self, photo: Photo) -> tuple[Page, float]:
        """What is on `photo`, and the seconds that took."""
        with self.patch():
            start = time.process_time()
            page = self.reader.read(photo, "")
            return page, time.process_time() - start


def without_rejecting(whole: Reader) -> Reader | None:
    """`whole` as of a model that has no class for what is no character; None if it has none."""
    if whole._none is None:
        return None
    known = np.ones(len(whole.classifier.info.classes), np.bool_)
    known[whole._none] = False
    whole._among, whole._none = known, None
    return whole


def variants_of(model: Path, finder: Path, plain: Path | None) -> dict[str, Variant]:
    def read(model: Path = model, *, context: bool = True) -> Reader:
        return Reader(model, ReadingOptions(context=context), threads=1, finder=finder)

    whole = read()
    return {
        "all of it": Variant(whole),
        "sheet": Variant(whole, no_sheet),
        "finder": Variant(whole, no_finder),
        "settling": Variant(whole, no_settling),
        "rulings": Variant(whole, no_rulings),
        "levelling": Variant(whole, no_levelling),
        "turning": Variant(whole, no_turning),
        "spelling": Variant(whole, no_spelling),
        "context": Variant(read(context=False)),
        "rejecting": Variant(without_rejecting(read())),
        "cut glyphs": Variant(read(plain) if plain else None),
    }


def read_composed(variants: list[Variant], args: argparse.Namespace) -> None:
    stock = only(load_stock(args.data, [Split[args.split]], most=GLYPHS), args.scripts, args.words)
    tallies = [Tally() for _ in variants]
    for asked in composed(stock, args.pages, args.seed):
        for variant, tally in zip(variants, tallies, strict=True):
            judge(asked, *variant.read(asked.photo), tally)
    for variant, tally in zip(variants, tallies, strict=True):
        told = tally.figures()
        variant.figures[COMPOSED] = {
            "CER": told["cer"], "found": told["found"], "right": told["right"],
            "false": told["none"] * len(tally.correct) / max(1, tally.glyphs),
            "seconds": told["ms"] / 1000,
        }  # fmt: skip


def read_folder(variants: list[Variant], folder: Path) -> None:
    scores, seconds = [Score() for _ in variants], [0.0] * len(variants)
    for truth in truths_of(folder):
        photo = load_photo(truth.photo)
        for number, (variant, score) in enumerate(zip(variants, scores, strict=True)):
            page, took = variant.read(photo)
            seconds[number] += took
            score.add_text(truth.text, page.text)
            score.add_boxes(truth.boxes, page)
    for variant, score, took in zip(variants, scores, seconds, strict=True):
        told = {"CER": score.cer, "seconds": took / max(1, score.photos)}
        if score.boxes:
            told |= {"found": score.found / score.boxes, "right": score.right / max(1, score.found),
                     "false": score.spurious / score.boxes}  # fmt: skip
        variant.figures[folder.name] = told


def show(variants: dict[str, Variant], sets: list[str]) -> None:
    for title in ("CER", "found", "right", "false", "seconds"):
        print(f"\n{title:12}" + "".join(f" {name[:WIDE]:>{WIDE}}" for name in sets))
        for name, variant in variants.items():
            cells = [variant.figures.get(of, {}).get(title) for of in sets]
            line = "".join(f" {'-' if v is None else f'{v:.3f}':>{WIDE}}" for v in cells)
            print(f"{name:12}{line}")


def main() -> int:
    parser = parser_of(__doc__ or "", 60)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--plain-model", help="trained without glyphs cut out of composed pages")
    args = parser.parse_args()
    plain = find_model(args.plain_model) if args.plain_model else None
    variants = variants_of(find_model(args.model), find_finder(args.finder), plain)
    readers = [variant for variant in variants.values() if variant.reader]
    print(machine())
    print(f"{args.pages} pages of {args.data.name}, {args.split}; {readers[0].reader.name}, "
          f"finder {args.finder}")  # fmt: skip
    read_composed(readers, args)
    for folder in args.folders:
        read_folder(readers, folder)
    sets = [COMPOSED, *(folder.name for folder in args.folders)]
    show(variants, sets)
    if args.json:
        told = {name: variant.figures for name, variant in variants.items()}
        args.json.write_text(json.dumps({"machine": machine(), "off": told}, indent=1), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
