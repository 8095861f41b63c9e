"""How fast `hwcli ocr` is, and in how much memory, beside tesseract and beside decoding alone.

Prints the machine and tables, each of things run one after the other here:

- one photo, cold, from the shell, the first card and the photo nearest to 2 megapixels: hwcli
  and tesseract in turn, the medians of several, tesseract as it comes and on one thread; with
  `--cold N`, every photo N times, and the medians of the ratios folder by folder;
- how soon the first record of a folder comes;
- a folder of photos of 1 to 3 megapixels: `hwcli ocr` as it comes; tesseract on one core, two at a
  time; and only decoding the photos in grey and binarising them with OpenCV, in two processes;
- the peak of the memory of hwcli and all its processes while it read that folder, and with
  `--memory 20000` while it read one of so many: the sum of their PSS, which counts a page that
  several share once.

    python benchmarks/ocr.py [--photos DIR] [--count 500] [--tesseract 40] [--memory N] [--cold N]

Without `--photos`: the bundled ones. Smaller and larger photos are scaled to 1 and to 3 megapixels
and saved as JPEG; those between are taken as they are. The folder holds links to them. Tesseract
reads `--tesseract` of them, as it takes long, and its rate is taken from those. Modules are
compiled beforehand, as they are where hwcli is installed.
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
AS_IT_COMES = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
ONE_CORE = {**AS_IT_COMES, "OMP_THREAD_LIMIT": "1"}


def hwcli(*args: str | Path) -> list[str]:
    return [sys.executable, "-m", "hwcli", "ocr", *map(str, args)]


def tesseract(photo: Path) -> list[str]:
    return ["tesseract", str(photo), "stdout", "--psm", "6"]


def on_one_core(photo: Path) -> None:
    timed(tesseract(photo), ONE_CORE)


def pixels_of(photo: Path) -> int:
    height, width = cv2.imread(str(photo)).shape[:2]
    return height * width


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


def timed(command: list[str], env: dict[str, str] = AS_IT_COMES) -> float:
    start = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True, env=env)
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
    run = subprocess.Popen(
        hwcli(folder), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=AS_IT_COMES
    )
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


def cold(photo: Path, times: int) -> tuple[float, float, float]:
    """Medians of seconds: hwcli, tesseract, tesseract on one thread; they take turns."""
    seconds: list[list[float]] = [[], [], []]
    for _ in range(times):
        seconds[0].append(timed(hwcli(photo)))
        if shutil.which("tesseract"):
            seconds[1].append(timed(tesseract(photo)))
            seconds[2].append(timed(tesseract(photo), ONE_CORE))
    ours, theirs, one_core = (statistics.median(s) if s else 0.0 for s in seconds)
    return ours, theirs, one_core


def one_photo(photo: Path) -> None:
    ours, theirs, one_core = cold(photo, 7)
    line = f"one photo, cold ({photo.name}): hwcli {ours:.2f} s"
    if theirs:
        line += f", tesseract {theirs:.2f} s: {theirs / ours:.2f} × as fast"
        line += f"; on one thread {one_core:.2f} s: {one_core / ours:.2f} ×"
    print(line, flush=True)


def all_cold(photos: list[Path], root: Path, times: int) -> None:
    print("tesseract's time by hwcli's, one photo, cold: median, quartiles, as fast or faster")
    of_set: dict[str, list[tuple[float, float]]] = {}
    for photo in photos:
        ours, theirs, one_core = cold(photo, times)
        name = photo.relative_to(root).parts[0] if photo.parent != root else root.name
        for key in (name, "all"):
            of_set.setdefault(key, []).append((theirs / ours, one_core / ours))
    for name, ratios in sorted(of_set.items(), key=lambda item: item[0] == "all"):
        line = f"  {name:32} {len(ratios):4}"
        for kind, values in zip(
            ("as it comes", "on one thread"), zip(*ratios, strict=True), strict=True
        ):
            low, middle, high = statistics.quantiles([*values, *values], n=4)
            share = sum(v >= 1 for v in values) / len(values)
            line += f"   {kind} {middle:5.2f} ({low:.2f} to {high:.2f}), {share:4.0%}"
        print(line, flush=True)


def first_record(folder: Path) -> None:
    start = time.perf_counter()
    with subprocess.Popen(hwcli(folder), stdout=subprocess.PIPE, env=AS_IT_COMES) as run:
        assert run.stdout
        run.stdout.readline()
        print(f"first record of {folder.name} photos after {time.perf_counter() - start:.2f} s")
        run.stdout.close()


def many_photos(links: list[Path], with_tesseract: int) -> None:
    megapixels = [pixels_of(photo) / 1e6 for photo in links]
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
            list(threads.map(on_one_core, links[:with_tesseract]))
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
    parser.add_argument("--cold", type=int, help="read every photo cold, so many times")
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
        timed(hwcli(*photos, "--jobs", "2"))
        one_photo(photos[0])
        one_photo(min(usable, key=lambda photo: abs(pixels_of(photo) - 2e6)))
        if args.cold and has_tesseract:
            all_cold(photos, args.photos, args.cold)
        links = linked(usable, args.count, folder / str(args.count))
        first_record(links[0].parent)
        many_photos(links, args.tesseract if has_tesseract else 0)
        if args.memory:
            more = folder / "more" / str(args.memory)
            more.parent.mkdir()
            linked(usable, args.memory, more)
            first_record(more)
            seconds, memory = read_folder(more)
            print(f"{args.memory} photos: {args.memory / seconds:.1f} photos/s, {memory:.0f} MB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
