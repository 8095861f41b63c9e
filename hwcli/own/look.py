"""Looks at somebody's own images: what they are, how they lie, what they are called."""

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from hwcli.errors import FetchError, InputError
from hwcli.fetch import FetchOptions, fetch
from hwcli.fetch.archive import Archive
from hwcli.glyph import Image
from hwcli.own.arrange import arrange
from hwcli.own.arrays import is_data_file, partners
from hwcli.own.findings import Findings, Layout, counted
from hwcli.own.labels import LabelWish
from hwcli.own.names import Reading, read_names
from hwcli.own.orientation import Orientation, judge
from hwcli.own.pixels import Pixels, figures
from hwcli.own.sample import sample
from hwcli.own.script import UNKNOWN, ScriptFound, script_of
from hwcli.progress import Progress, silent
from hwcli.readers import open_reader
from hwcli.readers.reader import Listing, Reader
from hwcli.recipe import Part, Source
from hwcli.shards import Split

_LIKE_LATIN = 0.3
"""Share of the images that the bundled classifier must read as their labels, one way up or
another, for Latin labels to be believed."""
_HERE = FetchOptions(offline=True)
NOT_STATED = "not stated"


def look(place: Path, wish: LabelWish, progress: Progress = silent) -> Findings:
    """What is in `place`, a folder of images, an archive of one, or a file of arrays.

    Args:
        place: where to look.
        wish: where the labels are to be taken from.
        progress: told of the images looked at.

    Raises:
        InputError: no images, or no labels.
        UsageError: the wish does not go with what is there.
        FetchError: an archive is damaged.
        ModelError: the bundled classifier is damaged.
    """
    url, layout, readers, listings = _opened(place, wish)
    labels = _labels(listings)
    classes = {n: c for n, c in labels.items() if n and _is_text(n)}
    if not classes:
        raise InputError(f"{place}: not one image has a label")
    readings = read_names(classes)
    images, own = sample(readers, listings, progress)
    seen = _figures(place, images)
    characters = [readings[n].character if n in readings else n for n in own]
    orientation = _judged(images, characters, seen)
    return Findings(
        place=str(place),
        url=url,
        name=_name(place),
        layout=layout,
        labels=classes,
        unlabelled=sum(labels.values()) - sum(classes.values()),
        readings=readings,
        writers=len({w for listing in listings for w in listing.writers}),
        unknown_writer=sum(int((listing.writer < 0).sum()) for listing in listings),
        one_class_each=len(classes) > 1 and _one_class_each(listings),
        script=_script(classes, readings, orientation),
        pixels=seen,
        orientation=orientation,
        unwritable=tuple(n for n in labels if n and not _is_text(n)),
    )


def _figures(place: Path, images: Sequence[Image | str]) -> Pixels:
    seen = figures(images)
    if not seen.count:
        reason = next(iter(seen.faults), "empty")
        raise InputError(f"{place}: not one of {len(images)} images can be read ({reason})")
    return seen


def _opened(place: Path, wish: LabelWish) -> tuple[str, Layout, list[Reader], list[Listing]]:
    """The address of `place`, its layout, and its parts, opened and listed."""
    closed = _closed(place) if place.is_dir() else []
    stub, archive, names = _archive(place)
    layout = arrange(place, archive, names, wish, stub)
    if closed:
        note = f"{counted(len(closed), 'folder')} left out, which may not be read: {closed[0]}"
        layout = replace(layout, notes=(*layout.notes, note))
    source = replace(stub, part=layout.parts, label=layout.rule, format=layout.format)
    column = layout.rule.split_column
    if why := _no_split(source, archive) if column else "":
        rule = replace(layout.rule, split_column="")
        layout = replace(layout, rule=rule)
        source = replace(source, label=rule)
    if column:
        note = f"{column!r} is not taken for the split: {why}" if why else f"splits by {column!r}"
        layout = replace(layout, notes=(*layout.notes, note))
    return stub.url, layout, *_listed(place, source, archive)


def _no_split(source: Source, archive: Archive) -> str:
    """Why the column that is called so does not say which rows are of train and test."""
    try:
        listings = [open_reader(source, part, archive).listing() for part in source.part]
    except FetchError as error:
        return error.message
    found = {s for n in listings if n.split is not None for s in np.unique(n.split).tolist()}
    return "" if {Split.train, Split.test} <= found else "it has no train and test"


