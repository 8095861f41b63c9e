"""Judges made-up predictions of 800,000 glyphs in 62 classes, report and all; prints a table.

    python benchmarks/eval.py [--rows N] [--classes C]

What is timed begins where the predictions are there: figures with intervals by writer, the audit
(label errors, outliers, twins in other splits), all files, and the page. Beside it, in the same
run, scikit-learn's classification_report, confusion_matrix and top_k_accuracy_score on the same
predictions. Images are strokes at random, a tenth as many in train as are judged; nothing is needed
but hwcli. Peak memory is that of this process, of which the logits are N × C × 4 bytes.
"""

import argparse
import os
import platform
import resource
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from sklearn.metrics import classification_report, confusion_matrix, top_k_accuracy_score

from hwcli.dataset import Dataset, DatasetInfo, ShardEntry, SourceEntry, open_dataset, write_info
from hwcli.glyph import Normalisation
from hwcli.judging.auditing import audit
from hwcli.judging.judge import JudgeOptions, judge
from hwcli.judging.matching import Matched
from hwcli.judging.predictions import Predictions
from hwcli.model_info import ModelInfo
from hwcli.report.evaluation import write_evaluation
from hwcli.report.page import Section, write_page
from hwcli.shard_writer import ShardWriter
from hwcli.shards import Rows, Split, Tables, coded, sha256_of

SHARD_ROWS = 1 << 15
WRITERS = 3600


def names(classes: int) -> tuple[str, ...]:
    digits, letters = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    known = digits + letters + letters.lower()
    return tuple(known[:classes]) + tuple(chr(0x4E00 + i) for i in range(classes - len(known)))


def glyphs(count: int, rng: np.random.Generator) -> np.ndarray:
    """Three strokes each, uint8 (count, 28, 28)."""
    images = np.zeros((count, 28, 28), np.uint8)
    ends = rng.integers(3, 25, (count, 4, 2)).tolist()
    for image, places in zip(images, ends, strict=True):
        for one, two in pairwise(places):
            cv2.line(image, one, two, 255, 2, cv2.LINE_AA)
    return images


def make_dataset(folder: Path, label: np.ndarray, split: np.ndarray, classes: int) -> Dataset:
    rng = np.random.default_rng(1)
    tables = Tables(names(classes), ("Latn",), ("made-up",))
    entries = []
    for number, start in enumerate(range(0, len(label), SHARD_ROWS)):
        own = slice(start, start + SHARD_ROWS)
        count = len(label[own])
        zeros = np.zeros(count, np.int32)
        path = folder / f"made-up-{number:05}.h5"
        with ShardWriter(path, size=28, tables=tables) as shard:
            shard.append(
                Rows(
                    glyphs(count, rng), label[own].astype(np.int32), zeros, zeros,
                    rng.integers(0, WRITERS, count).astype(np.int32), split[own],
                    coded([f"made-up#{start + i}" for i in range(count)]),
                )
            )  # fmt: skip
        entries.append(ShardEntry(path.name, count, sha256_of(path)))
    counts = {s.name: int((split == s).sum()) for s in Split}
    info = DatasetInfo(
        "made-up", "Made up", "char", Normalisation(), tables.classes, tables.scripts,
        (SourceEntry("made-up", "Latn", "CC0-1.0", "none"),), tuple(entries), {"split": counts},
    )  # fmt: skip
    write_info(folder, info)
    return open_dataset(folder)


def make_predictions(dataset: Dataset, truth: np.ndarray, classes: int) -> Predictions:
    rng = np.random.default_rng(2)
    logits = rng.standard_normal((len(truth), classes), np.float32)
    logits[np.arange(len(truth)), truth] += 4.5
    info = ModelInfo("none", {}, "char", names(classes), ("Latn",) * classes, Normalisation())
    zeros = np.zeros(len(truth), np.int32)
    writer = rng.integers(0, WRITERS, len(truth)).astype(np.int32)
    return Predictions(
        info, Matched(np.arange(classes), (), {}), logits, np.arange(len(truth)), truth, zeros,
        zeros, writer, 1.0,
    )  # fmt: skip


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=800_000)
    parser.add_argument("--classes", type=int, default=62)
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    label = rng.integers(0, args.classes, args.rows + args.rows // 10)
    split = np.where(np.arange(len(label)) < args.rows, Split.test, Split.train).astype(np.uint8)
    truth = label[: args.rows]
    times: dict[str, float] = {}

    def timed(name: str, work: Callable[[], object]) -> object:
        before = time.perf_counter()
        result = work()
        times[name] = time.perf_counter() - before
        return result

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        dataset = make_dataset(folder, label, split, args.classes)
        predictions = make_predictions(dataset, truth, args.classes)
        start = peak_mb()
        judgement = timed("figures", lambda: judge(
            predictions, dataset, Split.test, JudgeOptions(), model="made-up"))  # fmt: skip
        found = timed("audit", lambda: audit(
            dataset, Split.test, predictions.logits, judgement.outcomes, temperature=1.0,
            classes=predictions.info.classes, target="char"))  # fmt: skip
        pictures = dataset.images_at
        timed("files", lambda: write_evaluation(folder / "out", judgement, found, pictures))
        section = Section(judgement, found, predictions.info, dataset, pictures)
        timed("page", lambda: write_page(folder / "out/index.html", [section], command="none"))
        ours, peak = sum(times.values()), peak_mb()
        predicted, labels = predictions.logits.argmax(1), list(range(args.classes))
        beside = {
            "classification_report": lambda: classification_report(
                truth, predicted, labels=labels, zero_division=0),
            "confusion_matrix": lambda: confusion_matrix(truth, predicted, labels=labels),
            "top_k_accuracy_score, k = 2": lambda: top_k_accuracy_score(
                truth, predictions.logits, k=2, labels=labels),
        }  # fmt: skip
        for name, work in beside.items():
            timed(f"scikit-learn: {name}", work)
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
          f"Python {platform.python_version()}")  # fmt: skip
    print(f"{args.rows:,} rows × {args.classes} classes, {len(label) - args.rows:,} rows of train")
    for name, seconds in times.items():
        print(f"  {name:45} {seconds:7.2f} s")
    print(f"  {'hwcli, all of it':45} {ours:7.2f} s, peak {peak:,.0f} MB ({start:,.0f} before)")
    theirs = sum(times.values()) - ours
    print(f"  {'scikit-learn, those three':45} {theirs:7.2f} s")
    print(f"  {'the figures, with intervals, against those':45} {times['figures'] / theirs:7.2f} ×")


if __name__ == "__main__":
    main()
