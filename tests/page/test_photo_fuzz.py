"""Spoilt images of every kind through the decoders: pages or one line each, never a crash.

The work is done by a process of its own, so that a crash of native code is seen, with the file that
made it. `HWCLI_FUZZ=1000 pytest tests/page/test_photo_fuzz.py` spoils each sample a thousand times,
drawn anew; without it a few times, the same each time.
"""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from photo_files import samples

_MANY = int(os.environ.get("HWCLI_FUZZ", "0"))
_NUMBERS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)
_SLOW_S = 20.0


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


def work(name: str, many: int, seed: int, folder: Path) -> None:
    """Decode `many` spoilt copies of the sample; the last one is left in `folder`."""
    from hwcli.errors import HwcliError
    from hwcli.page.photo import Photo, Piped, pages_of, read_bytes

    files = samples()
    rng = random.Random(seed)
    read = failed = 0
    for _ in range(many):
        data = spoilt(files[name], list(files.values()), rng)
        (folder / name).write_bytes(data)
        start = time.monotonic()
        for sheet in pages_of(read_bytes(Piped(data)), name, max_megapixels=4):
            if isinstance(sheet.photo, Photo):
                assert sheet.photo.grey.ndim == 2 and sheet.photo.grey.size
                read += 1
            else:
                assert isinstance(sheet.photo, HwcliError), sheet.photo
                assert sheet.photo.message.startswith(name)
                failed += 1
        assert time.monotonic() - start < _SLOW_S
    print(read, failed)


@pytest.mark.parametrize("name", samples())
def test_spoilt_images_are_read_or_told(name: str, tmp_path: Path) -> None:
    seed = random.randrange(1 << 30) if _MANY else 0
    args = (name, str(_MANY or 40), str(seed), str(tmp_path))
    run = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-W", "error", __file__, *args],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert (run.returncode, run.stderr) == (0, ""), (seed, tmp_path / name, run.stderr[-2000:])
    read, failed = map(int, run.stdout.split())
    assert read + failed >= (_MANY or 40) and failed


if __name__ == "__main__":
    work(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
