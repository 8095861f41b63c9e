"""What the models reach on test splits that training never saw: the tables of docs/accuracy.md.

For each line of `accuracy_lines.py` the dataset is ingested (shipped recipes, and those in
`benchmarks/protocols`), the model is trained for a while, its epoch chosen on the validation
split, and `hwcli eval` judges it once on the test split. What that says is kept with the run: a
line that was judged is printed again, not trained and judged again, unless its run is removed.
`--leaky` also makes the mistake of the original Hangul work once: copies of every image, rotated,
are made before the split, so most test images have twins in training.

    python benchmarks/accuracy.py --mirror DIR --work DIR [--only NAME,NAME] [--scale 1] [--leaky]
"""

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from accuracy_lines import LINES, Line

PROTOCOLS = Path(__file__).parent / "protocols"
COLUMNS = ("data", "split", "model", "test rows", "top-1 (95 %)", "top-5", "calibration error",
           "trained", "parameters", "published")  # fmt: skip


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


def chosen(beginnings: tuple[str, ...]) -> list[Line]:
    """The lines whose names begin so, or all, and before each what it begins with."""
    names = {line.name for line in LINES if not beginnings or line.name.startswith(beginnings)}
    for line in reversed(LINES):
        if line.name in names and line.init:
            names.add(line.init)
    return [line for line in LINES if line.name in names]


def train(work: Path, line: Line, scale: float) -> None:
    """Train `line` unless that was done."""
    config = work / "runs" / line.name / "config.json"
    if config.is_file() and json.loads(config.read_text())["finished"]:
        return
    time = ("--time", f"{max(1, round(line.seconds * scale))}s") if line.seconds else ()
    init = ("--init", f"runs/{line.init}", "--init-classes", "map") if line.init else ()
    hwcli(work, "train", line.model, "--data", line.data, "--out", f"runs/{line.name}", "--force",
          *time, *init, *line.flags)  # fmt: skip


def judged(work: Path, line: Line) -> dict[str, Any]:
    """What `hwcli eval --json` said of the run of `line`, once."""
    kept = work / "runs" / line.name / "test.json"
    if not kept.is_file():
        run = f"runs/{line.name}"
        kept.write_text(hwcli(work, "eval", run, "--data", line.data, "--topk", "1,5", "--json"))
    found: dict[str, Any] = json.loads(kept.read_text())
    return found


def row(work: Path, line: Line) -> str:
    """`line` as a row of the table."""
    told = judged(work, line)
    config = json.loads((work / "runs" / line.name / "config.json").read_text())
    sure = told["intervals"]["top"]["1"]
    top = f"{percent(told['top']['1'])} ({100 * sure['low']:.2f}–{100 * sure['high']:.2f})"
    if line.cases:
        merged = next(other for other in told["lenient"] if other["name"] == "case")
        top += f"; cases merged {percent(merged['top']['1'])}"
    return markdown((line.title, line.split, line.shown, f"{told['n']:,}", top,
                     percent(told["top"]["5"]), percent(told["ece"]), f"{config['seconds']:.0f} s",
                     f"{config['parameters']:,}", line.published))  # fmt: skip


def percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def markdown(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


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
    lines = chosen(tuple(filter(None, options.only.split(","))))
    for data in dict.fromkeys(line.data for line in lines):
        ingest(options.work, mirror, data)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print(markdown(COLUMNS), markdown("---" for _ in COLUMNS), sep="\n", flush=True)
    for line in lines:
        train(options.work, line, options.scale)
        print(row(options.work, line), flush=True)
    if options.leaky:
        leaky(options.work, mirror)
        for model in ("mlp", "lenet"):
            seconds = math.ceil(60 * options.scale)
            line = Line(f"leaky-{model}", "hangul-leaky", model, seconds, "Hangul", "after copying",
                        "")  # fmt: skip
            train(options.work, line, 1.0)
            print(row(options.work, line), flush=True)


if __name__ == "__main__":
    main()
