"""How fast `hwcli ocr` is, and in how much memory, beside tesseract and beside decoding alone.

Prints the machine and three tables, each of things run one after the other here:

- one photo, cold, from the shell: hwcli and tesseract, the median of several;
- a folder of photos of 1 to 3 megapixels: `hwcli ocr` as it comes; tesseract on one core, two at a
  time; and only decoding the photos in grey and binarising them with OpenCV, in two processes;
- the peak of the memory of hwcli and all its processes while it read that folder, and with
  `--memory 20000` while it read one of so many: the sum of their PSS, which counts a page that
  several share once.

    python benchmarks/ocr.py [--photos DIR] [--count 500] [--tesseract 40] [--memory N]

Without `--photos`: the bundled ones. Smaller and larger photos are scaled to 1 and to 3 megapixels
and saved as JPEG; those between are taken as they are. The folder holds links to them. Tesseract
reads `--tesseract` of them, as it takes long, and its rate is taken from those.
"""

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2

BUNDLED = Path(__file__).parent.parent / "hwcli" / "assets" / "photos"
SUFFIXES = {".jpg", ".jpeg", ".png"}
LEAST, MOST = 1e6, 3e6
"""Pixels of the photos in the folder."""
PROCESSES = 2
ONE_CORE = {**os.environ, "OMP_THREAD_LIMIT": "1"}


def hwcli(*args: str | Path) -> list[str]:
    return [sys.executable, "-m", "hwcli", "ocr", *map(str, args)]


def tesseract(photo: Path) -> None:
    command = ["tesseract", str(photo), "stdout", "--psm", "6"]
    subprocess.run(command, capture_output=True, check=True, env=ONE_CORE)


def sized(photo: Path, into: Path) -> Path:
    """`photo` with 1 to 3 megapixels: itself, or scaled in `into`."""
    image = cv2.imread(str(photo))
    pixels = image.shape[0] * image.shape[1]
    if LEAST <= pixels <= MOST:
        return photo.resolve()
    scale = ((LEAST * 1.01 if pixels < LEAST else MOST * 0.99) / pixels) ** 0.5
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    path = into / f"{photo.stem}.jpg"
    cv2.imwrite(str(path), cv2.resize(image, None, fx=scale, fy=scale, interpolation=how))
    return path


def linked(photos: list[Path], count: int, into: Path) -> list[Path]:
    """`count` links to `photos` in the folder `into`."""
    into.mkdir()
    links = []
    for number, photo in enumerate(islice(cycle(photos), count)):
        links.append(into / f"{number:06}{photo.suffix}")
        links[-1].symlink_to(photo)
    return links


def timed(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True, env=ONE_CORE)
    return time.perf_counter() - start


def decode_and_binarise(photo: Path) -> int:
    cv2.setNumThreads(1)
    grey = cv2.imread(str(photo), cv2.IMREAD_GRAYSCALE)
    binary = cv2.adaptiveThreshold(
        grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 51, 15
    )
    return cv2.countNonZero(binary)


def processes_of(root: int) -> Iterator[int]:
    """`root` and all that it started, directly or not."""
    yield root
    try:
        children = Path(f"/proc/{root}/task/{root}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from processes_of(int(child))


def memory_kib(pid: int) -> int:
    """PSS of a process, KiB; 0 where it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def read_folder(folder: Path) -> tuple[float, float]:
    """Seconds that `hwcli ocr` takes for `folder`, and the peak of its memory, MB."""
    start = time.perf_counter()
    run = subprocess.Popen(hwcli(folder), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    peak, over = 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not over.wait(0.2):
            peak = max(peak, sum(memory_kib(p) for p in processes_of(run.pid)))

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, errors = run.communicate()
    seconds = time.perf_counter() - start
    over.set()
    watcher.join()
    if run.returncode:
        raise SystemExit(errors.decode())
    return seconds, peak * 1024 / 1e6


def one_photo(photo: Path, with_tesseract: bool) -> None:
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(7):
        ours.append(timed(hwcli(photo)))
        if with_tesseract:
            theirs.append(timed(["tesseract", str(photo), "stdout", "--psm", "6"]))
    line = f"one photo, cold ({photo.name}): hwcli {statistics.median(ours):.2f} s"
    if with_tesseract:
        ratio = statistics.median(theirs) / statistics.median(ours)
        line += f", tesseract {statistics.median(theirs):.2f} s: {ratio:.2f} × as fast"
    print(line, flush=True)


def many_photos(links: list[Path], with_tesseract: int) -> None:
    megapixels = [shape[0] * shape[1] / 1e6 for shape in (cv2.imread(str(p)).shape for p in links)]
    print(f"{len(links)} photos of {statistics.mean(megapixels):.1f} megapixels in the mean")
    seconds, memory = read_folder(links[0].parent)
    rates = {"hwcli ocr": len(links) / seconds}
    with get_context("spawn").Pool(PROCESSES) as pool:
        pool.map(decode_and_binarise, links[:PROCESSES], chunksize=1)
        start = time.perf_counter()
        pool.map(decode_and_binarise, links, chunksize=4)
        rates["decode and binarise"] = len(links) / (time.perf_counter() - start)
    if with_tesseract:
        start = time.perf_counter()
        with ThreadPoolExecutor(PROCESSES) as threads:
            list(threads.map(tesseract, links[:with_tesseract]))
        rates["tesseract"] = min(with_tesseract, len(links)) / (time.perf_counter() - start)
    for name, rate in rates.items():
        print(f"  {name:20} {rate:8.1f} photos/s  {rates['hwcli ocr'] / rate:6.2f}")
    print(f"  peak of memory, PSS of all processes: {memory:.0f} MB", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, default=BUNDLED)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--tesseract", type=int, default=40, help="photos that it reads")
    parser.add_argument("--memory", type=int, help="read so many photos, for the memory alone")
    args = parser.parse_args()
    has_tesseract = shutil.which("tesseract") is not None
    cpu = platform.processor() or platform.machine()
    print(
        f"{cpu}, {os.cpu_count()} cores, Python {platform.python_version()}, cv2 {cv2.__version__}"
    )
    photos = sorted(p for p in args.photos.rglob("*") if p.suffix.lower() in SUFFIXES)
    if not photos:
        parser.error(f"{args.photos}: no photos")
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        usable = [sized(photo, folder) for photo in photos]
        one_photo(photos[0], has_tesseract)
        links = linked(usable, args.count, folder / "many")
        many_photos(links, args.tesseract if has_tesseract else 0)
        if args.memory:
            linked(usable, args.memory, folder / "more")
            seconds, memory = read_folder(folder / "more")
            print(f"{args.memory} photos: {args.memory / seconds:.1f} photos/s, {memory:.0f} MB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
