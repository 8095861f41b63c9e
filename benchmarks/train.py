"""How close `hwcli train` comes to the bare speed of its networks here.

Prints, for each model, images a second of forward, backward and the optimiser's step alone on a
batch that lies ready, in the faster of fp32 and bf16, and of the whole loop with the model's own
settings, in rounds that alternate; then what each preset and each effect of augmentation costs a
batch. With `--data DIR`, LeNet trains on that dataset: images/s and accuracy with its images in
memory and read from the disk; and, of the same images as PNG files, the notebooks' way:
torchvision's `ImageFolder`, Pillow's `RandomRotation`, a `DataLoader` with two workers, fp32.

    python benchmarks/train.py [--models NAME,…] [--seconds S] [--rounds R] [--data DIR]
"""

import argparse
import platform
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import torch
from torch.nn import functional

from hwcli.dataset import open_dataset
from hwcli.glyph import Normalisation
from hwcli.model_info import ModelInfo
from hwcli.models.table import MODELS, Entry
from hwcli.progress import silent
from hwcli.shards import Split
from hwcli.training.augment import augment
from hwcli.training.data import Glyphs, TrainingData, load_data
from hwcli.training.device import uses_bf16
from hwcli.training.effects import PRESETS, SHARES, WARPS
from hwcli.training.loop import Run
from hwcli.training.optim import make_optimizer

CPU = torch.device("cpu")
CLASSES, ROWS = 47, 16_384
CLOCK = [time.perf_counter]
"""Seconds; with --cpu those of this process alone, for a machine that others use too."""


def made_up() -> TrainingData:
    """Random blobs; speed does not depend on what is to be seen."""
    torch.manual_seed(0)
    coarse = torch.rand(ROWS, 1, 7, 7)
    images = functional.interpolate(coarse, (28, 28), mode="bilinear").squeeze(1)
    train = Glyphs((images * 255).to(torch.uint8), torch.randint(0, CLASSES, (ROWS,)))
    val = Glyphs(train.images[:64], train.targets[:64])
    names = tuple(chr(0x4E00 + i) for i in range(CLASSES))
    return TrainingData(train, val, names, ("Hans",) * CLASSES)


