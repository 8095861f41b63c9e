"""Archives of the exact layouts that publishers ship, small and made up."""

import gzip
import struct
import zipfile
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

RECIPE = """
schema = "hwcli.recipe/1"
name = "{name}"
title = "A test"
target = "char"
{more}
[[source]]
name = "one"
script = "Latn"
url = "{url}"
format = "{format}"
license = "CC0"
citation = "Nobody (2024). Nothing."
{source}
"""


def recipe_text(url: str, format: str, source: str, *, name: str = "test", more: str = "") -> str:
    return RECIPE.format(url=url, format=format, source=source, name=name, more=more)


def glyph(seed: int, size: int = 28) -> NDArray[np.uint8]:
    """A light stroke on dark, different for each seed."""
    random = np.random.default_rng(seed)
    image = np.zeros((size, size), np.uint8)
    points = random.integers(4, size - 4, (5, 2)).astype(np.int32)
    cv2.polylines(image, [points], isClosed=False, color=255, thickness=2)
    return image


def png(image: NDArray[np.uint8]) -> bytes:
    return bytes(cv2.imencode(".png", image)[1])


def idx(array: NDArray[np.uint8]) -> bytes:
    head = struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape)
    return head + array.tobytes()


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def emnist_zip(path: Path, kinds: tuple[str, ...], rows: int = 40) -> Path:
    """Like EMNIST's gzip.zip, with by-merge files of the given splits; images are transposed."""
    members = {}
    for i, split in enumerate(kinds):
        images = np.stack([glyph(1000 * i + k).T for k in range(rows)])
        labels = np.arange(rows, dtype=np.uint8) % 4
        stem = f"gzip/emnist-bymerge-{split}-{{}}-ubyte.gz"
        members[stem.format("images-idx3")] = gzip.compress(idx(images))
        members[stem.format("labels-idx1")] = gzip.compress(idx(labels))
    return write_zip(path, members)


def folder_zip(path: Path, classes: str = "abc", each: int = 12) -> Path:
    """Images in a folder for each class: `letters/a/0.png`."""
    members = {
        f"letters/{c}/{k}.png": png(glyph(100 * i + k))
        for i, c in enumerate(classes)
        for k in range(each)
    }
    return write_zip(path, members)
