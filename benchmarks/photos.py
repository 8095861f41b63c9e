"""Reads folders of photos whose text is known, with hwcli and, where it is there, tesseract.

    python benchmarks/photos.py [--finder bundled] [FOLDER ...]

A folder holds `truth.csv` (`relative_path,text`; rows of a page are joined by the two characters
\\n; U+25A1 marks a character that is not scored). Without folders: the bundled photos.

Printed: CER (edit distance / length of the truth, white space ignored, case and the look-alikes
0/O, 1/l/I, ×/x folded) of each, and seconds a photo in one process, as a ratio in one run. Not one
of these photos was used in training; settings were not fitted to them, but they were looked at.
"""

import argparse
import csv
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image, ImageOps

from hwcli.classify import find_model
from hwcli.page.finder import find_finder
from hwcli.page.reader import Reader

BUNDLED = Path(__file__).parent.parent / "hwcli" / "assets" / "photos"
WILDCARD = "□"
LOOK_ALIKES = str.maketrans("O0Il|i×X−–—·", "oo1111xx---.")


def fold(text: str) -> str:
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


def tesseract(photo: Path) -> str:
    with tempfile.NamedTemporaryFile(suffix=".png") as upright:
        ImageOps.exif_transpose(Image.open(photo)).convert("RGB").save(upright.name)
        return subprocess.run(
            ["tesseract", upright.name, "stdout", "--psm", "6"],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
        ).stdout


def score(folder: Path, reader: Reader, with_tesseract: bool) -> None:
    edits = {"hwcli": 0, "tesseract": 0}
    seconds = {"hwcli": 0.0, "tesseract": 0.0}
    length = photos = 0
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        truth, photo = fold(row["text"]), folder / row["relative_path"]
        scored = len(truth.replace(WILDCARD, ""))
        length, photos = length + scored, photos + 1
        readers = {"hwcli": lambda p=photo: reader.read_file(p).text}
        if with_tesseract:
            readers["tesseract"] = lambda p=photo: tesseract(p)
        for name, read in readers.items():
            start = time.perf_counter()
            text = read()
            seconds[name] += time.perf_counter() - start
            edits[name] += min(edit_distance(truth, fold(text)), scored)
    line = f"{folder.name:32} {photos:6} {length:6} {edits['hwcli'] / length:8.3f}"
    line += f" {seconds['hwcli'] / photos:10.3f}"
    if with_tesseract:
        line += f" {edits['tesseract'] / length:10.3f}"
        line += f" {seconds['tesseract'] / seconds['hwcli']:12.1f} ×"
    print(line)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="*", type=Path, default=[BUNDLED])
    parser.add_argument("--model")
    parser.add_argument("--finder", help="as `hwcli ocr` has it")
    args = parser.parse_args()
    with_tesseract = shutil.which("tesseract") is not None
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {sys.version[:6]}"
    )
    head = f"{'folder':32} {'photos':>6} {'chars':>6} {'CER':>8} {'s/photo':>10}"
    print(head + (f" {'tesseract':>10} {'takes':>14}" if with_tesseract else ""))
    finder = find_finder(args.finder) if args.finder else None
    reader = Reader(find_model(args.model), threads=1, finder=finder)
    for folder in args.folders:
        score(folder, reader, with_tesseract)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
