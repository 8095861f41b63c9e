"""How fast `hwcli ingest` is, and in how much memory, beside what there is to compare it with.

Prints the machine and a table of ratios, each of things run one after the other here:

- Devanagari out of its zip, normalised, in shards, beside decoding its PNGs with OpenCV alone on
  as many processes, and beside the notebooks' way: Pillow opens, resizes and saves each image, and
  each becomes a row of a pandas DataFrame;
- idx files with and without normalisation, and at ten times as many images;
- reading a shard in random batches of 256, beside the same from an array in memory.

    python benchmarks/ingest.py --mirror DIR [--jobs N] [--only dhcd|notebook|idx|read]

The mirror must hold `uci/DevanagariHandwrittenCharacterDataset.zip`; pandas is needed for the
notebooks' way alone.
"""

import argparse
import os
import platform
import resource
import shutil
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

DHCD = "uci/DevanagariHandwrittenCharacterDataset.zip"
RECIPE = """
schema = "hwcli.recipe/1"
name = "idx"
title = "A benchmark"
target = "char"
[image]
frame = "{frame}"
[split]
by = "official"
val = 0.1
[[source]]
name = "one"
script = "Latn"
url = "file:."
format = "idx"
invert = false
transpose = true
license = "none"
citation = "none"
[[source.part]]
split = "train"
images = "train-images-idx3-ubyte{gz}"
labels = "train-labels-idx1-ubyte"
[[source.part]]
split = "test"
images = "test-images-idx3-ubyte{gz}"
labels = "test-labels-idx1-ubyte"
"""


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def ingest(*args: str) -> tuple[float, float]:
    """Seconds of a whole `hwcli ingest`, and its peak memory, MB (of one process: the largest)."""
    before = time.perf_counter()
    command = [sys.executable, "-m", "hwcli", "ingest", *args, "--quiet"]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"hwcli ingest {' '.join(args)} failed")
    scale = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return time.perf_counter() - before, usage.ru_maxrss / scale


# --- Devanagari


def decode(job: tuple[str, int, int]) -> int:
    """Every `step`-th PNG of a zip, from `first` on, decoded as anyone would."""
    path, first, step = job
    cv2.setNumThreads(1)
    with zipfile.ZipFile(path) as archive:
        names = [n for n in archive.namelist() if n.endswith(".png")][first::step]
        for name in names:
            data = np.frombuffer(archive.read(name), np.uint8)
            cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    return len(names)


def decode_in_memory(job: tuple[list[bytes], int]) -> float:
    """Seconds of decoding images that lie in memory."""
    images, _ = job
    cv2.setNumThreads(1)
    return seconds(
        lambda: [cv2.imdecode(np.frombuffer(d, np.uint8), cv2.IMREAD_GRAYSCALE) for d in images]
    )


def dhcd(mirror: Path, jobs: int, work: Path) -> float:
    """Images a second of `hwcli ingest dhcd`."""
    path = str(mirror / DHCD)
    took: list[tuple[float, float, float]] = []
    count = 0
    for _ in range(3):  # one after the other, so that all meet the same machine

        def bare() -> None:
            nonlocal count
            with get_context("spawn").Pool(jobs) as pool:
                count = sum(pool.map(decode, [(path, k, jobs) for k in range(jobs)]))

        alone = seconds(bare)
        shutil.rmtree(work / "dhcd", ignore_errors=True)
        whole, peak = ingest(
            "dhcd", "--mirror", str(mirror), "--offline", "--jobs", str(jobs), "--out",
            str(work / "dhcd"),
        )  # fmt: skip
        took.append((whole / alone, whole, peak))
        print(f"  {count:,} PNGs: decoded {alone:.2f} s, ingested {whole:.2f} s")
    ratio, whole, peak = sorted(took)[1]
    with zipfile.ZipFile(path) as archive:
        names = [n for n in archive.namelist() if n.endswith(".png")][:20_000]
        some = [archive.read(n) for n in names]
    bare_us = decode_in_memory((some, 0)) / len(some) * 1e6
    print(f"  ingest / decoding alone, {jobs} processes each: {ratio:.2f} (median of 3)")
    print(f"  imdecode of bytes that lie in memory: {bare_us:.1f} µs an image on one core")
    print(f"  peak memory {peak:.0f} MB")
    return count / whole


def notebook(mirror: Path, work: Path, ours: float) -> None:
    import pandas as pd
    from PIL import Image

    with zipfile.ZipFile(mirror / DHCD) as archive:
        names = [n for n in archive.namelist() if n.endswith(".png")][:10_000]
        source = work / "png"
        source.mkdir()
        for i, name in enumerate(names):
            (source / f"{i:05}.png").write_bytes(archive.read(name))
    (work / "resized").mkdir()
    columns = ["label", *(f"pixel{i}" for i in range(28 * 28))]

    def run(count: int) -> None:
        frame = pd.DataFrame(columns=columns)
        for path in sorted(source.iterdir())[:count]:
            image = Image.open(path).convert("L").resize((28, 28))
            image.save(work / "resized" / path.name)
            frame.loc[-1] = [0, *np.asarray(image).ravel()]
            frame.index = frame.index + 1

    for count in (1250, 2500, 5000):
        took = seconds(lambda count=count: run(count))  # type: ignore[misc]
        rate = count / took
        print(
            f"  {count:,} images: {took:.1f} s, {took / count * 1e3:.2f} ms an image; "
            f"hwcli is {ours / rate:.0f} × faster an image"
        )


