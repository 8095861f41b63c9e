"""A small made-up dataset: bars, boxes and crosses that any network learns at once."""

from pathlib import Path

import numpy as np

from hwcli.dataset import Dataset, DatasetInfo, ShardEntry, SourceEntry, open_dataset, write_info
from hwcli.glyph import Normalisation
from hwcli.shard_writer import ShardWriter
from hwcli.shards import Rows, Split, Tables, coded, sha256_of

CLASSES = ("|", "-", "0", "×", "नि")
SCRIPTS = ("Latn", "Deva")


def make_dataset(
    folder: Path,
    *,
    rows: int = 400,
    classes: tuple[str, ...] = CLASSES,
    splits: tuple[Split, ...] = (Split.train, Split.train, Split.train, Split.val, Split.test),
    writers: int = 0,
    size: int = 28,
    noise: float = 40,
    seed: int = 0,
) -> Dataset:
    """`rows` glyphs of `classes` (any of CLASSES), dealt out to `splits` in turn."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, len(classes), rows).astype(np.int32)
    images = np.stack([_glyph(classes[i], size, noise, rng) for i in label]) if rows else None
    content = Rows(
        images=np.empty((0, size, size), np.uint8) if images is None else images,
        label=label,
        script=np.array([classes[i] == "नि" for i in label], np.int32),
        source=np.zeros(rows, np.int32),
        writer=(np.arange(rows) % writers if writers else np.full(rows, -1)).astype(np.int32),
        split=np.array([splits[i % len(splits)] for i in range(rows)], np.uint8),
        origin=coded([f"made-up#{i}" for i in range(rows)]),
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{folder.name}-00000-of-00001.h5"
    with ShardWriter(path, size=size, tables=Tables(classes, SCRIPTS, ("made-up",))) as shard:
        shard.append(content)
    counts = {s.name: int((content.split == s).sum()) for s in Split}
    info = DatasetInfo(
        name=folder.name,
        title="made up",
        target="char",
        normalisation=Normalisation(size=size, fit=size - 4),
        classes=classes,
        scripts=SCRIPTS,
        sources=(SourceEntry("made-up", "Latn", "CC0-1.0", "none"),),
        shards=(ShardEntry(path.name, rows, sha256_of(path)),),
        counts={"split": counts},
    )
    write_info(folder, info)
    return open_dataset(folder)


def _glyph(name: str, size: int, noise: float, rng: np.random.Generator) -> np.ndarray:
    image = np.zeros((size, size))
    low, high = 3 + rng.integers(0, 3), size - 3 - rng.integers(0, 3)
    middle = size // 2 + rng.integers(-3, 4)
    if name == "|":
        image[low:high, middle : middle + 3] = 255
    elif name == "-":
        image[middle : middle + 3, low:high] = 255
    elif name == "0":
        image[low:high, low:high] = 255
        image[low + 3 : high - 3, low + 3 : high - 3] = 0
    elif name == "×":
        places = np.arange(low, high)
        for shift in (0, 1, 2):
            image[places, np.clip(places + shift, 0, size - 1)] = 255
            image[places, np.clip(size - 1 - places - shift, 0, size - 1)] = 255
    else:
        image[low : low + 3, low:high] = 255
        image[low:high, middle : middle + 3] = 255
    return np.clip(image + rng.normal(0, noise, image.shape), 0, 255).astype(np.uint8)
