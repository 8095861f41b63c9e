"""Photos taken otherwise: how the error moves when the same pages are seen in other conditions.

    python benchmarks/harder.py [--model M] [--finder F] [--only desk,askew] [FOLDER ...]

Each photo of a folder with `truth.csv` (see photos.py) is changed as below and read again: on a
table cloth of patches as large as the writing and as strong, seen at an angle, turned, out of
focus, moved, in little light, compressed, small, faint, with a shadow's edge, negative.

Printed: CER (white space ignored, case and look-alikes folded) of each, and how many photos lost
more than half of their characters. Without folders: the bundled photos.
"""

import math
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scoring import Score, edit_distance, fold, machine, parser_of_folders, truths_of

from hwcli.classify import find_model
from hwcli.page.finder import find_finder
from hwcli.page.photo import load_photo
from hwcli.page.reader import Reader
from hwcli.page.sheet import Photo

Grey = NDArray[np.uint8]


def on_a_desk(grey: Grey, rng: Generator) -> Grey:
    height, width = grey.shape
    margin = round(0.18 * max(height, width))
    shape = (height + 2 * margin, width + 2 * margin)
    coarse = rng.normal(95, 22, (shape[0] // 30 + 2, shape[1] // 30 + 2)).astype(np.float32)
    desk = cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)
    desk[margin:-margin, margin:-margin] = grey
    return as_grey(desk)


def at_an_angle(grey: Grey, rng: Generator) -> Grey:
    height, width = grey.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + rng.uniform(-0.07, 0.07, (4, 2)) * [width, height]
    moved -= moved.min(axis=0)
    size = [math.ceil(v) for v in moved.max(axis=0).tolist()]
    matrix = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    return as_grey(cv2.warpPerspective(grey, matrix, size, borderMode=cv2.BORDER_REPLICATE))


def turned(grey: Grey, rng: Generator) -> Grey:
    height, width = grey.shape
    degrees = float(rng.choice([-7, 7]))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = math.ceil(height * sin + width * cos), math.ceil(height * cos + width * sin)
    matrix[:, 2] += (np.array(size) - [width, height]) / 2
    return as_grey(cv2.warpAffine(grey, matrix, size, borderMode=cv2.BORDER_REPLICATE))


def out_of_focus(grey: Grey, _: Generator) -> Grey:
    return as_grey(cv2.GaussianBlur(grey, (0, 0), max(1.0, max(grey.shape) / 1000)))


def moved(grey: Grey, _: Generator) -> Grey:
    reach = max(3, round(max(grey.shape) / 230))
    kernel = np.zeros((reach, reach), np.float32)
    kernel[reach // 2] = 1 / reach
    return as_grey(cv2.filter2D(grey, -1, kernel))


def shadowed(grey: Grey, rng: Generator) -> Grey:
    height, width = grey.shape
    y, x = np.mgrid[0:height, 0:width]
    turn = rng.uniform(0, math.tau)
    along = math.cos(turn) * (x / width - 0.5) + math.sin(turn) * (y / height - 0.5)
    return as_grey(grey * (1 - 0.6 / (1 + np.exp(-25 * along))))


def compressed(grey: Grey, _: Generator) -> Grey:
    return as_grey(cv2.imdecode(cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, 18])[1], 0))


def faint(grey: Grey, _: Generator) -> Grey:
    return as_grey(np.median(grey) + 0.35 * (grey - float(np.median(grey))))


def smaller(grey: Grey, by: float) -> Grey:
    return as_grey(cv2.resize(grey, None, fx=by, fy=by, interpolation=cv2.INTER_AREA))


def as_grey(image: NDArray[np.generic]) -> Grey:
    return np.clip(image, 0, 255).astype(np.uint8)


CHANGES: dict[str, Callable[[Grey, Generator], Grey]] = {
    "as it is": lambda grey, _: grey,
    "on a desk": on_a_desk,
    "at an angle": at_an_angle,
    "turned by 7°": turned,
    "out of focus": out_of_focus,
    "moved": moved,
    "a shadow": shadowed,
    "noise": lambda grey, rng: as_grey(grey + rng.normal(0, 22, grey.shape)),
    "dark": lambda grey, _: as_grey(0.3 * grey),
    "faint": faint,
    "JPEG 18": compressed,
    "half the size": lambda grey, _: smaller(grey, 0.5),
    "a third": lambda grey, _: smaller(grey, 0.33),
    "negative": lambda grey, _: 255 - grey,
}


def row(folder: Path, name: str, reader: Reader) -> tuple[float, int]:
    """CER, and photos that lost more than half of their characters."""
    ours, lost = Score(), 0
    for number, truth in enumerate(truths_of(folder)):
        grey = CHANGES[name](load_photo(truth.photo).grey, np.random.default_rng([5, number]))
        text = reader.read(Photo(grey, *grey.shape), truth.photo.name).text
        ours.add_text(truth.text, text)
        lost += edit_distance(fold(truth.text), fold(text)) > 0.5 * len(fold(truth.text))
    return ours.cer, lost


def main() -> int:
    parser = parser_of_folders(__doc__)
    parser.add_argument("--only", default="", help="some of the changes, by commas")
    args = parser.parse_args()
    print(machine())
    print(f"{'':16}" + "".join(f" {folder.name[:24]:>24} {'lost':>5}" for folder in args.folders))
    reader = Reader(find_model(args.model), finder=find_finder(args.finder))
    for name in args.only.split(",") if args.only else CHANGES:
        told = [row(folder, name, reader) for folder in args.folders]
        cells = "".join(f" {100 * cer:22.1f} % {lost:5}" for cer, lost in told)
        print(f"{name:16}{cells}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
