"""Makes glyphs.zip, the built-in sample, from the publishers' archives; the same bytes each time.

python make_sample.py MIRROR

MIRROR holds emnist/gzip.zip, github/wblachowski/bhmsds.zip, kaggle/gpreda/chinese-mnist.zip and
uci/DevanagariHandwrittenCharacterDataset.zip, each as its publisher ships it.
"""

import gzip
import io
import random
import re
import struct
import sys
import zipfile
from collections import defaultdict
from pathlib import Path

SEED = 0
EMNIST_PER_CLASS, BHMSDS_PER_CLASS, DHCD_PER_CLASS, CHINESE_WRITERS = 45, 45, 16, 20
OUT = Path(__file__).with_name("glyphs.zip")


def main(mirror: Path) -> None:
    """Write glyphs.zip beside this file."""
    draw = random.Random(SEED)
    with zipfile.ZipFile(OUT, "w") as out:
        for name, data in emnist(mirror / "emnist/gzip.zip", draw):
            add(out, f"emnist/{name}", data)
        bhmsds = mirror / "github/wblachowski/bhmsds.zip"
        symbols = re.compile(r"(plus|minus|dot|slash)-\d+\.png$")
        copy(out, bhmsds, symbols, BHMSDS_PER_CLASS, "bhmsds", draw)
        dhcd = mirror / "uci/DevanagariHandwrittenCharacterDataset.zip"
        copy(out, dhcd, re.compile(r"Test/(\w+)/\d+\.png$"), DHCD_PER_CLASS, "dhcd", draw)
        chinese(out, mirror / "kaggle/gpreda/chinese-mnist.zip", draw)


def emnist(path: Path, draw: random.Random) -> list[tuple[str, bytes]]:
    """Rows of each class of the by-merge test files, in their order, as idx files."""
    with zipfile.ZipFile(path) as archive:
        stem = "gzip/emnist-bymerge-test-{}-ubyte.gz"
        labels = gzip.decompress(archive.read(stem.format("labels-idx1")))[8:]
        pixels = gzip.decompress(archive.read(stem.format("images-idx3")))[16:]
    rows = defaultdict(list)
    for row, label in enumerate(labels):
        rows[label].append(row)
    chosen = sorted(r for k in sorted(rows) for r in draw.sample(rows[k], EMNIST_PER_CLASS))
    head = struct.pack(">4I", 0x803, len(chosen), 28, 28)
    images = head + b"".join(pixels[r * 784 : (r + 1) * 784] for r in chosen)
    marks = struct.pack(">2I", 0x801, len(chosen)) + bytes(labels[r] for r in chosen)
    return [
        ("bymerge-images-idx3-ubyte.gz", gzip.compress(images, mtime=0)),
        ("bymerge-labels-idx1-ubyte.gz", gzip.compress(marks, mtime=0)),
    ]


def copy(
    out: zipfile.ZipFile,
    path: Path,
    pattern: re.Pattern[str],
    count: int,
    folder: str,
    draw: random.Random,
) -> None:
    """Copy `count` members of each value of the pattern's group, as they are."""
    with zipfile.ZipFile(path) as archive:
        found = defaultdict(list)
        for name in sorted(archive.namelist()):
            if match := pattern.search(name):
                found[match[1]].append((match[0], name))
        for key in sorted(found):
            for inside, name in sorted(draw.sample(found[key], count)):
                add(out, f"{folder}/{inside.removeprefix('Test/')}", archive.read(name))


def chinese(out: zipfile.ZipFile, path: Path, draw: random.Random) -> None:
    """Copy one sample of every numeral by each of some writers, as they are."""
    with zipfile.ZipFile(path) as archive:
        folder = next(n for n in archive.namelist() if n.endswith(".jpg")).rpartition("/")[0]
        for writer in sorted(draw.sample(range(1, 101), CHINESE_WRITERS)):
            for code in range(1, 16):
                name = f"input_{writer}_{draw.randint(1, 10)}_{code}.jpg"
                add(out, f"chinese-mnist/{name}", archive.read(f"{folder}/{name}"))


def add(out: zipfile.ZipFile, name: str, data: bytes) -> None:
    """Add a member without the time of day, so that the zip is the same each time."""
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.external_attr = 0o644 << 16
    with out.open(info, "w") as member:
        member.write(io.BytesIO(data).getbuffer())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
