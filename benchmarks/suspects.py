"""How well wrong labels, images that are no characters, and leaks between splits are found.

`labels` swaps 1 % of the labels of a dataset in all of its splits, trains `glyphnet` on that, and
looks for them in the test split, which training did not see, and in the train split, which it did:
once swapped for any other class, once for the class that is taken for it most often. `outliers`
replaces 1 % of the test rows by junk of one kind after the other. Both compare rankings. `twins`
counts the test rows that have a nearly equal image in train or val.

    python benchmarks/suspects.py labels DATASET --work DIR [--time 3m]
    python benchmarks/suspects.py outliers DATASET RUN [DATASET RUN …] --other DATASET
    python benchmarks/suspects.py twins DATASET
"""

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from junk import KINDS, junk
from numpy.typing import NDArray

from hwcli.classify import Classifier, softmax
from hwcli.dataset import Dataset, ShardEntry, open_dataset, write_info
from hwcli.judging.outliers import measures, oddness, outlier_scores
from hwcli.judging.suspects import Doubts, doubt_labels
from hwcli.judging.twins import find_twins
from hwcli.near import thumbnails
from hwcli.shard_writer import ShardWriter
from hwcli.shards import Split, Tables

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
SHARE = 0.01
"""Of rows that are made wrong."""
TOPS = (0.01, 0.02, 0.05)
MOST = 6000
"""Test rows among which junk is looked for."""


def swapped(source: Dataset, folder: Path, partner: Ints | None, seed: int) -> NDArray[np.intp]:
    """The rows whose labels are others in `folder` than in `source`: any other, or `partner`'s."""
    random, info = np.random.default_rng(seed), source.info
    count = sum(entry.rows for entry in info.shards)
    wrong = np.sort(random.choice(count, round(SHARE * count), replace=False))
    folder.mkdir(parents=True, exist_ok=True)
    entries, start = [], 0
    for number, entry in enumerate(info.shards):
        rows = source.shard(number)
        here = wrong[(wrong >= start) & (wrong < start + len(rows))] - start
        label = rows.label.copy()
        other = (label[here] + random.integers(1, len(info.classes), len(here))) % len(info.classes)
        label[here] = other if partner is None else partner[label[here]]
        tables = Tables(info.classes, info.scripts, tuple(s.name for s in info.sources))
        path = folder / entry.file
        with ShardWriter(path, size=info.normalisation.size, tables=tables) as shard:
            shard.append(replace(rows, label=label))
        entries.append(ShardEntry(entry.file, len(rows), shard.sha256))
        start += len(rows)
    write_info(folder, replace(info, name=folder.name, shards=tuple(entries), duplicates=None))
    return wrong


def judged(dataset: Dataset, model: Classifier, split: Split) -> tuple[Floats, Ints, Ints]:
    """Logits, targets as the model counts them, and numbers of the rows of a split."""
    index = {name: i for i, name in enumerate(model.info.classes)}
    ours = np.asarray([index[name] for name in dataset.info.classes], np.int64)
    logits, targets, places, start = [], [], [], 0
    for number in range(len(dataset.info.shards)):
        rows = dataset.shard(number)
        of_split = np.flatnonzero(rows.split == split)
        logits.append(model.logits(rows.images[of_split]))
        targets.append(ours[rows.label[of_split]])
        places.append(start + of_split)
        start += len(rows)
    return np.concatenate(logits), np.concatenate(targets), np.concatenate(places)


def label_rankings(logits: Floats, targets: Ints, temperature: float, doubts: Doubts) -> dict:
    """Each way to rank doubtful labels, the larger the more doubtful: (N,)."""
    p = softmax(logits / np.float32(temperature)).astype(np.float64)
    rows, classes = np.arange(len(p)), p.shape[1]
    own, rest = p[rows, targets], p.copy()
    rest[rows, targets] = 0
    entropy = -(p * np.log(np.maximum(p, 1e-300))).sum(axis=1)
    means = [p[targets == k, k].mean() if (targets == k).any() else 0 for k in range(classes)]
    fair = p - np.asarray(means)
    others = fair.copy()
    others[rows, targets] = -np.inf
    off = (doubts.confident >= 0) & (doubts.confident != targets)
    return {
        "log p − log p(label), as shipped": doubts.score,
        "the same, confident joint first": doubts.score + 1e4 * off,
        "self-confidence": 1 - own,
        "normalised margin": rest.max(axis=1) - own,
        "confidence-weighted entropy": entropy / np.maximum(own, 1e-300),
        "margin less class means": others.max(axis=1) - fair[rows, targets],
    }


