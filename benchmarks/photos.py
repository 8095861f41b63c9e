"""Reads folders of photos whose text is known, with hwcli and, where it is there, tesseract.

    python benchmarks/photos.py [--model M] [--finder F] [FOLDER ...]

A folder holds `truth.csv` (`relative_path,text`; rows of a page are joined by the two characters
\\n; U+25A1 marks a character that is not scored). Without folders: the bundled photos.

A folder may hold `truth_boxes.csv` too (`path,x0,y0,x1,y1,label`, px).

Printed: CER (edit distance / length of the truth, white space ignored, case and the look-alikes
0/O, 1/l/I, ×/x folded) of each, and seconds a photo in one process, as a ratio in one run. Where
there are boxes: the share of them that hold the middle of exactly one glyph (found), glyphs whose
middle is in no box, for each box (spurious), and the share of the found that are right (char). Not
one of these photos was used in training; settings were not fitted to them, but they were looked at.
"""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from PIL import Image, ImageOps
from scoring import Score, machine, parser_of_folders, truths_of

from hwcli.classify import find_model
from hwcli.page.finder import find_finder
from hwcli.page.reader import Reader


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
    ours, theirs = Score(), Score()
    seconds = {"hwcli": 0.0, "tesseract": 0.0}
    for truth in truths_of(folder):
        start = time.perf_counter()
        page = reader.read_file(truth.photo)
        seconds["hwcli"] += time.perf_counter() - start
        ours.add_text(truth.text, page.text)
        ours.add_boxes(truth.boxes, page)
        if with_tesseract:
            start = time.perf_counter()
            text = tesseract(truth.photo)
            seconds["tesseract"] += time.perf_counter() - start
            theirs.add_text(truth.text, text)
    line = f"{folder.name:32} {ours.photos:6} {ours.length:6} {ours.cer:8.3f}"
    line += f" {seconds['hwcli'] / ours.photos:8.3f}"
    if ours.boxes:
        line += f" {ours.boxes:6} {ours.found / ours.boxes:7.3f}"
        line += f" {ours.spurious / ours.boxes:8.3f} {ours.right / max(1, ours.found):7.3f}"
    else:
        line += " " * 32
    if with_tesseract:
        line += f" {theirs.cer:10.3f} {seconds['tesseract'] / seconds['hwcli']:8.1f} ×"
    print(line, flush=True)


def main() -> int:
    parser = parser_of_folders(__doc__)
    parser.add_argument("--no-tesseract", action="store_true")
    args = parser.parse_args()
    with_tesseract = shutil.which("tesseract") is not None and not args.no_tesseract
    print(machine())
    head = f"{'folder':32} {'photos':>6} {'chars':>6} {'CER':>8} {'s/photo':>8}"
    head += f" {'boxes':>6} {'found':>7} {'spurious':>8} {'char':>7}"
    print(head + (f" {'tesseract':>10} {'takes':>10}" if with_tesseract else ""))
    reader = Reader(find_model(args.model), threads=1, finder=find_finder(args.finder))
    for folder in args.folders:
        score(folder, reader, with_tesseract)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
