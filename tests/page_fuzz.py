"""Spoilt image files and hostile greys through decoders and page code, for as long as is asked.

    python tests/page_fuzz.py --minutes 20 [--seed N] [--folder DIR]

Whatever goes in, records and error records come out, sound ones, within a time and a memory. The
item at work lies in the folder, `item.bin` a file and `item.npy` a grey, so that whatever ends or
hangs the process can be looked at. Warnings are errors.
"""

import argparse
import faulthandler
import json
import random
import resource
import time
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from hwcli.classify import find_model
from hwcli.engines.photo import ReadOptions, new_reader, read_photo
from hwcli.formats import FORMATS
from hwcli.page.photo import Photo, Piped
from hwcli.page.reader import Reader, ReadingOptions
from hwcli.page.reading import Failure, Page
from pages import ruled, shaded, written
from photo_files import samples

Grey = NDArray[np.uint8]
Rng = np.random.Generator

_SLOW_S = 30
"""An item that takes longer hangs."""
_MOST_MB = 1500
"""Memory that no item may take the process to."""
_MEGAPIXELS = 4.0
_NUMBERS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)


def _peak_mb() -> float:
    """The most memory that this program has had: `ru_maxrss` begins with that of who started it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    (line,) = (li for li in status.read_text().splitlines() if li.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def spoilt(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """`data` cut, flipped, repeated, with numbers put in, or with a piece of another file."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(out) + 1)
        if rng.random() < 0.5:
            at = min(at, rng.randrange(200))  # headers are where it hurts
        match rng.randrange(6):
            case 0:
                out[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del out[max(at, 16) :]
            case 2:
                del out[at : at + rng.randrange(64)]
            case 3:
                out[at:at] = out[at : at + rng.randrange(200)]
            case 4:
                size = rng.choice((1, 2, 4))
                number = rng.choice(_NUMBERS) & ((1 << 8 * size) - 1)
                out[at : at + size] = number.to_bytes(size, rng.choice(("big", "little")))
            case _:
                other = rng.choice(others)
                start = rng.randrange(len(other))
                out[at : at + rng.randrange(100)] = other[start : start + rng.randrange(300)]
    return bytes(out)


def _shape(rng: Rng) -> tuple[int, int]:
    """Mostly middling; now and then a sliver, a point, or large."""
    match rng.integers(8):
        case 0:
            return int(rng.integers(1, 8)), int(rng.integers(1, 3000))
        case 1:
            return int(rng.integers(1, 3000)), int(rng.integers(1, 8))
        case 2:
            return int(rng.integers(1, 40)), int(rng.integers(1, 40))
        case 3:
            return int(rng.integers(300, 1600)), int(rng.integers(300, 1600))
        case _:
            return int(rng.integers(8, 600)), int(rng.integers(8, 600))


def _paper(rng: Rng) -> Grey:
    return np.full(_shape(rng), rng.integers(256), np.uint8)


def _noise(rng: Rng) -> Grey:
    return rng.integers(0, rng.integers(1, 257), _shape(rng), np.uint8)


def _grain(rng: Rng) -> Grey:
    grain = rng.normal(rng.integers(256), rng.uniform(0.1, 60), _shape(rng))
    return np.clip(grain, 0, 255).astype(np.uint8)


def _specks(rng: Rng) -> Grey:
    """Single pixels, few or one on every other."""
    dark = rng.random(_shape(rng)) < rng.choice([1e-5, 1e-3, 0.02, 0.2, 0.5])
    return np.where(dark, np.uint8(rng.integers(128)), np.uint8(rng.integers(128, 256)))


def _board(rng: Rng) -> Grey:
    """A checkerboard, or a lattice of as many specks as there can be."""
    y, x = np.indices(_shape(rng)) // int(rng.integers(1, 40))
    dark = (y + x) % 2 == 0 if rng.integers(2) else (y % 2 == 0) & (x % 2 == 0)
    return np.where(dark, np.uint8(0), np.uint8(255))


def _gradient(rng: Rng) -> Grey:
    y, x = np.indices(_shape(rng))
    levels = y * rng.uniform(-2, 2) + x * rng.uniform(-2, 2)
    if rng.integers(2):
        return (levels.astype(np.int64) % 256).astype(np.uint8)
    return np.clip(levels + 128, 0, 255).astype(np.uint8)


def _frames(rng: Rng) -> Grey:
    """Squares, circles and boxes, in each other and across each other."""
    page = np.full(_shape(rng), 240, np.uint8)
    for _ in range(rng.integers(1, 60)):
        grey, thick = int(rng.integers(256)), int(rng.choice([-1, 1, 1, 2, 5, 30]))
        x0, x1 = (int(n) for n in rng.integers(-20, page.shape[1] + 20, 2))
        y0, y1 = (int(n) for n in rng.integers(-20, page.shape[0] + 20, 2))
        if rng.integers(3):
            cv2.rectangle(page, (x0, y0), (x1, y1), grey, thick)
        else:
            cv2.circle(page, (x0, y0), abs(x1) + 1, grey, thick)
    return page


def _grid(rng: Rng) -> Grey:
    """Rulings at any angle, with or without writing."""
    page = np.full(_shape(rng), 240, np.uint8) if rng.integers(2) else _text(rng)
    step, thick = int(rng.integers(3, 80)), int(rng.integers(1, 6))
    angles = rng.uniform(0, 180, rng.integers(1, 4)) if rng.integers(2) else [0.0, 90.0]
    longest = sum(page.shape)
    for angle in np.radians(angles):
        along = np.array([np.cos(angle), np.sin(angle)]) * longest
        across = np.array([-np.sin(angle), np.cos(angle)])
        for n in range(-longest // step, longest // step):
            ends = (across * n * step - along, across * n * step + along)
            cv2.line(page, *(tuple(end.astype(int).tolist()) for end in ends), 90, thick)
    return page


def _text(rng: Rng) -> Grey:
    rows = [
        "".join(map(chr, rng.integers(33, 127, rng.integers(1, 20))))
        for _ in range(rng.integers(1, 12))
    ]
    page = written(rows, height=int(rng.integers(8, 60)), thickness=int(rng.integers(1, 9)))
    if rng.integers(2):
        page = shaded(page, float(rng.uniform(0, 1)))
    return ruled(page, int(rng.integers(4, 90))) if rng.integers(2) else page


def _comb(rng: Rng) -> Grey:
    """One stroke with as many teeth or turns as there is room for."""
    page = np.full(_shape(rng), 255, np.uint8)
    step = int(rng.integers(2, 12))
    page[::step] = 0
    if rng.integers(2):
        page[:, :1] = 0
    else:
        page[::step, -1:] = page[step // 2 :: 2 * step, :1] = 0
    return page


def _photo(rng: Rng) -> Grey:
    """A real one, in part and out of shape."""
    folder = Path(str(find_model(None))).parent.parent / "photos"
    photo = _bundled(str(rng.choice(sorted(p.name for p in folder.glob("*.jpg")))))
    height, width = photo.shape
    y, x = int(rng.integers(height - 4)), int(rng.integers(width - 4))
    part = photo[y : y + int(rng.integers(4, 900)), x : x + int(rng.integers(4, 900))]
    size = (int(rng.integers(1, 900)), int(rng.integers(1, 900)))
    part = cv2.resize(part, size) if rng.integers(2) else part
    middle = (part.shape[1] / 2, part.shape[0] / 2)
    turn = cv2.getRotationMatrix2D(middle, float(rng.uniform(-30, 30)), float(rng.uniform(0.3, 2)))
    return np.asarray(cv2.warpAffine(part, turn, part.shape[::-1]), np.uint8)


@cache
def _bundled(name: str) -> Grey:
    path = find_model(None).parent.parent / "photos" / name
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), np.uint8)


KINDS: dict[str, Callable[[Rng], Grey]] = {
    kind.__name__[1:]: kind
    for kind in (_paper, _noise, _grain, _specks, _board, _gradient, _frames, _grid, _text, _comb,
                 _photo)
}  # fmt: skip


def hostile(kind: str, rng: Rng) -> Grey:
    """A grey of this kind, uint8 (H, W), perhaps spoilt by another."""
    grey = KINDS[kind](rng)
    match rng.integers(8):
        case 0:
            other = cv2.resize(KINDS[str(rng.choice(list(KINDS)))](rng), grey.shape[::-1])
            grey = np.minimum(grey, np.asarray(other, np.uint8).reshape(grey.shape))
        case 1:
            grey = 255 - grey
        case 2:
            grey = (grey // int(rng.integers(1, 80))).astype(np.uint8)
        case 3:
            grey = np.ascontiguousarray(grey.T)
    return np.asarray(grey, np.uint8)


class Fuzzer:
    """Reads whatever comes, and looks at what comes of it."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.rng, self.draw = np.random.default_rng(seed), random.Random(seed)
        self.folder, self.files = folder, samples()
        self.options = ReadOptions(find_model(None), ReadingOptions(topk=3), _MEGAPIXELS)
        self.reader: Reader = new_reader(self.options, threads=1)
        self.read = self.failed = self.glyphs = 0
        self.slowest_s = 0.0

    def grey(self, kind: str) -> None:
        """Read a grey of this kind."""
        grey = hostile(kind, self.rng)
        np.save(self.folder / "item.npy", grey)
        height, width = grey.shape
        reduced = int(self.rng.integers(1, 4))
        photo = Photo(grey, height * reduced, width * reduced, reduced)
        self._timed(lambda: [self.reader.read(photo, kind)])

    def file(self, name: str) -> None:
        """Read a spoilt copy of a sample."""
        data = spoilt(self.files[name], list(self.files.values()), self.draw)
        (self.folder / "item.bin").write_bytes(data)
        self._timed(lambda: list(read_photo(self.reader, Piped(data), self.options, None)[1]))

    def _timed(self, work: Callable[[], list[Page | Failure] | list[Page]]) -> None:
        faulthandler.dump_traceback_later(_SLOW_S, exit=True)
        start = time.monotonic()
        readings = work()
        faulthandler.cancel_dump_traceback_later()
        self.slowest_s = max(self.slowest_s, time.monotonic() - start)
        assert _peak_mb() < _MOST_MB
        assert readings
        for reading in readings:
            check(reading)
            self.read += isinstance(reading, Page)
            self.failed += isinstance(reading, Failure)
            self.glyphs += len(reading.glyphs) if isinstance(reading, Page) else 0


def check(reading: Page | Failure) -> None:
    """Hold a record to what it promises."""
    for kind in FORMATS.values():
        form = kind(3)
        text = form.page(reading) if isinstance(reading, Page) else form.failure(reading)
        if kind.name == "jsonl":
            assert json.loads(text)["file"] == reading.file
    if isinstance(reading, Failure):
        assert reading.message and "\n" not in reading.message and reading.kind.endswith("Error")
        return
    assert len({(g.line, g.word) for g in reading.glyphs}) == sum(
        len(line.words) for line in reading.lines
    )
    places = [(g.line, g.word) for g in reading.glyphs]
    assert places == sorted(places)
    for glyph in reading.glyphs:
        x0, y0, x1, y1 = glyph.box
        assert 0 <= x0 < x1 <= reading.width and 0 <= y0 < y1 <= reading.height, glyph
        told = [c.p for c in glyph.candidates]
        assert min(told) >= 0 and sum(told) < 1.001 and told == sorted(told, reverse=True), glyph


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--items", type=int, default=0, help="end after so many of each")
    parser.add_argument("--only", help="one sample or one kind of grey")
    parser.add_argument("--seed", type=int, default=time.time_ns() % (1 << 30))
    parser.add_argument("--folder", type=Path, default=Path())
    args = parser.parse_args()
    warnings.simplefilter("error")
    faulthandler.enable()
    fuzzer = Fuzzer(args.folder, args.seed)
    print(f"seed {args.seed}", flush=True)
    start = told = time.monotonic()
    rounds = 0
    while time.monotonic() < start + 60 * args.minutes and not 0 < args.items <= rounds:
        rounds += 1
        for name in fuzzer.files:
            if args.only in (None, name):
                fuzzer.file(name)
        for kind in KINDS:
            if args.only in (None, kind):
                fuzzer.grey(kind)
        if time.monotonic() > told + 60:
            told = time.monotonic()
            tell(fuzzer, rounds, told - start)
    tell(fuzzer, rounds, time.monotonic() - start)
    return 0


def tell(fuzzer: Fuzzer, rounds: int, seconds: float) -> None:
    pages = Path("/proc/self/statm").read_text().split()[1]
    print(
        f"{seconds / 60:.1f} min, {rounds} of each, {fuzzer.read} read, {fuzzer.failed} told, "
        f"{fuzzer.glyphs} glyphs, slowest {fuzzer.slowest_s:.2f} s, "
        f"{int(pages) * resource.getpagesize() >> 20} MB",
        flush=True,
    )


if __name__ == "__main__":
    raise SystemExit(main())