def labels(data: Path, work: Path, limit: str) -> None:
    source, partner = open_dataset(data), None
    for kind in ("any other class", "the class taken for it most"):
        folder = work / f"{source.info.name}-{'any' if partner is None else 'alike'}"
        wrong = swapped(source, folder, partner, seed=7)
        run = work / f"run-{folder.name}"
        if not (run / "model.onnx").is_file():
            command = [sys.executable, "-m", "hwcli", "-q", "train", "glyphnet", "--time", limit]
            command += ["--data", str(folder), "--out", str(run), "--force"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        model, dataset = Classifier(run / "model.onnx"), open_dataset(folder)
        for split in (Split.test, Split.train):
            logits, targets, places = judged(dataset, model, split)
            doubts = doubt_labels(logits, targets, temperature=model.info.temperature)
            planted = np.isin(places, wrong)
            off = (doubts.confident >= 0) & (doubts.confident != targets)
            print(
                f"\n{split.name}, 1 % swapped for {kind}: {planted.sum()} of {len(planted):,} rows"
                f"\nestimated: {doubts.share:.2%} wrong; off the diagonal of the confident joint: "
                f"{off.mean():.2%} of the rows, {off[planted].mean():.1%} of those swapped"
            )
            ranked = label_rankings(logits, targets, model.info.temperature, doubts)
            print(f"{'found among the most doubtful':<36}" + "".join(f"{t:>8.0%}" for t in TOPS))
            for name, score in ranked.items():
                print(f"{name:<36}" + "".join(f"{recall(score, planted, t):>8.1%}" for t in TOPS))
        if partner is None:
            logits, targets, _ = judged(dataset, model, Split.test)
            index = [model.info.classes.index(c) for c in source.info.classes]
            p = softmax(logits)[:, index]
            named = np.argsort(index)[targets]
            taken = np.stack([p[named == k].sum(axis=0) for k in range(len(index))])
            np.fill_diagonal(taken, -1)
            partner = taken.argmax(axis=1)


def recall(score: NDArray[np.floating], planted: NDArray[np.bool_], share: float) -> float:
    """Share of `planted` that is among the first `share` of all rows."""
    first = np.argsort(-score, kind="stable")[: round(share * len(score))]
    return float(planted[first].sum() / planted.sum())


def outlier_rankings(logits: Floats, targets: Ints, t: float, small: NDArray[np.uint8]) -> dict:
    """Each way to rank outliers, the larger the farther: (N,)."""
    x = small.astype(np.float32)
    x /= np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1)
    x -= x.mean(axis=0)
    x = x @ np.linalg.eigh(x.T @ x)[1][:, ::-1][:, :32]
    power = (x**2).sum(axis=1)
    nearest = np.empty(len(x), np.float32)
    for at in range(0, len(x), 512):
        apart = power[at : at + 512, None] - 2 * x[at : at + 512] @ x.T + power
        nearest[at : at + 512] = np.partition(apart, 5, axis=1)[:, 5]
    means = np.stack([x[targets == k].mean(axis=0) for k in np.unique(targets)])
    to_means = power[:, None] - 2 * x @ means.T + (means**2).sum(axis=1)
    energy = doubt_labels(logits, targets, temperature=t).energy
    return {
        "energy and ink, as shipped": outlier_scores(energy, small, targets),
        "energy": energy,
        "largest logit": -logits.max(axis=1),
        "confidence": -softmax(logits / np.float32(t)).max(axis=1),
        "ink, by class": oddness(measures(small), targets),
        "fifth nearest image": nearest,
        "nearest class mean": to_means.min(axis=1),
    }


def outliers(pairs: Sequence[Path], other: Path) -> None:
    random = np.random.default_rng(0)
    kinds = (*KINDS, "other script")
    for data, run in zip(pairs[::2], pairs[1::2], strict=True):
        dataset, model = open_dataset(data), Classifier(run / "model.onnx")
        logits, targets, places = judged(dataset, model, Split.test)
        some = np.sort(random.choice(len(places), min(MOST, len(places)), replace=False))
        images = dataset.images_at(places[some])
        count = round(SHARE * len(some))
        table: dict[str, list[float]] = {}
        for kind in kinds:
            if kind in KINDS:
                planted = junk(kind, count, random, images)
            else:
                strange = open_dataset(other)
                rows = sum(entry.rows for entry in strange.info.shards)
                planted = strange.images_at(random.choice(rows, count, replace=False))
            where = random.choice(len(some), count, replace=False)
            seen, said = images.copy(), logits[some].copy()
            seen[where], said[where] = planted, model.logits(planted)
            is_junk = np.isin(np.arange(len(some)), where)
            small = thumbnails(seen)
            scores = outlier_rankings(said, targets[some], model.info.temperature, small)
            for name, score in scores.items():
                table.setdefault(name, []).append(recall(score, is_junk, 2 * SHARE))
        print(
            f"\n{dataset.info.name}: of {count} planted among {len(some):,}, found in the first 2 %"
        )
        print(f"{'':<28}" + "".join(f"{k:>9}" for k in kinds[:-1]) + "  other script     mean")
        for name, found in table.items():
            cells = "".join(f"{f:>9.0%}" for f in found[:-1])
            print(f"{name:<28}{cells}{found[-1]:>14.0%}{np.mean(found):>9.0%}")


def twins(data: Path) -> None:
    dataset = open_dataset(data)
    start, wall = time.process_time(), time.perf_counter()
    small = [np.empty((0, 196), np.uint8)]
    total = 0
    for number in range(len(dataset.info.shards)):
        split = dataset.columns(number).split
        rows = np.flatnonzero(split == Split.test)
        small.append(thumbnails(dataset.images_at(total + rows)))
        total += len(split)
    judged_rows = np.concatenate(small)
    near = find_twins(dataset, Split.test, judged_rows)
    print(
        f"\n{dataset.info.name}: {len(near.row):,} of {len(judged_rows):,} test rows have a nearly "
        f"equal image among {total - len(judged_rows):,} others: "
        f"{time.perf_counter() - wall:.1f} s, {time.process_time() - start:.1f} s of CPU"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="what", required=True)
    command = commands.add_parser("labels")
    command.add_argument("data", type=Path)
    command.add_argument("--work", type=Path, required=True, help="for datasets and runs")
    command.add_argument("--time", default="3m", help="of each of two trainings")
    command = commands.add_parser("outliers")
    command.add_argument("pairs", type=Path, nargs="+", help="a dataset and a run, and so on")
    command.add_argument("--other", type=Path, required=True, help="of another script")
    command = commands.add_parser("twins")
    command.add_argument("data", type=Path)
    args = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    what: dict[str, Callable[[], None]] = {
        "labels": lambda: labels(args.data, args.work, args.time),
        "outliers": lambda: outliers(args.pairs, args.other),
        "twins": lambda: twins(args.data),
    }
    what[args.what]()


if __name__ == "__main__":
    main()
