"""Datasets as `ingest` makes them, out of rows that a test writes down."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from hwcli.dataset import Dataset, DatasetInfo, ShardEntry, SourceEntry, open_dataset, write_info
from hwcli.glyph import Normalisation
from hwcli.shard_writer import ShardWriter
from hwcli.shards import Rows, Split, Tables, coded, sha256_of

HOW = Normalisation(size=8, fit=6, stroke=1.5, centre="mass")
SOURCES = (
    SourceEntry(
        "one",
        "Latn",
        "CC0-1.0",
        "Nobody (2024). Nothing.",
        "https://a.b/c",
        redistributable=True,
    ),
    SourceEntry("one.b", "Deva", "not stated", 'A "quoted" & long_name\n(2020). 50 % #1.'),
    SourceEntry("b", "Latn", "MIT\x7f\tor so", "Someone.", bibtex="@misc{b,\n  title = {B}\n}\n"),
)


@dataclass(frozen=True)
class Row:
    """A row; two of one `image` have equal pixels."""

    image: int
    char: str
    split: Split = Split.train
    source: int = 0
    writer: int = -1
    origin: str = ""


def pixels(seed: int, size: int = 8) -> NDArray[np.uint8]:
    image = np.random.default_rng(seed).integers(0, 256, (size, size), np.uint8)
    image[seed % size, 0] = 255
    return image


def dataset_of(
    rows: list[Row],
    folder: Path,
    *,
    sources: tuple[SourceEntry, ...] = SOURCES,
    shard_rows: int = 7,
    normalisation: Normalisation = HOW,
    name: str = "",
    **more: object,
) -> Dataset:
    """`rows` as a dataset in shards of a few rows, with the tables that `ingest` would make."""
    used = sorted({r.source for r in rows})
    sources = tuple(sources[k] for k in used)
    classes = tuple(sorted({r.char for r in rows}))
    scripts = tuple(sorted({s.script for s in sources}))
    names = tuple(s.name for s in sources)
    folder.mkdir(parents=True)
    entries = []
    for number, start in enumerate(range(0, len(rows), shard_rows)):
        here = rows[start : start + shard_rows]
        source = [used.index(r.source) for r in here]
        columns = Rows(
            images=np.stack([pixels(r.image, normalisation.size) for r in here]),
            label=np.asarray([classes.index(r.char) for r in here], np.int32),
            script=np.asarray([scripts.index(sources[k].script) for k in source], np.int32),
            source=np.asarray(source, np.int32),
            writer=np.asarray([r.writer for r in here], np.int32),
            split=np.asarray([r.split for r in here], np.uint8),
            origin=coded([r.origin or f"x/{r.image}.png" for r in here]),
        )
        path = folder / f"s-{number}.h5"
        with ShardWriter(
            path, size=normalisation.size, tables=Tables(classes, scripts, names)
        ) as out:
            out.append(columns)
        entries.append(ShardEntry(path.name, len(here), sha256_of(path)))
    counts = {"split": {s.name: sum(r.split == s for r in rows) for s in Split}}
    info = DatasetInfo(
        name=name or folder.name, title="A test", target="char", normalisation=normalisation,
        classes=classes, scripts=scripts, sources=sources, shards=tuple(entries), counts=counts,
        **more,  # type: ignore[arg-type]
    )  # fmt: skip
    write_info(folder, info)
    return open_dataset(folder)


def facts(dataset: Dataset) -> dict[tuple[bytes, str], tuple[object, ...]]:
    """All that is said of a row, by its pixels and character."""
    rows, info = dataset.load(), dataset.info
    return {
        (rows.images[i].tobytes(), info.classes[rows.label[i]]): (
            Split(int(rows.split[i])),
            info.scripts[rows.script[i]],
            info.sources[rows.source[i]].name,
        )
        for i in range(len(rows))
    }


def writers(dataset: Dataset) -> set[frozenset[tuple[bytes, str]]]:
    """Rows by one hand, whatever its number."""
    rows, info = dataset.load(), dataset.info
    groups: dict[int, set[tuple[bytes, str]]] = {}
    for i in np.flatnonzero(rows.writer >= 0):
        key = (rows.images[i].tobytes(), info.classes[rows.label[i]])
        groups.setdefault(int(rows.writer[i]), set()).add(key)
    return {frozenset(g) for g in groups.values()}


_ODD = ["A", "a", "/", ".", "..", "\\", "�", "\u00a0", "　", " ", "क्ष", "🙂", '"', "'", "~", "0"]
CHARACTERS = st.one_of(
    st.sampled_from(_ODD),
    st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30),
)


@st.composite
def row_lists(draw: st.DrawFn) -> list[Row]:
    """Rows without exact duplicates: equal pixels are in one split, each under a character.

    In one source they are one sheet of paper, so by one hand.
    """
    chars = draw(st.lists(CHARACTERS, min_size=1, max_size=6, unique=True))
    splits = draw(st.lists(st.sampled_from(Split), min_size=1, max_size=3))
    drawn = draw(
        st.lists(
            st.tuples(
                st.integers(0, 30), st.sampled_from(chars), st.sampled_from(splits),
                st.integers(0, 2), st.integers(-1, 3),
            ),
            min_size=1, max_size=25,
        )
    )  # fmt: skip
    place: dict[int, Split] = {}
    hands: dict[tuple[int, int], int] = {}
    rows: dict[tuple[int, str], Row] = {}
    for image, char, split, source, writer in drawn:
        split = place.setdefault(image, split)
        person = writer if writer < 0 else 10 * source + writer
        person = hands.setdefault((image, source), person)
        rows.setdefault((image, char), Row(image, char, split, source, person))
    return list(rows.values())