def _stub(place: Path) -> Source:
    """A source of the files of `place`, of which nothing is known yet.

    Raises:
        InputError: its path cannot be written in a recipe.
    """
    try:
        path = place.resolve(strict=True)
        if path.is_dir():
            os.scandir(path).close()  # whether we may
        return replace(_EMPTY, name=_name(place), url=_url(path))
    except OSError as error:
        raise InputError(f"{place}: {error.strerror}") from error
    except ValueError as error:
        raise InputError(
            f"{place}: its path cannot be written in a recipe ({error})", hint="rename it"
        ) from error


_EMPTY = Source(
    name="own",
    script="Zzzz",
    url="file:/",
    part=(Part(images="*"),),
    license=NOT_STATED,
    citation=NOT_STATED,
)


def _archive(place: Path) -> tuple[Source, Archive, tuple[str, ...]]:
    """A source of `place`, its files, and those to look at.

    Of a file of arrays whose labels are in a file beside it, the source is the folder of both.
    """
    stub = _stub(place)
    try:
        archive = fetch(stub, _HERE)
        names = tuple(archive.names())
        if names == (place.name,) and is_data_file(place.name, stub):
            folder = place.resolve().parent
            beside = sorted(p.name for p in folder.iterdir() if p.is_file())
            names = tuple(partners(place.name, beside))
            if len(names) > 1:
                stub = replace(stub, url=_url(folder))
                archive = fetch(stub, _HERE)
        return stub, archive, names
    except FetchError as error:
        raise InputError(error.message) from error
    except OSError as error:
        raise InputError(f"{error.filename or place}: {error.strerror}") from error


def _url(path: Path) -> str:
    return f"file:{path}{'/' if path.is_dir() else ''}"


def _closed(place: Path) -> list[str]:
    """Folders in `place` that may not be read, which an archive leaves out without a word."""
    closed: list[str] = []
    for _ in os.walk(place, onerror=lambda error: closed.append(str(error.filename))):
        pass
    return closed


def _listed(place: Path, source: Source, archive: Archive) -> tuple[list[Reader], list[Listing]]:
    try:
        readers = [open_reader(source, part, archive) for part in source.part]
        return readers, [reader.listing() for reader in readers]
    except FetchError as error:
        raise InputError(
            f"{place}: {error.message}", hint="a recipe can say where its labels are: see README"
        ) from error


def _labels(listings: Sequence[Listing]) -> dict[str, int]:
    found: dict[str, int] = {}
    for listing in listings:
        counts = np.bincount(listing.label, minlength=len(listing.labels))
        for label, count in zip(listing.labels, counts.tolist(), strict=True):
            found[label] = found.get(label, 0) + count
    return dict(sorted(found.items(), key=lambda item: _counted(item[0])))


def _one_class_each(listings: Sequence[Listing]) -> bool:
    """Whether most writers have one label only."""
    own: dict[str, set[str]] = {}
    for listing in listings:
        for person, label in {*zip(listing.writer.tolist(), listing.label.tolist(), strict=True)}:
            if person >= 0:
                own.setdefault(listing.writers[person], set()).add(listing.labels[label])
    return sum(len(labels) == 1 for labels in own.values()) > len(own) / 2


def _counted(label: str) -> tuple[bool, int, str]:
    """Sorts numbers as numbers, before all else."""
    number = label.isascii() and label.isdecimal() and len(label) < 10
    return not number, int(label) if number else 0, label


def _is_text(label: str) -> bool:
    return label.encode("utf-8", "replace").decode() == label and all(
        ord(c) >= 0x20 and not 0x7F <= ord(c) < 0xA0 for c in label
    )


def _script(
    labels: dict[str, int], readings: dict[str, Reading], orientation: Orientation
) -> ScriptFound:
    """The script of the labels, unless they are Latin and the images look like none of them.

    So do the digits 0 to 9 of other scripts, and classes that were only numbered.
    """
    counts: dict[str, int] = {}
    for label, count in labels.items():
        text = readings[label].character if label in readings else label
        counts[text] = counts.get(text, 0) + count
    script = script_of(counts)
    best = max(orientation.right.values(), default=orientation.judged)
    if script.code == "Latn" and best < _LIKE_LATIN * orientation.judged:
        return replace(script, code=UNKNOWN, doubted=True)
    return script


def _judged(images: Sequence[Image | str], characters: Sequence[str], seen: Pixels) -> Orientation:
    pairs = [(i, c) for i, c in zip(images, characters, strict=True) if not isinstance(i, str)]
    return judge([i for i, _ in pairs], [c for _, c in pairs], seen.invert, seen.trim_edge)


def _name(place: Path) -> str:
    """A name for the dataset, made of the name of the folder or file."""
    path = place.resolve()
    stem = path.name if path.is_dir() else re.split(r"\.|-idx\d", path.name)[0]
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")
    return plain[:60] or "own"