def bare_rate(entry: Entry, bf16: bool, seconds: float) -> float:
    """Images a second of the passes and the optimiser's step alone."""
    size = entry.training.batch_size
    model = entry.architecture.build(classes=CLASSES, size=28)
    model.to(memory_format=torch.channels_last)
    optimizer = make_optimizer(model, entry.training)
    images = torch.rand(size, 1, 28, 28).contiguous(memory_format=torch.channels_last)
    targets = torch.randint(0, CLASSES, (size,))

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            logits = model(images)
        loss = functional.cross_entropy(logits.float(), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return size / median_s(step, seconds)


def loop_rate(name: str, entry: Entry, data: TrainingData, bf16: bool, seconds: float) -> float:
    """Images a second of the loop, its epochs' best."""
    options = replace(entry.training, epochs=0, time_s=seconds, patience=0)
    how = Normalisation()
    info = ModelInfo(name, {}, "char", data.classes, data.scripts, how)
    model = entry.architecture.build(classes=CLASSES, size=28)
    with TemporaryDirectory() as folder:
        run = Run(model, info, data, options, CPU, bf16, Path(folder), clock=CLOCK[0])
        run.fit(silent, lambda epoch: None)
    return max(e.images_per_s for e in run.epochs)


def from_disk(folder: Path, epochs: int) -> None:
    """LeNet on the dataset in `folder`, with its images in memory and streamed."""
    dataset, entry = open_dataset(folder), MODELS["lenet"]
    print(f"\n{'lenet on ' + dataset.info.name:<28}{'images/s':>10}{'val. accuracy':>15}")
    for stream in ("never", "always", "never", "always"):
        data = load_data(dataset, "char", seed=0, device=CPU, stream=stream)
        options = replace(entry.training, epochs=epochs, patience=0, stream=stream)
        info = ModelInfo("lenet", {}, "char", data.classes, data.scripts, Normalisation())
        torch.manual_seed(0)
        model = entry.architecture.build(classes=len(data.classes), size=28)
        with TemporaryDirectory() as out:
            bf16 = uses_bf16(entry.training.precision, CPU)
            run = Run(model, info, data, options, CPU, bf16, Path(out), clock=CLOCK[0])
            run.fit(silent, lambda epoch: None)
        where = "in memory" if stream == "never" else "streamed"
        best = max(e.val_accuracy for e in run.epochs)
        print(f"{where:<28}{max(e.images_per_s for e in run.epochs):>10,.0f}{best:>15.4f}")


def notebook(folder: Path, rows: int) -> None:
    """Images a second of LeNet as notebooks train it, on `rows` images of the dataset."""
    from torchvision import transforms
    from torchvision.datasets import ImageFolder

    dataset = open_dataset(folder)
    shard = dataset.shard(len(dataset.info.shards) - 1)  # test rows come first
    chosen = np.flatnonzero(shard.split == Split.train)[:rows]
    with TemporaryDirectory() as out:
        for i in chosen.tolist():
            place = Path(out) / str(shard.label[i])
            place.mkdir(exist_ok=True)
            cv2.imwrite(str(place / f"{i}.png"), shard.images[i])
        change = transforms.Compose(
            [transforms.Grayscale(), transforms.RandomRotation(10), transforms.ToTensor()]
        )
        loader = torch.utils.data.DataLoader(
            ImageFolder(out, change), batch_size=64, shuffle=True, num_workers=2
        )
        model = MODELS["lenet"].architecture.build(classes=len(dataset.info.classes), size=28)
        optimizer = torch.optim.Adam(model.parameters())
        for _ in range(2):  # the second epoch has its files in memory
            start, seen = time.perf_counter(), 0
            for images, targets in loader:
                optimizer.zero_grad()
                loss = functional.cross_entropy(model(images), targets)
                loss.backward()
                optimizer.step()
                seen += len(images)
            rate = seen / (time.perf_counter() - start)
    print(f"{'the notebooks way':<28}{rate:>10,.0f}")


def median_s(call: Callable[[], object], seconds: float) -> float:
    for _ in range(3):
        call()
    times, end = [], CLOCK[0]() + seconds
    while CLOCK[0]() < end:
        start = CLOCK[0]()
        call()
        times.append(CLOCK[0]() - start)
    return sorted(times)[len(times) // 2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--seconds", type=float, default=3.0, help="a measurement")
    parser.add_argument("--cpu", action="store_true", help="count CPU seconds, with --threads 1")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", type=Path, help="a dataset, to compare streaming on it")
    parser.add_argument("--epochs", type=int, default=2, help="of --data")
    small = ",".join(n for n, e in MODELS.items() if e.size <= 28 and n != "svm")
    parser.add_argument("--models", default=small)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    if args.cpu:
        CLOCK[0] = time.process_time
    print(
        f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}, bf16 "
        f"{'yes' if uses_bf16('auto', CPU) else 'no'}, {args.threads} threads, "
        f"torch {torch.__version__}, Python {platform.python_version()}\n"
    )
    data = made_up()
    print(f"{'model':<12}{'precision':>10}{'bare /s':>12}{'loop /s':>12}{'share':>8}")
    for name in args.models.split(","):
        entry = MODELS[name]
        bf16 = uses_bf16(entry.training.precision, CPU)
        bares, loops = [], []
        for _ in range(args.rounds):
            bares.append(max(bare_rate(entry, kind, args.seconds / 2) for kind in (False, True)))
            loops.append(loop_rate(name, entry, data, bf16, args.seconds))
        share = median(loop / bare for loop, bare in zip(loops, bares, strict=True))
        bare, loop = median(bares), median(loops)
        precision = "bf16" if bf16 else "fp32"
        print(f"{name:<12}{precision:>10}{bare:>12,.0f}{loop:>12,.0f}{share:>8.0%}")
    print(f"\n{'augmentation of 128':<28}{'ms':>8}")
    images, generator = torch.rand(128, 1, 28, 28), torch.Generator().manual_seed(0)
    for name in (*PRESETS, *SHARES, "+".join(WARPS)):
        cost = median_s(lambda n=name: augment(images, n, generator), 1)
        print(f"{name:<28}{cost * 1e3:>8.2f}")
    if args.data:
        from_disk(args.data, args.epochs)
        notebook(args.data, 8_000)


if __name__ == "__main__":
    main()
