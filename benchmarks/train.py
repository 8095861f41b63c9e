"""How close `hwcli train` comes to the bare speed of its networks here.

Prints, for each model, images a second of forward and backward alone on a batch that lies ready,
and of the whole loop with the model's own augmentation; then what each preset and
each effect of augmentation costs a batch.

    python benchmarks/train.py [--threads N] [--seconds S]
"""

import argparse
import platform
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch.nn import functional

from hwcli.glyph import Normalisation
from hwcli.model_info import ModelInfo
from hwcli.models.table import MODELS, Entry
from hwcli.progress import silent
from hwcli.training.augment import augment
from hwcli.training.data import Glyphs, TrainingData
from hwcli.training.device import uses_bf16
from hwcli.training.effects import PRESETS, SHARES, WARPS
from hwcli.training.loop import Run
from hwcli.training.optim import make_optimizer

CPU = torch.device("cpu")
CLASSES, ROWS = 47, 16_384


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
        run = Run(model, info, data, options, CPU, bf16, Path(folder))
        run.fit(silent, lambda epoch: None)
    return max(e.images_per_s for e in run.epochs)


def median_s(call: Callable[[], object], seconds: float) -> float:
    for _ in range(3):
        call()
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--seconds", type=float, default=8.0, help="a measurement")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    print(
        f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}, bf16 "
        f"{'yes' if uses_bf16('auto', CPU) else 'no'}, {args.threads} threads, "
        f"torch {torch.__version__}, Python {platform.python_version()}\n"
    )
    data = made_up()
    print(f"{'model':<12}{'precision':>10}{'bare /s':>12}{'loop /s':>12}{'share':>8}")
    for name, entry in MODELS.items():
        bf16 = uses_bf16(entry.training.precision, CPU)
        bare = bare_rate(entry, bf16, args.seconds)
        loop = loop_rate(name, entry, data, bf16, args.seconds)
        precision = "bf16" if bf16 else "fp32"
        print(f"{name:<12}{precision:>10}{bare:>12,.0f}{loop:>12,.0f}{loop / bare:>8.0%}")
    print(f"\n{'augmentation of 128':<28}{'ms':>8}")
    images, generator = torch.rand(128, 1, 28, 28), torch.Generator().manual_seed(0)
    for name in (*PRESETS, *SHARES, "+".join(WARPS)):
        cost = median_s(lambda n=name: augment(images, n, generator), 1)
        print(f"{name:<28}{cost * 1e3:>8.2f}")


if __name__ == "__main__":
    main()
