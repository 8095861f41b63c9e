"""What reading very many photos takes: the local engine beside Ray's, and the cost of a million.

Prints the machine and two tables:

- `hwcli ocr` of a folder by the local engine and by `--engine ray`, each with as many processes, in
  turns: the best photos per second of each, the ratio of the two, how long each takes for a single
  photo, and what a photo takes of Ray's driver, which reads none itself;
- what one photo takes: core-seconds (of one process), bytes in, bytes out as JSONL and as Parquet
  (of photos that are not alike), and what a million costs at `--price` for a core and hour.

    python benchmarks/scale.py [--photos DIR] [--count 5000] [--jobs 2] [--rounds 2] [--price 0.04]

Without `--photos`: the bundled ones. The folder holds links to them.
"""

import argparse
import os
import platform
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

BUNDLED = Path(__file__).parent.parent / "hwcli" / "assets" / "photos"
SUFFIXES = {".jpg", ".jpeg", ".png"}


_ALONE = 200
"""Photos at most that one process reads for the core-seconds."""


@dataclass(frozen=True)
class Run:
    wall_s: float
    cpu_s: float
    """Of hwcli itself and what it has waited for: not of pools, nor of Ray's workers."""


def read(folder: Path, out: Path, *flags: str) -> Run:
    command = [sys.executable, "-m", "hwcli", "ocr", str(folder), "--out", str(out), "--force"]
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([*command, *flags], check=True, capture_output=True)
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(wall, cpu)


def linked(photos: list[Path], count: int, folder: Path) -> Path:
    folder.mkdir()
    for number, photo in enumerate(islice(cycle(photos), count)):
        (folder / f"{number:06}{photo.suffix}").symlink_to(photo.resolve())
    return folder


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir() if path.suffix != ".journal")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--photos", type=Path, default=BUNDLED)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--price", type=float, default=0.04, help="of a core and hour")
    asked = parser.parse_args()
    photos = sorted(p for p in asked.photos.rglob("*") if p.suffix.lower() in SUFFIXES)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(
        f"load before: {os.getloadavg()[0]:.1f}; {asked.count:,} photos, {asked.jobs} processes\n"
    )
    with TemporaryDirectory() as name:
        compare(photos, asked, Path(name))


def compare(photos: list[Path], asked: argparse.Namespace, work: Path) -> None:
    folder, one = linked(photos, asked.count, work / "many"), linked(photos, 1, work / "one")
    local, ray = ["--jobs", str(asked.jobs)], ["--jobs", str(asked.jobs), "--engine", "ray"]
    starts = read(one, work / "l.jsonl", *local), read(one, work / "r.jsonl", *ray)
    runs: list[tuple[Run, Run]] = []
    for _ in range(asked.rounds):
        runs.append((read(folder, work / "l.jsonl", *local), read(folder, work / "r.jsonl", *ray)))
        print(f"  local {runs[-1][0].wall_s:.1f} s, ray {runs[-1][1].wall_s:.1f} s", flush=True)
    records = [sorted((work / f"{e}.jsonl").read_bytes().splitlines()) for e in "lr"]
    assert records[0] == records[1], "the records are not the same"
    print("\n engine   photos/s   one photo, s   CPU of the driver, ms a photo")
    best = [min(r[i].wall_s for r in runs) for i in (0, 1)]
    driver = min(r[1].cpu_s for r in runs) - starts[1].cpu_s
    print(f" local    {asked.count / best[0]:8.1f}   {starts[0].wall_s:12.1f}")
    print(f" ray      {asked.count / best[1]:8.1f}   {starts[1].wall_s:12.1f}", end="")
    print(f"   {driver / asked.count * 1000:.2f}\n ray / local: {best[0] / best[1]:.2f}\n")
    cost(photos, asked.price, work)


def cost(photos: list[Path], price: float, work: Path) -> None:
    """Prints what a photo takes, and a million."""
    count = min(_ALONE, max(len(photos), 50))
    folder, empty = linked(photos, count, work / "some"), linked(photos, 1, work / "first")
    runs = [read(f, work / "c.jsonl", "--jobs", "1") for f in (empty, folder)]
    cpu = (runs[1].cpu_s - runs[0].cpu_s) / (count - 1)
    bytes_in = sum(p.stat().st_size for p in islice(cycle(photos), count)) / count
    bytes_out = (work / "c.jsonl").stat().st_size / count
    unlike = linked(photos, len(photos), work / "unlike")
    read(unlike, work / "parts", "--jobs", "2", "--engine", "ray", "--format", "parquet")
    parquet = size(work / "parts") / len(photos)
    hours = cpu * 1e6 / 3600
    print(" of a photo                   of a million")
    print(
        f" {cpu * 1000:8.1f} core-ms            {hours:8.1f} core-hours: {hours * price:.2f} to pay"
    )
    for what, each in (("read", bytes_in), ("of JSONL", bytes_out), ("of Parquet", parquet)):
        print(f" {each / 1e3:8.2f} kB {what:16} {each / 1e3:8.2f} GB")


if __name__ == "__main__":
    main()