# --- idx


def write_idx(folder: Path, rows: int, packed: bool) -> None:
    """EMNIST-like files of `rows` images, all different: strokes with a number in their corner."""
    random = np.random.default_rng(0)
    kinds = np.zeros((4096, 28, 28), np.uint8)
    for image in kinds:
        points = random.integers(4, 24, (5, 2)).astype(np.int32)
        cv2.polylines(image, [points], isClosed=False, color=255, thickness=2, lineType=cv2.LINE_AA)
    folder.mkdir(parents=True)
    for name, count in (("train", rows * 6 // 7), ("test", rows - rows * 6 // 7)):
        path = folder / f"{name}-images-idx3-ubyte"
        with path.open("wb") as file:
            file.write(struct.pack(">4I", 0x803, count, 28, 28))
            for start in range(0, count, 4096):
                block = kinds[: min(4096, count - start)].copy()
                number = np.arange(start, start + len(block)) * 2 + (name == "test")
                at = 10 + random.permutation(18)[:3]  # greys inside the frame, so normalised too
                for shift, column in enumerate(at):
                    grey = block[:, 13, column] // 2 + ((number >> (7 * shift)) & 127)
                    block[:, 13, column] = grey
                file.write(block.tobytes())
        if packed:
            subprocess.run(["gzip", "-6", str(path)], check=True)
        labels = (np.arange(count) % 10).astype(np.uint8)
        head = struct.pack(">2I", 0x801, count)
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(head + labels.tobytes())


def idx(jobs: int, work: Path) -> None:
    start, _ = ingest("--list")
    print(f"  (starting Python and hwcli takes {start:.2f} s of each)")
    for rows, packed in ((120_000, False), (120_000, True), (1_200_000, False)):
        folder = work / f"idx-{rows}-{packed}"
        write_idx(folder, rows, packed)
        for frame in ("keep", "fit"):
            text = RECIPE.format(frame=frame, gz=".gz" if packed else "")
            (folder / "idx.toml").write_text(text)
            runs = []
            for _ in range(3):
                out = work / "out"
                shutil.rmtree(out, ignore_errors=True)
                runs.append(
                    ingest(str(folder / "idx.toml"), "--out", str(out), "--jobs", str(jobs))
                )
            took, peak = sorted(runs)[len(runs) // 2]
            print(
                f"  {rows:>9,} images{' gzipped' if packed else '        '} "
                f"{'normalised' if frame == 'fit' else 'as they are'}: {took:6.2f} s, "
                f"{rows / (took - start):>9,.0f} images/s, peak {peak:.0f} MB"
            )


# --- reading


def read(work: Path) -> None:
    from hwcli.blocks import ImageBlocks

    folder = work / "reading"
    write_idx(folder, 60_000, packed=False)
    (folder / "idx.toml").write_text(RECIPE.format(frame="keep", gz=""))
    ingest(str(folder / "idx.toml"), "--out", str(work / "read"))
    path = sorted((work / "read").glob("*.h5"))[0]
    random = np.random.default_rng(0)
    ratios = []
    with ImageBlocks(path) as blocks:
        memory = np.concatenate(list(blocks))
        order = random.permutation(len(blocks) - 1)
        for _ in range(30):
            ours = seconds(lambda: [blocks[i] for i in order])
            theirs = seconds(lambda: [memory[i * 256 : i * 256 + 256].copy() for i in order])
            ratios.append((theirs / ours, len(order) * 256 / ours))
    ratio, rate = sorted(ratios)[15]
    print(f"  from the shard {rate / 1e6:.1f} M images/s, {ratio:.2f} of an array in memory")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mirror", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", choices=("dhcd", "notebook", "idx", "read"))
    options = parser.parse_args()
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    print(f"{cpu}, {os.cpu_count()} cores, {platform.platform()}, Python {sys.version.split()[0]}")
    with TemporaryDirectory() as folder:
        work = Path(folder)
        rate = 0.0
        if options.only in (None, "dhcd", "notebook"):
            print("Devanagari (DHCD), PNGs in a zip:")
            rate = dhcd(options.mirror, options.jobs, work)
        if options.only in (None, "notebook"):
            print("The notebooks' way, of the same images:")
            notebook(options.mirror, work, rate)
        if options.only in (None, "idx"):
            print("idx files, 28×28:")
            idx(options.jobs, work)
        if options.only in (None, "read"):
            print("A shard read in random batches of 256:")
            read(work)
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"largest process of all: {children:.0f} MB")


if __name__ == "__main__":
    main()
