"""Files that hold many images each (idx, NumPy, tables of pixels): which has whose labels."""

import re
import zipfile
from collections.abc import Sequence
from math import prod

from hwcli.errors import HwcliError
from hwcli.fetch.archive import Archive, reading
from hwcli.own.layout import IMAGE_ENDINGS
from hwcli.own.tables import LABELS, SPLITS, WRITERS, column_of
from hwcli.readers import format_of
from hwcli.readers.arrow_file import open_table
from hwcli.readers.matlab import read_variables
from hwcli.recipe import LabelRule, Part, Source, SplitName

_IMAGES = re.compile(r"(?i)images?|imgs?|(?<![a-z])x(?![a-z])|data(?!set)|pixels")
_LABELS = re.compile(r"(?i)labels?|lbls?|targets?|classes|(?<![a-z])y(?![a-z])")
_TABLES = (".parquet", ".arrow")
_FEWEST_PIXELS = 25
"""Of an image; rows of fewer numbers are no images."""
_SPLIT: tuple[tuple[re.Pattern[str], SplitName], ...] = (
    (re.compile(r"(?i)(?<![a-z])(train|training)(?![a-z])|train(?=images|labels?)"), "train"),
    (re.compile(r"(?i)(?<![a-z])(test|testing|t10k)(?![a-z])|test(?=images|labels?)"), "test"),
    (re.compile(r"(?i)(?<![a-z])(val|valid|validation)(?![a-z])"), "val"),
)


def array_parts(archive: Archive, names: Sequence[str], stub: Source) -> tuple[Part, ...]:
    """The parts of an archive that holds no single images: files of images with their labels.

    Args:
        archive: the files.
        names: those to look at, such as the one file that was named and what lies beside it.
        stub: a source of that archive, of which the readers tell the format of a file.
    """
    known = [n for n in names if _format(stub, n) != "images"]
    labels = [n for n in known if _is_labels(n)]
    parts: list[Part] = []
    for name in known:
        if name in labels:
            continue
        partner = _partner(name, labels)
        if name.lower().endswith(".npz"):
            parts += _of_npz(archive, name, partner)
        elif _format(stub, name) == "matlab":
            parts.append(_of_matlab(archive, name))
        else:
            parts.append(Part(images=name, labels=partner, split=_split(name)))
    if {p.split for p in parts} >= {"train", "test"}:
        return tuple(p for p in parts if p.split)
    return tuple(Part(p.images, p.labels, p.array, p.label_array) for p in parts)


def strangers(parts: Sequence[Part]) -> tuple[str, str] | None:
    """Two files of one split that are no pieces of one set, so that their labels may differ.

    Pieces are called alike but for numbers: `train-00000-of-00002`.
    """
    first: dict[SplitName | None, Part] = {}
    for part in parts:
        other = first.setdefault(part.split, part)
        if re.sub(r"\d+", "", part.images) != re.sub(r"\d+", "", other.images):
            return other.images, part.images
    return None


def is_data_file(name: str, stub: Source) -> bool:
    """Whether a file called `name` holds many images, by what the readers know."""
    ending = "." + name.lower().rpartition(".")[2]
    return ending not in IMAGE_ENDINGS and _format(stub, name) != "images"


def partners(name: str, names: Sequence[str]) -> list[str]:
    """`name` and the file of `names` that holds its labels, if one does."""
    partner = _partner(name, [n for n in names if _is_labels(n)])
    return [name, *([partner] if partner and partner != name else [])]


def _format(stub: Source, name: str) -> str:
    return format_of(stub, Part(images=name))


def _is_labels(name: str) -> bool:
    stem = name.rpartition("/")[2]
    return bool(_LABELS.search(stem)) and not _IMAGES.search(stem)


def _partner(name: str, labels: Sequence[str]) -> str:
    """The file of labels that is called as `name` but for the word for its content."""
    wanted = _skeleton(name)
    return next((n for n in labels if _skeleton(n) == wanted), "")


def _skeleton(name: str) -> str:
    """What of a name says neither images nor labels, nor how many dimensions."""
    return re.sub(
        r"(?i)images?|imgs?|labels?|lbls?|idx\d|targets?|\d+x\d+|(?<![a-z])[xy](?![a-z])", "", name
    )


def _split(name: str) -> SplitName | None:
    stem = name.rpartition("/")[2]
    return next((split for pattern, split in _SPLIT if pattern.search(stem)), None)


def _of_npz(archive: Archive, name: str, partner: str) -> list[Part]:
    """The parts of an .npz: its arrays of images with the arrays of labels, or another file's."""
    try:
        with reading(name), archive.open(name) as file, zipfile.ZipFile(file) as inner:
            arrays = [n.removesuffix(".npy") for n in inner.namelist()]
    except HwcliError:
        arrays = []  # its reader will say what is wrong with it
    labels = [a for a in arrays if _is_labels(a)]
    if not labels:
        return [Part(images=name, labels=partner, split=_split(name))]
    images = [a for a in arrays if a not in labels]
    if len(images) == len(labels) == 1:
        return [Part(name, "", images[0], labels[0], _split(name))]
    pairs = [(a, _partner(a, labels)) for a in images]
    return [Part(name, "", a, b, _split(a) or _split(name)) for a, b in pairs if b]


def _of_matlab(archive: Archive, name: str) -> Part:
    """The part of a .mat: its only array of images with the only one of as many labels."""
    try:
        variables = read_variables(archive, name, name)
    except HwcliError:
        return Part(images=name, split=_split(name))  # its reader will say what is wrong with it
    arrays = {n: v.shape for n, v in variables.items() if not isinstance(v, list)}
    images = {n: s for n, s in arrays.items() if prod(s[1:]) >= _FEWEST_PIXELS and s[0] > 1}
    pairs = [(a, b) for a, s in images.items() for b, t in arrays.items() if prod(t) == s[0]]
    array, labels = pairs[0] if len(pairs) == 1 else ("", "")
    return Part(images=name, array=array, label_array=labels, split=_split(name))


def column_rule(archive: Archive, parts: Sequence[Part]) -> LabelRule:
    """Which columns of tables of images hold labels, writers and splits, by what they are called.

    Raises:
        FetchError: a table is damaged.
        DependencyError: pyarrow is not installed.
    """
    first = parts[0].images
    if not first.lower().endswith(_TABLES):
        return LabelRule()
    with open_table(archive, first, first) as table:
        names = list(table.schema.names)
    label = column_of(names, LABELS) or LabelRule().label_column
    rest = [n for n in names if n != label]
    return LabelRule(
        label_column=label,
        writer_column=column_of(rest, WRITERS),
        split_column=column_of(rest, SPLITS),
    )
