"""The classic works again, with honest splits: what each model reaches beside what was published.

For each line below: the dataset is ingested (shipped recipes, and those in `benchmarks/protocols`),
the model is trained for a while, chosen on the validation split, and judged once on the test split
by `hwcli eval`. `--leaky` also makes the mistake of the original Hangul work once: copies of every
image, rotated, are made before the split, so most test images have twins in training.

    python benchmarks/classics.py --mirror DIR --work DIR [--only NAME,NAME] [--scale 1] [--leaky]
"""

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

PROTOCOLS = Path(__file__).parent / "protocols"


@dataclass(frozen=True)
class Line:
    name: str
    data: str
    model: str
    seconds: int
    published: str
    """Top-1 of the original work, on its own split."""
    flags: tuple[str, ...] = ()


LINES = (
    Line("hangul-mlp", "hangul", "mlp", 30, "92.9 %, split at random after copying"),
    Line("hangul-lenet", "hangul", "lenet", 60, "99.0 %, split at random after copying"),
    Line("hangul-random-mlp", "hangul-random", "mlp", 30, "92.9 %, split after copying"),
    Line("hangul-random-lenet", "hangul-random", "lenet", 60, "99.0 %, split after copying"),
    Line("letters-perceptron", "letters", "perceptron", 30, "69.9 %"),
    Line("letters-512-256", "letters", "perceptron", 60, "88.3 %", ("--hidden", "512,256")),
    Line(
        "letters-tanhexp", "letters", "perceptron", 60, "91.25 %, top-2 97.63, top-5 99.25 %",
        ("--hidden", "512,256,128", "--activation", "tanhexp"),
    ),
    Line(
        "letters-affine", "letters", "perceptron", 72, "91.25 %, top-2 97.63, top-5 99.25 %",
        ("--hidden", "512,256,128", "--activation", "tanhexp", "--augment", "affine"),
    ),
    Line("multi-sequential", "multi-script", "sequential", 60, "85.5 %"),
    Line("multi-rnn", "multi-script", "rnn", 90, "86 %"),
    Line("multi-cnn", "multi-script", "cnn", 60, "90 %"),
    Line("hex-mlp", "hex", "hex-mlp", 30, "88 %, 17 classes"),
    Line("hex-cnn", "hex", "hex-cnn", 90, "98 %, 17 classes"),
    Line("hex-svm", "hex", "svm", 0, "92 %, 17 classes, of 10,000 images"),
    Line("maths-lenet", "bhmsds", "lenet", 30, "none"),
    Line("maths-alexnet", "bhmsds", "alexnet", 240, "81.9 %, another set of 19 classes"),
    Line("glyph-letters", "letters", "glyphnet-small", 480, "95.0 % wanted"),
    Line("glyph-bymerge", "bymerge", "glyphnet-small", 480, "89.5 % wanted"),
    Line("glyph-hangul", "hangul", "glyphnet-small", 120, "99.5 % wanted"),
    Line("glyph-ahcd", "ahcd", "glyphnet-small", 240, "97.5 % wanted"),
    Line("glyph-dhcd", "dhcd", "glyphnet-small", 300, "99.0 % wanted"),
    Line("glyph-multi", "multi-script", "glyphnet-small", 240, "99.5 % wanted"),
    Line("glyph-mnist", "mnist", "glyphnet-small", 300, "99.6 % wanted"),
)  # fmt: skip


def hwcli(work: Path, *args: str) -> str:
    command = [sys.executable, "-m", "hwcli", "-q", *args]
    done = subprocess.run(command, cwd=work, stdout=subprocess.PIPE, text=True)
    if done.returncode not in (0, 8):
        raise SystemExit(f"hwcli {' '.join(args)} ended with {done.returncode}")
    return done.stdout


def ingest(work: Path, mirror: Path, data: str) -> None:
    own = PROTOCOLS / f"{data}.toml"
    recipe = str(own) if own.is_file() else data
    hwcli(work, "ingest", recipe, "--mirror", str(mirror), "--offline", "--allow-missing")


def run(work: Path, line: Line, scale: float) -> str:
    folder = f"runs/{line.name}"
    time = ("--time", f"{max(1, round(line.seconds * scale))}s") if line.seconds else ()
    hwcli(work, "train", line.model, "--data", line.data, "--out", folder, "--force", *time,
          *line.flags)  # fmt: skip
    told = json.loads(hwcli(work, "eval", folder, "--data", line.data, "--topk", "1,2,5", "--json"))
    config = json.loads((work / folder / "config.json").read_text())
    top = ", ".join(f"{100 * told['top'][k]:.2f}" for k in ("1", "2", "5"))
    return (
        f"{line.name:<20}{told['n']:>8,} {top:>22} {config['parameters']:>12,}"
        f"{config['seconds']:>7.0f} s  {line.published}"
    )


def leaky(work: Path, mirror: Path) -> None:
    """Every image of the Hangul set five times, turned, before the split is drawn."""
    source = mirror / "kaggle/wayperwayp/hangulkorean-characters.zip"
    target = work / "hangul-leaky.zip"
    with zipfile.ZipFile(source) as archive, zipfile.ZipFile(target, "w") as out:
        for name in archive.namelist():
            image = cv2.imdecode(np.frombuffer(archive.read(name) or b"\0", np.uint8), 0)
            if image is None:
                continue
            label, height, width = Path(name).name.split("_")[0], *image.shape
            for k, angle in enumerate((0, -10, -5, 5, 10)):
                turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
                copy = cv2.warpAffine(image, turn, (width, height), borderValue=255)
                data = cv2.imencode(".png", copy)[1].tobytes()
                out.writestr(f"{label}/{Path(name).stem}-{k}.png", data)
    hwcli(work, "ingest", str(target), "--out", "data/hangul-leaky", "--force")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--mirror", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="for datasets and runs")
    parser.add_argument("--only", default="", help="names of lines, or beginnings of them")
    parser.add_argument("--scale", type=float, default=1.0, help="times the seconds of training")
    parser.add_argument("--leaky", action="store_true")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    mirror = options.mirror.resolve()
    wanted = tuple(filter(None, options.only.split(",")))
    lines = [line for line in LINES if not wanted or line.name.startswith(wanted)]
    for data in dict.fromkeys(line.data for line in lines):
        ingest(options.work, mirror, data)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{'':<20}{'n':>8} {'top-1, 2, 5 (%)':>22} {'parameters':>12}{'trained':>9}  published")
    for line in lines:
        print(run(options.work, line, options.scale), flush=True)
    if options.leaky:
        leaky(options.work, mirror)
        for model in ("mlp", "lenet"):
            seconds = math.ceil(60 * options.scale)
            line = Line(f"leaky-{model}", "hangul-leaky", model, seconds, "92.9 / 99.0 %")
            print(run(options.work, line, 1.0), flush=True)


if __name__ == "__main__":
    main()
