"""A folder of photos, some of which are broken, each in one of twelve ways."""

import io
import struct
import zlib
from itertools import cycle, islice
from pathlib import Path

from PIL import Image, ImageDraw

LETTERS = "ABCDEFGHKLMNPRSTUVXYZ"


def good(number: int) -> bytes:
    """A PNG of 60×60 px with two letters, another for each `number`."""
    image = Image.new("L", (60, 60), 255)
    text = LETTERS[number % len(LETTERS)] + LETTERS[number * 7 % len(LETTERS)]
    ImageDraw.Draw(image).text((8 + number % 5, 12), text, fill=0, font_size=28)
    return encoded(image, "PNG")


def encoded(image: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def png(width: int, height: int, *, right_crc: bool = True) -> bytes:
    """A PNG that says to be of this size, and has the pixels of none."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    crc = zlib.crc32(head) ^ (not right_crc)
    rest = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IDAT", zlib.compress(b"")), (b"IEND", b""))
    )
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", crc) + rest


_PAPER = Image.new("L", (60, 60), 255)

FILES: dict[str, bytes] = {
    "empty.jpg": b"",
    "text.jpg": b"this is a letter, but not of the kind that is meant\n",
    "cut-in-its-header.jpg": encoded(_PAPER, "JPEG")[:30],
    "wrong-crc.png": png(60, 60, right_crc=False),
    "bomb.png": png(60_000, 60_000),
    "of-no-width.png": png(0, 60),
    "cut.tif": encoded(_PAPER, "TIFF")[:6],
    "no-frames.gif": b"GIF89a\x3c\0\x3c\0\0\0\0;",
    "no-pixels.pgm": b"P5 60 60 255\n",
    "no-chunks.webp": b"RIFF\x04\0\0\0WEBP",
    "no-pages.pdf": b"%PDF-1.7\n%%EOF\n",
}
"""What is in broken files, by the way in which they are."""
LINK = "link-to-nothing.jpg"
WAYS = (*FILES, LINK)


def make(folder: Path, count: int, broken: int) -> set[str]:
    """Put `count` photos into `folder`, `broken` of them broken; the paths of those."""
    every = count // broken
    ways = islice(cycle(WAYS), broken)
    bad: set[str] = set()
    folder.mkdir(parents=True)
    for number in range(count):
        if number % every != every // 2 or len(bad) == broken:
            (folder / f"{number:04}.png").write_bytes(good(number))
            continue
        way = next(ways)
        path = folder / f"{number:04}-{way}"
        if way == LINK:
            path.symlink_to("nothing")
        else:
            path.write_bytes(FILES[way])
        bad.add(str(path))
    assert len(bad) == broken
    return bad
